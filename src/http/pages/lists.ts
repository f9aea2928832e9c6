/** The list of runs, and a line's page. */
import type { LineSummary, RunFilter, RunPage } from '../../client/api';
import type { CatalogueEntry } from '../../domain/evidence';
import { STATUSES } from '../../domain/run';
import type { StatusDocument } from '../../domain/status';
import type { PublicAddress } from '../options';
import { html, type Html } from './html';
import { moment } from './layout';

interface ListView {
  readonly address: PublicAddress;
  readonly page: RunPage;
  /** Whether who looks may start runs. */
  readonly mayStart: boolean;
}

/** `/`: filter, runs, and the way to older ones. */
export function runsPage({
  address: { url },
  page,
  filter,
  lines,
  mayStart,
}: ListView & { readonly filter: RunFilter; readonly lines: readonly LineSummary[] }): Html {
  const names = lines.map(({ line }) => line);
  return html`<h1>Runs</h1>
    <form class="inline" method="get" action="${url}/">
      <div>
        <label for="line">Line</label
        ><select id="line" name="line">
          ${options(names, filter.line)}
        </select>
      </div>
      <div>
        <label for="status">Status</label
        ><select id="status" name="status">
          ${options(STATUSES, filter.status)}
        </select>
      </div>
      <div>
        <label for="image">Image</label><input id="image" name="image" value="${filter.image}" autocomplete="off" />
      </div>
      <button>Show</button>
    </form>
    ${runsTable(url, page.runs)}
    ${page.cursor !== null && html`<p><a href="${url}/?${older(filter, page.cursor)}">Older runs</a></p>`}
    <h2>Lines</h2>
    <ul>
      ${names.map(
        (name) =>
          html`<li>
            <a href="${lineUrl(url, name)}">${name}</a>${
              mayStart &&
              html` · <a href="${lineUrl(url, name)}/start">Start a run<span class="unseen"> of ${name}</span></a>`
            }
          </li>`,
      )}
    </ul>`;
}

/** `/lines/{line}`. */
export function linePage({
  address: { url },
  line: { line, region, parameter, approved },
  images,
  page,
  mayStart,
}: ListView & { readonly line: LineSummary; readonly images: readonly CatalogueEntry[] }): Html {
  return html`<h1>Line ${line}</h1>
    <dl>
      <dt>Region</dt>
      <dd>${region}</dd>
      <dt>Parameter</dt>
      <dd><code>${parameter}</code></dd>
      <dt>Approved image</dt>
      <dd>${approved ? html`<code>${approved.amiId}</code>, since ${moment(approved.approvedAt)}` : 'none'}</dd>
    </dl>
    ${mayStart && html`<p><a href="${lineUrl(url, line)}/start">Start a run</a></p>`}
    <h2>Approved images</h2>
    ${images.length === 0 ? html`<p>None so far.</p>` : imagesTable(url, images)}
    <h2>Runs</h2>
    ${runsTable(url, page.runs)}`;
}

function runsTable(url: string, runs: readonly StatusDocument[]): Html {
  if (runs.length === 0) return html`<p>There are no runs.</p>`;
  return html`<div class="wide" role="region" aria-label="Runs" tabindex="0">
    <table>
      <caption>
        Runs, newest first
      </caption>
      <thead>
        <tr>
          <th scope="col">Run</th>
          <th scope="col">Line</th>
          <th scope="col">Status</th>
          <th scope="col">Progress</th>
          <th scope="col">Image</th>
          <th scope="col">Started</th>
        </tr>
      </thead>
      <tbody>
        ${runs.map(
          (run) =>
            html` <tr>
              <td><a href="${runUrl(url, run.id)}">${run.id}</a></td>
              <td><a href="${lineUrl(url, run.line)}">${run.line}</a></td>
              <td class="${run.status}">${run.status}</td>
              <td>${run.progress}</td>
              <td>${run.amiId !== null && html`<code>${run.amiId}</code>`}</td>
              <td>${moment(run.startedAt)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function imagesTable(url: string, images: readonly CatalogueEntry[]): Html {
  return html`<div class="wide" role="region" aria-label="Approved images" tabindex="0">
    <table>
      <caption>
        Newest first
      </caption>
      <thead>
        <tr>
          <th scope="col">Image</th>
          <th scope="col">Made</th>
          <th scope="col">Approved</th>
          <th scope="col">Run</th>
          <th scope="col">Published as</th>
        </tr>
      </thead>
      <tbody>
        ${images.map(
          (image) =>
            html` <tr>
              <td><code>${image.amiId}</code></td>
              <td>${moment(image.createdAt)}</td>
              <td>${moment(image.approvedAt)}</td>
              <td><a href="${runUrl(url, image.run)}">${image.run}</a></td>
              <td>${image.published.map(({ parameter, version }) => html`<code>${parameter}:${version}</code> `)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

const options = (values: readonly string[], chosen: string | undefined): Html[] => [
  html`<option value="">any</option>`,
  ...values.map((value) => html`<option value="${value}" ${value === chosen && html` selected`}>${value}</option>`),
];

function older({ line, status, image }: RunFilter, cursor: string): string {
  const filter = { ...(line && { line }), ...(status && { status }), ...(image && { image }) };
  return new URLSearchParams({ ...filter, cursor }).toString();
}

/** Address of a run's page. */
export const runUrl = (url: string, id: string): string => `${url}/runs/${encodeURIComponent(id)}`;
/** Address of a line's page. */
export const lineUrl = (url: string, line: string): string => `${url}/lines/${encodeURIComponent(line)}`;

/** What assessors found, on a run's page. */
import type { Report } from '../../client/api';
import { SEVERITIES, type Finding } from '../../domain/findings';
import type { StatusDocument } from '../../domain/status';
import { html, type Html } from './html';
import { moment, webLink } from './layout';

/** Most findings on the page; the report has them all. */
const MOST_FINDINGS = 500;

/** Counts, a table with the worst first, and what each assessor said. */
export function findings({ findings: counts }: StatusDocument, report: Report | null): Html | null {
  if (!counts) return null;
  const list = report?.findings ?? [];
  const against = counts.new !== null && html` ${counts.new} new and ${counts.fixed} fixed against the approved image.`;
  return html`<h2>Findings</h2>
    <p>
      ${counts.total} in all: ${SEVERITIES.map((severity) => `${counts[severity]} ${severity}`).join(', ')}.${against}
    </p>
    ${list.length > 0 && findingsTable(list)} ${assessments(report)}`;
}

function findingsTable(list: readonly Finding[]): Html {
  const shown = list.slice(0, MOST_FINDINGS);
  const bySeverity = SEVERITIES.flatMap((severity) => shown.filter((finding) => finding.severity === severity));
  return html`<div class="wide" role="region" aria-label="Findings" tabindex="0">
    <table>
      <caption>
        Worst first${list.length > shown.length && `; the first ${shown.length} of ${list.length}, the report has all`}
      </caption>
      <thead>
        <tr>
          <th scope="col">Severity</th>
          <th scope="col">Id</th>
          <th scope="col">Title</th>
          <th scope="col">Packages</th>
          <th scope="col">Fix</th>
          <th scope="col">Exploit</th>
          <th scope="col">EPSS</th>
        </tr>
      </thead>
      <tbody>
        ${bySeverity.map(
          (one) =>
            html` <tr>
              <td class="${one.severity}">${one.severity}</td>
              <td>${one.url === null ? one.id : webLink(one.url, one.id)}</td>
              <td>${one.title}${one.suppressed && ' (suppressed at the source)'}</td>
              <td>
                ${one.packages.map(({ name, version, fixedIn }) => html`<div>${name} ${version}${fixedIn !== null && html` → ${fixedIn}`}</div>`)}
              </td>
              <td>${one.fixAvailable ? 'yes' : 'no'}</td>
              <td>${one.exploitAvailable ? 'yes' : 'no'}</td>
              <td>${one.epss}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function assessments(report: Report | null): Html | null {
  if (!report || report.assessments.length === 0) return null;
  return html`<h2>Assessments</h2>
    <ul>
      ${report.assessments.map(
        ({ assessor, status, reason, warnings, scannedAt }) =>
          html`<li>
            ${assessor}:
            ${status}${reason !== '' && html`, ${reason}`}${scannedAt !== null && html`, scanned ${moment(scannedAt)}`}${warnings.map((warning) => html`<br />Warning: ${warning}`)}
          </li>`,
      )}
    </ul>`;
}

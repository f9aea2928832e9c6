/** A run's page: where it stands, what was found, and the decision. */
import type { Report } from '../../client/api';
import { LONGEST_REASON } from '../../domain/request';
import { isEnd, STAGES, type Stage } from '../../domain/run';
import type { StatusDocument } from '../../domain/status';
import { sameActor } from '../../domain/approval';
import { actorOf, hasScope } from '../auth/keys';
import type { Session } from '../auth/sessions';
import type { PublicAddress } from '../options';
import { findings } from './findings';
import { html, type Html } from './html';
import { moment, webLink } from './layout';
import { lineUrl, runUrl } from './lists';

export interface RunView {
  readonly address: PublicAddress;
  readonly run: StatusDocument;
  /** `null`: nothing was judged so far. */
  readonly report: Report | null;
  readonly session: Session;
  /** What the last form came to. */
  readonly said: string | null;
}

/** Seconds between looks at a run that goes on. */
const LOOK_SECONDS = 3;

export function runPage(view: RunView): Html {
  const { run, report, said } = view;
  // A change of these means that what may be decided has changed: the script then shows the page anew.
  const state = [run.status, run.evidenceDigest ?? '', run.approval?.given ?? 0].join(' ');
  const refresh = !isEnd(run.status) && html` data-refresh="${LOOK_SECONDS}" data-state="${state}"`;
  return html`<h1>Run ${run.id}</h1>
<div${refresh}>
<p class="notice" id="changed" role="alert" hidden>The run has changed since you began to type. Load the page again before you decide.</p>
${said !== null && html`<p class="notice" role="status">${said}</p>`}
<p id="progress" data-live aria-live="polite"><span class="status ${run.status}">${run.status}</span> · ${run.progress}</p>
<div id="steps" data-live>${steps(run, report)}</div>
${
  run.error !== null &&
  html`<h2>Error</h2>
    <p class="FAILED">${run.error}</p>`
}
${
  run.reasons.length > 0 &&
  html`<h2>Reasons</h2>
    <ul>
      ${run.reasons.map((reason) => html`<li>${reason}</li>`)}
    </ul>`
}
${approval(view)}
${facts(view)}
${published(run)}
${findings(run, report)}
${decided(report)}
${timeline(report)}
${cancelForm(view)}${askAgain(view)}
</div>`;
}

type StepState = 'passed' | 'current' | 'to come' | 'not reached';

function steps({ stage, status }: StatusDocument, report: Report | null): Html {
  const at = STAGES.indexOf(stage);
  const seen = new Set(report?.timeline.map((entry) => entry.stage));
  // A run that ends early leaves stages out, and only its timeline knows which: without one they are not shown.
  const early = at >= STAGES.indexOf('cleaning-up') && status !== 'SUCCEEDED';
  const shown = early && report === null ? STAGES.slice(-2) : STAGES;
  const stateOf = (step: Stage, index: number): StepState => {
    if (index > at) return 'to come';
    if (index === at) return stage === 'done' ? 'passed' : 'current';
    return !early || seen.has(step) || step === 'cleaning-up' ? 'passed' : 'not reached';
  };
  return html`<ol class="steps" aria-label="Stages">
    ${shown.map((step) => {
      const state = stateOf(step, STAGES.indexOf(step));
      return html`<li class="${state}" ${state === 'current' && html`aria-current="step"`}>
        ${step} <small>(${state})</small>
      </li>`;
    })}
  </ol>`;
}

function facts({ run, report }: RunView): Html {
  const source = report?.request?.source;
  const rows: readonly (readonly [string, Html | string | null | undefined | false])[] = [
    ['Line', run.line],
    ['Attempt', run.attempt > 1 && String(run.attempt)],
    [
      run.images.length > 1 ? 'Images' : 'Image',
      run.images.length > 0 &&
        html`${run.images.map(({ amiId, region }) => html`<div><code>${amiId}</code> in ${region}</div>`)}`,
    ],
    ['Test instance', run.instanceId !== null && html`<code>${run.instanceId}</code>`],
    ['Asked for by', report?.request?.requestedBy],
    ['Why', report?.request?.reason],
    [
      'Asked from',
      source && (source.url === undefined ? source.kind : webLink(source.url, source.kind ?? 'its source')),
    ],
    ['Started', moment(run.startedAt)],
    ['Ended', moment(run.closedAt)],
    ['Verdict of the policy', run.verdict],
    ['Evidence digest', run.evidenceDigest !== null && html`<code>${run.evidenceDigest}</code>`],
    ['Workflow', run.temporalUrl !== null && webLink(run.temporalUrl, 'in the Temporal UI')],
  ];
  return html`<h2>Facts</h2>
    <dl>
      ${rows.map(
        ([name, value]) =>
          value &&
          html`<dt>${name}</dt>
            <dd>${value}</dd>`,
      )}
    </dl>`;
}

function approval({ address, run, session }: RunView): Html | null {
  const { approval: state } = run;
  if (!state) return null;
  return html`<h2>Approval</h2>
    <p>
      ${state.given} of ${state.needed} approvals${state.by.length > 0 && html`, by ${state.by.join(', ')}`}. Deadline
      ${moment(state.deadline)}.
    </p>
    ${
      state.refused.length > 0 &&
      html`<p>Refused:</p>
        <ul>
          ${state.refused.map((one) => html`<li>${one.by}: ${one.reason}, ${moment(one.at)}</li>`)}
        </ul>`
    }
    ${run.status === 'AWAITING_APPROVAL' && decisionForm(address, run, session)}`;
}

function decisionForm({ url }: PublicAddress, run: StatusDocument, session: Session): Html {
  if (!hasScope(session.key, ['decisions:write']))
    return html`<p>Your key may not decide: it lacks the scope <code>decisions:write</code>.</p>`;
  const { subject } = actorOf(session.key);
  const standing = run.approval?.by.some((by) => sameActor(by, subject)) ?? false;
  return html`<form class="panel" method="post" action="${runUrl(url, run.id)}/decisions">
    <h3>Your decision, as ${subject}</h3>
    <input type="hidden" name="csrf" value="${session.csrf}" />
    <input type="hidden" name="evidenceDigest" value="${run.evidenceDigest}" />
    <label for="comment">Comment</label>
    <textarea id="comment" name="comment" rows="3" maxlength="${LONGEST_REASON}"></textarea>
    <div>
      ${
        standing
          ? html`<button name="verdict" value="withdraw">Withdraw my approval</button>`
          : html`<button class="approve" name="verdict" value="approve">Approve</button
              ><button class="deny" name="verdict" value="deny">Deny</button>`
      }
    </div>
  </form>`;
}

function cancelForm({ address, run, session }: RunView): Html | null {
  if (isEnd(run.status) || !hasScope(session.key, ['runs:write'])) return null;
  return html`<h2>Cancel</h2>
    <form class="panel" method="post" action="${runUrl(address.url, run.id)}/cancel">
      <input type="hidden" name="csrf" value="${session.csrf}" />
      <label for="reason">Why this run should end</label
      ><input id="reason" name="reason" maxlength="${LONGEST_REASON}" />
      <button class="deny">Cancel this run</button>
    </form>`;
}

function askAgain({ address, run, session }: RunView): Html | null {
  if (!isEnd(run.status) || !hasScope(session.key, ['runs:write'])) return null;
  const form = `${lineUrl(address.url, run.line)}/start?${new URLSearchParams({ again: run.id }).toString()}`;
  return html`<h2>Again</h2>
    <p><a href="${form}">Ask for this image once more</a>, with changes.</p>`;
}

function published({ published: list }: StatusDocument): Html | null {
  if (list.length === 0) return null;
  return html`<h2>Published</h2>
    <ul>
      ${list.map(
        (one) =>
          html`<li>
            <code>${one.parameter}</code> version ${one.version} is <code>${one.amiId}</code> in ${one.region}, account
            ${one.account}
          </li>`,
      )}
    </ul>`;
}

function decided(report: Report | null): Html | null {
  if (!report || report.decisions.length === 0) return null;
  return html`<h2>Decisions</h2>
    <ul>
      ${report.decisions.map(
        ({ by, verdict, comment, at }) =>
          html`<li>${by}: ${verdict}, ${moment(at)}${comment !== '' && html`<br />${comment}`}</li>`,
      )}
    </ul>`;
}

function timeline(report: Report | null): Html | null {
  if (!report || report.timeline.length === 0) return null;
  return html`<h2>Timeline</h2>
    <ol>
      ${report.timeline.map(({ at, stage, text }) => html`<li>${moment(at)} ${stage}: ${text}</li>`)}
    </ol>`;
}

/** The status document: cheap to poll, always true, safe to hand to Orca. */
import { approvalProgress, type Refusal } from './approval';
import type { FindingCounts } from './findings';
import type { Verdict } from './policy';
import type { Known, Publication, RunState, Stage, Status } from './run';
import { statusOf } from './run';
import type { RunSettings } from './settings';

export interface StatusDocument {
  readonly id: string;
  readonly key: string;
  readonly line: string;
  readonly attempt: number;
  readonly status: Status;
  readonly stage: Stage;
  /** Never null: Orca ends a stage whose progress is not a string (MonitorWebhookTask). */
  readonly progress: string;
  readonly amiId: string | null;
  readonly region: string | null;
  readonly images: readonly { readonly region: string; readonly amiId: string }[];
  readonly instanceId: string | null;
  readonly findings: FindingCounts | null;
  readonly verdict: Verdict | null;
  readonly reasons: readonly string[];
  readonly approval: ApprovalStatus | null;
  readonly evidenceDigest: string | null;
  readonly published: readonly Publication[];
  readonly error: string | null;
  readonly startedAt: string;
  readonly closedAt: string | null;
  readonly statusUrl: string | null;
  readonly pageUrl: string | null;
  readonly reportUrl: string | null;
  readonly temporalUrl: string | null;
}

export interface ApprovalStatus {
  readonly needed: number;
  readonly given: number;
  readonly by: readonly string[];
  readonly refused: readonly Refusal[];
  readonly deadline: string;
}

export interface RunIdentity {
  readonly id: string;
  readonly key: string;
  readonly attempt: number;
  readonly line: string;
  readonly startedAt: string;
}

/** The status document of a state, without URLs, which the reader adds. `settings` is null until the run has read them. */
export function statusDocument(
  run: RunIdentity,
  state: RunState,
  progress: string,
  settings: Pick<RunSettings, 'line' | 'approvers'> | null,
): StatusDocument {
  const { image, evaluation } = state;
  return fit(
    inert({
      id: run.id,
      key: run.key,
      line: run.line,
      attempt: run.attempt,
      status: statusOf(state),
      stage: state.stage,
      progress,
      amiId: image?.amiId ?? null,
      region: image?.region ?? settings?.line.region ?? null,
      images: image ? [{ region: image.region, amiId: image.amiId }] : [],
      instanceId: state.instance?.instanceId ?? null,
      findings: evaluation?.findings ?? null,
      verdict: evaluation?.verdict ?? null,
      reasons: reasonsOf(state),
      approval: approvalStatus(state, settings),
      evidenceDigest: evaluation?.evidenceDigest ?? null,
      published: 'outcome' in state && state.outcome.kind === 'published' ? state.outcome.published : [],
      error: 'outcome' in state && state.outcome.kind === 'failed' ? state.outcome.error : null,
      startedAt: run.startedAt,
      closedAt: state.stage === 'done' ? state.closedAt : null,
      statusUrl: null,
      pageUrl: null,
      reportUrl: null,
      temporalUrl: null,
    }),
  );
}

function reasonsOf(state: RunState): readonly string[] {
  const judged = state.evaluation?.reasons ?? [];
  if (!('outcome' in state)) return judged;
  const stuck = state.stage === 'cleaning-up' ? state.stuck : [];
  return [...new Set([...state.outcome.reasons, ...stuck, ...judged])];
}

function approvalStatus(state: Known, settings: Pick<RunSettings, 'line' | 'approvers'> | null): ApprovalStatus | null {
  if (!state.approval || !settings) return null;
  const { decisions, refused, deadline } = state.approval;
  const context = { settings: settings.line.approval, approvers: settings.approvers };
  return { ...approvalProgress(context, decisions), refused, deadline };
}

/** Longest texts and lists of a status document, in characters and entries. */
const LIMIT = { text: 300, progress: 200, list: 8 } as const;
/** Most bytes of a status document as JSON; it has to stay under 4 KiB with its URLs. */
const MOST_BYTES = 3000;

/** Cuts the longest lists, each with a count of what is left out, and over-long texts. */
function fit(document: StatusDocument): StatusDocument {
  for (const most of [LIMIT.list, 4, 2, 1]) {
    const cut = {
      ...document,
      progress: shorten(document.progress, LIMIT.progress),
      error: document.error === null ? null : shorten(document.error, LIMIT.text * 2),
      reasons: cutList(
        document.reasons.map((reason) => shorten(reason, LIMIT.text)),
        most,
      ),
      approval: document.approval && {
        ...document.approval,
        by: cutList(
          document.approval.by.map((by) => shorten(by, 100)),
          most,
        ),
        refused: document.approval.refused.slice(-most).map((entry) => ({ ...entry, by: shorten(entry.by, 100) })),
      },
    };
    if (most === 1 || byteLength(JSON.stringify(cut)) <= MOST_BYTES) return cut;
  }
  return document;
}

/** Bytes of a text in UTF-8; there is no Buffer inside a workflow. */
function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

const shorten = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

function cutList(list: readonly string[], most: number): readonly string[] {
  return list.length <= most ? list : [...list.slice(0, most), `and ${list.length - most} more`];
}

/**
 * No text that leaves Assay may hold `${`: Orca evaluates the strings of an answer as expressions at its next task
 * (orca-webhook, seen on release 2026.1.2). A zero-width space keeps it readable and dead.
 */
export function inert<T>(value: T): T {
  if (typeof value === 'string') return value.replace(/\$(?=\{)/g, '$\u200b') as T;
  if (Array.isArray(value)) return value.map(inert) as T;
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([name, entry]) => [inert(name), inert(entry)])) as T;
  return value;
}

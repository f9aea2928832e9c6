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
      images: image ? [image, ...image.siblings].map(({ region, amiId }) => ({ region, amiId })) : [],
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

/** A document with another progress, as much of it as there is room for. */
export function withProgress(document: StatusDocument, progress: string): StatusDocument {
  for (const most of PROGRESS_LIMITS) {
    const made = inert({ ...document, progress: shorten(progress, most) });
    if (byteLength(JSON.stringify(made)) <= MOST_BYTES) return made;
  }
  return document;
}
const PROGRESS_LIMITS = [300, 200, 100] as const;

/** Most bytes of a status document as JSON: it stays under 4 KiB with four URLs of 300 characters. */
const MOST_BYTES = 2880;
const LONGEST_PROGRESS = 200;
/** Names that AWS gave; what is longer is no such name. */
const LONGEST_NAME = 32;
/** As `isParameterName` has it. */
const LONGEST_PARAMETER = 512;
const LONGEST_PERSON = 100;

/** From the longest texts and lists to the shortest; the last one fits whatever the outside said. */
const LIMITS = [
  { text: 600, entry: 300, list: 8 },
  { text: 600, entry: 300, list: 4 },
  { text: 300, entry: 300, list: 2 },
  { text: 200, entry: 150, list: 1 },
  { text: 60, entry: 60, list: 1 },
  { text: 30, entry: 30, list: 0 },
] as const;
type Limit = (typeof LIMITS)[number];

/** Cuts over-long texts and the longest lists, each with a count of what is left out, until the document is small enough. */
function fit(document: StatusDocument): StatusDocument {
  let made = document;
  for (const limit of LIMITS) {
    made = cut(document, limit);
    if (byteLength(JSON.stringify(made)) <= MOST_BYTES) break;
  }
  return made;
}

function cut(document: StatusDocument, { text, entry, list }: Limit): StatusDocument {
  const { approval, images, published, reasons } = document;
  const name = <T extends string | null>(given: T): T => (given === null ? given : shorten(given, LONGEST_NAME)) as T;
  const texts = (given: readonly string[]): readonly string[] =>
    cutList(
      given.map((one) => shorten(one, entry)),
      list,
    );
  return {
    ...document,
    progress: shorten(document.progress, Math.min(text, LONGEST_PROGRESS)),
    error: document.error === null ? null : shorten(document.error, text),
    amiId: name(document.amiId),
    region: name(document.region),
    // The candidate itself comes first and is never left out.
    images: images.slice(0, list + 1).map((image) => ({ region: name(image.region), amiId: name(image.amiId) })),
    instanceId: name(document.instanceId),
    published: published.slice(0, list).map((one) => ({
      account: name(one.account),
      region: name(one.region),
      parameter: shorten(one.parameter, LONGEST_PARAMETER),
      version: one.version,
      amiId: name(one.amiId),
    })),
    reasons: [
      ...texts(reasons),
      ...notShown({
        'images of other regions': images.length - list - 1,
        'more published': published.length - list,
        'more decisions refused': (approval?.refused.length ?? 0) - list,
      }),
    ],
    approval: approval && {
      ...approval,
      by: texts(approval.by),
      // The newest say most. `slice(-0)` would take all.
      refused: approval.refused
        .slice(Math.max(approval.refused.length - list, 0))
        .map((one) => ({ ...one, by: shorten(one.by, Math.min(entry, LONGEST_PERSON)) })),
    },
  };
}

/** Lists of objects have no room for a count; it stands among the reasons. */
function notShown(counts: Readonly<Record<string, number>>): readonly string[] {
  const parts = Object.entries(counts).flatMap(([what, count]) => (count > 0 ? [`${count} ${what}`] : []));
  return parts.length === 0 ? [] : [`not shown: ${parts.join(', ')}`];
}

/** Bytes of a text in UTF-8; there is no Buffer inside a workflow. */
function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** At most so many UTF-16 units, never half a character; control characters, which JSON writes in six bytes each, become spaces. */
function shorten(text: string, most: number): string {
  const clean = text.replace(/\p{Cc}/gu, ' ').replace(/\p{Cs}/gu, '\ufffd');
  if (clean.length <= most) return clean;
  return `${clean.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

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

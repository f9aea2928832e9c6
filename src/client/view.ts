/** A run as Temporal shows it: from describe and list, so that no worker is needed. */
import type { WorkflowExecutionDescription } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { GoldenImageInput } from '../workflows/messages';
import { MEMO_STATUS, workflowId } from '../domain/names';
import { isEnd, NOTHING_KNOWN } from '../domain/run';
import { statusDocument, withProgress, type StatusDocument } from '../domain/status';

/** Where a run can be looked at. */
export interface Urls {
  readonly publicUrl: string;
  /** Base of the Temporal UI; null where it is not known. */
  readonly temporalUi: string | null;
  readonly namespace: string;
}

/** What Temporal tells of an execution, from describe or from list. */
export interface Execution {
  readonly temporalStatus: string;
  readonly memo: Readonly<Record<string, unknown>>;
  readonly closedAt: string | null;
  /** What its activities last failed of or wait for; empty in lists. */
  readonly waitingFor: readonly string[];
}

/** Activities that go on beside the run and say nothing of its progress. */
const BESIDE = new Set(['watchSource', 'checkSource', 'notify']);

/** What Temporal answers to describe; read here and not by the SDK, which makes more of it than each poll of a status needs. */
export function executionOf({
  workflowExecutionInfo: info,
  pendingActivities,
}: WorkflowExecutionDescription['raw']): Execution {
  const fields = Object.entries(info?.memo?.fields ?? {});
  const seconds = info?.closeTime?.seconds;
  return {
    temporalStatus: statusName(info?.status),
    memo: Object.fromEntries(fields.map(([name, payload]) => [name, defaultPayloadConverter.fromPayload(payload)])),
    closedAt: seconds ? new Date(Number(seconds) * 1000).toISOString() : null,
    waitingFor: (pendingActivities ?? []).flatMap(({ activityType, lastFailure }) =>
      lastFailure?.message && !BESIDE.has(activityType?.name ?? '') ? [lastFailure.message] : [],
    ),
  };
}

/** `temporal.api.enums.v1.WorkflowExecutionStatus`, as the SDK names them. */
const STATUS = [
  'UNSPECIFIED',
  'RUNNING',
  'COMPLETED',
  'FAILED',
  'CANCELLED',
  'TERMINATED',
  'CONTINUED_AS_NEW',
  'TIMED_OUT',
  'PAUSED',
];
const statusName = (code: number | null | undefined): string => STATUS[code ?? 0] ?? 'UNKNOWN';

/** What a run shows before it has shown anything itself. */
export const firstDocument = (input: GoldenImageInput, startedAt: string): StatusDocument => {
  const { id, key, attempt, line } = input;
  const state = { stage: 'baking', ...NOTHING_KNOWN } as const;
  return statusDocument({ id, key, attempt, line, startedAt }, state, 'accepted, waiting for a worker', null);
};

/** Statuses that Temporal gives to a workflow over its head. A paused one, and what a later Temporal may bring, is still open. */
const CUT_SHORT = new Set(['FAILED', 'CANCELLED', 'TERMINATED', 'TIMED_OUT', 'CONTINUED_AS_NEW']);

/** The status document of an execution, without URLs; `undefined` for one whose memo is not a run's. */
export function documentOf(execution: Execution): StatusDocument | undefined {
  const shown = execution.memo[MEMO_STATUS] as StatusDocument | undefined;
  if (typeof shown !== 'object' || shown === null || typeof shown.id !== 'string') return undefined;
  const { temporalStatus, waitingFor } = execution;
  const how = temporalStatus.toLowerCase().replaceAll('_', ' ');
  // A run ends with an ending; one that completed without was no run of this version.
  if (CUT_SHORT.has(temporalStatus) || (temporalStatus === 'COMPLETED' && !isEnd(shown.status))) {
    return {
      ...shown,
      status: 'FAILED',
      progress: `${how} inside Temporal`,
      error: `the run was ${how} inside Temporal and could not clean up: run \`assay sweep --run ${shown.id}\``,
      closedAt: execution.closedAt,
    };
  }
  if (temporalStatus === 'COMPLETED') return shown;
  const said = [...(temporalStatus === 'RUNNING' ? [] : [`${how} inside Temporal`]), ...waitingFor.slice(0, 1)];
  return said.length === 0 ? shown : withProgress(shown, [shown.progress, ...said].join(': '));
}

export function withUrls(document: StatusDocument, { publicUrl, temporalUi, namespace }: Urls): StatusDocument {
  const id = encodeURIComponent(document.id);
  const base = publicUrl.replace(/\/+$/, '');
  const ui = temporalUi?.replace(/\/+$/, '');
  return {
    ...document,
    statusUrl: `${base}/v1/runs/${id}`,
    pageUrl: `${base}/runs/${id}`,
    reportUrl: `${base}/v1/runs/${id}/report`,
    temporalUrl: ui
      ? `${ui}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId.run.of(document.id))}`
      : null,
  };
}

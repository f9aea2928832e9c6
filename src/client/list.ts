import { defaultPayloadConverter } from '@temporalio/common';
import { BadInput } from '../domain/errors';
import { MEMO_STATUS, SEARCH, WORKFLOW, workflowId } from '../domain/names';
import type { StatusDocument } from '../domain/status';
import type { RunFilter, RunPage } from './api';
import type { Archive } from './archive';
import type { Temporal } from './connect';
import { describe } from './look';
import { documentOf } from './view';

const PAGE = 50;

/** Where a list goes on: in Temporal, and after that among the endings that Temporal has forgotten. */
type Cursor = { readonly temporal: string } | { readonly archive: number };

/** Newest first, and after them what only the archive remembers. The documents have no URLs yet. */
export async function listRuns(temporal: Temporal, archive: Archive, filter: RunFilter): Promise<RunPage> {
  const cursor = filter.cursor === undefined ? undefined : parseCursor(filter.cursor);
  if (cursor && 'archive' in cursor) return archived(temporal, archive, filter, cursor.archive);
  const limit = filter.limit ?? PAGE;
  const answer = await temporal.ask((client) =>
    client.workflowService.listWorkflowExecutions({
      namespace: temporal.namespace,
      pageSize: limit,
      query: queryOf(filter),
      nextPageToken: cursor ? Buffer.from(cursor.temporal, 'base64url') : new Uint8Array(),
    }),
  );
  const runs = (answer.executions ?? []).flatMap((info): StatusDocument[] => {
    const payload = info.memo?.fields?.[MEMO_STATUS];
    const id = workflowId.run.parse(info.execution?.workflowId ?? '');
    if (!payload || id === undefined) return [];
    const document = documentOf({
      id,
      temporalStatus: STATUS[info.status ?? 0] ?? 'UNKNOWN',
      memo: { [MEMO_STATUS]: defaultPayloadConverter.fromPayload(payload) },
      startedAt: '',
      closedAt: info.closeTime ? new Date(Number(info.closeTime.seconds) * 1000).toISOString() : null,
      waitingFor: [],
    });
    return document ? [document] : [];
  });
  const next = answer.nextPageToken;
  if (next && next.length > 0)
    return { runs, cursor: formCursor({ temporal: Buffer.from(next).toString('base64url') }) };
  const more = (await archive.ended()).length > 0;
  return { runs, cursor: more ? formCursor({ archive: 0 }) : null };
}

/** `temporal.api.enums.v1.WorkflowExecutionStatus`. */
const STATUS = [
  'UNSPECIFIED',
  'RUNNING',
  'COMPLETED',
  'FAILED',
  'CANCELLED',
  'TERMINATED',
  'CONTINUED_AS_NEW',
  'TIMED_OUT',
];

async function archived(temporal: Temporal, archive: Archive, filter: RunFilter, from: number): Promise<RunPage> {
  const limit = filter.limit ?? PAGE;
  const names = await archive.ended();
  const runs: StatusDocument[] = [];
  let at = from;
  for (; at < names.length && runs.length < limit; at++) {
    const name = names[at] as string;
    const ending = await archive.ending(name);
    if (!ending || !fits(ending.status, filter)) continue;
    // What Temporal still knows was on an earlier page.
    if (await describe(temporal, name)) continue;
    runs.push(ending.status);
  }
  return { runs, cursor: at < names.length ? formCursor({ archive: at }) : null };
}

const fits = ({ line, status, amiId }: StatusDocument, filter: RunFilter): boolean =>
  (filter.line === undefined || line === filter.line) &&
  (filter.status === undefined || status === filter.status) &&
  (filter.image === undefined || amiId === filter.image);

function queryOf({ line, status, image }: RunFilter): string {
  const conditions = [
    `WorkflowType = ${quoted(WORKFLOW.run)}`,
    ...(line === undefined ? [] : [`${SEARCH.line} = ${quoted(line)}`]),
    ...(status === undefined ? [] : [`${SEARCH.status} = ${quoted(status)}`]),
    ...(image === undefined ? [] : [`${SEARCH.image} = ${quoted(image)}`]),
  ];
  return conditions.join(' AND ');
}

/** Visibility queries quote with double quotes and escape with a backslash. */
const quoted = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`;

const formCursor = (cursor: Cursor): string => Buffer.from(JSON.stringify(cursor)).toString('base64url');

function parseCursor(text: string): Cursor {
  try {
    const cursor = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Record<string, unknown>;
    if (typeof cursor['temporal'] === 'string') return { temporal: cursor['temporal'] };
    const at = cursor['archive'];
    if (typeof at === 'number' && Number.isInteger(at) && at >= 0) return { archive: at };
  } catch {
    // Said below.
  }
  throw new BadInput(['cursor: is none that a list gave out']);
}

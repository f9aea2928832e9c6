import { createHash } from 'node:crypto';
import { BadInput, EvidenceChanged } from '../domain/errors';
import { SEARCH, WORKFLOW, workflowId } from '../domain/names';
import type { Status } from '../domain/run';
import type { StatusDocument } from '../domain/status';
import type { RunFilter, RunPage } from './api';
import type { Archive, EndedRun } from './archive';
import { grpcFault, type Temporal } from './connect';
import { Unreachable } from './errors';
import { documentOf, executionOf } from './view';

const PAGE = 50;
/** Endings of the archive that one call looks at: each may be a file to read and a seal to verify. */
const MOST_LOOKED_AT = 200;

/** Where a list goes on: in Temporal, and after that below an ending that was looked at among those that Temporal has forgotten. */
type Cursor = { readonly temporal: string } | { readonly archive: EndedRun | null };

export interface Listing {
  readonly temporal: Temporal;
  readonly archive: Archive;
  /** Told of an ending that cannot be shown, because the document is not what was stored. */
  readonly damaged?: ((error: EvidenceChanged) => void) | undefined;
}

/** Newest first, and after them what only the archive remembers. The documents have no URLs yet. */
export async function listRuns(listing: Listing, filter: RunFilter): Promise<RunPage> {
  const limit = filter.limit ?? PAGE;
  const cursor = filter.cursor === undefined ? { temporal: '' } : parseCursor(filter.cursor);
  if ('archive' in cursor) return archived(listing, filter, limit, cursor.archive);
  const { runs, next } = await remembered(listing.temporal, filter, limit, cursor.temporal);
  if (next !== '') return { runs, cursor: formCursor({ temporal: next }) };
  const rest = await archived(listing, filter, limit - runs.length, null);
  return { runs: [...runs, ...rest.runs], cursor: rest.cursor };
}

async function remembered(temporal: Temporal, filter: RunFilter, limit: number, token: string) {
  const { executions, nextPageToken } = await temporal.ask((client) =>
    understood(
      client.workflowService.listWorkflowExecutions({
        namespace: temporal.namespace,
        pageSize: limit,
        query: queryOf(filter),
        nextPageToken: Buffer.from(token, 'base64url'),
      }),
      { goesOn: token !== '' },
    ),
  );
  const runs = (executions ?? []).flatMap((info): StatusDocument[] => {
    if (workflowId.run.parse(info.execution?.workflowId ?? '') === undefined) return [];
    const document = documentOf(executionOf({ workflowExecutionInfo: info }));
    return document ? [document] : [];
  });
  return { runs, next: Buffer.from(nextPageToken ?? []).toString('base64url') };
}

/** gRPC status codes that a list call gives for a token or a query that the server cannot use, and for a namespace it lacks. */
const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;

/** A list call, with what its faults mean: a token of another server, or a Temporal that is not set up yet. */
async function understood<T>(call: Promise<T>, { goesOn }: { readonly goesOn: boolean }): Promise<T> {
  try {
    return await call;
  } catch (error) {
    const code = grpcFault(error)?.code;
    if (goesOn && code === INVALID_ARGUMENT) throw foreignCursor();
    if (code === INVALID_ARGUMENT || code === NOT_FOUND)
      throw new Unreachable('Temporal', 'Temporal cannot list runs yet: run `assay setup`', { cause: error });
    throw error;
  }
}

/** What only the archive remembers, below `after`; with the cursor of what is left. */
async function archived(
  { temporal, archive, damaged }: Listing,
  filter: RunFilter,
  limit: number,
  after: EndedRun | null,
): Promise<RunPage> {
  const ended = await archive.ended();
  const below = after === null ? ended : ended.filter((one) => isBelow(one, after));
  const looked = below.slice(0, MOST_LOOKED_AT);
  const elsewhere = await known(temporal, looked);
  const runs: StatusDocument[] = [];
  let last = after;
  for (const one of looked) {
    const ending = elsewhere.has(one.run) ? undefined : await endingOf(archive, one, damaged);
    if (ending && fits(ending, filter)) {
      // There is a run more than the page takes: the next page begins with it.
      if (runs.length === limit) return { runs, cursor: formCursor({ archive: last }) };
      runs.push(ending);
    }
    last = one;
  }
  return { runs, cursor: below.length > looked.length ? formCursor({ archive: last }) : null };
}

/** In the order of the archive: the last ended first. */
const isBelow = (one: EndedRun, other: EndedRun): boolean =>
  one.endedAt < other.endedAt || (one.endedAt === other.endedAt && one.run > other.run);

/** Which runs Temporal still lists: those are on its own pages. */
async function known(temporal: Temporal, ended: readonly EndedRun[]): Promise<ReadonlySet<string>> {
  if (ended.length === 0) return new Set();
  const ids = ended.map(({ run }) => quoted(workflowId.run.of(run)));
  const { executions } = await temporal.ask((client) =>
    understood(
      client.workflowService.listWorkflowExecutions({
        namespace: temporal.namespace,
        pageSize: MOST_LOOKED_AT,
        query: `WorkflowType = ${quoted(WORKFLOW.run)} AND WorkflowId IN (${ids.join(', ')})`,
      }),
      { goesOn: false },
    ),
  );
  return new Set(
    (executions ?? []).flatMap(({ execution }) => workflowId.run.parse(execution?.workflowId ?? '') ?? []),
  );
}

async function endingOf(archive: Archive, { run }: EndedRun, damaged: Listing['damaged']) {
  try {
    return (await archive.ending(run))?.status;
  } catch (error) {
    // One run's damage must not hide the others.
    if (!(error instanceof EvidenceChanged)) throw error;
    damaged?.(error);
    return undefined;
  }
}

const fits = ({ line, status, amiId }: StatusDocument, filter: RunFilter): boolean =>
  (filter.line === undefined || line === filter.line) &&
  (filter.status === undefined || status === filter.status) &&
  (filter.image === undefined || amiId === filter.image);

function queryOf({ line, status, image }: RunFilter): string {
  const conditions = [
    `WorkflowType = ${quoted(WORKFLOW.run)}`,
    ...(line === undefined ? [] : [`${SEARCH.line} = ${quoted(line)}`]),
    ...(status === undefined ? [] : [statusQuery(status)]),
    ...(image === undefined ? [] : [`${SEARCH.image} = ${quoted(image)}`]),
  ];
  return conditions.join(' AND ');
}

/** Ends that Temporal gives to a workflow over its head: such a run is FAILED, whatever it showed last (see `documentOf`). */
const CUT_SHORT = '("Terminated", "TimedOut", "Failed", "Canceled")';

function statusQuery(status: Status): string {
  const shown = `${SEARCH.status} = ${quoted(status)}`;
  return status === 'FAILED'
    ? `(${shown} OR ExecutionStatus IN ${CUT_SHORT})`
    : `${shown} AND ExecutionStatus NOT IN ${CUT_SHORT}`;
}

/** Visibility queries quote with double quotes and escape with a backslash. */
const quoted = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`;

/** What tells a cursor of ours from a made-up one: Temporal would try a made-up token again and again until the time is up. */
const checkOf = (cursor: Cursor): string =>
  createHash('sha256')
    .update(`assay list ${JSON.stringify(cursor)}`)
    .digest('base64url')
    .slice(0, 12);

const formCursor = (cursor: Cursor): string =>
  Buffer.from(JSON.stringify([cursor, checkOf(cursor)])).toString('base64url');

function parseCursor(text: string): Cursor {
  try {
    const [cursor, check] = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as [Cursor, string];
    if (check === checkOf(cursor)) return cursor;
  } catch {
    // Said below.
  }
  throw foreignCursor();
}

const foreignCursor = (): BadInput => new BadInput(['cursor: is none that a list gave out']);

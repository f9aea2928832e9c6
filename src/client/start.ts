import { createHash, randomUUID } from 'node:crypto';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { Requests } from '../adapters/ports';
import type { RequestStatement } from '../domain/evidence';
import { BadInput, Final } from '../domain/errors';
import { MEMO_BODY, MEMO_CREDENTIAL, MEMO_STATUS, QUEUE, runId, SEARCH, WORKFLOW, workflowId } from '../domain/names';
import { requestFaults, type RunRequest } from '../domain/request';
import type { RunSettings } from '../domain/settings';
import type { StatusDocument } from '../domain/status';
import type { GoldenImageInput } from '../workflows/messages';
import type { StartOrder } from './api';
import type { Archive } from './archive';
import type { Temporal } from './connect';
import { Conflict } from './errors';
import { isFollowable, lookAt } from './look';
import { firstDocument } from './view';

export interface Starting {
  readonly temporal: Temporal;
  readonly archive: Archive;
  readonly sign: (statement: RequestStatement) => string;
  /** The settings of a line by the config of now. */
  readonly settings: (line: string) => RunSettings | undefined;
  /** Names of the lines, for an error. */
  readonly lines: () => readonly string[];
}

/** Attempts of one key: far above what restarting a stage comes to. */
const MOST_ATTEMPTS = 1_000;
/** Tries of one attempt: the winner of a race is seen at the next look, so what is still not seen is no run. */
const MOST_TRIES = 3;

/**
 * Starts a run, or finds the one that was started for the same order before. The answer has no URLs yet.
 * Throws BadInput with every fault, and Conflict for the same key with another body.
 */
export async function startRun(starting: Starting, order: StartOrder): Promise<StatusDocument> {
  const key = order.key ?? derivedKey(order.request) ?? randomUUID();
  const bodyHash = hashOf(order.once ?? order.request);
  const faults = orderFaults(starting, order.request);
  if (faults.length > 0) {
    // What the config of now refuses may have begun under another.
    const known =
      order.once === undefined ? undefined : await lookAt(starting.temporal, starting.archive, runId(key, 1));
    if (known?.bodyHash === bodyHash) return known.document;
    throw new BadInput(faults);
  }
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
    const id = runId(key, attempt);
    const run = await beginOrFind(starting, order, { id, key, attempt, bodyHash });
    if (run !== 'over') return run;
  }
  throw new Conflict(`the key ${key} has had ${MOST_ATTEMPTS} attempts`);
}

/** An attempt of a key. */
interface Identity {
  readonly id: string;
  readonly key: string;
  readonly attempt: number;
  readonly bodyHash: string;
}

/** The run of one attempt; `over`: the key has to begin another one. */
async function beginOrFind(
  starting: Starting,
  order: StartOrder,
  identity: Identity,
): Promise<StatusDocument | 'over'> {
  const { id, key, bodyHash } = identity;
  // Looked at again after a start that somebody else won.
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const known = await lookAt(starting.temporal, starting.archive, id);
    if (known) {
      if (order.once === undefined && (await isFollowable(starting.archive, known))) return 'over';
      if (known.bodyHash !== bodyHash)
        throw new Conflict(`the key ${key} belongs to run ${id}, which was asked for otherwise`);
      return known.document;
    }
    // Terminated and forgotten, it left its references.
    if (order.once !== undefined && (await starting.archive.refs(id))) {
      // Or it has begun just now, between the two looks.
      if (tries === 0) continue;
      throw new Conflict(`the key ${key} belongs to run ${id}, which was ended inside Temporal`);
    }
    const begun = await begin(starting, order, identity);
    if (begun) return begun;
  }
  throw new Conflict(`the id ${id} is taken at Temporal by something that is no run`);
}

/** Every fault that request and config show. Which lines there are is no secret: whoever may start runs may list them. */
export function orderFaults({ settings, lines }: Pick<Starting, 'settings' | 'lines'>, request: RunRequest): string[] {
  const found = settings(request.line);
  if (!found) return [`line: there is no such line; there is ${lines().join(', ') || 'none'}`];
  return requestFaults(request, found.line, found.spinnaker);
}

/** Asks for runs in the name of schedules, for the worker. `sign` seals them. */
export const createRequestsPort = (starting: Starting): Requests => ({
  async start(order) {
    try {
      return (await startRun(starting, order)).id;
    } catch (error) {
      if (error instanceof Conflict) throw new Final(error.message);
      throw error;
    }
  },
});

/** `undefined` when somebody else has just begun it. */
async function begin(
  { temporal, sign }: Starting,
  { request, credential, subject }: StartOrder,
  { id, key, attempt, bodyHash }: Identity,
): Promise<StatusDocument | undefined> {
  const at = new Date().toISOString();
  const token = sign({ kind: 'request', run: id, key, request, credential, subject, at });
  const { line } = request;
  const input: GoldenImageInput = { id, key, attempt, line, token, bodyHash, credential };
  const document = firstDocument(input, at);
  try {
    await temporal.ask((client) =>
      client.workflow.start(WORKFLOW.run, {
        workflowId: workflowId.run.of(id),
        taskQueue: QUEUE.main,
        args: [input],
        // Each attempt is a workflow of its own: an id is never used again.
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        workflowIdConflictPolicy: 'FAIL',
        memo: { [MEMO_STATUS]: document, [MEMO_BODY]: bodyHash, [MEMO_CREDENTIAL]: credential },
        typedSearchAttributes: [
          { key: defineSearchAttributeKey(SEARCH.line, 'KEYWORD'), value: line },
          { key: defineSearchAttributeKey(SEARCH.stage, 'KEYWORD'), value: document.stage },
          { key: defineSearchAttributeKey(SEARCH.status, 'KEYWORD'), value: document.status },
        ],
        staticSummary: `golden image of ${line}`,
        staticDetails: detailsOf(request, credential),
      }),
    );
    return document;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return undefined;
    throw error;
  }
}

/** What was asked for, as the Temporal UI shows it from the run's first moment on, in Markdown. */
function detailsOf({ line, image, instance, requestedBy, reason, source }: RunRequest, credential: string): string {
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['line', line],
    ['image', image && `${image.id} in ${image.region}`],
    ['instance', instance?.id],
    ['asked for by', requestedBy],
    ['with the credential', credential],
    ['why', reason],
    [
      'asked from',
      source && [source.kind, source.executionId, source.stageRefId, source.url].filter(Boolean).join(' '),
    ],
  ];
  return facts.flatMap(([name, text]) => (text ? [`- ${name}: ${literal(text)}`] : [])).join('\n');
}

/** As code: what a caller wrote must be no Markdown of ours. */
const literal = (text: string): string => `\`${text.replace(/`/g, "'").replace(/\s+/g, ' ')}\``;

/** A Spinnaker stage names itself. */
function derivedKey({ source }: RunRequest): string | undefined {
  const { executionId, stageRefId } = source ?? {};
  return executionId === undefined || stageRefId === undefined ? undefined : `${executionId}-${stageRefId}`;
}

/** The same for two bodies that say the same, in whatever order. */
const hashOf = (order: RunRequest | string): string => createHash('sha256').update(stable(order)).digest('hex');

function stable(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stable).join()}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value)
    .filter(([, entry]) => entry !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, entry]) => `${JSON.stringify(name)}:${stable(entry)}`).join()}}`;
}

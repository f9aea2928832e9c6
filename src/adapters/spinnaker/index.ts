/** Spinnaker through Gate's REST API. */
import { AnswerLost, BadInput, Final, NotFound, TryAgain } from '../../domain/errors';
import { correlationId, type SpinnakerStep } from '../../domain/names';
import { hasExpression } from '../../domain/request';
import type { Execution, ExecutionKey, Spinnaker } from '../ports';
import { detail, isPage, notFound, read } from './answers';
import { userOf, type GateAuth } from './auth';
import { executionOf } from './execution';
import { createGate } from './gate';
import { record, records, text } from './json';
import { createSearch, numberOf } from './search';

export type { GateAuth } from './auth';

export interface SpinnakerOptions {
  /** Base URL of Gate; may have a path. */
  readonly gate: string;
  readonly application: string;
  readonly auth: GateAuth;
  /** Longest that one answer may take, as a whole; Gate itself waits for Orca. Default 30 seconds. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;
/** Longest reason that a cancel carries: it travels in the URL. */
const MOST_REASON = 200;

/** Throws Final for a base URL that cannot work. Opens nothing until it is used. */
export function createSpinnaker({ gate: url, application, auth, timeoutMs = TIMEOUT_MS }: SpinnakerOptions): Spinnaker {
  const gate = createGate({ gate: url, auth, timeoutMs });
  const search = createSearch(gate, application);
  const user = userOf(auth);

  async function start(
    key: ExecutionKey,
    pipeline: string,
    parameters: Readonly<Record<string, string>>,
    { rebake = false }: { readonly rebake?: boolean } = {},
  ): Promise<{ readonly executionId: string }> {
    const id = correlationId(key.run, key.step, key.n);
    const known = await search({ run: key.run, step: key.step, pipeline, expand: false });
    const same = known.filter((execution) => execution.correlationId === id);
    const existing = same.find(({ over }) => !over) ?? same[0];
    if (existing) return { executionId: existing.id };
    assertBeforeIsOver(key, known);

    const answer = await gate({
      method: 'POST',
      path: ['pipelines', application, pipeline],
      body: {
        type: 'manual',
        user,
        // Found again by either of these, whatever happens to the answer.
        correlationId: id,
        parameters: { ...parameters, assayRun: key.run },
        ...(rebake ? { rebake: true } : {}),
      },
      command: true,
    });
    const missing = (): Final =>
      new Final(
        `Gate knows no pipeline "${pipeline}" in application "${application}"${detail(answer)}: ` +
          'check the name in the config, its letter case too, and the rights in Spinnaker',
      );
    const ref = text(record(read(answer, { command: true, missing })).ref);
    const executionId = ref === undefined ? undefined : /(?:^|\/)pipelines\/([^/?#]+)\/?$/.exec(ref)?.[1];
    if (executionId === undefined) throw new AnswerLost(`${answer.what}: ${answer.status}, but no execution is named`);
    return { executionId };
  }

  return {
    start,
    find: (run: string, step: SpinnakerStep, pipeline: string) => search({ run, step, pipeline, expand: true }),

    async execution(id: string): Promise<Execution> {
      if (!isExecutionId(id)) throw new NotFound('what is given as an execution id cannot be one');
      const answer = await gate({ method: 'GET', path: ['pipelines', id] });
      if (answer.status === 200 && isPage(answer))
        throw new TryAgain(`${answer.what}: answered with a page, as a login or a proxy would`);
      const execution = executionOf(read(answer, { missing: notFound }));
      if (execution?.id !== id) throw new TryAgain(`${answer.what}: ${answer.status} without the execution`);
      return execution;
    },

    async cancel(id: string, reason: string): Promise<void> {
      if (!isExecutionId(id)) throw new NotFound('what is given as an execution id cannot be one');
      const query = { reason: reason.slice(0, MOST_REASON) };
      read(await gate({ method: 'PUT', path: ['pipelines', id, 'cancel'], query }), { missing: notFound });
    },

    async instances({ account, region, name }) {
      const path = ['applications', application, 'serverGroups', account, region, name];
      const answer = await gate({ method: 'GET', path });
      if (answer.status === 404) return undefined;
      const group = read(answer, { missing: notFound });
      // Clouddriver's cache answers an unknown group with nothing, or with a group without parts.
      if (!Array.isArray(record(group).instances)) return undefined;
      const ids = records(record(group).instances).flatMap((one) => text(one.instanceId) ?? text(one.name) ?? []);
      return [...new Set(ids)];
    },
  };
}

/** Orca's are ULIDs, before that UUIDs. Others may come from a request: they must not lead to another place of Gate. */
const isExecutionId = (id: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._:~-]{0,199}$/.test(id) && !hasExpression(id);

/** Orca answers a start with any execution of its correlation id that still runs, so the numbers must not get ahead. */
function assertBeforeIsOver({ step, n }: ExecutionKey, known: readonly Execution[]): void {
  if (!Number.isSafeInteger(n) || n < 1) throw new BadInput(['the number of an execution counts from 1']);
  if (n === 1) return;
  const before = known.filter((execution) => (numberOf(execution) ?? 0) < n);
  const open = before.find(({ over }) => !over);
  if (open) throw new TryAgain(`${step} execution ${open.id}, the one before, is not over: ${open.progress}`);
  if (before.length < n - 1) throw new TryAgain(`Gate does not list the ${step} execution before number ${n}`);
}

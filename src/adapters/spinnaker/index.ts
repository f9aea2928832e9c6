/** Spinnaker through Gate's REST API. */
import { AnswerLost, BadInput, Final, NotFound, TryAgain } from '../../domain/errors';
import { correlationId, type SpinnakerStep } from '../../domain/names';
import { hasExpression } from '../../domain/request';
import type { Execution, ExecutionKey, Spinnaker, SpinnakerJob } from '../ports';
import { detail, notFound, read } from './answers';
import { userOf, type GateAuth } from './auth';
import { executionOf } from './execution';
import { createGate, type GateAnswer } from './gate';
import { list, record, records, text, type Json } from './json';
import { createSearch, numberOf } from './search';
import { createTaskList, executionOfTask, taskOf } from './tasks';

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
  const tasks = createTaskList(gate, application);
  const user = userOf(auth);

  async function start(
    key: ExecutionKey,
    pipeline: string,
    parameters: Readonly<Record<string, string>>,
    { rebake = false, assertWanted }: Parameters<Spinnaker['start']>[3] = {},
  ): Promise<{ readonly executionId: string }> {
    const id = correlationId(key.run, key.step, key.n);
    const existing = startedBefore(key, await search({ run: key.run, step: key.step, pipeline, expand: false }));
    if (existing) return { executionId: existing.id };

    assertWanted?.();
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
    return started(answer, read(answer, { command: true, missing }), 'pipelines');
  }

  async function startTask(
    key: ExecutionKey,
    job: SpinnakerJob,
    { assertWanted }: Parameters<Spinnaker['startTask']>[2] = {},
  ): Promise<{ readonly executionId: string }> {
    const existing = startedBefore(key, await tasks(key.run, key.step));
    if (existing) return { executionId: existing.id };
    const body = taskOf(key, job, application, user);
    assertWanted?.();
    const answer = await gate({ method: 'POST', path: ['tasks'], body, command: true });
    const missing = (): Final => new Final(`${answer.what}: 404${detail(answer)}`);
    return started(answer, read(answer, { command: true, missing }), 'tasks');
  }

  /** Reads an execution or a task by its id. */
  async function one(kind: 'pipelines' | 'tasks', id: string): Promise<Execution> {
    if (!isExecutionId(id)) throw new NotFound('what is given as an execution id cannot be one');
    const answer = await gate({ method: 'GET', path: [kind, id] });
    const read200 = read(answer, { missing: notFound });
    const execution = kind === 'tasks' ? executionOfTask(read200) : executionOf(read200);
    if (execution?.id !== id) throw new TryAgain(`${answer.what}: ${answer.status} without the execution`);
    return execution;
  }

  return {
    start,
    startTask,
    findTasks: tasks,
    task: (id) => one('tasks', id),
    execution: (id) => one('pipelines', id),
    find: (run: string, step: SpinnakerStep, pipeline: string) => search({ run, step, pipeline, expand: true }),

    async cancel(id: string, reason: string): Promise<void> {
      if (!isExecutionId(id)) throw new NotFound('what is given as an execution id cannot be one');
      const query = { reason: reason.slice(0, MOST_REASON) };
      read(await gate({ method: 'PUT', path: ['pipelines', id, 'cancel'], query }), { missing: notFound });
    },

    async cancelTask(id) {
      if (!isExecutionId(id)) throw new NotFound('what is given as a task id cannot be one');
      read(await gate({ method: 'PUT', path: ['tasks', id, 'cancel'] }), { missing: notFound });
    },

    async patchStage(executionId, stageId, context) {
      if (!isExecutionId(executionId) || !isExecutionId(stageId))
        throw new NotFound('what is given as an execution or stage id cannot be one');
      const path = ['pipelines', executionId, 'stages', stageId];
      read(await gate({ method: 'PATCH', path, body: context }), { missing: notFound });
    },

    async imageTags({ region, name, amiId }) {
      const query = { provider: 'aws', q: name, region };
      const answer = await gate({ method: 'GET', path: ['images', 'find'], query });
      const found = records(read(answer, { missing: notFound })).find(({ amis }) =>
        list(record(amis)[region]).includes(amiId),
      );
      return found && textsOf(record(record(found.tagsByImageId)[amiId]));
    },

    async instances({ account, region, name }) {
      if (account === null) return undefined;
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

/** The execution of a key, the running one first, among those that Gate lists; `undefined` when it may be started. */
function startedBefore(key: ExecutionKey, known: readonly Execution[]): Execution | undefined {
  const id = correlationId(key.run, key.step, key.n);
  const same = known.filter((execution) => execution.correlationId === id);
  const existing = same.find(({ over }) => !over) ?? same[0];
  if (!existing) assertBeforeIsOver(key, known);
  return existing;
}

/** The id in the answer to a start, e.g. `{"ref": "/pipelines/01H…"}`. */
function started(answer: GateAnswer, body: unknown, kind: 'pipelines' | 'tasks'): { readonly executionId: string } {
  const [, executionId] = new RegExp(`(?:^|/)${kind}/([^/?#]+)/?$`).exec(text(record(body).ref) ?? '') ?? [];
  if (executionId === undefined) throw new AnswerLost(`${answer.what}: ${answer.status}, but no execution is named`);
  return { executionId };
}

const textsOf = (given: Json): Record<string, string> =>
  Object.fromEntries(Object.entries(given).map(([name, value]) => [name.toLowerCase(), String(value)]));

/** Orca answers a start with any execution of its correlation id that still runs, so the numbers must not get ahead. */
function assertBeforeIsOver({ step, n }: ExecutionKey, known: readonly Execution[]): void {
  if (!Number.isSafeInteger(n) || n < 1) throw new BadInput(['the number of an execution counts from 1']);
  if (n === 1) return;
  const before = known.filter((execution) => (numberOf(execution) ?? 0) < n);
  const open = before.find(({ over }) => !over);
  if (open) throw new TryAgain(`${step} execution ${open.id}, the one before, is not over: ${open.progress}`);
  if (before.length < n - 1) throw new TryAgain(`Gate does not list the ${step} execution before number ${n}`);
}

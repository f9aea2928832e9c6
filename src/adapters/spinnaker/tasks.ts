/** Ad-hoc tasks: one stage without a pipeline, which Orca calls an orchestration. */
import { TryAgain } from '../../domain/errors';
import { correlationId, type SpinnakerStep } from '../../domain/names';
import type { Execution, ExecutionKey, SpinnakerJob } from '../ports';
import { isOfGate, notFound, read } from './answers';
import { executionOf } from './execution';
import type { Gate } from './gate';
import { record, records, text, type Json } from './json';
import { numberOf } from './search';

/**
 * Most tasks of one list, newest first: Orca's own default is the last. A full answer is asked for again with more, because its
 * two stores do not page alike. Tasks older than `tasks.days-of-execution-history` (14 days) are not listed.
 */
const SIZES = [100, 1000, 3500];

/** What `POST /tasks` is given. Gate hands it on as it is, so that the trigger carries the correlation id (Orca, `/ops`). */
export const taskOf = (key: ExecutionKey, job: SpinnakerJob, application: string, user: string) => ({
  application,
  description: nameOf(key),
  job: [{ ...job, user }],
  trigger: {
    type: 'manual',
    user,
    correlationId: correlationId(key.run, key.step, key.n),
    parameters: { assayRun: key.run },
  },
});

/** What people see of it in Spinnaker; also what it is found by, should a version of Gate leave out the trigger. */
const nameOf = ({ run, step, n }: ExecutionKey): string => `assay ${correlationId(run, step, n)}`;

/** The execution that a task is shown with; the task itself names what the execution may leave out. */
export function executionOfTask(value: unknown): Execution | undefined {
  const task = record(value);
  const shown = record(task.execution);
  const execution = executionOf({ ...shown, id: task.id, status: task.status, name: task.name });
  return execution && { ...execution, correlationId: execution.correlationId ?? correlationOf(task) };
}

function correlationOf({ name }: Json): string | null {
  return /^assay (\S+)$/.exec(text(name) ?? '')?.[1] ?? null;
}

/**
 * Every task of a run's step that Gate lists, oldest first. Gate's search knows pipelines only, so the application's tasks are
 * read and looked through.
 */
export function createTaskList(gate: Gate, application: string) {
  async function ask(): Promise<readonly Json[]> {
    for (const size of SIZES) {
      const answer = await gate({
        method: 'GET',
        path: ['applications', application, 'tasks'],
        query: { limit: String(size) },
      });
      // Gate's own 404: it lists no tasks, of this application or at all. A start says what is wrong with it, if anything is.
      if (answer.status === 404 && isOfGate(answer)) return [];
      const all = read(answer, { missing: notFound });
      // Nothing is not the same as none: Gate answers so when Orca failed, and a start would follow.
      if (!Array.isArray(all)) throw new TryAgain(`${answer.what}: ${answer.status} without a list`);
      if (all.length < size || size === SIZES.at(-1)) return records(all);
    }
    return [];
  }

  return async (run: string, step: SpinnakerStep): Promise<readonly Execution[]> => {
    const ours = (await ask()).flatMap((task) => {
      const execution = executionOfTask(task);
      const mine = execution?.correlationId === correlationId(run, step, (execution && numberOf(execution)) ?? 0);
      return execution && mine ? [{ execution, builtAt: Number(task.buildTime ?? 0) }] : [];
    });
    return ours.sort((a, b) => a.builtAt - b.builtAt).map(({ execution }) => execution);
  };
}

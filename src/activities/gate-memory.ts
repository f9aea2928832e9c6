import { ApplicationFailure } from '@temporalio/common';
import type { Execution, Spinnaker } from '../adapters/ports';
import { Doubtful, Final, Forbidden, messageOf, NotFound, TryAgain } from '../domain/errors';
import { isOfStep, type SpinnakerStep } from '../domain/names';
import { attemptLimitMs, notReady, remember, remembered } from './attempt';
import { isBelieved, lookedInVain, type Absence } from './patience';

/** Carried from attempt to attempt and from round to round. */
export interface GateMemory {
  /** Since when Gate has been away, ISO 8601; null while it answers. */
  readonly awaySince: string | null;
  /** The ad-hoc task that is under way, so that it is asked for by its id and not by the list of all. */
  readonly taskId?: string | null;
  /** Lists that Gate gave without what may have been started. */
  readonly search?: Absence;
  /** Executions whose end is waited for, and since when, ISO 8601. */
  readonly waits?: Readonly<Record<string, string>>;
}

/** What an undo gives each of its calls. */
export interface Undoing {
  readonly run: string;
  readonly pollSeconds: number;
  /** How long Gate may be away, and how long an execution may take to end. */
  readonly unreachableMinutes: number;
  readonly gate: GateMemory;
}

/** What is remembered by now. */
export const memoryOf = ({ gate }: Pick<Undoing, 'gate'>): GateMemory => remembered<GateMemory>() ?? gate;

export const keep = (input: Pick<Undoing, 'gate'>, change: Partial<GateMemory>): void =>
  remember({ ...memoryOf(input), ...change } satisfies GateMemory);

const hasLasted = (since: string, minutes: number): boolean => Date.now() - Date.parse(since) >= minutes * 60_000;

/** How long a refusal is waited out, at most. */
const REFUSED_MS = 10 * 60_000;

/**
 * Starts something through Gate. A refusal is waited out for a quarter of the step's time limit: a proxy or a login that starts
 * anew together with Gate refuses everybody for minutes (302 to a login, its page, 401, 403), and an Orca that starts anew makes
 * Gate refuse each start. After that it is final.
 */
export async function admitted<T>(start: () => Promise<T>): Promise<T> {
  const before = remembered<{ readonly refusedSince?: string | null }>();
  try {
    return await start();
  } catch (error) {
    // Not Gate's word: nothing was sent.
    if (error instanceof ApplicationFailure) throw error;
    if (!(error instanceof Forbidden) && !(error instanceof Doubtful)) {
      if (before?.refusedSince) remember({ ...before, refusedSince: null });
      throw error;
    }
    const refusedSince = before?.refusedSince ?? new Date().toISOString();
    remember({ ...before, refusedSince });
    const isFinal = Date.now() - Date.parse(refusedSince) >= Math.min(attemptLimitMs() / 4, REFUSED_MS);
    if (error instanceof Doubtful) throw isFinal ? new Final(messageOf(error)) : error;
    throw isFinal ? error : new TryAgain(messageOf(error));
  }
}

/**
 * Calls Gate during an undo. `away` once it has not answered, or refused us, for `unreachableMinutes`; before that the undo
 * waits.
 */
export async function reachable<T>(input: Omit<Undoing, 'run'>, call: () => Promise<T>): Promise<T | 'away'> {
  const { pollSeconds, unreachableMinutes } = input;
  const { awaySince } = memoryOf(input);
  try {
    const answer = await call();
    if (awaySince !== null) keep(input, { awaySince: null });
    return answer;
  } catch (error) {
    if (!(error instanceof TryAgain) && !(error instanceof Forbidden)) throw error;
    const since = awaySince ?? new Date().toISOString();
    keep(input, { awaySince: since });
    if (hasLasted(since, unreachableMinutes)) return 'away';
    const named = error instanceof TryAgain ? error.retryAfterMs : undefined;
    throw notReady(`Gate has not answered since ${since}: ${messageOf(error)}`, pollSeconds, named);
  }
}

/** Gate gave a list without what may have been started. Returns once it may be believed that there is none. */
export function searchAgain(input: Omit<Undoing, 'run'>, what: string): void {
  const search = lookedInVain(memoryOf(input).search);
  if (isBelieved(search)) return;
  keep(input, { search });
  throw notReady(`looking for ${what} that may have been started`, input.pollSeconds);
}

/**
 * Whether an execution has had the time in which it ought to have ended, from the first such look on. Orca may lose the message
 * that a stage waits for; that stage stays RUNNING for ever then, also in an execution that was cancelled.
 */
export function hangs(input: Omit<Undoing, 'run'>, id: string): boolean {
  const { waits } = memoryOf(input);
  const since = waits?.[id] ?? new Date().toISOString();
  keep(input, { waits: { ...waits, [id]: since } });
  return hasLasted(since, input.unreachableMinutes);
}

/**
 * Asks what still runs to end, and waits for it. `ended` too once all that is left hangs; then it is no longer asked either, as
 * an execution that Orca cannot cancel would hold up the rest for ever.
 */
export async function endExecutions(
  spinnaker: Spinnaker,
  input: Undoing,
  executions: readonly Execution[],
  step: SpinnakerStep,
): Promise<'ended' | 'away'> {
  const waiting = executions.filter(({ id, over }) => !over && !hangs(input, id)).map(({ id }) => id);
  for (const id of waiting) {
    const asked = await reachable(input, () => cancelExecution(spinnaker, id, input.run));
    if (asked === 'away') return 'away';
  }
  if (waiting.length === 0) return 'ended';
  throw notReady(`waiting for ${step} execution ${waiting.join(', ')} to end`, input.pollSeconds);
}

/** Whether something may still come of an execution: it failed, or was cancelled, or does not end. */
export const isGivenUp = ({ status, failure, over }: Execution): boolean =>
  status !== 'SUCCEEDED' || failure !== null || !over;

/** Whether an execution is one of a run's step. An answer that leaves out what started it is believed. */
const isOwn = ({ correlationId }: Execution, run: string, step: SpinnakerStep): boolean =>
  correlationId === undefined || isOfStep(correlationId, run, step);

/** Throws for an execution that is somebody else's: its id comes from the workflow. */
export function assertOwn(execution: Execution, run: string, step: SpinnakerStep): void {
  if (!isOwn(execution, run, step)) throw new Final(`execution ${execution.id} is not the ${step} of run ${run}`);
}

/**
 * Every execution of a run's step: what Gate's search lists, and the one that is known by id, which the search, being
 * eventually consistent, may not list yet. One that is somebody else's is none of it, whoever gave its id.
 */
export async function executionsOf(
  spinnaker: Spinnaker,
  { run, pipeline, executionId }: { run: string; pipeline: string; executionId: string | null },
  step: SpinnakerStep,
): Promise<readonly Execution[]> {
  const listed = await spinnaker.find(run, step, pipeline);
  if (executionId === null || listed.some(({ id }) => id === executionId)) return listed;
  try {
    const known = await spinnaker.execution(executionId);
    return isOwn(known, run, step) ? [...listed, known] : listed;
  } catch (error) {
    if (error instanceof NotFound) return listed;
    throw error;
  }
}

/** Asks for an execution's end; one that Gate does not know has none. */
export async function cancelExecution(
  spinnaker: Spinnaker,
  id: string,
  run: string,
  kind: 'execution' | 'task' = 'execution',
): Promise<void> {
  try {
    await (kind === 'task' ? spinnaker.cancelTask(id) : spinnaker.cancel(id, `run ${run} ends`));
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
  }
}

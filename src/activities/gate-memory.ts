import type { Execution, Spinnaker } from '../adapters/ports';
import { Forbidden, messageOf, NotFound, TryAgain } from '../domain/errors';
import type { SpinnakerStep } from '../domain/names';
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
}

/** How long a refusal is waited out, at most. */
const REFUSED_MS = 10 * 60_000;

/**
 * Starts something through Gate. A refusal is waited out for a quarter of the step's time limit: a proxy or a login that starts
 * anew together with Gate refuses everybody for minutes (302 to a login, its page, 401, 403). After that it is final.
 */
export async function admitted<T>(start: () => Promise<T>): Promise<T> {
  const before = remembered<{ readonly refusedSince?: string | null }>();
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof Forbidden)) {
      if (before?.refusedSince) remember({ ...before, refusedSince: null });
      throw error;
    }
    const refusedSince = before?.refusedSince ?? new Date().toISOString();
    remember({ ...before, refusedSince });
    if (Date.now() - Date.parse(refusedSince) >= Math.min(attemptLimitMs() / 4, REFUSED_MS)) throw error;
    throw new TryAgain(messageOf(error));
  }
}

/**
 * Calls Gate during an undo. `away` once it has not answered, or refused us, for `unreachableMinutes`; before that the undo
 * waits.
 */
export async function reachable<T>(
  { gate, pollSeconds, unreachableMinutes }: { gate: GateMemory; pollSeconds: number; unreachableMinutes: number },
  call: () => Promise<T>,
): Promise<T | 'away'> {
  const before = remembered<GateMemory>() ?? gate;
  const { awaySince } = before;
  try {
    const answer = await call();
    if (awaySince !== null) remember({ ...before, awaySince: null } satisfies GateMemory);
    return answer;
  } catch (error) {
    if (!(error instanceof TryAgain) && !(error instanceof Forbidden)) throw error;
    const since = awaySince ?? new Date().toISOString();
    const memory: GateMemory = { ...before, awaySince: since };
    remember(memory);
    if (Date.now() - Date.parse(since) >= unreachableMinutes * 60_000) return 'away';
    throw notReady(`Gate has not answered since ${since}: ${messageOf(error)}`, pollSeconds);
  }
}

/** Gate gave a list without what may have been started. Returns once it may be believed that there is none. */
export function searchAgain({ gate, pollSeconds }: { gate: GateMemory; pollSeconds: number }, what: string): void {
  const before = remembered<GateMemory>() ?? gate;
  const search = lookedInVain(before.search);
  if (isBelieved(search)) return;
  const memory: GateMemory = { ...before, search };
  remember(memory);
  throw notReady(`looking for ${what} that may have been started`, pollSeconds);
}

/**
 * Every execution of a run's step: what Gate's search lists, and the one that is known by id, which the search, being
 * eventually consistent, may not list yet.
 */
export async function executionsOf(
  spinnaker: Spinnaker,
  { run, pipeline, executionId }: { run: string; pipeline: string; executionId: string | null },
  step: SpinnakerStep,
): Promise<readonly Execution[]> {
  const listed = await spinnaker.find(run, step, pipeline);
  if (executionId === null || listed.some(({ id }) => id === executionId)) return listed;
  try {
    return [...listed, await spinnaker.execution(executionId)];
  } catch (error) {
    if (error instanceof NotFound) return listed;
    throw error;
  }
}

/** Asks for an execution's end; one that Gate does not know has none. */
export async function cancelExecution(spinnaker: Spinnaker, id: string, run: string): Promise<void> {
  try {
    await spinnaker.cancel(id, `run ${run} ends`);
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
  }
}

import { CancellationScope, sleep } from '@temporalio/workflow';
import { isExpected, why } from './failures';

/** One thing to take back. It may be run any number of times and ends only when it has read back that the thing is gone. */
export interface UndoStep {
  readonly name: string;
  /** Needed after a publication too, e.g. the test instance. */
  readonly always: boolean;
  run(limitMs: number, which: Which): Promise<void>;
}

/** `always`: after a publication. */
export type Which = 'everything' | 'always';

/** No round is longer than this, so that whoever mends what was in the way sees it taken up within the hour. */
const LONGEST_ROUND_MS = 3_600_000;

/** Thirty polls: quarter of an hour at the default pace. */
const firstRound = (pollSeconds: number): number => Math.max(5_000, pollSeconds * 30_000);

/** Steps to take back, registered before the deed, since a deed that failed may have happened. */
export class Undo {
  private readonly steps: UndoStep[] = [];

  add(step: UndoStep): void {
    this.steps.unshift(step);
  }

  /**
   * Runs all steps, newest first, out of reach of cancellation. What is not done at the end of a round is told and tried again
   * in the next, which lasts twice as long, even where a step fails at once: history grows by a few events an hour at most.
   */
  async all(which: Which, pollSeconds: number, tell: (stuck: readonly string[]) => void): Promise<void> {
    await CancellationScope.nonCancellable(async () => {
      let left = which === 'everything' ? this.steps : this.steps.filter(({ always }) => always);
      for (let round = firstRound(pollSeconds); left.length > 0; round = Math.min(round * 2, LONGEST_ROUND_MS)) {
        const until = Date.now() + round;
        const stuck = new Map<UndoStep, string>();
        for (const step of left) {
          try {
            await step.run(round, which);
          } catch (error) {
            if (!isExpected(error)) throw error;
            stuck.set(step, `${step.name}: ${why(error)}`);
          }
        }
        left = left.filter((step) => stuck.has(step));
        tell([...stuck.values()]);
        if (left.length > 0) await sleep(Math.max(until - Date.now(), 1));
      }
    });
  }
}

/** One step alone, until it is done. */
export async function untilDone(name: string, pollSeconds: number, run: UndoStep['run']): Promise<void> {
  const undo = new Undo();
  undo.add({ name, always: true, run });
  await undo.all('everything', pollSeconds, () => undefined);
}

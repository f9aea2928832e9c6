import { attempt, notReady } from './attempt';
import { gateOf, type Deps } from './deps';
import { cancelExecution, executionsOf, reachable, type GateMemory } from './gate-memory';

/** Looks after a lost start before Gate's search counts as complete. */
const SEARCH_LOOKS = 5;

export const createUndoBakeActivities = (deps: Deps) => ({
  /**
   * Cancels what still runs of the bake and waits until it is over. `late`: a given-up bake may still make an image.
   * Gate staying away longer than `unreachableMinutes` ends the waiting, with `late`.
   */
  async undoBake(input: {
    run: string;
    pipeline: string;
    executionId: string | null;
    pollSeconds: number;
    unreachableMinutes: number;
    gate: GateMemory;
  }): Promise<{ late: boolean }> {
    const { run, pollSeconds } = input;
    const spinnaker = gateOf(deps);
    const executions = await reachable(input, () => executionsOf(spinnaker, input, 'bake'));
    if (executions === 'away') return { late: true };
    if (executions.length === 0) {
      if (attempt() < SEARCH_LOOKS) throw notReady('looking for a bake that may have been started', pollSeconds);
      return { late: true };
    }
    for (const execution of executions.filter(({ over }) => !over)) {
      const asked = await reachable(input, () => cancelExecution(spinnaker, execution.id, run));
      if (asked === 'away') return { late: true };
      throw notReady(`waiting for bake execution ${execution.id} to end`, pollSeconds);
    }
    return { late: executions.some(({ status, failure }) => status !== 'SUCCEEDED' || failure !== null) };
  },
});

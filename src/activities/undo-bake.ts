import type { RegionImage } from '../domain/run';
import { notReady } from './attempt';
import { gateOf, type Deps } from './deps';
import { cancelExecution, executionsOf, reachable, searchAgain, type GateMemory } from './gate-memory';

/** Of a bake that Gate does not tell about. */
const UNKNOWN = { late: true, images: [] } as const;

export const createUndoBakeActivities = (deps: Deps) => ({
  /**
   * Cancels what still runs of the bake and waits until it is over. `late`: a given-up bake may still make an image.
   * `images`: what it named, in any region, also where it failed. Gate staying away longer than `unreachableMinutes` ends the
   * waiting, with `late`.
   */
  async undoBake(input: {
    run: string;
    pipeline: string;
    executionId: string | null;
    pollSeconds: number;
    unreachableMinutes: number;
    gate: GateMemory;
  }): Promise<{ late: boolean; images: readonly RegionImage[] }> {
    const { run, pollSeconds } = input;
    const spinnaker = gateOf(deps);
    const executions = await reachable(input, () => executionsOf(spinnaker, input, 'bake'));
    if (executions === 'away') return UNKNOWN;
    if (executions.length === 0) {
      searchAgain(input, 'a bake');
      return UNKNOWN;
    }
    for (const execution of executions.filter(({ over }) => !over)) {
      const asked = await reachable(input, () => cancelExecution(spinnaker, execution.id, run));
      if (asked === 'away') return UNKNOWN;
      throw notReady(`waiting for bake execution ${execution.id} to end`, pollSeconds);
    }
    return {
      late: executions.some(({ status, failure }) => status !== 'SUCCEEDED' || failure !== null),
      images: executions.flatMap(({ images }) => images),
    };
  },
});

import type { RegionImage } from '../domain/run';
import { gateOf, type Deps } from './deps';
import { endExecutions, executionsOf, isGivenUp, reachable, searchAgain, type GateMemory } from './gate-memory';

/** Of a bake that Gate does not tell about. */
const UNKNOWN = { late: true, images: [] } as const;

export const createUndoBakeActivities = (deps: Deps) => ({
  /**
   * Cancels what still runs of the bake and waits until it is over. `late`: a given-up bake may still make an image.
   * `images`: what it named, in any region, also where it failed. Gate staying away, or the bake not ending, for
   * `unreachableMinutes` ends the waiting, with `late`.
   */
  async undoBake(input: {
    run: string;
    pipeline: string;
    executionId: string | null;
    pollSeconds: number;
    unreachableMinutes: number;
    gate: GateMemory;
  }): Promise<{ late: boolean; images: readonly RegionImage[] }> {
    const spinnaker = gateOf(deps);
    const executions = await reachable(input, () => executionsOf(spinnaker, input, 'bake'));
    if (executions === 'away') return UNKNOWN;
    if (executions.length === 0) {
      searchAgain(input, 'a bake');
      return UNKNOWN;
    }
    if ((await endExecutions(spinnaker, input, executions, 'bake')) === 'away') return UNKNOWN;
    return {
      late: executions.some(isGivenUp),
      images: executions.flatMap(({ images }) => images),
    };
  },
});

import type { RegionImage } from '../domain/run';
import { NOTHING_TO_REMOVE, type RemovalPlan } from '../domain/image';
import { notReady, remember, remembered } from './attempt';
import type { Deps } from './deps';
import { endExecutions, executionsOf, hangs, memoryOf, reachable, type GateMemory, type Undoing } from './gate-memory';
import { lookForImages } from './undo-image';

export interface LateImageInput extends Undoing {
  readonly pipeline: string;
  /** The bake's execution, where it is known that one was started. */
  readonly executionId: string | null;
  readonly regions: readonly string[];
  /** Images that stay, as the run was approved with them. */
  readonly kept: readonly RegionImage[];
  readonly until: string;
  /** How long after its end a bake may still make an image. */
  readonly bakeLimitMinutes: number;
}

/** What a given-up bake has made, and how the watch goes on. */
export interface LateImage {
  readonly plan: RemovalPlan;
  readonly until: string;
  readonly gate: GateMemory;
}

interface LateMemory extends GateMemory {
  /** Until when it is watched by now: longer than it was asked to, where a bake was still open. */
  readonly until?: string;
}

export const createLateBakeActivities = (deps: Deps) => ({
  /**
   * Waits for an image of a given-up bake, and cancels what of the bake is open: a start that came late, or one that could not
   * be cancelled while Gate was away. `null` once `until` has passed, and with it the limit of each bake that was open.
   */
  async awaitLateImage(input: LateImageInput): Promise<LateImage | null> {
    const { run, regions, kept, pollSeconds } = input;
    // What the bake had named before is marked as the run's; of what it names now there is Gate's own word.
    const { images: named, trouble } = await endBake(deps, input);
    const { plan } = await lookForImages(deps, { run, regions, named, kept, tagged: false, before: NOTHING_TO_REMOVE });
    const until = untilOf(input);
    if (plan.remove.length > 0) return { plan, until, gate: memoryOf(input) };
    if (trouble !== null) throw trouble;
    if (Date.now() >= Date.parse(until)) return null;
    throw notReady(`no late image so far, watching until ${until}`, pollSeconds);
  },
});

const untilOf = ({ until }: LateImageInput): string => remembered<LateMemory>()?.until ?? until;

/** Asks for the end of each open bake. `images`: what they named; `trouble`: why the watch may not end yet. */
async function endBake(
  { spinnaker }: Deps,
  input: LateImageInput,
): Promise<{ images: readonly RegionImage[]; trouble: Error | null }> {
  let images: readonly RegionImage[] = [];
  // Spinnaker is no longer in the config: what it made is found by its tags alone.
  if (!spinnaker) return { images, trouble: null };
  try {
    const bakes = await reachable(input, () => executionsOf(spinnaker, input, 'bake'));
    if (bakes === 'away') return { images, trouble: null };
    images = bakes.flatMap((one) => one.images);
    if (bakes.some(({ id, over }) => !over && !hangs(input, id))) {
      const until = Math.max(Date.parse(untilOf(input)), Date.now() + input.bakeLimitMinutes * 60_000);
      remember({ ...memoryOf(input), until: new Date(until).toISOString() } satisfies LateMemory);
    }
    await endExecutions(spinnaker, input, bakes, 'bake');
    return { images, trouble: null };
  } catch (error) {
    // Told after EC2 has been looked at, which needs no Gate.
    return { images, trouble: error instanceof Error ? error : new Error(String(error)) };
  }
}

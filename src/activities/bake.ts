import type { Execution } from '../adapters/ports';
import type { EvidenceRef } from '../domain/evidence';
import { correlationId } from '../domain/names';
import type { RegionImage } from '../domain/run';
import { AnswerLost, Final, Forbidden, messageOf, NotFound, TryAgain } from '../domain/errors';
import { assertWanted, attempt, notReady, remember, remembered } from './attempt';
import { gateOf, type Deps } from './deps';
import { admitted } from './gate-memory';

/** What a pipeline is given besides its own parameters. */
export interface StartInput {
  readonly run: string;
  readonly pipeline: string;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface Started {
  readonly executionId: string;
}

/** Detail of a failed start: whether a bake may be under way all the same. */
export interface StartMemory {
  readonly reached: boolean;
}

export const createBakeActivities = (deps: Deps) => ({
  /** Starts the bake, once. A failure's first detail says whether the start may have reached Gate (`StartMemory`). */
  async startBake(input: StartInput): Promise<Started> {
    const { run, pipeline, parameters } = input;
    return startOnce(() =>
      gateOf(deps).start({ run, step: 'bake', n: 1 }, pipeline, parameters, { rebake: true, assertWanted }),
    );
  },

  /** Waits for the bake and reads its images. Final when the execution failed or made none in a region it was asked for. */
  async awaitBake(input: {
    run: string;
    executionId: string;
    /** The line's own first. */
    regions: readonly string[];
    pollSeconds: number;
  }): Promise<{ image: RegionImage; siblings: readonly RegionImage[]; ref: EvidenceRef }> {
    const execution = await readExecution(deps, input.executionId);
    if (execution.correlationId !== correlationId(input.run, 'bake', 1))
      throw new Final(`execution ${execution.id} is not the bake of run ${input.run}`);
    if (!execution.over) throw notReady(execution.progress, input.pollSeconds);
    if (execution.failure !== null || execution.status !== 'SUCCEEDED')
      throw new Final(
        `bake execution ${execution.id} ended ${execution.status}: ${execution.failure ?? 'no reason given'}`,
      );
    const { images, id } = execution;
    // One image a region; others of it are the pipeline's own matter, until the undo removes what is this run's.
    const first = images.filter((image, index) => images.findIndex(({ region }) => region === image.region) === index);
    const [image, ...missing] = input.regions.map((region) => first.find((one) => one.region === region) ?? region);
    const without = [image, ...missing].filter((one) => typeof one === 'string');
    if (image === undefined || typeof image === 'string' || without.length > 0)
      throw new Final(`bake execution ${id} succeeded but names no image in ${without.join(', ')}`);
    const ref = await deps.documents.store({ kind: 'bake', run: input.run, executionId: id, images });
    return { image, siblings: first.filter((one) => one !== image), ref };
  },
});

/** Runs a start so that its failure tells whether it may have reached Gate, over all attempts, lost ones too. */
export async function startOnce(start: () => Promise<Started>): Promise<Started> {
  const before = remembered<StartMemory>();
  // An attempt of which nothing is remembered may have sent its start and been killed.
  const reachedBefore = before?.reached ?? attempt() > 1;
  let reached = reachedBefore;
  remember({ ...before, reached: true } satisfies StartMemory);
  try {
    return await admitted(async () => {
      try {
        return await start();
      } catch (error) {
        reached ||= error instanceof AnswerLost;
        throw error;
      }
    });
  } catch (error) {
    // Since when it was refused stays remembered too.
    remember({ ...remembered<StartMemory>(), reached });
    throw error;
  }
}

/**
 * A call to Gate while something that was started is waited for: a refusal is tried again, since what was started goes on and
 * the refusal may pass (a login after a restart, an expired token). The step's time limit ends the waiting.
 */
export async function patient<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof Forbidden) throw new TryAgain(messageOf(error));
    throw error;
  }
}

/** Reads an execution that was started. One that Gate does not know is asked for again: 404 right after a start is not the end. */
export async function readExecution(
  deps: Deps,
  id: string,
  kind: 'execution' | 'task' = 'execution',
): Promise<Execution> {
  try {
    return await patient(() => gateOf(deps)[kind](id));
  } catch (error) {
    if (error instanceof NotFound) throw new TryAgain(`Gate does not know ${kind} ${id}`, undefined, { cause: error });
    throw error;
  }
}

import type { Execution } from '../adapters/ports';
import type { EvidenceRef } from '../domain/evidence';
import type { RegionImage } from '../domain/run';
import { mayBeSentAt, recallStart, type StartMemory } from '../domain/start';
import { AnswerLost, Final, Forbidden, messageOf, NotFound, TryAgain } from '../domain/errors';
import { assertWanted, attempt, notReady, remember, remembered } from './attempt';
import { gateOf, type Deps } from './deps';
import { admitted, assertOwn } from './gate-memory';
import { assertPipeline } from './sealed';

/** What a pipeline is given besides its own parameters. */
export interface StartInput {
  readonly run: string;
  readonly pipeline: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly pollSeconds: number;
}

export interface Started {
  readonly executionId: string;
  /** It may have been sent more than once, so that there may be more of it than this execution. */
  readonly repeated?: true;
}

export const createBakeActivities = (deps: Deps) => ({
  /** Starts the bake, once. A failure's first detail says whether the start may have reached Gate (`StartMemory`). */
  async startBake(input: StartInput): Promise<Started> {
    const { run, pipeline, parameters, pollSeconds } = input;
    return startOnce(pollSeconds, async (assertWanted) => {
      await assertPipeline(deps, input, ({ bake }) => bake?.pipeline);
      return gateOf(deps).start({ run, step: 'bake', n: 1 }, pipeline, parameters, { rebake: true, assertWanted });
    });
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
    assertOwn(execution, input.run, 'bake');
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

/**
 * Runs a start so that its failure tells whether it may have reached Gate, over all attempts, lost ones too. It is sent again only
 * after a pause. `start` calls what it is given right before it sends.
 */
export async function startOnce(
  pollSeconds: number,
  start: (assertMaySend: () => void) => Promise<Started>,
): Promise<Started> {
  let memory = recallStart(remembered<StartMemory>(), attempt(), now());
  const sentOnce = (): StartMemory => ({ reached: true, sent: memory.sent + 1, lastAt: now() });
  // Since when it was refused stays remembered too.
  const keep = (state: StartMemory): void => remember({ ...remembered<StartMemory>(), ...state });
  keep({ ...memory, reached: true });
  let sending = 0;
  try {
    const { executionId } = await admitted(async () => {
      try {
        return await start(() => {
          assertWanted();
          if (Date.now() < mayBeSentAt(memory, pollSeconds))
            throw notReady('the answer to a start was lost; what came of it may still show', pollSeconds);
          keep(sentOnce());
          sending = 1;
        });
      } catch (error) {
        if (error instanceof AnswerLost) memory = sentOnce();
        throw error;
      }
    });
    return memory.sent + sending > 1 ? { executionId, repeated: true } : { executionId };
  } catch (error) {
    keep(memory);
    throw error;
  }
}

const now = (): string => new Date().toISOString();

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

import type { Execution } from '../adapters/ports';
import type { EvidenceRef } from '../domain/evidence';
import { correlationId } from '../domain/names';
import { AnswerLost, Final, NotFound, TryAgain } from '../domain/errors';
import { attempt, notReady, remember, remembered, translate } from './attempt';
import { gateOf, type Deps } from './deps';

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
    return startOnce(() => gateOf(deps).start({ run, step: 'bake', n: 1 }, pipeline, parameters, { rebake: true }));
  },

  /** Waits for the bake and reads its images. Final when the execution failed or made no image in the region. */
  async awaitBake(input: {
    run: string;
    executionId: string;
    region: string;
    pollSeconds: number;
  }): Promise<{ amiId: string; ref: EvidenceRef }> {
    const execution = await readExecution(deps, input.executionId);
    if (execution.correlationId !== correlationId(input.run, 'bake', 1))
      throw new Final(`execution ${execution.id} is not the bake of run ${input.run}`);
    if (!execution.over) throw notReady(execution.progress, input.pollSeconds);
    if (execution.failure !== null || execution.status !== 'SUCCEEDED')
      throw new Final(
        `bake execution ${execution.id} ended ${execution.status}: ${execution.failure ?? 'no reason given'}`,
      );
    const image = execution.images.find(({ region }) => region === input.region);
    if (!image) throw new Final(`bake execution ${execution.id} succeeded but names no image in ${input.region}`);
    const { images, id } = execution;
    const ref = await deps.documents.store({ kind: 'bake', run: input.run, executionId: id, images });
    return { amiId: image.amiId, ref };
  },
});

/** Runs a start so that its failure tells whether it may have reached Gate, over all attempts, lost ones too. */
export async function startOnce(start: () => Promise<Started>): Promise<Started> {
  const before = remembered<StartMemory>();
  // An attempt of which nothing is remembered may have sent its start and been killed.
  const reachedBefore = before?.reached ?? attempt() > 1;
  remember({ reached: true } satisfies StartMemory);
  try {
    return await start();
  } catch (error) {
    const memory: StartMemory = { reached: reachedBefore || error instanceof AnswerLost };
    remember(memory);
    throw translate(error, memory);
  }
}

/** Reads an execution; one that Gate does not list is asked for again, because 404 right after a start is not the end. */
export async function readExecution(deps: Deps, id: string): Promise<Execution> {
  try {
    return await gateOf(deps).execution(id);
  } catch (error) {
    if (error instanceof NotFound)
      throw new TryAgain(`Gate does not know execution ${id}`, undefined, { cause: error });
    throw error;
  }
}

import type { Execution } from '../adapters/ports';
import { Final, messageOf, NotFound } from '../domain/errors';
import { notReady } from './attempt';
import { gateOf, type Deps } from './deps';

export interface WatchInput {
  readonly executionId: string;
  readonly stageRefId: string | null;
}

/** `null`: the stage is done in a way that lets the run go on. */
export interface SourceEnd {
  readonly ended: string | null;
}

export const createWatchActivities = (deps: Deps) => ({
  /** Returns once the Spinnaker stage that asked for the run is over. An execution that cannot be found ends nothing. */
  async watchSource(input: WatchInput & { watchSeconds: number }): Promise<SourceEnd> {
    const end = await lookOrTell(deps, input);
    if (!end) throw notReady('the stage that asked is still waiting', input.watchSeconds);
    return end;
  },

  /** One look, without waiting. */
  async checkSource(input: WatchInput): Promise<SourceEnd> {
    return (await look(deps, input)) ?? { ended: null };
  },
});

/** Whoever refuses us now, as a login page in front of a Gate that restarts, may let us look again later. */
async function lookOrTell(
  deps: Deps,
  input: WatchInput & { readonly watchSeconds: number },
): Promise<SourceEnd | undefined> {
  try {
    return await look(deps, input);
  } catch (error) {
    if (error instanceof Final)
      throw notReady(`the stage that asked cannot be seen: ${messageOf(error)}`, input.watchSeconds);
    throw error;
  }
}

async function look(deps: Deps, { executionId, stageRefId }: WatchInput): Promise<SourceEnd | undefined> {
  try {
    return sourceEnd(await gateOf(deps).execution(executionId), stageRefId);
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
  }
}

/** Ways to end a stage that call nobody (Orca: user cancel in create, timeout, manual skip, ignored failure). */
const ENDED = new Set(['CANCELED', 'TERMINAL', 'STOPPED', 'FAILED_CONTINUE']);

function sourceEnd(execution: Execution, stageRefId: string | null): SourceEnd | undefined {
  const name = `Spinnaker execution ${execution.id}`;
  const stage = execution.stages.find(({ refId }) => refId === stageRefId);
  if (stage && stage.manualSkip) return { ended: `${name}: its stage was skipped by hand` };
  if (stage && ENDED.has(stage.status)) return { ended: `${name}: its stage is ${stage.status}` };
  if (stage?.status === 'SUCCEEDED') return { ended: null };
  if (stage?.status === 'SKIPPED') return { ended: `${name}: its stage was skipped` };
  if (!execution.over) return undefined;
  if (stageRefId === null || !stage)
    return execution.status === 'SUCCEEDED' ? { ended: null } : { ended: `${name} is ${execution.status}` };
  return { ended: `${name} is ${execution.status} and its stage never ended` };
}

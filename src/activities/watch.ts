import type { Execution, ExecutionStatus } from '../adapters/ports';
import { Final, messageOf, NotFound } from '../domain/errors';
import { notReady, remember, remembered } from './attempt';
import { gateOf, type Deps } from './deps';

export interface WatchInput {
  readonly executionId: string;
  readonly stageRefId: string | null;
}

/** `null`: the stage is done in a way that lets the run go on. */
export interface SourceEnd {
  readonly ended: string | null;
}

/** What the watch has seen so far, from attempt to attempt. */
interface WatchMemory {
  /** The execution was seen, and still going. */
  readonly seen: boolean;
  /** Since when Gate has answered each look with "not found", ISO 8601. */
  readonly goneSince: string | null;
}

const NOTHING_SEEN: WatchMemory = { seen: false, goneSince: null };

export const createWatchActivities = (deps: Deps) => ({
  /**
   * Returns once the Spinnaker stage that asked for the run is over. An execution that was never seen ends nothing. One that
   * was seen going, and then is not found for `unreachableMinutes` in a row, was deleted: Orca deletes only what is complete
   * (`TaskController`, 409 otherwise), so nobody waits for the run any more. A Gate that does not answer says nothing.
   */
  async watchSource(input: WatchInput & { watchSeconds: number; unreachableMinutes: number }): Promise<SourceEnd> {
    const { executionId, watchSeconds, unreachableMinutes } = input;
    const { seen, goneSince } = remembered<WatchMemory>() ?? NOTHING_SEEN;
    let look: SourceEnd | 'going' | 'missing';
    try {
      look = await lookAt(deps, input);
    } catch (error) {
      // Nothing is known of the execution now, so that "in a row" begins anew. A refusal may pass, as one for an expired token.
      remember({ seen, goneSince: null } satisfies WatchMemory);
      throw error instanceof Final ? notReady(messageOf(error), watchSeconds) : error;
    }
    if (look === 'going') {
      remember({ seen: true, goneSince: null } satisfies WatchMemory);
      throw notReady('the stage that asked is still waiting', watchSeconds);
    }
    if (look !== 'missing') return look;
    if (!seen) throw notReady(`Gate knows no execution ${executionId}`, watchSeconds);
    const since = goneSince ?? new Date().toISOString();
    if (Date.now() - Date.parse(since) >= unreachableMinutes * 60_000)
      return { ended: `Spinnaker execution ${executionId} was deleted` };
    remember({ seen, goneSince: since } satisfies WatchMemory);
    throw notReady(`Gate has not found execution ${executionId} since ${since}`, watchSeconds);
  },

  /** One look, without waiting. An execution that cannot be found ends nothing. */
  async checkSource(input: WatchInput): Promise<SourceEnd> {
    const look = await lookAt(deps, input);
    return look === 'going' || look === 'missing' ? { ended: null } : look;
  },
});

async function lookAt(deps: Deps, { executionId, stageRefId }: WatchInput): Promise<SourceEnd | 'going' | 'missing'> {
  try {
    return sourceEnd(await gateOf(deps).execution(executionId), stageRefId) ?? 'going';
  } catch (error) {
    if (error instanceof NotFound) return 'missing';
    throw error;
  }
}

/** Ways to end a stage that call nobody (Orca: user cancel in create, timeout, manual skip, ignored failure). */
const ENDED: ReadonlySet<ExecutionStatus> = new Set(['CANCELED', 'TERMINAL', 'STOPPED', 'FAILED_CONTINUE']);

function sourceEnd(execution: Execution, stageRefId: string | null): SourceEnd | undefined {
  const name = `Spinnaker execution ${execution.id}`;
  const stage = execution.stages.find(({ refId }) => refId === stageRefId);
  if (stage && stage.manualSkip) return { ended: `${name}: its stage was skipped by hand` };
  if (stage && ENDED.has(stage.status)) return { ended: `${name}: its stage is ${stage.status}` };
  if (stage?.status === 'SUCCEEDED') return { ended: null };
  if (stage?.status === 'SKIPPED') return { ended: `${name}: its stage was skipped` };
  // A cancelled execution stays CANCELED whatever a stage of it still does; a stage that is stuck there never comes back.
  if (!execution.over && !ENDED.has(execution.status)) return undefined;
  if (stageRefId === null || !stage)
    return execution.status === 'SUCCEEDED' ? { ended: null } : { ended: `${name} is ${execution.status}` };
  return { ended: `${name} is ${execution.status} and its stage never ended` };
}

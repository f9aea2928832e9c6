import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ParentClosePolicy, startChild, workflowInfo } from '@temporalio/workflow';
import type { OpenedRun } from '../activities/run';
import type { Started, StartMemory } from '../activities/bake';
import type { GateMemory } from '../activities/gate-memory';
import { workflowId } from '../domain/names';
import type { CandidateImage, TestInstance } from '../domain/run';
import { detailOf } from './failures';
import { lateBake } from './late-bake';
import type { LateBakeInput } from './messages';
import type { Proxies } from './proxies';
import type { UndoStep } from './undo';

/** What is known of a run while its undo steps run; filled in as the run goes on. */
export interface RunFacts {
  readonly run: string;
  readonly opened: OpenedRun;
  readonly startedAt: string;
  readonly expires: string;
  image: CandidateImage | null;
  instance: TestInstance | null;
  /** Executions that are known to have been started. */
  bake: Started | null;
  deploy: Started | null;
  /** Whether the start may have reached Gate; a start that provably did not leaves nothing behind. */
  bakeReached: boolean;
  deployReached: boolean;
  note(text: string): void;
}

/** A failed start's memory: `false` only when it is certain that Gate never got it. */
export const mayHaveReached = (error: unknown): boolean => detailOf<StartMemory>(error)?.reached ?? true;

/** Everything of the image that this run may remove. */
export function undoImage(facts: RunFacts, { act, poll }: Proxies): UndoStep {
  const { opened, run } = facts;
  const { region } = opened.settings.line;
  const brought = opened.request.image;
  return {
    name: 'image',
    always: false,
    async run(limitMs) {
      const plan = await act(limitMs).planRemoval({
        run,
        region,
        amiId: facts.image?.amiId ?? brought?.id ?? null,
        brought: brought !== undefined,
        destroy: brought?.destroy ?? false,
        startedAt: facts.startedAt,
      });
      if (plan.deny.length === 0) return;
      await poll(limitMs).removeImages({ run, region, plan, pollSeconds: opened.settings.pollSeconds });
    },
  };
}

/** The bake's execution: cancelled and over; what it may still make is watched for by a workflow of its own. */
export function undoBake(facts: RunFacts, { poll }: Proxies): UndoStep {
  const { opened, run } = facts;
  const { line, spinnaker, pollSeconds } = opened.settings;
  let gate: GateMemory = { awaySince: null };
  return {
    name: 'bake',
    always: false,
    async run(limitMs) {
      if (!facts.bakeReached || !line.bake || !spinnaker) return;
      const { unreachableMinutes, bakeLimitMinutes } = spinnaker;
      let late: boolean;
      try {
        ({ late } = await poll(limitMs).undoBake({
          run,
          pipeline: line.bake.pipeline,
          executionId: facts.bake?.executionId ?? null,
          pollSeconds,
          unreachableMinutes,
          gate,
        }));
      } catch (error) {
        gate = detailOf<GateMemory>(error) ?? { awaySince: null };
        throw error;
      }
      if (!late) return;
      const until = new Date(Date.now() + bakeLimitMinutes * 60_000).toISOString();
      await watchLate({ run, region: line.region, until, pollSeconds, startedAt: facts.startedAt });
      facts.note(`a late image of the given-up bake is watched for until ${until}`);
    },
  };
}

/** Starts the watch; one that runs already, of a run that is swept now, is as good. */
async function watchLate(input: LateBakeInput): Promise<void> {
  try {
    await startChild(lateBake, {
      workflowId: workflowId.lateBake.of(input.run),
      parentClosePolicy: ParentClosePolicy.ABANDON,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      staticSummary: `Removes what the given-up bake of run ${input.run} still makes`,
      args: [input],
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

/** The test instance with its server group and volumes; or the brought instance, where the request gave it away. */
export function undoInstance(facts: RunFacts, { poll }: Proxies): UndoStep {
  const { opened, run } = facts;
  const { line, spinnaker, pollSeconds } = opened.settings;
  let gate: GateMemory = { awaySince: null };
  return {
    name: 'instance',
    always: true,
    async run(limitMs) {
      const { instance } = facts;
      const { region } = line;
      if (opened.request.instance) {
        if (!opened.request.instance.destroy || !instance) return;
        return poll(limitMs).undoBrought({ run, region, instance, pollSeconds });
      }
      if (!facts.deployReached || !line.deploy || !spinnaker) return;
      try {
        await poll(limitMs).undoDeploy({
          run,
          line: line.name,
          region,
          expires: facts.expires,
          pipeline: line.deploy.pipeline,
          destroyPipeline: line.deploy.destroyPipeline,
          parameters: { ...line.deploy.parameters, ...opened.request.parameters },
          executionId: facts.deploy?.executionId ?? null,
          instance,
          pollSeconds,
          unreachableMinutes: spinnaker.unreachableMinutes,
          gate,
        });
      } catch (error) {
        gate = detailOf<GateMemory>(error) ?? { awaySince: null };
        throw error;
      }
    },
  };
}

/** When leftovers of the run may be taken for dead by a sweep from outside: all its time limits, and a day. */
export function expiryOf({ settings }: OpenedRun): string {
  const { bake, deploy, assess, approval } = settings.line;
  const minutes =
    (bake?.timeoutMinutes ?? 0) +
    (deploy?.timeoutMinutes ?? 0) +
    Math.max(0, ...assess.map((one) => one.timeoutMinutes));
  return new Date(
    workflowInfo().startTime.getTime() + minutes * 60_000 + (approval.deadlineHours + 24) * 3_600_000,
  ).toISOString();
}

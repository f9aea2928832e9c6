import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ApplicationFailure, ParentClosePolicy, startChild, workflowInfo } from '@temporalio/workflow';
import type { OpenedRun } from '../activities/run';
import type { Started, StartMemory } from '../activities/bake';
import type { Absence } from '../activities/patience';
import type { DeployLeft, UndoDeployInput } from '../activities/undo-deploy';
import type { GateMemory } from '../activities/gate-memory';
import { NOTHING_TO_REMOVE, type RemovalPlan } from '../domain/image';
import { workflowId } from '../domain/names';
import type { CandidateImage, RegionImage, TestInstance } from '../domain/run';
import { detailOf } from './failures';
import { lateBake } from './late-bake';
import { lateDeploy } from './late-deploy';
import type { Proxies } from './proxies';
import type { UndoStep } from './undo';

/** What is known of a run while its undo steps run; filled in as the run goes on. */
export interface RunFacts {
  readonly run: string;
  readonly opened: OpenedRun;
  readonly startedAt: string;
  readonly expires: string;
  image: CandidateImage | null;
  /** Whether the image's tags may be ours. */
  tagged: boolean;
  /** Everything that the run's bake is known to have named, in any region. */
  named: readonly RegionImage[];
  instance: TestInstance | null;
  /** Executions that are known to have been started. */
  bake: Started | null;
  deploy: Started | null;
  /** Nothing of the bake runs any more, as far as Gate can tell: all that it named is known. */
  bakeOver: boolean;
  /** Whether the start may have reached Gate, or the launch EC2; one that provably did not leaves nothing behind. */
  bakeReached: boolean;
  deployReached: boolean;
  note(text: string): void;
}

/** A failed start's memory: `false` only when it is certain that Gate never got it. */
export const mayHaveReached = (error: unknown): boolean => detailOf<StartMemory>(error)?.reached ?? true;

/** Everything of the image that this run may remove. */
export function undoImage(facts: RunFacts, { poll }: Proxies): UndoStep {
  const { opened, run } = facts;
  const { pollSeconds } = opened.settings;
  const brought = opened.request.image;
  // A later round no longer sees the image whose snapshots are left.
  let plan: RemovalPlan = NOTHING_TO_REMOVE;
  let absence: Absence | null = null;
  return {
    name: 'image',
    always: false,
    async run(limitMs) {
      const regions = regionsOf(facts);
      try {
        plan = await poll(limitMs).planRemoval({
          run,
          regions,
          named: namedBy(facts),
          brought: brought !== undefined,
          destroy: brought?.destroy ?? false,
          tagged: facts.tagged,
          startedAt: facts.startedAt,
          before: plan,
          absence,
          pollSeconds,
        });
      } catch (error) {
        absence = detailOf<Absence>(error) ?? absence;
        throw error;
      }
      await poll(limitMs).removeImages({ run, regions, plan, pollSeconds });
      // An image without our tag is known by the bake's own word only.
      if (!facts.bakeOver) throw ApplicationFailure.nonRetryable('the bake may name more of them', 'NotReady');
    },
  };
}

/** Every image that is known to be the run's; regions that nobody asked for too. */
function namedBy({ image, named, opened }: RunFacts): RegionImage[] {
  const brought = opened.request.image;
  return [
    ...(image ? [image, ...image.siblings] : brought ? [{ region: brought.region, amiId: brought.id }] : []),
    ...named,
  ].map(({ region, amiId }) => ({ region, amiId }));
}

const regionsOf = ({ opened }: RunFacts): readonly string[] => {
  const { bake, region } = opened.settings.line;
  return opened.request.image ? [region] : (bake?.regions ?? [region]);
};

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
      facts.bakeOver = false;
      try {
        const undone = await poll(limitMs).undoBake({
          run,
          pipeline: line.bake.pipeline,
          executionId: facts.bake?.executionId ?? null,
          pollSeconds,
          unreachableMinutes,
          gate,
        });
        late = undone.late;
        facts.bakeOver = true;
        facts.named = [...facts.named, ...undone.images];
      } catch (error) {
        gate = detailOf<GateMemory>(error) ?? { awaySince: null };
        throw error;
      }
      if (!late) return;
      const regions = [...new Set([...regionsOf(facts), ...facts.named.map(({ region }) => region)])];
      const until = new Date(Date.now() + bakeLimitMinutes * 60_000).toISOString();
      await startWatch(() =>
        startChild(lateBake, {
          workflowId: workflowId.lateBake.of(run),
          parentClosePolicy: ParentClosePolicy.ABANDON,
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          staticSummary: `Removes what the given-up bake of run ${run} still makes`,
          args: [{ run, regions, until, pollSeconds, startedAt: facts.startedAt }],
        }),
      );
      facts.note(`a late image of the given-up bake is watched for until ${until}`);
    },
  };
}

/** Starts a watch; one that runs already, of a run that is swept now, is as good. */
async function startWatch(start: () => Promise<unknown>): Promise<void> {
  try {
    await start();
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

/** The test instance with its server group and volumes; what may still be made is watched for by a workflow of its own. */
export function undoInstance(facts: RunFacts, steps: Proxies): UndoStep {
  const { opened, run } = facts;
  const { line, spinnaker, pollSeconds } = opened.settings;
  const { deploy } = line;
  if (deploy?.kind === 'ec2') return undoLaunch(facts, steps);
  const { poll } = steps;
  let gate: GateMemory = { awaySince: null };
  return {
    name: 'instance',
    always: true,
    async run(limitMs) {
      if (!facts.deployReached || !deploy || !spinnaker) return;
      const input: Omit<UndoDeployInput, 'gate'> = {
        run,
        line: line.name,
        region: line.region,
        expires: facts.expires,
        pipeline: deploy.pipeline,
        destroyPipeline: deploy.destroyPipeline,
        parameters: { ...deploy.parameters, ...opened.request.parameters },
        executionId: facts.deploy?.executionId ?? null,
        instance: facts.instance,
        pollSeconds,
        unreachableMinutes: spinnaker.unreachableMinutes,
      };
      let left: DeployLeft;
      try {
        left = await poll(limitMs).undoDeploy({ ...input, gate });
      } catch (error) {
        gate = detailOf<GateMemory>(error) ?? { awaySince: null };
        throw error;
      }
      if (!left.late) return;
      const until = new Date(Date.now() + spinnaker.bakeLimitMinutes * 60_000).toISOString();
      await startWatch(() =>
        startChild(lateDeploy, {
          workflowId: workflowId.lateDeploy.of(run),
          parentClosePolicy: ParentClosePolicy.ABANDON,
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          staticSummary: `Removes what the given-up deploy of run ${run} still makes`,
          args: [{ ...input, until }],
        }),
      );
      facts.note(`a late server group of the given-up deploy is watched for until ${until}`);
    },
  };
}

/** What EC2 was asked to launch, whether or not its answer came. */
function undoLaunch(facts: RunFacts, { poll }: Proxies): UndoStep {
  const { opened, run } = facts;
  const { line, pollSeconds } = opened.settings;
  let absence: Absence | null = null;
  return {
    name: 'instance',
    always: true,
    async run(limitMs) {
      if (!facts.deployReached) return;
      const { region } = line;
      try {
        await poll(limitMs).undoLaunch({ run, region, instance: facts.instance, absence, pollSeconds });
      } catch (error) {
        absence = detailOf<Absence>(error) ?? absence;
        throw error;
      }
    },
  };
}

/** The brought instance, where the request gave it away. */
export function undoBrought(facts: RunFacts, { poll }: Proxies): UndoStep {
  const { opened, run } = facts;
  const { region } = opened.settings.line;
  const { pollSeconds } = opened.settings;
  const { image, instance } = opened.request;
  let absence: Absence | null = null;
  return {
    name: 'instance',
    always: true,
    async run(limitMs) {
      if (!image || !instance?.destroy) return;
      const what = { run, region, instanceId: instance.id, amiId: image.id };
      try {
        await poll(limitMs).undoBrought({ ...what, absence, pollSeconds });
      } catch (error) {
        absence = detailOf<Absence>(error) ?? absence;
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

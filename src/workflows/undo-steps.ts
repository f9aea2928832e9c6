import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ApplicationFailure, ParentClosePolicy, startChild, workflowInfo } from '@temporalio/workflow';
import type { OpenedRun } from '../activities/run';
import type { Started } from '../activities/bake';
import type { Absence } from '../activities/patience';
import type { UndoDeployInput } from '../activities/undo-deploy';
import type { GateMemory } from '../activities/gate-memory';
import { NOTHING_TO_REMOVE, type RemovalPlan } from '../domain/image';
import { workflowId } from '../domain/names';
import type { StartMemory } from '../domain/start';
import type { Ec2DeploySettings } from '../domain/settings';
import type { CandidateImage, RegionImage, TestInstance } from '../domain/run';
import { detailOf } from './failures';
import { lateBake } from './late-bake';
import { lateDeploy } from './late-deploy';
import { lateLaunch } from './late-launch';
import { Memory } from './memory';
import type { Proxies } from './proxies';
import type { UndoStep, Which } from './undo';

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

/** Where a start was sent more than once a bake may have begun beside the run's own, which is no more wanted than after a failure. */
const mayHaveTwins = ({ bake }: RunFacts): boolean => bake?.repeated === true;

/** Images that stay: what was published, with its siblings. */
const keptBy = ({ image }: RunFacts, which: Which): readonly RegionImage[] =>
  which === 'always' && image ? [image, ...image.siblings].map(({ region, amiId }) => ({ region, amiId })) : [];

/** Everything of the image that this run may remove. */
export function undoImage(facts: RunFacts, { poll }: Proxies): UndoStep {
  const { opened, run } = facts;
  const { pollSeconds } = opened.settings;
  // A later round no longer sees the image whose snapshots are left.
  let plan: RemovalPlan = NOTHING_TO_REMOVE;
  const absence = new Memory<Absence | null>(null);
  return {
    name: 'image',
    get always() {
      return mayHaveTwins(facts);
    },
    async run(limitMs, which) {
      const regions = regionsOf(facts);
      plan = await absence.during((before) =>
        poll(limitMs).planRemoval({
          run,
          regions,
          named: namedBy(facts),
          kept: keptBy(facts, which),
          tagged: facts.tagged,
          before: plan,
          absence: before,
          pollSeconds,
        }),
      );
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
  const memory = new Memory<GateMemory>({ awaySince: null });
  return {
    name: 'bake',
    get always() {
      return mayHaveTwins(facts);
    },
    async run(limitMs, which) {
      if (!facts.bakeReached || !line.bake || !spinnaker) return;
      const { unreachableMinutes, bakeLimitMinutes } = spinnaker;
      const executionId = facts.bake?.executionId ?? null;
      const bake = { run, pipeline: line.bake.pipeline, executionId, pollSeconds, unreachableMinutes };
      facts.bakeOver = false;
      const { late, images } = await memory.during((gate) => poll(limitMs).undoBake({ ...bake, gate }));
      facts.bakeOver = true;
      facts.named = [...facts.named, ...images];
      if (!late) return;
      const regions = [...new Set([...regionsOf(facts), ...facts.named.map(({ region }) => region)])];
      await watchLate(facts, 'image of the given-up bake', bakeLimitMinutes, (until) => ({
        workflow: lateBake,
        workflowId: workflowId.lateBake.of(run),
        input: { ...bake, kept: keptBy(facts, which), regions, until, bakeLimitMinutes },
      }));
    },
  };
}

/** A workflow that watches for what is late, with its input. */
interface Watch<Input> {
  readonly workflow: (input: Input) => Promise<unknown>;
  readonly workflowId: string;
  readonly input: Input;
}

/** Has a workflow of its own watch for what may still come, so that the run need not wait, and remove it. */
async function watchLate<Input>(
  { run, note }: RunFacts,
  what: string,
  minutes: number,
  watchUntil: (until: string) => Watch<Input>,
): Promise<void> {
  const until = new Date(Date.now() + minutes * 60_000).toISOString();
  const { workflow, workflowId: id, input } = watchUntil(until);
  try {
    await startChild<(given: Input) => Promise<unknown>>(workflow, {
      workflowId: id,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      staticSummary: `Watches for a late ${what} of run ${run}, and removes it`,
      args: [input],
    });
  } catch (error) {
    // One that is on already, of a run that is swept now, is as good.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
  note(`a late ${what} is watched for until ${until}`);
}

/** The test instance with its server group and volumes; what may still be made is watched for by a workflow of its own. */
export function undoInstance(facts: RunFacts, steps: Proxies): UndoStep {
  const { opened, run } = facts;
  const { line, spinnaker, pollSeconds } = opened.settings;
  const { deploy } = line;
  if (deploy?.kind === 'ec2') return undoLaunch(facts, deploy, steps);
  const { poll } = steps;
  const memory = new Memory<GateMemory>({ awaySince: null });
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
      const { late } = await memory.during((gate) => poll(limitMs).undoDeploy({ ...input, gate }));
      if (!late) return;
      await watchLate(facts, 'server group of the given-up deploy', spinnaker.bakeLimitMinutes, (until) => ({
        workflow: lateDeploy,
        workflowId: workflowId.lateDeploy.of(run),
        // It need not find out anew how long Gate has been away, and what hangs.
        input: { ...input, gate: memory.value, until },
      }));
    },
  };
}

/** What EC2 was asked to launch, whether or not its answer came. */
function undoLaunch(facts: RunFacts, { timeoutMinutes }: Ec2DeploySettings, { poll }: Proxies): UndoStep {
  const { opened, run } = facts;
  const { line, pollSeconds } = opened.settings;
  const memory = new Memory<Absence | null>(null);
  return {
    name: 'instance',
    always: true,
    async run(limitMs) {
      if (!facts.deployReached) return;
      const { region } = line;
      const what = { run, region, instance: facts.instance, pollSeconds };
      await memory.during((absence) => poll(limitMs).undoLaunch({ ...what, absence }));
      if (facts.instance) return;
      // As long again as the launch was given.
      await watchLate(facts, 'instance of the given-up launch', timeoutMinutes, (until) => ({
        workflow: lateLaunch,
        workflowId: workflowId.lateLaunch.of(run),
        input: { run, region, until, pollSeconds },
      }));
    },
  };
}

/** The brought instance, where the request gave it away. */
export function undoBrought(facts: RunFacts, { poll }: Proxies): UndoStep {
  const { opened, run } = facts;
  const { region } = opened.settings.line;
  const { pollSeconds } = opened.settings;
  const { image, instance } = opened.request;
  const memory = new Memory<Absence | null>(null);
  return {
    name: 'instance',
    always: true,
    async run(limitMs) {
      if (!image || !instance?.destroy) return;
      const what = { run, region, instanceId: instance.id, amiId: image.id };
      await memory.during((absence) => poll(limitMs).undoBrought({ ...what, absence, pollSeconds }));
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

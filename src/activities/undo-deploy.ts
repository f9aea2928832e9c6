import type { AutoScalingGroup, AwsRegion, Execution, Instance, Spinnaker, SpinnakerJob } from '../adapters/ports';
import type { ServerGroup, TestInstance } from '../domain/run';
import { NotFound } from '../domain/errors';
import { TAG } from '../domain/names';
import { attempt, notReady, remember, remembered } from './attempt';
import { gateOf, type Deps } from './deps';
import { cancelExecution, executionsOf, reachable, type GateMemory } from './gate-memory';

export interface UndoDeployInput {
  readonly run: string;
  readonly line: string;
  readonly region: string;
  readonly expires: string;
  readonly pipeline: string;
  /** Null: by an ad-hoc task. */
  readonly destroyPipeline: string | null;
  readonly parameters: Readonly<Record<string, string>>;
  /** The deploy's execution, where it is known that one was started. */
  readonly executionId: string | null;
  readonly instance: TestInstance | null;
  readonly pollSeconds: number;
  readonly unreachableMinutes: number;
  readonly gate: GateMemory;
}

/** Looks after a lost start before Gate's search counts as complete. */
const SEARCH_LOOKS = 5;

export const createUndoDeployActivities = (deps: Deps) => ({
  /**
   * Removes the test instance with all that came with it: deploy execution over, server group destroyed through Spinnaker,
   * Auto Scaling group gone, instance terminated, volumes gone. Answers only when all of that has been read back.
   */
  async undoDeploy(input: UndoDeployInput): Promise<void> {
    const aws = deps.aws.region(input.region);
    await removeGroups(gateOf(deps), aws, input);
    await removeInstances(aws, input, await aws.instances.ofRun(input.run), input.instance);
  },

  /** Removes a brought instance that the request gave away. */
  async undoBrought(input: {
    run: string;
    region: string;
    instance: TestInstance;
    pollSeconds: number;
  }): Promise<void> {
    const aws = deps.aws.region(input.region);
    await removeInstances(aws, input, await aws.instances.ofRun(input.run), input.instance);
  },
});

async function removeGroups(spinnaker: Spinnaker, aws: AwsRegion, input: UndoDeployInput): Promise<void> {
  const { run, pollSeconds } = input;
  const deploys = await reachable(input, () => executionsOf(spinnaker, input, 'deploy'));
  if (deploys !== 'away') {
    if (deploys.length === 0 && !input.instance && attempt() < SEARCH_LOOKS)
      throw notReady('looking for a deploy that may have been started', pollSeconds);
    const running = deploys.find(({ over }) => !over);
    if (running) {
      const asked = await reachable(input, () => cancelExecution(spinnaker, running.id, run));
      if (asked !== 'away') throw notReady(`waiting for deploy execution ${running.id} to end`, pollSeconds);
    }
  }
  const known = [
    ...(deploys === 'away' ? [] : deploys.flatMap(({ servers }) => servers)),
    input.instance?.server ?? null,
  ];
  const groups = await ourGroups(
    aws,
    run,
    known.filter((server) => server !== null),
  );
  const first = groups[0];
  if (!first) return;
  const asked = deploys === 'away' ? 'away' : await destroyThroughSpinnaker(spinnaker, input, first);
  if (asked === 'away' || asked === 'nameless') {
    await aws.groups.delete(first.group.name);
    const why = asked === 'away' ? 'Gate is away' : 'no execution tells its account in Spinnaker';
    throw notReady(`${why}; Auto Scaling group ${first.group.name} is being deleted through AWS`, pollSeconds);
  }
  throw notReady(`${asked}; Auto Scaling group ${first.group.name} still exists`, pollSeconds);
}

interface OurGroup {
  readonly group: AutoScalingGroup;
  readonly account: string | null;
}

/** The run's Auto Scaling groups: those that carry its tag, and those its own executions name, unless they carry another's. */
async function ourGroups(aws: AwsRegion, run: string, known: readonly ServerGroup[]): Promise<OurGroup[]> {
  const groups = new Map<string, OurGroup>();
  for (const group of await aws.groups.ofRun(run)) groups.set(group.name, { group, account: null });
  for (const { name, account } of known) {
    const group = groups.get(name)?.group ?? (await aws.groups.describe(name));
    if (group && (group.tags[TAG.run] ?? run) === run) groups.set(name, { group, account });
  }
  return [...groups.values()];
}

/**
 * Sees to it that one destroy execution of the group runs; `n` grows only when the one before is over. `nameless`: a task needs
 * the account's name in Spinnaker, which only the deploy's execution tells.
 */
async function destroyThroughSpinnaker(
  spinnaker: Spinnaker,
  input: UndoDeployInput,
  { group, account }: OurGroup,
): Promise<string> {
  const { run, destroyPipeline: pipeline } = input;
  if (pipeline === null && account === null) return 'nameless';
  const destroys = await reachable(input, () =>
    pipeline === null ? destroyTasks(spinnaker, input) : spinnaker.find(run, 'destroy', pipeline),
  );
  if (destroys === 'away') return 'away';
  const running = destroys.find(({ over }) => !over);
  if (running) return `destroy execution ${running.id} is ${running.status}`;
  // A deletion that is under way needs time, not another execution.
  if (group.status !== null) return `Auto Scaling says "${group.status}"`;
  const last: Execution | undefined = destroys.at(-1);
  const key = { run, step: 'destroy', n: destroys.length + 1 } as const;
  const started = await reachable(input, () =>
    pipeline === null
      ? spinnaker.startTask(key, destroyJob(input, group.name, account))
      : spinnaker.start(key, pipeline, {
          ...input.parameters,
          assayRun: run,
          assayLine: input.line,
          assayRegion: input.region,
          assayExpires: input.expires,
          ...(account === null ? {} : { account }),
          region: input.region,
          serverGroupName: group.name,
        }),
  );
  if (started === 'away') return 'away';
  if (pipeline === null) rememberTask(input, started.executionId);
  const before = last ? ` (the one before ended ${last.status}${last.failure ? `: ${last.failure}` : ''})` : '';
  return `destroy execution ${started.executionId} was started${before}`;
}

/** The destroy tasks so far. One that is known to run is asked for by its id: the list is that of the whole application. */
async function destroyTasks(spinnaker: Spinnaker, input: UndoDeployInput): Promise<readonly Execution[]> {
  const { taskId } = remembered<GateMemory>() ?? input.gate;
  if (typeof taskId === 'string') {
    const task = await find(() => spinnaker.task(taskId));
    if (task && !task.over) return [task];
    rememberTask(input, null);
  }
  return spinnaker.findTasks(input.run, 'destroy');
}

const rememberTask = ({ gate }: UndoDeployInput, taskId: string | null): void =>
  remember({ ...(remembered<GateMemory>() ?? gate), taskId } satisfies GateMemory);

/**
 * Orca's stage `destroyServerGroup`, which disables first and takes a group that is not there for destroyed. Should an answer
 * be lost and the task be over before it is listed, a second one finds nothing to do.
 */
const destroyJob = ({ region }: UndoDeployInput, name: string, account: string | null): SpinnakerJob => ({
  type: 'destroyServerGroup',
  cloudProvider: 'aws',
  cloudProviderType: 'aws',
  credentials: account,
  region,
  regions: [region],
  serverGroupName: name,
  asgName: name,
});

/** Terminates what no group would replace any more, and waits for instances and volumes to be gone. */
async function removeInstances(
  { instances }: AwsRegion,
  input: { run: string; pollSeconds: number },
  ofRun: readonly Instance[],
  known: TestInstance | null,
): Promise<void> {
  const left: string[] = [];
  const alive = new Map(ofRun.map((instance) => [instance.id, instance]));
  if (known && !alive.has(known.instanceId)) {
    const instance = await find(() => instances.describe(known.instanceId));
    if (instance && instance.state !== 'terminated' && (instance.tags[TAG.run] ?? input.run) === input.run)
      alive.set(instance.id, instance);
  }
  for (const { id, state } of alive.values()) {
    if (state !== 'shutting-down') await instances.terminate(id);
    left.push(`${id} is ${state}`);
  }
  const suspects = new Set([...(known?.volumeIds ?? []), ...(await instances.volumesOfRun(input.run))]);
  const volumes = await instances.existingVolumes([...suspects]);
  // A volume goes with its instance (DeleteOnTermination); what is left after that would stay for ever.
  if (left.length === 0) for (const volume of volumes) await instances.deleteVolume(volume);
  left.push(...volumes.map((volume) => `${volume} still exists`));
  if (left.length > 0) throw notReady(left.join('; '), Math.min(input.pollSeconds, 5));
}

async function find<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
  }
}

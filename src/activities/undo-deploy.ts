import type { AutoScalingGroup, AwsRegion, Execution, Instance, Spinnaker, SpinnakerJob } from '../adapters/ports';
import type { ServerGroup, TestInstance } from '../domain/run';
import { Final, Forbidden, NotFound, TryAgain } from '../domain/errors';
import { candidateFaults } from '../domain/image';
import { isRegion, TAG } from '../domain/names';
import { notReady } from './attempt';
import { gateOf, type Deps } from './deps';
import {
  cancelExecution,
  endExecutions,
  executionsOf,
  hangs,
  isGivenUp,
  keep,
  memoryOf,
  reachable,
  searchAgain,
  type GateMemory,
} from './gate-memory';
import { believeOrLookAgain, type Absence } from './patience';
import { assertPipeline, sealedRequest } from './sealed';

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

export interface UndoBroughtInput {
  readonly run: string;
  readonly region: string;
  readonly instanceId: string;
  /** The image that it was brought with. */
  readonly amiId: string;
  readonly absence: Absence | null;
  readonly pollSeconds: number;
}

/** Where a run launched with EC2. */
interface Launched {
  readonly run: string;
  readonly region: string;
  readonly pollSeconds: number;
}

export interface UndoLaunchInput extends Launched {
  /** Null: a launch may have been made whose instance is not known, so that it is looked for again and again. */
  readonly instance: TestInstance | null;
  readonly absence: Absence | null;
}

/** What a deploy leaves behind once all that shows of it is gone. */
export interface DeployLeft {
  /** Something may still come of it: a start that was lost, or an operation of Clouddriver that a cancel does not reach. */
  readonly late: boolean;
}

export const createUndoDeployActivities = (deps: Deps) => ({
  /**
   * Removes the test instance with all that came with it: deploy execution over, server group destroyed through Spinnaker,
   * Auto Scaling group gone, instance terminated, volumes gone. Answers only when all of that has been read back. What Gate, or
   * an execution that does not end, holds up for `unreachableMinutes` goes on without Spinnaker.
   */
  async undoDeploy(input: UndoDeployInput): Promise<DeployLeft> {
    const deploys = await removeDeploy(deps, input, 'search');
    // An instance that was assessed came of a deploy that succeeded.
    const late = !input.instance && (deploys === 'away' || deploys.length === 0 || deploys.some(isGivenUp));
    return { late };
  },

  /** Removes what the run launched with EC2: instance, volumes, network interfaces. */
  async undoLaunch(input: UndoLaunchInput): Promise<void> {
    await removeLaunched(deps, input, input.instance);
    if (!input.instance)
      believeOrLookAgain(input.absence, 'looking for a launch whose answer was lost', input.pollSeconds);
  },

  /** Removes what still comes of a launch whose answer was lost; answers once `until` has passed and nothing is left. */
  async watchLateLaunch(input: Launched & { readonly until: string }): Promise<void> {
    await removeLaunched(deps, input, null);
    if (Date.now() < Date.parse(input.until))
      throw notReady(`nothing of the lost launch is there, watching until ${input.until}`, input.pollSeconds);
  },

  /** Removes what still comes of a deploy that was given up; answers once `until` has passed and nothing is left. */
  async watchLateDeploy({ until, ...input }: UndoDeployInput & { readonly until: string }): Promise<void> {
    // A deploy is given up only while no instance of it is known.
    await removeDeploy(deps, { ...input, instance: null }, 'no search');
    if (Date.now() < Date.parse(until))
      throw notReady(`nothing of the given-up deploy is there, watching until ${until}`, input.pollSeconds);
  },

  /**
   * Removes a brought instance that the request gave away, with its volumes. One that does not run the brought image, that
   * belongs to another run, or whose image this run may not use was refused, and is not touched.
   */
  async undoBrought(input: UndoBroughtInput): Promise<void> {
    const aws = deps.aws.region(input.region);
    await assertGivenAway(deps, input);
    const ours = await claimBrought(deps, aws, input);
    if (ours) await removeInstances(aws, input, await aws.instances.ofRun(input.run), ours);
  },
});

/** Throws for an instance that the run's request did not give away. */
export async function assertGivenAway(
  deps: Deps,
  { run, instanceId, amiId }: Pick<UndoBroughtInput, 'run' | 'instanceId'> & { readonly amiId?: string },
): Promise<void> {
  const { image, instance } = (await sealedRequest(deps, run)).request;
  if (!instance?.destroy || instance.id !== instanceId || (amiId !== undefined && image?.id !== amiId))
    throw new Final(`the request of run ${run} did not give ${instanceId} away`);
}

/** The instance, if it is, or was, this run's to remove. Marks it and its volumes, which it no longer names once it is gone. */
async function claimBrought(
  { aws: { account }, runs }: Deps,
  { instances, images }: AwsRegion,
  input: UndoBroughtInput,
): Promise<TestInstance | null> {
  const { run, instanceId, amiId, pollSeconds } = input;
  const instance = await find(() => instances.describe(instanceId));
  if (!instance) {
    believeOrLookAgain(input.absence, `instance ${instanceId} is not visible`, pollSeconds);
    return { instanceId, volumeIds: [], server: null };
  }
  if (instance.imageId !== amiId) return null;
  const holder = instance.tags[TAG.run];
  if (holder !== undefined && holder !== run) return null;
  if (holder === undefined) {
    const image = await find(() => images.describe(amiId));
    const owner = image?.tags[TAG.run];
    const other = owner === undefined || owner === run ? null : await runs.standing(owner);
    const ours = image && (owner === run || candidateFaults(image, run, await account(), other).length === 0);
    if (!ours) return null;
  }
  const { volumeIds } = instance;
  if (instance.state === 'terminated') return { instanceId, volumeIds, server: null };
  const marked = new Set(await instances.volumesOfRun(run));
  const bare = [...(holder === undefined ? [instanceId] : []), ...volumeIds.filter((id) => !marked.has(id))];
  for (const id of bare) await instances.tag(id, { [TAG.managed]: 'true', [TAG.run]: run });
  if (bare.length > 0) throw notReady(`tags of ${bare.join(', ')} are not visible yet`, Math.min(pollSeconds, 1));
  return { instanceId, volumeIds, server: null };
}

async function removeLaunched(
  deps: Deps,
  { run, region, pollSeconds }: Launched,
  known: TestInstance | null,
): Promise<void> {
  const aws = deps.aws.region(region);
  const { instances } = aws;
  await removeInstances(aws, { run, pollSeconds }, await instances.ofRun(run), known);
  // They go with their instance (DeleteOnTermination); what is left after that would stay for ever.
  const left = await instances.interfacesOfRun(run);
  for (const id of left) await instances.deleteInterface(id);
  if (left.length > 0) throw notReady(`${left.join(', ')} still exist`, Math.min(pollSeconds, 5));
}

async function removeDeploy(
  deps: Deps,
  input: UndoDeployInput,
  start: 'search' | 'no search',
): Promise<readonly Execution[] | 'away'> {
  const spinnaker = gateOf(deps);
  await assertPipeline(deps, { run: input.run, pipeline: input.destroyPipeline }, ({ deploy }) =>
    deploy?.kind === 'pipeline' ? deploy.destroyPipeline : undefined,
  );
  const deploys = await endDeploys(spinnaker, input, start);
  const executions = deploys === 'away' ? [] : deploys;
  const told = executions.flatMap(({ servers }) => servers);
  const { server } = input.instance ?? { server: null };
  const isTold = server && told.some(({ region, name }) => region === server.region && name === server.name);
  const known = [
    ...(server && !isTold ? [{ ...server, told: false }] : []),
    ...told.map((one) => ({ ...one, told: true })),
  ].filter(({ region }) => isRegion(region));
  const account = executions.map((one) => one.account).find((one) => one !== null) ?? null;
  // A deploy may make groups where nobody asked for them. Spinnaker numbers them by region: elsewhere a name is another's.
  const places = [...new Set([input.region, ...known.map(({ region }) => region)])].map((region): Place => {
    return { region, aws: deps.aws.region(region), known: known.filter((server) => server.region === region) };
  });
  const groups: OurGroup[] = [];
  for (const place of places) {
    const ours = await ourGroups(place, input.run, account);
    await mark(place.aws, input.run, ours);
    groups.push(...ours);
  }
  if (groups.length > 0) throw await removeNext(spinnaker, input, groups, deploys === 'away');
  for (const { region, aws } of places) {
    const { instances } = aws;
    await removeInstances(
      aws,
      input,
      await instances.ofRun(input.run),
      region === input.region ? input.instance : null,
    );
  }
  return deploys;
}

/** The deploys of the run, ended; `away`: Gate tells of none. */
async function endDeploys(
  spinnaker: Spinnaker,
  input: UndoDeployInput,
  start: 'search' | 'no search',
): Promise<readonly Execution[] | 'away'> {
  const deploys = await reachable(input, () => executionsOf(spinnaker, input, 'deploy'));
  if (deploys === 'away') return 'away';
  if (deploys.length === 0 && !input.instance && start === 'search') searchAgain(input, 'a deploy');
  await endExecutions(spinnaker, input, deploys, 'deploy');
  return deploys;
}

/** Does what is to be done about the groups now; what is waited for next. */
async function removeNext(
  spinnaker: Spinnaker,
  input: UndoDeployInput,
  groups: readonly OurGroup[],
  away: boolean,
): Promise<Error> {
  const { pollSeconds } = input;
  const next = groups.find(({ group }) => group.status === null);
  // A deletion that is under way needs time, not another execution.
  if (!next) {
    const said = groups.map(({ group }) => `${group.name}: "${group.status}"`).join(', ');
    return notReady(`Auto Scaling says of group ${said}`, pollSeconds);
  }
  const { name } = next.group;
  const asked: Asked = away ? AWAY : await destroyThroughSpinnaker(spinnaker, input, next);
  if ('progress' in asked) return notReady(`${asked.progress}; Auto Scaling group ${name} still exists`, pollSeconds);
  await next.aws.groups.delete(name);
  return notReady(`${asked.cannot}; Auto Scaling group ${name} is being deleted through AWS`, pollSeconds);
}

/**
 * Marks the run's instances and their volumes before anything goes: an instance that is gone no longer names its volumes, and
 * the tags of an Auto Scaling group do not reach volumes (EC2 Auto Scaling user guide, Tag groups and instances).
 */
async function mark({ instances }: AwsRegion, run: string, groups: readonly OurGroup[]): Promise<void> {
  const ours = new Map((await instances.ofRun(run)).map((instance) => [instance.id, instance]));
  const tags = { [TAG.managed]: 'true', [TAG.run]: run };
  for (const id of groups.flatMap(({ group }) => group.instanceIds)) {
    const member = ours.has(id) ? undefined : await find(() => instances.describe(id));
    if (!member || member.tags[TAG.run] !== undefined) continue;
    await instances.tag(id, tags);
    ours.set(id, member);
  }
  const volumes = [...ours.values()].flatMap(({ volumeIds }) => volumeIds);
  if (volumes.length === 0) return;
  const marked = new Set(await instances.volumesOfRun(run));
  for (const id of volumes) if (!marked.has(id)) await instances.tag(id, tags);
}

/** A region in which the run has groups, or may have. */
interface Place {
  readonly region: string;
  readonly aws: AwsRegion;
  /** Groups that are known there by name; `told`: by one of the run's executions. */
  readonly known: readonly (ServerGroup & { readonly told: boolean })[];
}

interface OurGroup extends Pick<Place, 'region' | 'aws'> {
  readonly group: AutoScalingGroup;
  readonly account: string | null;
}

/**
 * The run's Auto Scaling groups of a region: those that carry its tag, and those that its executions name and that carry no
 * other's. Of any other that is known the tag has to show first.
 */
async function ourGroups({ region, aws, known }: Place, run: string, account: string | null): Promise<OurGroup[]> {
  const groups = new Map<string, OurGroup>();
  // Before Orca notes the group it is found by its tag alone; the account is the one it was to be made in.
  for (const group of await aws.groups.ofRun(run)) groups.set(group.name, { region, aws, group, account });
  for (const { name, account: named, told } of known) {
    const group = groups.get(name)?.group ?? (await aws.groups.describe(name));
    const holder = group?.tags[TAG.run];
    if (!group || (holder !== undefined && holder !== run)) continue;
    if (holder === undefined && !told) throw notReady(`the tags of Auto Scaling group ${name} are not visible`, 2);
    groups.set(name, { region, aws, group, account: named });
  }
  return [...groups.values()];
}

/** What became of a destroy through Spinnaker; `cannot`: why it is left to AWS. */
type Asked = { readonly progress: string } | { readonly cannot: string };
const AWAY: Asked = { cannot: 'Gate is away' };

/** Sees to it that one destroy execution of the group runs; `n` grows only when the one before is over. */
async function destroyThroughSpinnaker(spinnaker: Spinnaker, input: UndoDeployInput, ours: OurGroup): Promise<Asked> {
  const { group, account, region } = ours;
  const { run, destroyPipeline: pipeline } = input;
  // A task needs it, and only the deploy's execution tells it.
  if (pipeline === null && account === null) return { cannot: 'no execution tells its account in Spinnaker' };
  const destroys = await reachable(input, () =>
    pipeline === null ? destroyTasks(spinnaker, input) : spinnaker.find(run, 'destroy', pipeline),
  );
  if (destroys === 'away') return AWAY;
  const running = destroys.find(({ over }) => !over);
  if (running) {
    const { id } = running;
    if (!hangs(input, id)) return { progress: `destroy execution ${id} is ${running.status}` };
    // Were it to wake up later, it would destroy the next group of this name, which may be another run's.
    await cancelIfPossible(spinnaker, id, run, pipeline === null ? 'task' : 'execution');
    return { cannot: `destroy execution ${id} does not end` };
  }
  const last: Execution | undefined = destroys.at(-1);
  const again = last?.endedAt ? Date.parse(last.endedAt) + pauseMs(destroys.length, input.pollSeconds) : 0;
  const said = last && `ended ${last.status}${last.failure ? `: ${last.failure}` : ''}`;
  if (last && Date.now() < again)
    return {
      progress: `destroy execution ${last.id} ${said}; the next one waits until ${new Date(again).toISOString()}`,
    };
  const key = { run, step: 'destroy', n: destroys.length + 1 } as const;
  const started = await reachable(input, () =>
    pipeline === null
      ? spinnaker.startTask(key, destroyJob(ours))
      : spinnaker.start(key, pipeline, {
          ...input.parameters,
          assayRun: run,
          assayLine: input.line,
          assayRegion: input.region,
          assayExpires: input.expires,
          ...(account === null ? {} : { account }),
          region,
          serverGroupName: group.name,
        }),
  );
  if (started === 'away') return AWAY;
  if (pipeline === null) keep(input, { taskId: started.executionId });
  const before = said ? ` (the one before ${said})` : '';
  return { progress: `destroy execution ${started.executionId} was started${before}` };
}

/** The destroy tasks so far. One that is known to run is asked for by its id: the list is that of the whole application. */
async function destroyTasks(spinnaker: Spinnaker, input: UndoDeployInput): Promise<readonly Execution[]> {
  const { taskId } = memoryOf(input);
  if (typeof taskId === 'string') {
    const task = await find(() => spinnaker.task(taskId));
    if (task && !task.over) return [task];
    keep(input, { taskId: null });
  }
  return spinnaker.findTasks(input.run, 'destroy');
}

/** A cancel that nothing depends on. */
async function cancelIfPossible(...[spinnaker, id, run, kind]: Parameters<typeof cancelExecution>): Promise<void> {
  try {
    await cancelExecution(spinnaker, id, run, kind);
  } catch (error) {
    if (!(error instanceof TryAgain) && !(error instanceof Forbidden)) throw error;
  }
}

/**
 * Orca's stage `destroyServerGroup`, which disables first and takes a group that is not there for destroyed. Should an answer
 * be lost and the task be over before it is listed, a second one finds nothing to do.
 */
const destroyJob = ({ group: { name }, account, region }: OurGroup): SpinnakerJob => ({
  type: 'destroyServerGroup',
  cloudProvider: 'aws',
  cloudProviderType: 'aws',
  credentials: account,
  region,
  regions: [region],
  serverGroupName: name,
  asgName: name,
});

/** No pause between two destroy executions is longer: ten minutes at the default pace. */
const LONGEST_PAUSE_POLLS = 20;

/** Doubles with every destroy that left the group standing, so that a pipeline that cannot work does not fill Orca's history. */
const pauseMs = (destroys: number, pollSeconds: number): number =>
  Math.min(2 ** (destroys - 1), LONGEST_PAUSE_POLLS) * pollSeconds * 1000;

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
    const isThere = instance && instance.state !== 'terminated';
    if (isThere && instance.tags[TAG.run] === input.run) alive.set(instance.id, instance);
    // It was tagged before the run knew it. What shows no tag may be anybody's: it is waited for, and not touched.
    if (isThere && instance.tags[TAG.run] === undefined) left.push(`the tags of ${instance.id} are not visible`);
  }
  for (const { id, state } of alive.values()) {
    if (state !== 'shutting-down') await instances.terminate(id);
    left.push(`${id} is ${state}`);
  }
  const marked = new Set(await instances.volumesOfRun(input.run));
  const volumes = await instances.existingVolumes([...new Set([...(known?.volumeIds ?? []), ...marked])]);
  // A volume goes with its instance (DeleteOnTermination), a moment later; what is let go instead would stay for ever.
  if (left.length === 0)
    for (const { id, loose } of volumes) if (loose && marked.has(id)) await instances.deleteVolume(id);
  left.push(...volumes.map(({ id }) => `${id} still exists`));
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

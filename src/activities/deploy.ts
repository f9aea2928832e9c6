import type { Instance, Instances } from '../adapters/ports';
import type { TestInstance } from '../domain/run';
import { Final, NotFound } from '../domain/errors';
import { TAG } from '../domain/names';
import { attempt, notReady } from './attempt';
import { patient, readExecution, startOnce, type StartInput, type Started } from './bake';
import { gateOf, type Deps } from './deps';
import { assertOwn } from './gate-memory';
import { assertPipeline } from './sealed';
import { assertGivenAway } from './undo-deploy';

export const createDeployActivities = (deps: Deps) => ({
  /** Starts the deploy, once. */
  async startDeploy(input: StartInput): Promise<Started> {
    const { run, pipeline, parameters, pollSeconds } = input;
    return startOnce(pollSeconds, async (assertWanted) => {
      await assertPipeline(deps, input, ({ deploy }) => (deploy?.kind === 'pipeline' ? deploy.pipeline : undefined));
      return gateOf(deps).start({ run, step: 'deploy', n: 1 }, pipeline, parameters, { assertWanted });
    });
  },

  /** Waits for the deploy and its one running instance, checks that it runs this very image, and tags what was made. */
  async awaitInstance(input: {
    run: string;
    line: string;
    amiId: string;
    region: string;
    executionId: string;
    expires: string;
    pollSeconds: number;
  }): Promise<TestInstance> {
    const { run, pollSeconds, region, amiId } = input;
    const execution = await readExecution(deps, input.executionId);
    assertOwn(execution, run, 'deploy');
    if (!execution.over) throw notReady(execution.progress, pollSeconds);
    if (execution.failure !== null || execution.status !== 'SUCCEEDED')
      throw new Final(
        `deploy execution ${execution.id} ended ${execution.status}: ${execution.failure ?? 'no reason given'}`,
      );
    const [server, ...others] = execution.servers;
    if (!server || others.length > 0 || server.region !== region) {
      const made = execution.servers.map((one) => `${one.name} in ${one.region}`).join(', ') || 'no server group';
      throw new Final(`deploy execution ${execution.id} made ${made}, not one server group in ${region}`);
    }

    const { instances, groups } = deps.aws.region(region);
    // Spinnaker's cache lags; what it does not show yet, the Auto Scaling group may.
    const told = (await patient(() => gateOf(deps).instances(server))) ?? [];
    const ids = told.length > 0 ? told : ((await groups.describe(server.name))?.instanceIds ?? []);
    const [instanceId] = ids;
    if (!instanceId) throw notReady(`server group ${server.name} has no instance yet`, pollSeconds);
    if (ids.length > 1) throw new Final(`server group ${server.name} has ${ids.length} instances, not one`);
    const instance = await visibleInstance(instances, instanceId, pollSeconds);
    if (instance.imageId !== amiId) throw new Final(`${instanceId} runs ${instance.imageId}, not ${amiId}`);
    if (instance.state !== 'running') throw notReady(`${instanceId} is ${instance.state}`, pollSeconds);

    const tags = ourTags(input);
    if (!Object.entries(tags).every(([name, value]) => instance.tags[name] === value))
      await instances.tag(instanceId, tags);
    for (const volume of instance.volumeIds) await instances.tag(volume, tags);
    const group = await groups.describe(server.name);
    if (group && group.tags[TAG.run] === undefined) await groups.tag(server.name, tags);
    return { instanceId, volumeIds: instance.volumeIds, server };
  },

  /** Tags a brought instance, which `tagCandidate` has checked, and notes its volumes. */
  async adoptInstance(input: {
    run: string;
    line: string;
    region: string;
    instanceId: string;
    expires: string;
    destroy: boolean;
  }): Promise<TestInstance> {
    const { instances } = deps.aws.region(input.region);
    if (input.destroy) await assertGivenAway(deps, input);
    const instance = await instances.describe(input.instanceId);
    // An instance that stays its owner's gets no tags: an expiry on it would invite a sweep to remove it.
    if (input.destroy) for (const id of [instance.id, ...instance.volumeIds]) await instances.tag(id, ourTags(input));
    return { instanceId: instance.id, volumeIds: input.destroy ? instance.volumeIds : [], server: null };
  },
});

/** Tags of everything that a run makes for its test. */
export const ourTags = ({ run, line, expires }: { run: string; line: string; expires: string }) => ({
  [TAG.managed]: 'true',
  [TAG.run]: run,
  [TAG.line]: line,
  [TAG.expires]: expires,
});

/** An instance that was just made; at first EC2 may not show it. */
export async function visibleInstance(instances: Instances, id: string, pollSeconds: number): Promise<Instance> {
  try {
    return await instances.describe(id);
  } catch (error) {
    if (error instanceof NotFound && attempt() <= 40)
      throw notReady(`${id} is not visible yet`, Math.min(pollSeconds, 3));
    throw error;
  }
}

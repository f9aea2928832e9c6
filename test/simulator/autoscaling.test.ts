import {
  CreateOrUpdateTagsCommand,
  DeleteAutoScalingGroupCommand,
  DescribeAutoScalingGroupsCommand,
  type AutoScalingGroup,
} from '@aws-sdk/client-auto-scaling';
import { TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { eventually } from '../setup/helpers';
import { errorName, openWorld, type Outside } from './world';

/** A group with one running instance, as the deploy pipeline makes it. */
async function deployed(world: Outside): Promise<string> {
  const { id } = world.simulator.seed.image();
  const body = {
    parameters: { amiId: id, assayRun: 'r-1', assayLine: 'golden', assayExpires: '2030-01-01T00:00:00Z' },
  };
  await world.gate.post('/pipelines/goldenami/deploy-candidate', body);
  return eventually(() => {
    const [execution] = world.simulator.state().executions;
    return execution?.status === 'SUCCEEDED' ? world.simulator.state().serverGroups[0]?.name : undefined;
  });
}

async function describeGroup({ groups }: Outside, name: string): Promise<AutoScalingGroup | undefined> {
  const { AutoScalingGroups } = await groups.send(
    new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] }),
  );
  return AutoScalingGroups?.[0];
}

test('a group shows its instance and tags, and is found by them', async () => {
  const world = await openWorld();
  const name = await deployed(world);
  const group = await describeGroup(world, name);
  expect(name).toBe('goldenami-candidate-v000');
  expect(group?.Instances).toEqual([expect.objectContaining({ LifecycleState: 'InService', HealthStatus: 'Healthy' })]);
  expect(group?.Tags).toContainEqual(
    expect.objectContaining({ Key: 'assay:run', Value: 'r-1', PropagateAtLaunch: true }),
  );
  const Filters = [{ Name: 'tag:assay:run', Values: ['r-1'] }];
  const found = await world.groups.send(new DescribeAutoScalingGroupsCommand({ Filters }));
  expect(found.AutoScalingGroups?.map(({ AutoScalingGroupName }) => AutoScalingGroupName)).toEqual([name]);
  expect(world.simulator.state().instances[0]?.tags).toMatchObject({
    'assay:run': 'r-1',
    'assay:expires': '2030-01-01T00:00:00Z',
    'aws:autoscaling:groupName': name,
  });
});

test('it replaces a terminated instance as long as it exists', async () => {
  const world = await openWorld();
  const name = await deployed(world);
  const [first] = world.simulator.state().instances;
  await world.ec2.send(new TerminateInstancesCommand({ InstanceIds: [first?.id as string] }));
  const second = await eventually(() => world.simulator.state().instances[1]);
  expect(second.tags).toEqual(first?.tags);

  expect(await errorName(world.groups.send(new DeleteAutoScalingGroupCommand({ AutoScalingGroupName: name })))).toBe(
    'ResourceInUseFault',
  );
  await world.groups.send(new DeleteAutoScalingGroupCommand({ AutoScalingGroupName: name, ForceDelete: true }));
  expect((await describeGroup(world, name))?.Status).toBe('Delete in progress');
  await eventually(async () => (await describeGroup(world, name)) === undefined);
  const { alive, instances } = world.simulator.state();
  expect(alive).toMatchObject({ instances: 0, volumes: 0, groups: 0 });
  expect(instances).toHaveLength(2);
});

test('a group that is gone cannot be tagged or deleted', async () => {
  const { groups } = await openWorld();
  const tag = { ResourceId: 'none', ResourceType: 'auto-scaling-group', Key: 'a', Value: 'b', PropagateAtLaunch: true };
  expect(await errorName(groups.send(new CreateOrUpdateTagsCommand({ Tags: [tag] })))).toBe('ValidationError');
  expect(await errorName(groups.send(new DeleteAutoScalingGroupCommand({ AutoScalingGroupName: 'none' })))).toBe(
    'ValidationError',
  );
});

test('names of a cluster come again once its groups are gone', async () => {
  const world = await openWorld();
  const name = await deployed(world);
  await world.groups.send(
    new CreateOrUpdateTagsCommand({
      Tags: [{ ResourceId: name, ResourceType: 'auto-scaling-group', Key: 'a', Value: 'b', PropagateAtLaunch: false }],
    }),
  );
  expect(world.simulator.state().autoScalingGroups[0]?.tags).toMatchObject({ a: 'b' });
  await world.groups.send(new DeleteAutoScalingGroupCommand({ AutoScalingGroupName: name, ForceDelete: true }));
  await eventually(() => world.simulator.state().serverGroups.length === 0);
  const { id } = world.simulator.seed.image();
  await world.gate.post('/pipelines/goldenami/deploy-candidate', { parameters: { amiId: id, assayRun: 'r-2' } });
  const again = await eventually(() => world.simulator.state().serverGroups[0]);
  expect(again.name).toBe(name);
});

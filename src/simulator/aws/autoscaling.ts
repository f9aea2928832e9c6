/** EC2 Auto Scaling, by its API reference: groups are described, tagged and deleted. */
import { deleteGroup } from '../groups';
import type { SimGroup, SimInstance } from '../model';
import { iso, members, type Xml } from '../xml';
import { groupNamed, instancesOf, type World } from '../world';
import { AwsError } from './fault';
import type { Operation } from './operation';
import { paged, type Params } from './params';

const describeAutoScalingGroups: Operation = (world, params, region, page) => {
  const names = params.all('AutoScalingGroupNames.member');
  const filters = params.parts('Filters.member');
  const all = world.groups.filter(
    (group) =>
      group.region === region &&
      group.deletedAt === null &&
      (names.length === 0 || names.includes(group.name)) &&
      filters.every((filter) => fits(group, filter)),
  );
  const { page: shown, next } = paged(all, page(params, 100));
  return {
    AutoScalingGroups: members(shown.map((group) => groupXml(world, group))),
    ...(next === undefined ? {} : { NextToken: next }),
  };
};

function fits({ tags }: SimGroup, filter: Params): boolean {
  const name = filter.need('Name');
  const values = filter.all('Values.member');
  if (name.startsWith('tag:')) return tags.some(({ key, value }) => key === name.slice(4) && values.includes(value));
  if (name === 'tag-key') return tags.some(({ key }) => values.includes(key));
  if (name === 'tag-value') return tags.some(({ value }) => values.includes(value));
  throw new AwsError('ValidationError', `${name} is not a valid filter name`);
}

function groupXml(world: World, group: SimGroup): Xml {
  const instances = instancesOf(world, group);
  return {
    AutoScalingGroupName: group.name,
    AutoScalingGroupARN: `arn:aws:autoscaling:${group.region}:${world.account}:autoScalingGroup:x:autoScalingGroupName/${group.name}`,
    LaunchTemplate: { LaunchTemplateId: 'lt-00000000000000001', LaunchTemplateName: group.name, Version: '1' },
    MinSize: group.desired,
    MaxSize: group.desired,
    DesiredCapacity: group.desired,
    DefaultCooldown: 10,
    AvailabilityZones: members([`${group.region}a`]),
    LoadBalancerNames: '',
    HealthCheckType: 'EC2',
    HealthCheckGracePeriod: 600,
    Instances: members(instances.map(memberXml)),
    CreatedTime: iso(group.createdAt),
    SuspendedProcesses: '',
    VPCZoneIdentifier: 'subnet-00000000000000001',
    EnabledMetrics: '',
    Status: group.status ?? undefined,
    Tags: members(
      group.tags.map(({ key, value, propagate }) => ({
        ResourceId: group.name,
        ResourceType: 'auto-scaling-group',
        Key: key,
        Value: value,
        PropagateAtLaunch: propagate,
      })),
    ),
    TerminationPolicies: members(['Default']),
    NewInstancesProtectedFromScaleIn: false,
  };
}

const LIFECYCLE = {
  pending: 'Pending',
  running: 'InService',
  'shutting-down': 'Terminating',
  terminated: 'Terminated',
  stopping: 'Terminating',
  stopped: 'Terminating',
} as const;

const memberXml = ({ id, zone, state, instanceType }: SimInstance): Xml => ({
  InstanceId: id,
  InstanceType: instanceType,
  AvailabilityZone: zone,
  LifecycleState: LIFECYCLE[state],
  HealthStatus: state === 'running' || state === 'pending' ? 'Healthy' : 'Unhealthy',
  ProtectedFromScaleIn: false,
});

const createOrUpdateTags: Operation = (world, params, region) => {
  for (const tag of params.parts('Tags.member')) {
    const name = tag.need('ResourceId');
    const key = tag.need('Key');
    const group = groupNamed(world, region, name);
    if (!group) throw new AwsError('ValidationError', `AutoScalingGroup name not found - no such group: ${name}`);
    const propagate = tag.is('PropagateAtLaunch');
    group.tags = [...group.tags.filter((one) => one.key !== key), { key, value: tag.get('Value') ?? '', propagate }];
    world.note('tags.created', { resource: name, tags: { [key]: tag.get('Value') ?? '' } });
  }
  return {};
};

const deleteAutoScalingGroup: Operation = (world, params, region) => {
  const name = params.need('AutoScalingGroupName');
  const group = groupNamed(world, region, name);
  if (!group)
    throw new AwsError('ValidationError', `AutoScalingGroup name not found - AutoScalingGroup '${name}' not found`);
  const busy = instancesOf(world, group).length > 0 && !params.is('ForceDelete');
  if (busy)
    throw new AwsError(
      'ResourceInUse',
      'You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group.',
    );
  deleteGroup(world, group, 'autoscaling');
  return {};
};

export const AUTO_SCALING: Readonly<Record<string, Operation>> = {
  DescribeAutoScalingGroups: describeAutoScalingGroups,
  CreateOrUpdateTags: createOrUpdateTags,
  DeleteAutoScalingGroup: deleteAutoScalingGroup,
};

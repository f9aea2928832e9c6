import {
  DeleteNetworkInterfaceCommand,
  DeleteVolumeCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeVolumesCommand,
  TerminateInstancesCommand,
  type DescribeInstancesCommandInput,
  type DescribeVolumesCommandInput,
  type Instance as Ec2Instance,
  type Volume,
} from '@aws-sdk/client-ec2';
import { NotFound, TryAgain } from '../../domain/errors';
import type { Instance, Instances } from '../ports';
import { ec2Call, existing, present, tagResource, type Ec2 } from './ec2';
import { call, callOr, remove } from './failures';
import { launch } from './launch';
import { allPages, type Page } from './paging';
import { isOfRun, ofRunFilter, readTags } from './tags';

const PAGE = 500;

/** Every state but `terminated`, which an instance shows for about an hour after its end (EC2 user guide). */
const ALIVE = ['pending', 'running', 'shutting-down', 'stopping', 'stopped'];

/** Instances and volumes in one region. */
export function createInstances(ec2: Ec2): Instances {
  const { client, region } = ec2;

  const look = async (input: DescribeInstancesCommandInput): Promise<Page<Ec2Instance>> => {
    const command = new DescribeInstancesCommand(input);
    const answer = await call(ec2Call(ec2, 'DescribeInstances'), () => client.send(command));
    return { items: answer.Reservations?.flatMap(({ Instances: some }) => some ?? []), next: answer.NextToken };
  };
  const lookAtVolumes = async (input: DescribeVolumesCommandInput): Promise<Page<Volume>> => {
    const command = new DescribeVolumesCommand({ ...input, MaxResults: PAGE });
    const { Volumes, NextToken: next } = await callOr(
      ec2Call(ec2, 'DescribeVolumes'),
      () => client.send(command),
      (code) => noneOfThese(code, { Volumes: [], NextToken: undefined }),
    );
    return { items: Volumes?.filter(({ State }) => State !== 'deleted'), next };
  };

  return {
    launch: (order) => launch(ec2, order),

    async describe(id) {
      // EC2 refuses MaxResults beside ids.
      const instances = await allPages((NextToken) => look({ InstanceIds: [id], NextToken }));
      const instance = instances.find(({ InstanceId }) => InstanceId === id);
      if (!instance) throw new NotFound(`instance ${id} is not in ${region}`);
      return toInstance(instance, region);
    },

    async ofRun(run) {
      const Filters = [ofRunFilter(run), { Name: 'instance-state-name', Values: ALIVE }];
      const instances = await allPages((NextToken) => look({ Filters, MaxResults: PAGE, NextToken }));
      return instances
        .filter(({ State, Tags }) => State?.Name !== 'terminated' && isOfRun(Tags, run))
        .map((instance) => toInstance(instance, region));
    },

    tag: (id, tags) => tagResource(ec2, id, tags),

    terminate: (id) =>
      remove(ec2Call(ec2, 'TerminateInstances'), () =>
        client.send(new TerminateInstancesCommand({ InstanceIds: [id] })),
      ),

    async existingVolumes(ids) {
      const going = new Set<string | undefined>();
      const left = await existing(ids, async (Values, NextToken) => {
        const { items, next } = await lookAtVolumes({ Filters: [{ Name: 'volume-id', Values }], NextToken });
        for (const { VolumeId, State } of items ?? [])
          if (State === 'in-use' || State === 'deleting') going.add(VolumeId);
        return { items: items && present(items.map(({ VolumeId }) => VolumeId)), next };
      });
      return left.map((id) => ({ id, loose: !going.has(id) }));
    },

    async volumesOfRun(run) {
      const volumes = await allPages((NextToken) => lookAtVolumes({ Filters: [ofRunFilter(run)], NextToken }));
      return present(volumes.filter(({ Tags }) => isOfRun(Tags, run)).map(({ VolumeId }) => VolumeId));
    },

    deleteVolume: (id) =>
      remove(ec2Call(ec2, 'DeleteVolume'), () => client.send(new DeleteVolumeCommand({ VolumeId: id }))),

    async interfacesOfRun(run) {
      const interfaces = await allPages(async (NextToken) => {
        const command = new DescribeNetworkInterfacesCommand({
          Filters: [ofRunFilter(run)],
          MaxResults: PAGE,
          NextToken,
        });
        const { NetworkInterfaces: items, NextToken: next } = await callOr(
          ec2Call(ec2, 'DescribeNetworkInterfaces'),
          () => client.send(command),
          (code) => noneOfThese(code, { NetworkInterfaces: [], NextToken: undefined }),
        );
        return { items, next };
      });
      return present(
        interfaces.filter(({ TagSet }) => isOfRun(TagSet, run)).map(({ NetworkInterfaceId }) => NetworkInterfaceId),
      );
    },

    deleteInterface: (id) =>
      remove(ec2Call(ec2, 'DeleteNetworkInterface'), () =>
        client.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: id })),
      ),
  };
}

/** Clouds that speak EC2's API know some of its actions only: what they have no list of they do not keep. EC2 knows them all. */
const noneOfThese = <T>(code: string, none: T): T | undefined => (code === 'InvalidAction' ? none : undefined);

function toInstance(instance: Ec2Instance, region: string): Instance {
  const { InstanceId: id, ImageId: imageId, State, StateReason, LaunchTime, BlockDeviceMappings, Tags } = instance;
  if (id === undefined || imageId === undefined || State?.Name === undefined || LaunchTime === undefined)
    throw new TryAgain(`EC2 in ${region} does not yet show image, state and launch of instance ${id ?? ''}`);
  return {
    id,
    imageId,
    state: State.Name,
    // EC2's message mostly begins with the code.
    stateReason: StateReason?.Message ?? StateReason?.Code ?? null,
    launchedAt: LaunchTime.toISOString(),
    volumeIds: present((BlockDeviceMappings ?? []).map(({ Ebs }) => Ebs?.VolumeId)),
    tags: readTags(Tags),
  };
}

/** Instances, by the EC2 API reference: RunInstances, DescribeInstances, TerminateInstances. */
import { terminate } from '../compute';
import type { SimInstance } from '../model';
import { isoSeconds, items, tagSet, type Xml } from '../xml';
import { isFound, isListed, type World } from '../world';
import { AwsError } from './fault';
import { runOrFind } from './ec2-launch';
import { filtered, paged, type Fields } from './params';
import type { Operation } from './operation';

const CODES = { pending: 0, running: 16, 'shutting-down': 32, terminated: 48, stopping: 64, stopped: 80 } as const;

const FIELDS: Fields<SimInstance> = {
  'instance-id': ({ id }) => id,
  'instance-state-name': ({ state }) => state,
  'instance-state-code': ({ state }) => String(CODES[state]),
  'image-id': ({ imageId }) => imageId,
  'client-token': ({ clientToken }) => clientToken,
  'instance-type': ({ instanceType }) => instanceType,
  'availability-zone': ({ zone }) => zone,
  'reservation-id': ({ reservationId }) => reservationId,
};

export const runInstances: Operation = (world, params, region) => reservation(world, runOrFind(world, params, region));

export const describeInstances: Operation = (world, params, region, page) => {
  const ids = params.all('InstanceId');
  const filters = params.parts('Filter');
  const all = ids.length > 0 ? ids.map((id) => instance(world, id, region)) : listed(world, region);
  const found = filtered(all, filters, FIELDS);
  // With ids there are no pages.
  const { page: shown, next } = ids.length > 0 ? { page: found, next: undefined } : paged(found, page(params, 1000));
  return {
    reservationSet: items(shown.map((one) => reservation(world, [one]))),
    ...(next === undefined ? {} : { nextToken: next }),
  };
};

const listed = (world: World, region: string): readonly SimInstance[] =>
  [...world.instances.values()].filter((one) => one.region === region && isListed(world, one));

/** The instance of an id. Throws NotFound, also in the first moments of one that is there. */
function instance(world: World, id: string, region: string): SimInstance {
  if (!/^i-[0-9a-f]{8,17}$/.test(id)) throw new AwsError('InvalidInstanceID.Malformed', `Invalid id: "${id}"`);
  const found = world.instances.get(id);
  if (!found || found.region !== region || !isFound(world, found))
    throw new AwsError('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
  return found;
}

export const terminateInstances: Operation = (world, params, region) => {
  const found = params.all('InstanceId').map((id) => instance(world, id, region));
  if (found.length === 0) throw new AwsError('MissingParameter', 'The request must contain the parameter InstanceId');
  const answer = found.map((one) => {
    const previous = state(one);
    terminate(world, one, 'ec2');
    return { instanceId: one.id, currentState: state(one), previousState: previous };
  });
  return { instancesSet: items(answer) };
};

const state = (one: SimInstance): Xml => ({ code: CODES[one.state], name: one.state });

function reservation(world: World, instances: readonly SimInstance[]): { readonly [name: string]: Xml } {
  return {
    reservationId: instances[0]?.reservationId,
    ownerId: world.account,
    groupSet: '',
    instancesSet: items(instances.map((one) => instanceXml(world, one))),
  };
}

function instanceXml(world: World, one: SimInstance): Xml {
  const gone = one.state === 'terminated';
  const mappings = gone ? [] : one.volumeIds.flatMap((id) => world.volumes.get(id) ?? []);
  return {
    instanceId: one.id,
    imageId: one.imageId,
    instanceState: state(one),
    privateDnsName: gone ? '' : `ip-${one.privateIp.replaceAll('.', '-')}.ec2.internal`,
    reason: one.stateReason ? 'User initiated' : '',
    stateReason: one.stateReason ? { code: one.stateReason.code, message: one.stateReason.message } : undefined,
    amiLaunchIndex: 0,
    instanceType: one.instanceType,
    launchTime: isoSeconds(one.createdAt),
    placement: { availabilityZone: one.zone, tenancy: 'default' },
    monitoring: { state: 'disabled' },
    privateIpAddress: gone ? undefined : one.privateIp,
    subnetId: one.hardware.subnetId ?? undefined,
    iamInstanceProfile: one.hardware.instanceProfile === null ? undefined : { arn: one.hardware.instanceProfile },
    metadataOptions: { state: 'applied', ...one.hardware.metadataOptions },
    architecture: 'x86_64',
    rootDeviceType: 'ebs',
    rootDeviceName: '/dev/xvda',
    blockDeviceMapping: items(
      mappings.map(({ id, device, deleteOnTermination, createdAt }) => ({
        deviceName: device,
        ebs: { volumeId: id, status: 'attached', attachTime: isoSeconds(createdAt), deleteOnTermination },
      })),
    ),
    virtualizationType: 'hvm',
    clientToken: one.clientToken,
    tagSet: tagSet(one.tags),
    hypervisor: 'xen',
  };
}

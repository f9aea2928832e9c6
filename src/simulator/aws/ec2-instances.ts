/** Instances, by the EC2 API reference: RunInstances, DescribeInstances, TerminateInstances. */
import { launch, terminate } from '../compute';
import type { SimImage, SimInstance } from '../model';
import { isoSeconds, items, tagSet, type Xml } from '../xml';
import { isFound, isListed, type World } from '../world';
import { AwsError } from './fault';
import { filtered, paged, tagsFor, type Fields, type Params } from './params';
import { resolveParameter } from './ssm-store';
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

export const runInstances: Operation = (world, params, region) => {
  const clientToken = params.get('ClientToken');
  const key = `run-instances ${region} ${clientToken}`;
  const told = params.told(['ClientToken']);
  const before = clientToken === undefined ? undefined : world.tokens.get(key);
  if (before && before.params !== told)
    throw new AwsError(
      'IdempotentParameterMismatch',
      'Arguments on this idempotent request are inconsistent with arguments used in previous request(s).',
    );
  const made = before
    ? before.ids.flatMap((id) => world.instances.get(id) ?? [])
    : Array.from({ length: countOf(params) }, () => launchOne(world, params, region));
  if (clientToken !== undefined) world.tokens.set(key, { params: told, ids: made.map(({ id }) => id) });
  return reservation(world, made);
};

function countOf(params: Params): number {
  const [least, most] = [Number(params.need('MinCount')), Number(params.need('MaxCount'))];
  if (!(least >= 1 && most >= least && most <= 50))
    throw new AwsError('InvalidParameterValue', `Invalid values for minCount (${least}) and maxCount (${most})`);
  return most;
}

function launchOne(world: World, params: Params, region: string): SimInstance {
  const image = usableImage(world, params.need('ImageId'), region);
  const disks = params.parts('BlockDeviceMapping').map((mapping) => ({
    device: mapping.need('DeviceName'),
    deleteOnTermination: mapping.get('Ebs.DeleteOnTermination') !== 'false',
  }));
  return launch(world, {
    region,
    image,
    tags: tagsFor(params, 'instance'),
    volumeTags: tagsFor(params, 'volume'),
    instanceType: params.get('InstanceType') ?? 'm1.small',
    clientToken: params.get('ClientToken') ?? '',
    disks,
    by: 'ec2',
  });
}

/** An image that an instance can be launched from; `resolve:ssm:<parameter>` works too. */
function usableImage(world: World, asked: string, region: string): SimImage {
  const id = asked.startsWith('resolve:ssm:') ? resolveParameter(world, region, asked.slice(12)) : asked;
  if (!/^ami-[0-9a-f]+$/.test(id)) throw new AwsError('InvalidAMIID.Malformed', `Invalid id: "${id}"`);
  const image = world.images.get(id);
  if (!image || image.region !== region || !isListed(world, image))
    throw new AwsError('InvalidAMIID.NotFound', `The image id '[${id}]' does not exist`);
  if (image.state !== 'available')
    throw new AwsError(
      'InvalidAMIID.Unavailable',
      `The image ID '${id}' is not available for use; its state is ${image.state}`,
    );
  return image;
}

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

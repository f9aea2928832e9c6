/** EC2's operations, and the tags that all its things share. */
import type { Thing } from '../model';
import { items } from '../xml';
import { isListed, type World } from '../world';
import { AwsError } from './fault';
import { deleteSnapshot, deleteVolume, describeSnapshots, describeVolumes } from './ec2-disks';
import { copyImage, createFromInstance, deregisterImage, describeImages, registerImage } from './ec2-images';
import { describeInstances, runInstances, terminateInstances } from './ec2-instances';
import { deleteNetworkInterface, describeNetworkInterfaces } from './ec2-interfaces';
import type { Operation } from './operation';
import { readTags } from './params';

const MOST_TAGS = 50;

const createTags: Operation = (world, params, region) => {
  const tags = readTags(params.parts('Tag'));
  const found = params.all('ResourceId').map((id) => resource(world, id, region));
  for (const one of found) {
    const all = { ...one.tags, ...tags };
    const own = Object.keys(all).filter((key) => !key.startsWith('aws:'));
    if (own.length > MOST_TAGS)
      throw new AwsError('TagLimitExceeded', `The maximum number of Tags for ${one.id} has been reached.`);
    one.tags = all;
    world.note('tags.created', { resource: one.id, tags });
  }
  return { return: true };
};

const deleteTags: Operation = (world, params, region) => {
  const keys = params.parts('Tag').map((tag) => ({ key: tag.need('Key'), value: tag.get('Value') }));
  for (const one of params.all('ResourceId').map((id) => resource(world, id, region))) {
    const goes = (key: string, value: string): boolean =>
      keys.some((asked) => asked.key === key && (asked.value === undefined || asked.value === value));
    one.tags = Object.fromEntries(Object.entries(one.tags).filter(([key, value]) => !goes(key, value)));
    world.note('tags.deleted', { resource: one.id, keys: keys.map(({ key }) => key) });
  }
  return { return: true };
};

const KINDS = {
  i: ['instances', 'InvalidInstanceID', 'instance ID'],
  ami: ['images', 'InvalidAMIID', 'image ID'],
  snap: ['snapshots', 'InvalidSnapshot', 'snapshot'],
  vol: ['volumes', 'InvalidVolume', 'volume'],
  eni: ['interfaces', 'InvalidNetworkInterfaceID', 'networkInterface ID'],
} as const;

function resource(world: World, id: string, region: string): Thing {
  const prefix = id.split('-')[0] ?? '';
  const kind = prefix in KINDS ? KINDS[prefix as keyof typeof KINDS] : undefined;
  if (!kind) throw new AwsError('InvalidID', `The ID '${id}' is not valid`);
  const [where, code, name] = kind;
  const found = world[where].get(id);
  const gone = found?.state === 'deregistered' || found?.state === 'deleted';
  if (!found || gone || found.region !== region || !isListed(world, found))
    throw new AwsError(`${code}.NotFound`, `The ${name} '${id}' does not exist`);
  return found;
}

const describeRegions: Operation = (_world, _params, region) => ({
  regionInfo: items(
    [...new Set([region, 'us-east-1', 'us-west-2', 'eu-west-1'])].map((name) => ({
      regionName: name,
      regionEndpoint: `ec2.${name}.amazonaws.com`,
      optInStatus: 'opt-in-not-required',
    })),
  ),
});

export const EC2: Readonly<Record<string, Operation>> = {
  RunInstances: runInstances,
  DescribeInstances: describeInstances,
  TerminateInstances: terminateInstances,
  CreateTags: createTags,
  DeleteTags: deleteTags,
  DescribeImages: describeImages,
  CreateImage: createFromInstance,
  RegisterImage: registerImage,
  CopyImage: copyImage,
  DeregisterImage: deregisterImage,
  DescribeSnapshots: describeSnapshots,
  DeleteSnapshot: deleteSnapshot,
  DescribeVolumes: describeVolumes,
  DeleteVolume: deleteVolume,
  DescribeNetworkInterfaces: describeNetworkInterfaces,
  DeleteNetworkInterface: deleteNetworkInterface,
  DescribeRegions: describeRegions,
};

/** Images, by the EC2 API reference: DescribeImages, CreateImage, RegisterImage, CopyImage, DeregisterImage. */
import { createImage, deregister } from '../compute';
import type { SimImage } from '../model';
import { items, tagSet, type Xml } from '../xml';
import { isFound, isListed, type World } from '../world';
import { AwsError } from './fault';
import type { Operation } from './operation';
import { filtered, paged, tagsFor, type Fields, type Params } from './params';

const FIELDS: Fields<SimImage> = {
  'image-id': ({ id }) => id,
  name: ({ name }) => name,
  state: ({ state }) => state,
  description: ({ description }) => description,
  'creation-date': ({ creationDate }) => creationDate,
  'block-device-mapping.snapshot-id': ({ snapshotIds }) => snapshotIds,
  'is-public': () => 'false',
  architecture: () => 'x86_64',
  'root-device-type': () => 'ebs',
  'source-image-id': ({ sourceImageId }) => sourceImageId ?? [],
};

export const describeImages: Operation = (world, params, region, page) => {
  const ids = params.all('ImageId');
  const all = ids.length > 0 ? ids.flatMap((id) => describedImage(world, id, region)) : listed(world, params, region);
  const owners = params.all('Owner');
  const ours = owners.length === 0 || owners.some((owner) => owner === 'self' || owner === world.account);
  const found = filtered(ours ? all : [], params.parts('Filter'), FIELDS);
  const { page: shown, next } = ids.length > 0 ? { page: found, next: undefined } : paged(found, page(params, 1000));
  return {
    imagesSet: items(shown.map((image) => imageXml(world, image))),
    ...(next === undefined ? {} : { nextToken: next }),
  };
};

const listed = (world: World, params: Params, region: string): readonly SimImage[] =>
  [...world.images.values()].filter(
    (image) =>
      image.region === region &&
      image.state !== 'deregistered' &&
      (image.state !== 'disabled' || params.is('IncludeDisabled')) &&
      isListed(world, image),
  );

/** What the id answers: the image, nothing, or NotFound, also in the first moments of one that is there. */
function describedImage(world: World, id: string, region: string): readonly SimImage[] {
  const image = existing(world, id, region);
  if (!isFound(world, image)) throw missing(id);
  if (image.state !== 'deregistered') return [image];
  switch (world.behaviours.of().deregistered) {
    case 'state':
      return [image];
    case 'empty':
      return [];
    case 'unavailable':
      throw unavailable(id);
    case 'not-found':
      throw missing(id);
  }
}

const missing = (id: string): AwsError =>
  new AwsError('InvalidAMIID.NotFound', `The image id '[${id}]' does not exist`);
const unavailable = (id: string): AwsError =>
  new AwsError('InvalidAMIID.Unavailable', `The image ID '${id}' is no longer available`);

function existing(world: World, id: string, region: string): SimImage {
  if (!/^ami-[0-9a-f]{8,17}$/.test(id)) throw new AwsError('InvalidAMIID.Malformed', `Invalid id: "${id}"`);
  const image = world.images.get(id);
  if (!image || image.region !== region) throw missing(id);
  return image;
}

/** A name that an image of the region may have. Names are free again after deregistration. */
function freeName(world: World, params: Params, region: string): string {
  const name = params.need('Name');
  if (!/^[A-Za-z0-9()[\] ./\-'@_]{3,128}$/.test(name))
    throw new AwsError(
      'InvalidAMIName.Malformed',
      "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, '(', ')', '.', '-', '/' and '_'",
    );
  const taken = [...world.images.values()].find(
    (image) => image.region === region && image.name === name && image.state !== 'deregistered',
  );
  if (taken) throw new AwsError('InvalidAMIName.Duplicate', `AMI name ${name} is already in use by AMI ${taken.id}`);
  return name;
}

export const createFromInstance: Operation = (world, params, region) => {
  const id = params.need('InstanceId');
  const instance = world.instances.get(id);
  if (!instance || instance.region !== region || instance.state === 'terminated')
    throw new AwsError('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
  const source = world.images.get(instance.imageId);
  return made(
    createImage(world, {
      ...common(world, params, region),
      profile: source?.profile ?? 'ubuntu-24',
      ...(source ? { sourceImageId: source.id } : {}),
      by: 'ec2 CreateImage',
    }),
  );
};

export const registerImage: Operation = (world, params, region) => {
  const snapshotIds = params.parts('BlockDeviceMapping').flatMap((mapping) => mapping.get('Ebs.SnapshotId') ?? []);
  for (const id of snapshotIds) {
    if (world.snapshots.get(id)?.state !== 'completed')
      throw new AwsError('InvalidSnapshotID.NotFound', `The snapshot '${id}' does not exist.`);
  }
  const source = [...world.images.values()].find((image) => image.snapshotIds.some((id) => snapshotIds.includes(id)));
  const profile = source?.profile ?? 'ubuntu-24';
  return made(createImage(world, { ...common(world, params, region), profile, snapshotIds, by: 'ec2 RegisterImage' }));
};

export const copyImage: Operation = (world, params, region) => {
  const token = params.get('ClientToken');
  const key = `copy-image ${region} ${token}`;
  const before = token === undefined ? undefined : world.tokens.get(key);
  if (before && before.params !== params.told(['ClientToken']))
    throw new AwsError('IdempotentParameterMismatch', 'The same client token was used with other parameters');
  if (before) return { imageId: before.ids[0] };
  const source = existing(world, params.need('SourceImageId'), params.need('SourceRegion'));
  if (source.state !== 'available') throw unavailable(source.id);
  const given = common(world, params, region);
  const copy = createImage(world, {
    ...given,
    tags: { ...(params.is('CopyImageTags') ? source.tags : {}), ...given.tags },
    profile: source.profile,
    sourceImageId: source.id,
    encrypted: source.encrypted || params.is('Encrypted'),
    by: 'ec2 CopyImage',
  });
  if (token !== undefined) world.tokens.set(key, { params: params.told(['ClientToken']), ids: [copy.id] });
  return made(copy);
};

const common = (world: World, params: Params, region: string) => ({
  region,
  name: freeName(world, params, region),
  description: params.get('Description') ?? '',
  tags: tagsFor(params, 'image'),
  snapshotTags: tagsFor(params, 'snapshot'),
});

const made = ({ id }: SimImage): { readonly [name: string]: Xml } => ({ imageId: id });

export const deregisterImage: Operation = (world, params, region) => {
  const image = existing(world, params.need('ImageId'), region);
  if (!isListed(world, image)) throw missing(image.id);
  if (image.state === 'deregistered') throw unavailable(image.id);
  deregister(world, image, 'ec2');
  const together = params.is('DeleteAssociatedSnapshots') ? image.snapshotIds : [];
  const results = together.flatMap((id) => world.snapshots.get(id) ?? []);
  for (const snapshot of results) {
    snapshot.state = 'deleted';
    world.note('snapshot.deleted', { snapshot: snapshot.id, by: 'ec2' });
  }
  return {
    return: true,
    deleteSnapshotResultSet: items(results.map(({ id }) => ({ snapshotId: id, returnCode: 'success' }))),
  };
};

function imageXml(world: World, image: SimImage): Xml {
  return {
    imageId: image.id,
    imageLocation: `${world.account}/${image.name}`,
    imageState: image.state,
    imageOwnerId: world.account,
    isPublic: false,
    architecture: 'x86_64',
    imageType: 'machine',
    name: image.name,
    description: image.description === '' ? undefined : image.description,
    rootDeviceType: 'ebs',
    rootDeviceName: '/dev/xvda',
    blockDeviceMapping: items(
      image.snapshotIds.map((id, index) => ({
        deviceName: `/dev/xvd${'abcdefghijklmnop'[index] ?? 'z'}`,
        ebs: {
          snapshotId: id,
          volumeSize: 8,
          deleteOnTermination: true,
          volumeType: 'gp3',
          encrypted: image.encrypted,
        },
      })),
    ),
    virtualizationType: 'hvm',
    hypervisor: 'xen',
    enaSupport: true,
    creationDate: image.creationDate,
    sourceImageId: image.sourceImageId ?? undefined,
    tagSet: tagSet(image.tags),
  };
}

import {
  DeleteSnapshotCommand,
  DeregisterImageCommand,
  DescribeImagesCommand,
  DescribeSnapshotsCommand,
  type DescribeImagesCommandInput,
  type DescribeSnapshotsCommandInput,
  type Image as Ec2Image,
  type Snapshot,
} from '@aws-sdk/client-ec2';
import { NotFound, TryAgain } from '../../domain/errors';
import type { Image } from '../../domain/image';
import type { Images } from '../ports';
import { ec2Call, existing, present, tagResource, type Ec2 } from './ec2';
import { call, remove } from './failures';
import { allPages, type Page } from './paging';
import { isOfRun, ofRunFilter, readTags } from './tags';

const PAGE = 500;

/** Images and snapshots in one region. */
export function createImages(ec2: Ec2): Images {
  const { client, region } = ec2;

  // A disabled image is left out unless asked for, a deprecated one too where it is not ours.
  const look = async (input: DescribeImagesCommandInput): Promise<Page<Ec2Image>> => {
    const command = new DescribeImagesCommand({ ...input, IncludeDeprecated: true, IncludeDisabled: true });
    const { Images: items, NextToken: next } = await call(ec2Call(ec2, 'DescribeImages'), () => client.send(command));
    return { items, next };
  };
  const lookAtSnapshots = async (input: DescribeSnapshotsCommandInput): Promise<Page<Snapshot>> => {
    const command = new DescribeSnapshotsCommand({ ...input, OwnerIds: ['self'], MaxResults: PAGE });
    const { Snapshots: items, NextToken: next } = await call(ec2Call(ec2, 'DescribeSnapshots'), () =>
      client.send(command),
    );
    return { items, next };
  };

  return {
    async describe(id) {
      // EC2 refuses MaxResults beside ids.
      const images = await allPages((NextToken) => look({ ImageIds: [id], NextToken }));
      const image = images.find((one) => one.ImageId === id);
      if (!image || isGone(image)) throw new NotFound(`image ${id} is not in ${region}`);
      return toImage(image, region);
    },

    async ofRun(run) {
      const images = await allPages((NextToken) =>
        look({ Owners: ['self'], Filters: [ofRunFilter(run)], MaxResults: PAGE, NextToken }),
      );
      return images.filter((image) => !isGone(image) && isOfRun(image.Tags, run)).map((one) => toImage(one, region));
    },

    tag: (id, tags) => tagResource(ec2, id, tags),

    deregister: (id) =>
      remove(ec2Call(ec2, 'DeregisterImage'), () => client.send(new DeregisterImageCommand({ ImageId: id }))),

    existingSnapshots: (ids) =>
      existing(ids, async (Values, NextToken) => {
        const { items, next } = await lookAtSnapshots({ Filters: [{ Name: 'snapshot-id', Values }], NextToken });
        return { items: items && present(items.map(({ SnapshotId }) => SnapshotId)), next };
      }),

    deleteSnapshot: (id) =>
      remove(ec2Call(ec2, 'DeleteSnapshot'), () => client.send(new DeleteSnapshotCommand({ SnapshotId: id }))),

    async snapshotsOfRun(run) {
      const snapshots = await allPages((NextToken) => lookAtSnapshots({ Filters: [ofRunFilter(run)], NextToken }));
      return present(snapshots.filter(({ Tags }) => isOfRun(Tags, run)).map(({ SnapshotId }) => SnapshotId));
    },
  };
}

/** EC2 may go on showing an image that was deregistered. */
const isGone = ({ State }: Ec2Image): boolean => State === 'deregistered';

function toImage(image: Ec2Image, region: string): Image {
  const { ImageId: id, OwnerId: ownerId, State: state, Name: name } = image;
  const created = Date.parse(image.CreationDate ?? '');
  // Who owns it and when it was made decide what may be done with it; they are never guessed.
  if (id === undefined || ownerId === undefined || state === undefined || Number.isNaN(created))
    throw new TryAgain(`EC2 in ${region} does not yet show owner, state and creation date of image ${id ?? ''}`);
  const snapshotIds = present((image.BlockDeviceMappings ?? []).map(({ Ebs }) => Ebs?.SnapshotId));
  return {
    id,
    region,
    name: name ?? id,
    ownerId,
    state,
    createdAt: new Date(created).toISOString(),
    snapshotIds: [...new Set(snapshotIds)],
    tags: readTags(image.Tags),
  };
}

/** Snapshots and volumes, by the EC2 API reference. */
import type { SimSnapshot, SimVolume } from '../model';
import { isoSeconds, items, tagSet } from '../xml';
import { isFound, isListed, type World } from '../world';
import { AwsError } from './fault';
import type { Operation } from './operation';
import { filtered, paged, type Fields } from './params';

const SNAPSHOT_FIELDS: Fields<SimSnapshot> = {
  'snapshot-id': ({ id }) => id,
  status: ({ state }) => state,
  description: ({ description }) => description,
  encrypted: ({ encrypted }) => String(encrypted),
};

const VOLUME_FIELDS: Fields<SimVolume> = {
  'volume-id': ({ id }) => id,
  status: ({ state }) => state,
  'attachment.instance-id': ({ instanceId }) => instanceId ?? [],
  'attachment.device': ({ device }) => device,
  'snapshot-id': ({ snapshotId }) => snapshotId,
};

function snapshot(world: World, id: string, region: string): SimSnapshot {
  if (!/^snap-[0-9a-f]{8,17}$/.test(id)) throw new AwsError('InvalidSnapshotID.Malformed', `Invalid id: "${id}"`);
  const found = world.snapshots.get(id);
  if (!found || found.region !== region || found.state === 'deleted' || !isFound(world, found))
    throw new AwsError('InvalidSnapshot.NotFound', `The snapshot '${id}' does not exist.`);
  return found;
}

export const describeSnapshots: Operation = (world, params, region, page) => {
  const ids = params.all('SnapshotId');
  const all =
    ids.length > 0
      ? ids.map((id) => snapshot(world, id, region))
      : [...world.snapshots.values()].filter(
          (one) => one.region === region && one.state !== 'deleted' && isListed(world, one),
        );
  const found = filtered(all, params.parts('Filter'), SNAPSHOT_FIELDS);
  const { page: shown, next } = ids.length > 0 ? { page: found, next: undefined } : paged(found, page(params, 1000));
  return {
    snapshotSet: items(
      shown.map((one) => ({
        snapshotId: one.id,
        volumeId: 'vol-ffffffff',
        status: one.state,
        startTime: isoSeconds(one.createdAt),
        progress: '100%',
        ownerId: world.account,
        volumeSize: 8,
        description: one.description,
        encrypted: one.encrypted,
        tagSet: tagSet(one.tags),
      })),
    ),
    ...(next === undefined ? {} : { nextToken: next }),
  };
};

export const deleteSnapshot: Operation = (world, params, region) => {
  const found = snapshot(world, params.need('SnapshotId'), region);
  const user = [...world.images.values()].find(
    (image) => image.state !== 'deregistered' && image.snapshotIds.includes(found.id),
  );
  if (user) throw new AwsError('InvalidSnapshot.InUse', `The snapshot ${found.id} is currently in use by ${user.id}`);
  found.state = 'deleted';
  world.note('snapshot.deleted', { snapshot: found.id, by: 'ec2' });
  return { return: true };
};

function volume(world: World, id: string, region: string): SimVolume {
  const found = world.volumes.get(id);
  if (!found || found.region !== region || found.state === 'deleted')
    throw new AwsError('InvalidVolume.NotFound', `The volume '${id}' does not exist.`);
  return found;
}

export const describeVolumes: Operation = (world, params, region, page) => {
  const ids = params.all('VolumeId');
  const all =
    ids.length > 0
      ? ids.map((id) => volume(world, id, region))
      : [...world.volumes.values()].filter(
          (one) => one.region === region && one.state !== 'deleted' && isListed(world, one),
        );
  const found = filtered(all, params.parts('Filter'), VOLUME_FIELDS);
  const { page: shown, next } = ids.length > 0 ? { page: found, next: undefined } : paged(found, page(params, 500));
  return {
    volumeSet: items(
      shown.map((one) => ({
        volumeId: one.id,
        size: 8,
        snapshotId: one.snapshotId,
        availabilityZone: `${one.region}a`,
        status: one.state,
        createTime: isoSeconds(one.createdAt),
        attachmentSet: items(
          one.instanceId === null
            ? []
            : [
                {
                  volumeId: one.id,
                  instanceId: one.instanceId,
                  device: one.device,
                  status: 'attached',
                  deleteOnTermination: one.deleteOnTermination,
                },
              ],
        ),
        tagSet: tagSet(one.tags),
        volumeType: 'gp3',
      })),
    ),
    ...(next === undefined ? {} : { nextToken: next }),
  };
};

export const deleteVolume: Operation = (world, params, region) => {
  const found = volume(world, params.need('VolumeId'), region);
  if (found.state === 'in-use')
    throw new AwsError('VolumeInUse', `Volume ${found.id} is currently attached to ${found.instanceId}`);
  found.state = 'deleted';
  world.note('volume.deleted', { volume: found.id, by: 'ec2' });
  return { return: true };
};

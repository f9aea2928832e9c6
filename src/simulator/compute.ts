/** How instances, images, snapshots and volumes come and go. */
import type { ProfileName } from './data/profiles';
import type { Hardware, SimImage, SimInstance, SimInterface, SimVolume, Tags } from './model';
import { isoSeconds } from './xml';
import { groupNamed, habitsOf, instancesOf, thing, type World } from './world';

export interface NewImage {
  readonly region: string;
  readonly name: string;
  readonly description?: string;
  readonly tags: Readonly<Tags>;
  readonly snapshotTags: Readonly<Tags>;
  readonly profile: ProfileName;
  readonly sourceImageId?: string;
  readonly encrypted?: boolean;
  /** Snapshots that are there already, for RegisterImage. */
  readonly snapshotIds?: readonly string[];
  /** `available` at once, and visible. */
  readonly ready?: boolean;
  /** ISO 8601; default now. */
  readonly creationDate?: string;
  /** What the event log says of where it comes from. */
  readonly by: string;
}

export function createImage(world: World, given: NewImage): SimImage {
  const { region, tags, by, ready = false } = given;
  const snapshotIds = given.snapshotIds ?? [createSnapshot(world, given)];
  const image: SimImage = {
    ...thing(world, { prefix: 'ami', region, tags, seen: ready }),
    name: given.name,
    description: given.description ?? '',
    state: ready ? 'available' : 'pending',
    snapshotIds,
    profile: given.profile,
    sourceImageId: given.sourceImageId ?? null,
    encrypted: given.encrypted ?? false,
    creationDate: given.creationDate ?? isoSeconds(world.clock.now()),
    deregisteredAt: null,
  };
  world.images.set(image.id, image);
  world.note('image.created', { image: image.id, name: image.name, region, tags: { ...tags }, by });
  if (!ready) {
    world.clock.after(habitsOf(world, tags).imageSeconds, () => {
      if (image.state === 'pending') image.state = 'available';
    });
  }
  return image;
}

function createSnapshot(
  world: World,
  { region, snapshotTags, name, encrypted = false, ready = false }: NewImage,
): string {
  const snapshot = {
    ...thing(world, { prefix: 'snap', region, tags: snapshotTags, seen: ready }),
    state: 'completed' as const,
    description: `Created by CreateImage for ${name}`,
    encrypted,
  };
  world.snapshots.set(snapshot.id, snapshot);
  return snapshot.id;
}

export function deregister(world: World, image: SimImage, by: string): void {
  image.state = 'deregistered';
  image.deregisteredAt = world.clock.now();
  world.note('image.deregistered', { image: image.id, name: image.name, tags: { ...image.tags }, by });
}

/** A disk besides the root volume. */
export interface Disk {
  readonly device: string;
  readonly deleteOnTermination: boolean;
}

export interface Launch {
  readonly region: string;
  readonly image: SimImage;
  readonly tags: Readonly<Tags>;
  readonly volumeTags: Readonly<Tags>;
  /** Of the network interface. */
  readonly interfaceTags?: Readonly<Tags>;
  readonly hardware?: Partial<Hardware>;
  readonly instanceType?: string;
  readonly clientToken?: string;
  readonly group?: string;
  /** The root's is `/dev/xvda`. */
  readonly disks?: readonly Disk[];
  /** Running at once, and visible. */
  readonly ready?: boolean;
  readonly by: string;
}

export function launch(world: World, given: Launch): SimInstance {
  const { region, image, tags, ready = false } = given;
  const base = thing(world, { prefix: 'i', region, tags, seen: ready });
  const instance: SimInstance = {
    ...base,
    imageId: image.id,
    state: ready ? 'running' : 'pending',
    clientToken: given.clientToken ?? '',
    group: given.group ?? null,
    reservationId: world.ids.aws('r'),
    zone: zoneOf(region, given.hardware?.subnetId ?? null),
    instanceType: given.instanceType ?? 't3.small',
    privateIp: `10.0.${world.instances.size >> 8}.${world.instances.size % 256}`,
    hardware: { ...PLAIN, ...given.hardware },
    volumeIds: [],
    interfaceIds: [],
    runningAt: ready ? base.createdAt : null,
    terminatedAt: null,
    stateReason: null,
  };
  instance.volumeIds = disksOf(given).map((disk) => attach(world, instance, given, disk).id);
  instance.interfaceIds = [plug(world, instance, given).id];
  world.instances.set(instance.id, instance);
  const { group } = instance;
  world.note('instance.launched', {
    instance: instance.id,
    image: image.id,
    region,
    group,
    tags: { ...tags },
    by: given.by,
  });
  world.clock.after(habitsOf(world, tags).bootSeconds, () => {
    if (instance.state !== 'pending') return;
    const { startFailure } = habitsOf(world, tags);
    if (startFailure) {
      const [code, message] = startFailure;
      instance.stateReason = { code, message: `${code}: ${message}` };
      end(world, instance);
      return;
    }
    instance.state = 'running';
    instance.runningAt = world.clock.now();
    world.note('instance.running', { instance: instance.id });
  });
  return instance;
}

/** What EC2 makes of a launch that asks for nothing more. */
const PLAIN: Hardware = {
  subnetId: null,
  securityGroupIds: [],
  publicAddress: true,
  keyName: null,
  instanceProfile: null,
  shutdownBehavior: 'stop',
  metadataOptions: { httpEndpoint: 'enabled', httpTokens: 'optional', httpPutResponseHopLimit: 1 },
  userData: null,
};

/** The zone of a subnet, by its last digit. */
export const zoneOf = (region: string, subnetId: string | null): string =>
  `${region}${subnetId === null ? 'a' : 'abc'[parseInt(subnetId.slice(-1), 16) % 3]}`;

function plug(world: World, instance: SimInstance, { interfaceTags = {}, ready = false }: Launch): SimInterface {
  const { region, hardware } = instance;
  const made: SimInterface = {
    ...thing(world, { prefix: 'eni', region, tags: interfaceTags, seen: ready }),
    state: 'in-use',
    instanceId: instance.id,
    subnetId: hardware.subnetId ?? 'subnet-00000000',
    securityGroupIds: hardware.securityGroupIds,
    deleteOnTermination: !habitsOf(world, instance.tags).keepsInterfaces,
  };
  world.interfaces.set(made.id, made);
  return made;
}

function disksOf({ disks = [] }: Launch): readonly Disk[] {
  const root = disks.some(({ device }) => device === '/dev/xvda');
  return root ? disks : [{ device: '/dev/xvda', deleteOnTermination: true }, ...disks];
}

function attach(
  world: World,
  instance: SimInstance,
  { image, volumeTags, ready = false }: Launch,
  disk: Disk,
): SimVolume {
  const volume: SimVolume = {
    ...thing(world, { prefix: 'vol', region: instance.region, tags: volumeTags, seen: ready }),
    state: 'in-use',
    instanceId: instance.id,
    device: disk.device,
    deleteOnTermination: disk.deleteOnTermination,
    snapshotId: image.snapshotIds[0] ?? '',
  };
  world.volumes.set(volume.id, volume);
  return volume;
}

/** Asks for termination; a terminated instance stays visible. */
export function terminate(world: World, instance: SimInstance, by: string): void {
  if (instance.state === 'terminated' || instance.state === 'shutting-down') return;
  instance.state = 'shutting-down';
  instance.stateReason = {
    code: 'Client.UserInitiatedShutdown',
    message: 'Client.UserInitiatedShutdown: User initiated shutdown',
  };
  world.note('instance.terminating', { instance: instance.id, by });
  world.clock.after(habitsOf(world, instance.tags).terminateSeconds, () => {
    end(world, instance);
  });
}

function end(world: World, instance: SimInstance): void {
  instance.state = 'terminated';
  instance.terminatedAt = world.clock.now();
  for (const id of instance.volumeIds) release(world, id);
  for (const id of instance.interfaceIds) unplug(world, id);
  world.note('instance.terminated', { instance: instance.id, tags: { ...instance.tags } });
  replace(world, instance);
}

function unplug(world: World, id: string): void {
  const found = world.interfaces.get(id);
  if (!found || found.state === 'deleted') return;
  found.state = found.deleteOnTermination ? 'deleted' : 'available';
  found.instanceId = null;
}

function release(world: World, id: string): void {
  const volume = world.volumes.get(id);
  if (!volume || volume.state === 'deleted') return;
  volume.state = volume.deleteOnTermination ? 'deleted' : 'available';
  volume.instanceId = null;
}

/** While its group exists, a terminated instance is replaced. */
function replace(world: World, { region, group: name }: SimInstance): void {
  const group = name === null ? undefined : groupNamed(world, region, name);
  if (!group || group.status !== null) return;
  const tags = Object.fromEntries(group.tags.map(({ key, value }) => [key, value]));
  const { replaces, replaceSeconds } = habitsOf(world, tags);
  if (!replaces) return;
  world.clock.after(replaceSeconds, () => fill(world, group.region, group.name, 'autoscaling'));
}

/** Brings a group to its desired capacity. */
export function fill(world: World, region: string, name: string, by: string): void {
  const group = groupNamed(world, region, name);
  const image = group && world.images.get(group.imageId);
  if (!group || !image || group.status !== null || group.barren) return;
  const alive = instancesOf(world, group).filter(({ state }) => state !== 'shutting-down');
  const propagated = Object.fromEntries(
    group.tags.filter((tag) => tag.propagate).map(({ key, value }) => [key, value]),
  );
  const tags = { ...propagated, 'aws:autoscaling:groupName': name };
  for (let missing = group.desired - alive.length; missing > 0; missing -= 1) {
    if (image.state !== 'available') {
      world.note('group.launch-failed', { group: name, image: image.id, state: image.state });
      return;
    }
    launch(world, { region, image, tags, volumeTags: propagated, group: name, by });
  }
}

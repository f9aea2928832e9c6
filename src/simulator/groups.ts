/** How Auto Scaling groups come and go. */
import { fill, terminate } from './compute';
import type { SimGroup } from './model';
import { instancesOf, type World } from './world';

export interface NewGroup {
  readonly name: string;
  readonly region: string;
  readonly imageId: string;
  readonly desired: number;
  /** All of them propagate to the instances. */
  readonly tags: Readonly<Record<string, string>>;
  readonly barren?: boolean;
  readonly by: string;
}

export function createGroup(world: World, given: NewGroup): SimGroup {
  const { name, region, by, imageId } = given;
  const group: SimGroup = {
    name,
    region,
    imageId,
    createdAt: world.clock.now(),
    tags: Object.entries(given.tags).map(([key, value]) => ({ key, value, propagate: true })),
    status: null,
    desired: given.desired,
    deletedAt: null,
    barren: given.barren ?? false,
  };
  world.groups.push(group);
  world.note('group.created', { group: name, region, image: imageId, tags: { ...given.tags }, by });
  fill(world, region, name, by);
  return group;
}

/** Ends the instances first, then the group; asking again changes nothing. */
export function deleteGroup(world: World, group: SimGroup, by: string): void {
  if (group.status !== null) return;
  group.status = 'Delete in progress';
  world.note('group.deleting', { group: group.name, by });
  for (const instance of instancesOf(world, group)) terminate(world, instance, by);
  finishDeletion(world, group);
}

/** Looks again until the instances are gone: they end in their own time. */
function finishDeletion(world: World, group: SimGroup): void {
  if (instancesOf(world, group).length === 0) {
    group.deletedAt = world.clock.now();
    world.note('group.deleted', { group: group.name });
    return;
  }
  world.clock.after(0.5, () => finishDeletion(world, group));
}

/** The next name of a cluster: one above its highest version, or `v000` where none is left, so that names come again. */
export function nextGroupName(world: World, region: string, cluster: string): string {
  const versions = world.groups
    .filter((group) => group.region === region && group.deletedAt === null && group.name.startsWith(`${cluster}-v`))
    .map(({ name }) => Number(name.slice(cluster.length + 2)));
  const next = versions.length === 0 ? 0 : (Math.max(...versions) + 1) % 1000;
  return `${cluster}-v${String(next).padStart(3, '0')}`;
}

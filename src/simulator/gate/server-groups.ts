/** Server groups as Clouddriver shows them: from a cache that lags behind. */
import type { SimGroup } from '../model';
import { instancesOf, type World } from '../world';
import { DEPLOY_ACCOUNT } from './deploy';

type Shown = Readonly<Record<string, unknown>> & { readonly name: string; readonly region: string };

export interface Cache {
  all(): readonly Shown[];
  /** `undefined` while it is not known. */
  find(account: string, region: string, name: string): Shown | undefined;
}

export function createCache(world: World): Cache {
  let known: readonly Shown[] = [];
  let readAt = -Infinity;
  const all = (): readonly Shown[] => {
    const { cacheSeconds } = world.behaviours.of();
    if (world.clock.now() - readAt >= world.clock.lasts(cacheSeconds)) {
      known = world.groups.filter(({ deletedAt }) => deletedAt === null).map((group) => show(world, group));
      readAt = world.clock.now();
    }
    return known;
  };
  return {
    all,
    find: (account, region, name) =>
      account === DEPLOY_ACCOUNT ? all().find((one) => one.region === region && one.name === name) : undefined,
  };
}

function show(world: World, group: SimGroup): Shown {
  const instances = instancesOf(world, group).filter(({ state }) => state !== 'shutting-down');
  const [, app = '', rest = ''] = /^([^-]+)(?:-(.*))?$/.exec(group.name) ?? [];
  return {
    name: group.name,
    region: group.region,
    account: DEPLOY_ACCOUNT,
    app,
    application: app,
    cluster: group.name.replace(/-v\d{3}$/, ''),
    stack: rest.replace(/-?v\d{3}$/, ''),
    cloudProvider: 'aws',
    type: 'aws',
    createdTime: group.createdAt,
    disabled: false,
    isDisabled: false,
    capacity: { min: group.desired, max: group.desired, desired: group.desired },
    launchConfig: { imageId: group.imageId },
    tags: Object.fromEntries(group.tags.map(({ key, value }) => [key, value])),
    instances: instances.map(({ id, state, createdAt, zone }) => ({
      name: id,
      id,
      instanceId: id,
      healthState: state === 'running' ? 'Up' : 'Starting',
      launchTime: createdAt,
      zone,
    })),
    instanceCounts: { total: instances.length, up: instances.filter(({ state }) => state === 'running').length },
  };
}

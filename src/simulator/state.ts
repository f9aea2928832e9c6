/** What exists, for tests and people: copies, with what is gone still in them so that it can be counted. */
import { DEPLOY_ACCOUNT } from './gate/deploy';
import type { OrcaStatus } from './gate/model';
import type {
  SimEvent,
  SimGroup,
  SimImage,
  SimInstance,
  SimInterface,
  SimMessage,
  SimParameter,
  SimSnapshot,
  SimVolume,
  Tags,
  Thing,
} from './model';
import { instancesOf, type World } from './world';

type Seen<T extends Thing> = Readonly<Omit<T, 'hiddenReads' | 'visibleAt'>>;

export interface ExecutionState {
  readonly id: string;
  readonly kind: string;
  readonly application: string;
  readonly name: string;
  readonly status: OrcaStatus;
  readonly correlationId: string | null;
  readonly rebake: boolean;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly buildTime: number;
  readonly endTime: number | null;
  readonly canceled: boolean;
  readonly cancellationReason: string | null;
  readonly stages: readonly {
    readonly refId: string;
    readonly name: string;
    readonly type: string;
    readonly status: OrcaStatus;
  }[];
}

export interface ServerGroupState {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly imageId: string;
  readonly instanceIds: readonly string[];
}

export interface SimState {
  readonly account: string;
  /** Terminated ones too. */
  readonly instances: readonly Seen<SimInstance>[];
  /** Deregistered ones too. */
  readonly images: readonly Seen<SimImage>[];
  /** Deleted ones too. */
  readonly snapshots: readonly Seen<SimSnapshot>[];
  /** Deleted ones too. */
  readonly volumes: readonly Seen<SimVolume>[];
  /** Deleted ones too. */
  readonly networkInterfaces: readonly Seen<SimInterface>[];
  /** Deleted ones too (`deletedAt`). */
  readonly autoScalingGroups: readonly (Readonly<Omit<SimGroup, 'tags' | 'barren'>> & {
    readonly tags: Tags;
    readonly instanceIds: readonly string[];
  })[];
  /** Those that exist now. */
  readonly serverGroups: readonly ServerGroupState[];
  /** With every version, rejected ones too, and labels. */
  readonly parameters: readonly SimParameter[];
  readonly topics: readonly string[];
  readonly messages: readonly SimMessage[];
  readonly executions: readonly ExecutionState[];
  /** All that happened, in order. */
  readonly events: readonly SimEvent[];
  /** What is alive now. */
  readonly alive: Readonly<Record<'instances' | 'images' | 'snapshots' | 'volumes' | 'interfaces' | 'groups', number>>;
}

export function stateOf(world: World): SimState {
  const groups = world.groups.filter(({ deletedAt }) => deletedAt === null);
  const images = [...world.images.values()];
  const [instances, snapshots] = [[...world.instances.values()], [...world.snapshots.values()]];
  const volumes = [...world.volumes.values()];
  const interfaces = [...world.interfaces.values()];
  return structuredClone({
    account: world.account,
    instances: instances.map(seen),
    images: images.map(seen),
    snapshots: snapshots.map(seen),
    volumes: volumes.map(seen),
    networkInterfaces: interfaces.map(seen),
    autoScalingGroups: world.groups.map((group) => groupState(world, group)),
    serverGroups: groups.map((group) => ({
      name: group.name,
      account: DEPLOY_ACCOUNT,
      region: group.region,
      imageId: group.imageId,
      instanceIds: instancesOf(world, group).map(({ id }) => id),
    })),
    parameters: [...world.parameters.values()],
    topics: [...world.topics.keys()],
    messages: world.messages,
    executions: executionsOf(world),
    events: world.events,
    alive: {
      instances: instances.filter(({ state }) => state !== 'terminated').length,
      images: images.filter(({ state }) => state !== 'deregistered').length,
      snapshots: snapshots.filter(({ state }) => state !== 'deleted').length,
      volumes: volumes.filter(({ state }) => state !== 'deleted').length,
      interfaces: interfaces.filter(({ state }) => state !== 'deleted').length,
      groups: groups.length,
    },
  });
}

function seen<T extends Thing>({ hiddenReads: _reads, visibleAt: _at, ...rest }: T): Seen<T> {
  return rest;
}

function groupState(world: World, group: SimGroup): SimState['autoScalingGroups'][number] {
  const { tags, barren: _barren, ...rest } = group;
  const instanceIds = group.deletedAt === null ? instancesOf(world, group).map(({ id }) => id) : [];
  return { ...rest, tags: Object.fromEntries(tags.map(({ key, value }) => [key, value])), instanceIds };
}

const executionsOf = (world: World): readonly ExecutionState[] =>
  [...world.executions.values()].map((one) => ({
    id: one.id,
    kind: one.kind,
    application: one.application,
    name: one.name,
    status: one.status,
    correlationId: one.trigger.correlationId ?? null,
    rebake: one.trigger.rebake === true,
    parameters: one.trigger.parameters,
    buildTime: one.buildTime,
    endTime: one.endTime,
    canceled: one.canceled,
    cancellationReason: one.cancellationReason,
    stages: one.stages.map(({ refId, name, type, status }) => ({ refId, name, type, status })),
  }));

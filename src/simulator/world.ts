/** The simulated account: everything that exists, and what happened to it. */
import { createBehaviours, type Behaviour, type Behaviours } from './behaviour';
import { createClock, type Clock } from './clock';
import type { SimExecution } from './gate/model';
import { createIds, type Ids } from './ids';
import type {
  SimEvent,
  SimGroup,
  SimImage,
  SimInstance,
  SimInstanceProfile,
  SimInterface,
  SimMessage,
  SimParameter,
  SimSnapshot,
  SimTopic,
  SimVolume,
  Tags,
  Thing,
} from './model';

/** Tag that says to which run a thing belongs. */
export const RUN_TAG = 'assay:run';

export interface World {
  readonly account: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly behaviours: Behaviours;
  readonly instances: Map<string, SimInstance>;
  readonly images: Map<string, SimImage>;
  readonly snapshots: Map<string, SimSnapshot>;
  readonly volumes: Map<string, SimVolume>;
  readonly interfaces: Map<string, SimInterface>;
  /** By name; IAM is one for all regions. */
  readonly profiles: Map<string, SimInstanceProfile>;
  /** Newest last; a name may come again once the group before is gone. */
  readonly groups: SimGroup[];
  readonly parameters: Map<string, SimParameter>;
  readonly topics: Map<string, SimTopic>;
  readonly messages: SimMessage[];
  readonly executions: Map<string, SimExecution>;
  readonly events: SimEvent[];
  /** Answers by idempotency token. */
  readonly tokens: Map<string, { readonly params: string; readonly ids: readonly string[] }>;
  note(what: string, details: Readonly<Record<string, unknown>>): void;
}

export interface WorldOptions {
  readonly account: string;
  readonly speed: number;
  readonly seed: number;
  readonly behaviour: Partial<Behaviour>;
}

export function createWorld({ account, speed, seed, behaviour }: WorldOptions): World {
  const clock = createClock(speed);
  const events: SimEvent[] = [];
  return {
    account,
    clock,
    ids: createIds(seed),
    behaviours: createBehaviours(behaviour),
    instances: new Map(),
    images: new Map(),
    snapshots: new Map(),
    volumes: new Map(),
    interfaces: new Map(),
    profiles: new Map(),
    groups: [],
    parameters: new Map(),
    topics: new Map(),
    messages: [],
    executions: new Map(),
    events,
    tokens: new Map(),
    note: (what, details) => void events.push({ seq: events.length + 1, at: clock.now(), what, ...details }),
  };
}

/** The habits that hold for the run a thing belongs to. */
export const habitsOf = (world: World, tags: Readonly<Tags>): Behaviour => world.behaviours.of(tags[RUN_TAG]);

/** What every new thing has; `seen`: at once visible, as a thing that was always there. */
export function thing(
  world: World,
  { prefix, region, tags, seen = false }: { prefix: string; region: string; tags: Readonly<Tags>; seen?: boolean },
): Thing {
  const { hiddenReads, hiddenSeconds } = habitsOf(world, tags);
  const now = world.clock.now();
  return {
    id: world.ids.aws(prefix),
    region,
    createdAt: now,
    visibleAt: seen ? now : now + world.clock.lasts(hiddenSeconds),
    hiddenReads: seen ? 0 : hiddenReads,
    tags: { ...tags },
  };
}

/** Whether lists show it. */
export const isListed = (world: World, { visibleAt }: Thing): boolean => world.clock.now() >= visibleAt;

/** Whether this read by id finds it; counts the read. */
export function isFound(world: World, one: Thing): boolean {
  if (one.hiddenReads > 0) {
    one.hiddenReads -= 1;
    return false;
  }
  return isListed(world, one);
}

/** The group of a name that is not gone. */
export const groupNamed = (world: World, region: string, name: string): SimGroup | undefined =>
  world.groups.findLast((group) => group.region === region && group.name === name && group.deletedAt === null);

/** The instances of a group that are not terminated. */
export const instancesOf = (world: World, { region, name, createdAt }: SimGroup): readonly SimInstance[] =>
  [...world.instances.values()].filter(
    (one) => one.region === region && one.group === name && one.createdAt >= createdAt && one.state !== 'terminated',
  );

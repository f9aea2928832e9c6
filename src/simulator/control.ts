/** The simulator's own HTTP interface, for tests and demos that run in other processes. */
import type { Behaviour } from './behaviour';
import type { FaultBox, FaultPlan } from './faults';
import { json, list, parse, record, text, type Json, type Reply, type SimRequest } from './http';
import type { Outside } from './outside';
import type { OutsideChange, NewOutside } from './gate/outside';
import type { RequestLog } from './requests';
import type { SeedImage, SeedInstance, SeedParameter, SeedPipeline, SeedProfile, Seeds } from './seed';
import { stateOf } from './state';
import type { World } from './world';

export interface Control {
  readonly world: World;
  readonly faults: FaultBox;
  readonly log: RequestLog;
  readonly seed: Seeds;
  readonly outside: Outside;
}

type Handler = (control: Control, request: SimRequest, id: string) => Reply;

const done = (value: unknown = {}): Reply => json(200, value);

const ROUTES: readonly (readonly [method: string, path: RegExp, handler: Handler])[] = [
  ['GET', /^\/_sim\/state$/, ({ world }) => done(stateOf(world))],
  ['GET', /^\/_sim\/requests$/, ({ log }) => done(log.all())],
  ['GET', /^\/_sim\/faults$/, ({ faults }) => done(faults.list())],
  [
    'POST',
    /^\/_sim\/faults$/,
    ({ faults }, { body }) => {
      // One plan, or a list of plans.
      const given: unknown = JSON.parse(body);
      faults.add(...((Array.isArray(given) ? given : [given]) as FaultPlan[]));
      return done(faults.list());
    },
  ],
  [
    'DELETE',
    /^\/_sim\/faults$/,
    ({ faults }) => {
      faults.clear();
      return done([]);
    },
  ],
  ['GET', /^\/_sim\/behaviour$/, ({ world }, { query }) => done(world.behaviours.of(query.get('run') ?? undefined))],
  [
    'POST',
    /^\/_sim\/behaviour$/,
    ({ world }, { body, query }) => {
      const run = query.get('run') ?? undefined;
      world.behaviours.switch(parse(body) as Partial<Behaviour>, run);
      return done(world.behaviours.of(run));
    },
  ],
  [
    'DELETE',
    /^\/_sim\/behaviour$/,
    ({ world }) => {
      world.behaviours.reset();
      return done(world.behaviours.of());
    },
  ],
  ['POST', /^\/_sim\/seed$/, ({ seed }, { body }) => done(plant(seed, parse(body)))],
  [
    'POST',
    /^\/_sim\/executions$/,
    ({ outside }, { body }) => json(201, { id: outside.start(parse(body) as NewOutside).id }),
  ],
  [
    'PATCH',
    /^\/_sim\/executions\/([^/]+)$/,
    ({ outside }, { body }, id) => {
      const execution = outside.find(id);
      if (!execution) return json(404, { message: `no execution ${id} made by hand` });
      execution.update(parse(body) as OutsideChange);
      return done();
    },
  ],
];

/** The answer to a request of the control interface; `undefined` for others. Bad input is 400 and says why. */
export function controlReply(control: Control, request: SimRequest): Reply | undefined {
  if (!request.path.startsWith('/_sim/')) return undefined;
  const route = ROUTES.find(([method, path]) => method === request.method && path.test(request.path));
  if (!route) return json(404, { message: 'no such control' });
  try {
    return route[2](control, request, route[1].exec(request.path)?.[1] ?? '');
  } catch (error) {
    return json(400, { message: error instanceof Error ? error.message : 'bad input' });
  }
}

/** `{"images": [...], "instances": [...], "parameters": [...], "topics": [...], "profiles": [...], "pipelines": [...]}`, answered in the same shape. */
function plant(seed: Seeds, given: Json): unknown {
  const known = ['images', 'instances', 'parameters', 'topics', 'profiles', 'pipelines'];
  const unknown = Object.keys(given).filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`cannot seed ${unknown.join(', ')}`);
  const all = (name: string): readonly Json[] => list(given[name]).map(record);
  return {
    images: all('images').map((one) => seed.image(one as SeedImage)),
    instances: all('instances').map((one) => seed.instance(one as unknown as SeedInstance)),
    parameters: all('parameters').map((one) => seed.parameter(one as unknown as SeedParameter)),
    topics: all('topics').map((one) => seed.topic({ name: text(one.name) ?? '', ...regionOf(one) })),
    profiles: all('profiles').map((one) => seed.profile(one as unknown as SeedProfile)),
    pipelines: all('pipelines').map((one) => {
      seed.pipeline(one as unknown as SeedPipeline);
      return {};
    }),
  };
}

const regionOf = ({ region }: Json) => (typeof region === 'string' ? { region } : {});

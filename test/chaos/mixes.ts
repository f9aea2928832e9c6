/** What is played: runs, each with how it is meant to end and with what befalls it. All from a seed. */
import type { Behaviour } from '../../src/simulator';
import {
  fits,
  KIND_NAMES,
  KINDS,
  LINES,
  ROUTES,
  routesOf,
  SHARED,
  type Fault,
  type KindName,
  type Line,
  type Outage,
  type Route,
} from './faults';

/** Whose images the policy denies. */
export const DENIED_LINE = 'rusty';
const GOOD_LINES = (Object.keys(LINES) as Line[]).filter((line) => line !== DENIED_LINE);

/** How a run is meant to end; a cancel may come too late. */
export type Ending = 'approved' | 'denied' | 'cancelled' | 'bake fails' | 'deploy fails' | 'refused';

export interface Mix {
  readonly name: string;
  readonly line: Line;
  readonly ending: Ending;
  readonly faults: readonly Fault[];
  readonly outage: Outage | null;
  readonly lagMs: number;
  /** When the cancel is sent. */
  readonly cancelOn: { readonly route: Route; readonly nth: number } | null;
  readonly behaviour: Partial<Behaviour>;
}

/** Every cell of routes and kinds. */
export const CELLS = ROUTES.flatMap((route) =>
  KIND_NAMES.filter((kind) => fits(kind, route)).map((kind) => ({ route, kind })),
);

/**
 * Runs that meet every cell. `each`: one run for every cell. Else a run meets two kinds on many routes: first one that Gate never
 * gets, so that the request comes again and meets the other.
 */
export const table = (each: boolean): readonly Mix[] =>
  each ? CELLS.map(({ route, kind }, index) => row([kind], [route], index)) : pairs().flatMap(rowsOf);

function pairs(): readonly (readonly KindName[])[] {
  const comesAgain = KIND_NAMES.filter((kind) => KINDS[kind].passed === 'never');
  const others = KIND_NAMES.filter((kind) => KINDS[kind].passed !== 'never');
  const all = [...comesAgain.slice(0, others.length).flatMap((kind, index) => [kind, others[index] as KindName])];
  all.push(...comesAgain.slice(others.length));
  return all.flatMap((_, index) => (index % 2 === 0 ? [all.slice(index, index + 2)] : []));
}

/** Two runs that are approved, for all that is asked then, one that is cancelled while it bakes, and one while it deploys. */
const rowsOf = (kinds: readonly KindName[], index: number): readonly Mix[] => {
  const judged = routesOf('nickel').filter((route) => !route.startsWith('cancel'));
  const tasked = ROUTES.filter((route) => !routesOf('nickel').includes(route));
  return [judged, tasked, ['cancel bake'] as const, ['cancel deploy'] as const].map((routes) =>
    row(kinds, routes, index),
  );
};

function row(kinds: readonly KindName[], routes: readonly Route[], index: number): Mix {
  const step = routes.find((route) => route.startsWith('cancel'))?.split(' ')[1];
  const able = GOOD_LINES.filter((line) => routes.every((route) => routesOf(line).includes(route)));
  return {
    name: `${kinds.join(', then ')} on ${routes.length > 1 ? `${routes[0]} and ${routes.length - 1} more` : routes[0]}`,
    line: able[index % able.length] as Line,
    ending: step === undefined ? 'approved' : 'cancelled',
    faults: routes.flatMap((route) =>
      kinds.filter((kind) => fits(kind, route)).map((kind, from) => ({ route, kind, from, times: 1 })),
    ),
    outage: null,
    lagMs: 0,
    cancelOn: step === undefined ? null : { route: `read ${step}` as Route, nth: 0 },
    // What is cancelled is still at work, however slow everything else is.
    behaviour: step === undefined ? {} : step === 'bake' ? { bake: 'never-ends' } : { deploy: 'waits' },
  };
}

/** Gate refuses a run for good: from its first request on, in the bake, in the deploy. */
export const REFUSED: readonly Mix[] = (
  [
    ['not logged in 401', 0],
    ['redirect to a login', 0],
    ['not allowed 403', 1000],
    ['page of a login', 1000],
    ['page of an ingress 404', 5500],
    ['not allowed 403', 5500],
  ] as const
).map(([kind, fromMs]) => ({
  ...{ name: `${kind} for good after ${fromMs} ms`, line: 'golden' as const, ending: 'refused', faults: [] },
  ...{ outage: { kind, fromMs, forMs: Infinity }, lagMs: 0, cancelOn: null, behaviour: {} },
}));

/** One random mix; the same seed and number give the same. */
export function mixOf(seed: number, number: number): Mix {
  const chance = randomOf(seed, number);
  const whole = (from: number, to: number): number => from + Math.floor(chance() * (to - from + 1));
  const one = <T>(all: readonly T[]): T => all[whole(0, all.length - 1)] as T;
  const dice = chance();
  const ending: Ending =
    dice < 0.5
      ? 'approved'
      : dice < 0.6
        ? 'denied'
        : dice < 0.84
          ? 'cancelled'
          : dice < 0.92
            ? 'bake fails'
            : 'deploy fails';
  const line = ending === 'denied' ? DENIED_LINE : one(GOOD_LINES);
  const routes = routesOf(line);
  const faults = Array.from({ length: whole(1, 7) }, (): Fault => {
    const route = one(routes);
    const kind = one(KIND_NAMES.filter((name) => fits(name, route)));
    return { route, kind, from: whole(0, 3), times: whole(1, 3) };
  });
  const away: readonly KindName[] = [
    'reset',
    'error 502',
    'error 503 with Retry-After',
    'redirect to a login',
    'no answer',
  ];
  const outage = chance() < 0.2 ? { kind: one(away), fromMs: whole(0, 6000), forMs: whole(500, 5000) } : null;
  const lagMs = chance() < 0.4 ? whole(100, 900) : 0;
  const late = chance() < 0.4;
  const behaviour: Partial<Behaviour> =
    ending === 'bake fails'
      ? { bake: one(['fails', 'fails-late', 'continues']) }
      : ending === 'deploy fails'
        ? { deploy: one(['fails', 'fails-late', 'continues']) }
        : ending === 'cancelled' && late
          ? { lateImage: true }
          : {};
  return {
    name: `mix ${number} of seed ${seed}`,
    line,
    ending,
    faults,
    outage,
    lagMs,
    cancelOn:
      ending === 'cancelled' ? { route: one(routes.filter((route) => !SHARED.has(route))), nth: whole(0, 2) } : null,
    behaviour,
  };
}

/** Numbers in [0, 1) (mulberry32), the same for the same seed and mix. */
function randomOf(seed: number, number: number): () => number {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(number + 1, 0xc2b2ae35);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

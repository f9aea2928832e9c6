/** What can befall a request to Gate, and which requests there are. */

/** Every request that Assay makes of Gate for a run: what every run asks, and what a line's settings add. */
const COMMON = [
  ...(['start bake', 'search bake', 'read bake', 'cancel bake'] as const),
  ...(['start deploy', 'search deploy', 'read deploy', 'cancel deploy', 'server group'] as const),
] as const;
const DESTROYING = ['start destroy', 'search destroy'] as const;
/** A pipeline sets the image's tags, and the manual judgment of the execution that asked is answered. */
const JUDGED = ['start tag', 'search tag', 'read tag', 'find image', 'read source', 'patch stage'] as const;
/** Ad-hoc tasks destroy and tag, and a pipeline follows the decision. */
const TASKED = ['start task', 'list tasks', 'read task', 'start after', 'search after'] as const;

export const ROUTES = [...COMMON, ...DESTROYING, ...JUDGED, ...TASKED] as const;
export type Route = (typeof ROUTES)[number];
/** Requests that name no run: whichever run has a fault due there meets it. */
export const SHARED: ReadonlySet<string> = new Set<Route>(['list tasks', 'find image']);

/** Lines of the Assay that plays, each of its own, since a line publishes one image at a time; and what each of them asks. */
export const LINES = {
  golden: 'plain',
  silver: 'plain',
  bronze: 'plain',
  copper: 'plain',
  rusty: 'plain',
  nickel: 'judged',
  zinc: 'tasked',
} as const;
export type Line = keyof typeof LINES;
const ROUTES_OF: Readonly<Record<(typeof LINES)[Line], readonly Route[]>> = {
  plain: [...COMMON, ...DESTROYING],
  judged: [...COMMON, ...DESTROYING, ...JUDGED],
  tasked: [...COMMON, ...TASKED, 'find image', 'read source'],
};
export const routesOf = (line: Line): readonly Route[] => ROUTES_OF[LINES[line]];

/** Whether Gate gets the request: not at all, before the fault, or only after the client has given up. */
type Passed = 'never' | 'before' | 'late';

/**
 * What the client sees instead of Gate's answer. `reset`: the connection is reset. `drop`: it ends without an answer. `hold`: no
 * answer within the client's patience. `cut`: it ends within the body. `broken`: half the body, as if it were whole.
 */
type Answer =
  | { readonly status: number; readonly type: 'json' | 'html' | 'none'; readonly headers?: Record<string, string> }
  | 'reset'
  | 'drop'
  | 'hold'
  | 'cut'
  | 'broken';

export interface Kind {
  readonly passed: Passed;
  readonly answer: Answer;
  /** Where it makes sense; everywhere when not given. */
  readonly on?: readonly Route[];
}

/** Gates up to 2025 answer 422 to whatever fails behind a start. */
const STARTS: readonly Route[] = ROUTES.filter((route) => route.startsWith('start'));
const READS: readonly Route[] = [...ROUTES.filter((route) => route.startsWith('read')), 'server group'];
const after = (seconds: number) => ({ 'Retry-After': String(seconds) });
const login = { Location: '/oauth2/authorization/gate' };

const kinds = {
  'error 500': { passed: 'never', answer: { status: 500, type: 'json' } },
  'error 500, done': { passed: 'before', answer: { status: 500, type: 'json' } },
  'error 502': { passed: 'never', answer: { status: 502, type: 'html' } },
  'error 502, done': { passed: 'before', answer: { status: 502, type: 'html' } },
  'error 503': { passed: 'never', answer: { status: 503, type: 'json' } },
  'error 503 with Retry-After': { passed: 'never', answer: { status: 503, type: 'html', headers: after(1) } },
  'error 504, done': { passed: 'before', answer: { status: 504, type: 'html' } },
  'error 504, done late': { passed: 'late', answer: { status: 504, type: 'html' } },
  'refused 422': { passed: 'never', answer: { status: 422, type: 'json' }, on: STARTS },
  'refused 422, done': { passed: 'before', answer: { status: 422, type: 'json' }, on: STARTS },
  'throttled 429': { passed: 'never', answer: { status: 429, type: 'json' } },
  'throttled 429 with Retry-After': { passed: 'never', answer: { status: 429, type: 'json', headers: after(1) } },
  'empty 200': { passed: 'never', answer: { status: 200, type: 'none' } },
  'empty 200, done': { passed: 'before', answer: { status: 200, type: 'none' } },
  'redirect to a login': { passed: 'never', answer: { status: 302, type: 'html', headers: login } },
  'page of a login': { passed: 'never', answer: { status: 200, type: 'html' } },
  'not logged in 401': { passed: 'never', answer: { status: 401, type: 'json' } },
  'not allowed 403': { passed: 'never', answer: { status: 403, type: 'json' } },
  'page of an ingress 404': { passed: 'never', answer: { status: 404, type: 'html' } },
  'not found 404': { passed: 'never', answer: { status: 404, type: 'json' }, on: READS },
  reset: { passed: 'never', answer: 'reset' },
  'reset, done': { passed: 'before', answer: 'reset' },
  'dropped, done': { passed: 'before', answer: 'drop' },
  'no answer': { passed: 'never', answer: 'hold' },
  'no answer, done': { passed: 'before', answer: 'hold' },
  'no answer, done late': { passed: 'late', answer: 'hold' },
  'cut off, done': { passed: 'before', answer: 'cut' },
  'broken JSON, done': { passed: 'before', answer: 'broken' },
} as const satisfies Record<string, Kind>;

export type KindName = keyof typeof kinds;
export const KINDS: Readonly<Record<KindName, Kind>> = kinds;
export const KIND_NAMES = Object.keys(kinds) as readonly KindName[];

export const fits = (kind: KindName, route: Route): boolean => KINDS[kind].on?.includes(route) ?? true;

/** Hits the requests `from` to `from + times - 1` of a run on a route, counted from 0. */
export interface Fault {
  readonly route: Route;
  readonly kind: KindName;
  readonly from: number;
  readonly times: number;
}

/** All of Gate is away from a run: from so long after its first request, for so long. */
export interface Outage {
  readonly kind: KindName;
  readonly fromMs: number;
  readonly forMs: number;
}

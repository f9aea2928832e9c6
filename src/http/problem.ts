/** Every answer that is not what was asked for: one RFC 9457 problem document, with one entry for each fault. */
import { Conflict, Unreachable } from '../client/errors';
import { BadInput, EvidenceChanged, TryAgain } from '../domain/errors';

/** One fault. `pointer` is a JSON pointer into the body; others name the query parameter or header. */
export interface Fault {
  readonly detail: string;
  readonly pointer?: string;
  readonly parameter?: string;
  readonly header?: string;
}

/** Names of problems, as the last part of their `type`, with what they mean. */
export const PROBLEMS = {
  'bad-request': { status: 400, title: 'The request is not right' },
  unauthenticated: { status: 401, title: 'A valid API key is needed' },
  unsigned: { status: 401, title: 'The delivery’s signature was refused' },
  forbidden: { status: 403, title: 'This credential may not do that' },
  requester: { status: 403, title: 'Who asked for a run may not decide on it' },
  'not-entitled': { status: 403, title: 'No group that this line asks for an approval' },
  revoked: { status: 403, title: 'Decisions of this person count no more' },
  'bad-signature': { status: 403, title: 'The decision’s signature was refused' },
  'not-found': { status: 404, title: 'There is no such thing' },
  'method-not-allowed': { status: 405, title: 'This address does not take that method' },
  conflict: { status: 409, title: 'The key belongs to another request' },
  'stale-evidence': { status: 409, title: 'The evidence is not what was looked at' },
  'already-decided': { status: 409, title: 'This person has decided already' },
  closed: { status: 409, title: 'The run takes no decisions any more' },
  'not-yet': { status: 409, title: 'It is too early for that' },
  'too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body must be JSON' },
  'too-many-requests': { status: 429, title: 'Too many requests' },
  'evidence-changed': { status: 500, title: 'Stored evidence is not what it was' },
  internal: { status: 500, title: 'Something went wrong' },
  unavailable: { status: 503, title: 'A service that is needed does not answer' },
  'not-ready': { status: 503, title: 'Assay is not ready' },
} as const satisfies Record<string, { status: number; title: string }>;
export type ProblemName = keyof typeof PROBLEMS;

/** Thrown by handlers; becomes the answer. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly faults: readonly Fault[];
  readonly headers: Readonly<Record<string, string>>;
  constructor(
    readonly problem: ProblemName,
    readonly detail: string,
    options: { readonly faults?: readonly Fault[]; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(detail);
    this.faults = options.faults ?? [];
    this.headers = options.headers ?? {};
  }
}

/** Waits between tries of whom Temporal does not answer, in seconds. Never 0 (see the rate limit). */
const RETRY_AFTER = { 'Retry-After': '2' };

export const unavailable = (service: string): Problem =>
  new Problem('unavailable', `${service} does not answer; try again`, { headers: RETRY_AFTER });

/** What keeps runs from being accepted: Temporal is away, or not set up. */
export const notReady = (faults: readonly string[]): Problem =>
  new Problem('not-ready', 'No run is accepted until this is put right; `assay setup` registers what Temporal lacks', {
    faults: faults.map((detail) => ({ detail })),
    headers: RETRY_AFTER,
  });

/** Faults that one answer lists. Who makes more of them needs no complete list, and the answer stays a size that can be read. */
const MOST_FAULTS = 100;

/** Every fault of a request's form in one problem. */
export function badRequest(faults: readonly Fault[]): Problem {
  const more = faults.length - MOST_FAULTS;
  const count = faults.length === 1 ? 'There is 1 fault' : `There are ${faults.length} faults`;
  return new Problem('bad-request', more > 0 ? `${count}; ${more} of them are not listed` : count, {
    faults: faults.slice(0, MOST_FAULTS),
  });
}

/** Faults that begin with a field's name (`image.id: …`) point at it. */
export function faultOf(text: string): Fault {
  const match = /^([a-zA-Z]+(?:\.[^\s:.]+)*): (.*)$/s.exec(text);
  if (!match) return { detail: text };
  const [, path = '', detail = ''] = match;
  return { detail, pointer: pointerOf(path.split('.')) };
}

/** RFC 6901, as the fragment of a URI, which is how RFC 9457 shows pointers. */
export const pointerOf = (path: readonly PropertyKey[]): string =>
  `#${path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')}`;

/** Fastify's own errors carry a code and the status it would answer. */
const statusOf = (error: unknown): number | undefined =>
  error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : undefined;

/**
 * The problem of anything thrown. Texts of foreign errors are left out: they may repeat what the caller sent, or tell of
 * the inside.
 */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof BadInput) return badRequest(error.faults.map(faultOf));
  if (error instanceof Conflict) return new Problem('conflict', error.message);
  if (error instanceof Unreachable) return unavailable(error.service);
  if (error instanceof EvidenceChanged) return new Problem('evidence-changed', error.message);
  if (error instanceof TryAgain) return unavailable('a service that is needed');
  const status = statusOf(error);
  if (status === 413) return new Problem('too-large', 'A body may have 256 KiB');
  if (status === 415) return new Problem('unsupported-media-type', 'Content-Type must be application/json');
  // An address with a longer part than any id has.
  if (status === 414) return new Problem('not-found', 'There is nothing at this address');
  if (status !== undefined && status >= 400 && status < 500)
    return badRequest([
      {
        detail: isBadUrl(error)
          ? 'the address is not a valid URL'
          : 'the request did not arrive whole, or as announced',
      },
    ]);
  return new Problem('internal', 'The fault is in the log, under the id in X-Request-Id');
}

const isBadUrl = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'FST_ERR_BAD_URL';

/** The document. `base` is the public URL. */
export function problemDocument({ problem, detail, faults }: Problem, base: string): object {
  const { status, title } = PROBLEMS[problem];
  return { type: `${base}/problems/${problem}`, title, status, detail, ...(faults.length > 0 && { errors: faults }) };
}

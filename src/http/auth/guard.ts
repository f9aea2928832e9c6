/** Lets in whom the route's access names: a good key with the right scope, within its rate. */
import type { FastifyRequest } from 'fastify';
import { Problem } from '../problem';
import type { RouteAccess } from '../context';
import type { Access, AccessKey, Scope } from './access';
import { findKey, hasScope, presentedKey } from './keys';
import type { RateLimiter } from './rate-limit';

type KeyAccess = Extract<RouteAccess, { kind: 'key' }>;

export interface Guard {
  /** Counts a request that needs no key against its address. */
  countAddress(request: FastifyRequest): void;
  /** Counts a request against its credential, where `bucket` is given apart from its others. */
  countCredential(key: AccessKey, bucket?: string): void;
  /** The credential of an API request; throws 401, 403 or 429. */
  authenticate(request: FastifyRequest, access: KeyAccess): AccessKey;
}

/** `now` in milliseconds. */
export function createGuard(access: () => Access, limiter: RateLimiter, now: () => number): Guard {
  const count = (name: string): void => {
    const wait = limiter.take(name);
    if (wait > 0)
      throw new Problem('too-many-requests', `Try again in ${wait} s`, { headers: { 'Retry-After': String(wait) } });
  };
  const guard: Guard = {
    countAddress: ({ ip }) => count(`address ${ip}`),
    countCredential: ({ id }, bucket) => count(bucket === undefined ? `key ${id}` : `key ${id} ${bucket}`),
    authenticate(request, { scopes, bucket }) {
      const presented = presentedKey(request.headers);
      const key = presented === undefined ? undefined : findKey(access(), presented, now());
      if (!key) {
        guard.countAddress(request);
        throw unauthenticated(presented !== undefined);
      }
      // Known from here on: the log names the credential of refused requests too.
      request.credential = key;
      guard.countCredential(key, bucket);
      requireScope(key, scopes);
      return key;
    },
  };
  return guard;
}

/** Throws 403 that names what is missing. */
export function requireScope(key: AccessKey, anyOf: readonly Scope[]): void {
  if (hasScope(key, anyOf)) return;
  throw new Problem('forbidden', `The key ${key.id} lacks the scope ${anyOf.join(' or ')}`);
}

function unauthenticated(shown: boolean): Problem {
  return new Problem(
    'unauthenticated',
    shown ? 'The API key is unknown or expired' : 'Send an API key as Authorization: Bearer or X-API-Key',
    { headers: { 'WWW-Authenticate': `Bearer realm="assay"${shown ? ', error="invalid_token"' : ''}` } },
  );
}

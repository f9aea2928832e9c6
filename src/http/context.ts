/** What every route shares. */
import type { FastifyRequest } from 'fastify';
import type { AccessKey, Scope } from './auth/access';
import type { AppOptions, PublicAddress } from './options';
import type { Readiness } from './readiness';

/** `key`: an API key with one of the scopes; `page`: a session; `open`: nobody is asked; `health`: nor is it counted. */
export type RouteAccess =
  | {
      readonly kind: 'key';
      readonly scopes: readonly Scope[];
      /** Counted apart from the credential's other requests. */
      readonly bucket?: string;
    }
  | { readonly kind: 'page' }
  | { readonly kind: 'open' }
  | { readonly kind: 'health' };

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: RouteAccess;
  }
  interface FastifyRequest {
    /** The credential of the request, once it is known to be good. */
    credential: AccessKey | null;
  }
}

export interface RouteContext {
  readonly options: AppOptions;
  readonly address: PublicAddress;
  readonly readiness: Readiness;
  readonly now: () => number;
  /** Waits for a call as long as an answer may take, then fails with Unreachable. */
  readonly ask: <T>(work: Promise<T>) => Promise<T>;
}

/** The credential of a route that lets nobody in without one. */
export function credentialOf(request: FastifyRequest): AccessKey {
  if (!request.credential) throw new Error('the route has no guard');
  return request.credential;
}

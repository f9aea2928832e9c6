/** What the HTTP door is given. It reads no environment and opens nothing but its own socket. */
import type { FastifyBaseLogger } from 'fastify';
import type { LinesApi, RunsApi, SetupApi } from '../client/api';
import type { HookConfig } from '../config/config';
import type { RunRequest } from '../domain/request';
import type { Access } from './auth/access';

/** Requests per second of one credential (or, without one, of one address), and how many may come at once. */
export interface RateLimit {
  readonly perSecond: number;
  readonly burst: number;
}

export interface AppOptions {
  readonly runs: RunsApi;
  readonly lines: LinesApi;
  readonly setup: SetupApi;
  /** Keys and roles of now; asked on every request, so that a changed config counts at once. */
  readonly access: () => Access;
  /** Sources of signed starts, of now, by name. */
  readonly hooks: () => ReadonlyMap<string, HookConfig>;
  /** What every URL that is handed out begins with; may have a path. */
  readonly publicUrl: string;
  /** Whom to believe about `X-Forwarded-For` (fastify's `trustProxy`). Never used to make URLs. */
  readonly trustProxy: boolean | string | string[];
  readonly rateLimit: RateLimit;
  readonly logger: FastifyBaseLogger;
  /** Faults that a request's line shows, so that they are named together with those of its form. */
  readonly requestFaults?: (request: RunRequest) => readonly string[];
  /** Where a line works: an image that is brought without its region is taken to be there. */
  readonly regionOf?: (line: string) => string | undefined;
  /** Milliseconds since 1970; for tests. */
  readonly now?: () => number;
  /** Longest that a call may take before the answer is 503. Orca gives up reading after 20 s. */
  readonly deadlineMs?: number;
  /** How long a request may take to arrive whole; for tests. */
  readonly arrivalMs?: number;
}

/** Where Assay is reached from outside, taken apart once. */
export interface PublicAddress {
  /** Without a slash at its end. */
  readonly url: string;
  readonly origin: string;
  /** Path of the URL: empty, or beginning with a slash and not ending with one. */
  readonly prefix: string;
  readonly secure: boolean;
}

/** Throws TypeError when the text is no absolute URL. */
export function publicAddress(text: string): PublicAddress {
  const { origin, pathname, protocol } = new URL(text);
  const prefix = pathname.replace(/\/+$/, '');
  return { url: `${origin}${prefix}`, origin, prefix, secure: protocol === 'https:' };
}

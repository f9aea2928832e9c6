/** Token buckets: one for each credential, and for each address that shows none. */
import type { RateLimit } from '../options';

interface Bucket {
  tokens: number;
  at: number;
}

/** Buckets kept at most; the longest unused goes first. A forgotten bucket is a full one. */
const MOST_BUCKETS = 10_000;

export interface RateLimiter {
  /** Takes one; 0 when it was there, else the whole seconds (at least 1) until there is one again. */
  take(name: string): number;
}

/** `now` in milliseconds. */
export function createRateLimiter({ perSecond, burst }: RateLimit, now: () => number): RateLimiter {
  const buckets = new Map<string, Bucket>();
  return {
    take(name) {
      const at = now();
      const last = buckets.get(name);
      const tokens = last ? Math.min(burst, last.tokens + (Math.max(0, at - last.at) / 1000) * perSecond) : burst;
      const left = tokens >= 1 ? tokens - 1 : tokens;
      buckets.delete(name);
      buckets.set(name, { tokens: left, at });
      if (buckets.size > MOST_BUCKETS) buckets.delete(buckets.keys().next().value as string);
      // Never 0: OkHttp sends a request again at once, unseen by its caller, when Retry-After is 0.
      return tokens >= 1 ? 0 : Math.max(1, Math.ceil((1 - tokens) / perSecond));
    },
  };
}

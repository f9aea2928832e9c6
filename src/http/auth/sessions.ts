/** Sessions of pages: opaque tokens in this process's memory, each good as long as the key that made it. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Access, AccessKey } from './access';
import { findKey, isCurrent } from './keys';

const HOURS_8_MS = 8 * 3_600_000;
/** The oldest goes first. */
const MOST_SESSIONS = 1_000;

export interface Session {
  readonly key: AccessKey;
  /** What a form must carry. */
  readonly csrf: string;
}

export interface Sessions {
  /** The token of a new session; `undefined` for a key that is not good. */
  open(key: string): string | undefined;
  /** The session, with its key as it is now; `undefined` when it or its key is over. */
  find(token: string | undefined): Session | undefined;
  close(token: string | undefined): void;
}

/** `now` in milliseconds. Neither keys nor tokens are kept, only their hashes. */
export function createSessions(access: () => Access, now: () => number): Sessions {
  const sessions = new Map<string, { readonly sha256: string; readonly csrf: string; readonly ends: number }>();
  return {
    open(given) {
      const key = findKey(access(), given, now());
      if (!key) return undefined;
      const token = randomToken();
      sessions.set(hash(token), { sha256: key.sha256, csrf: randomToken(), ends: now() + HOURS_8_MS });
      if (sessions.size > MOST_SESSIONS) sessions.delete(sessions.keys().next().value as string);
      return token;
    },
    find(token) {
      const session = token === undefined ? undefined : sessions.get(hash(token));
      if (!session || now() >= session.ends) return undefined;
      // The config of now decides: a key that was removed or ran out ends its sessions.
      const key = access().keys.find(({ sha256 }) => sha256 === session.sha256);
      return key && isCurrent(key, now()) ? { key, csrf: session.csrf } : undefined;
    },
    close(token) {
      if (token !== undefined) sessions.delete(hash(token));
    },
  };
}

/** 256 bits, for tokens in cookies and forms. */
export const randomToken = (): string => randomBytes(32).toString('base64url');

/** Whether two tokens are the same, in constant time. */
export function sameToken(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
}

const hash = (token: string): string => createHash('sha256').update(token).digest('hex');

/** API keys: found by hash in constant time, never kept, never logged. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Actor } from '../../client/api';
import type { Access, AccessKey, Scope } from './access';

/**
 * The key a request carries, in the bytes that were sent: `Authorization: Bearer` first, else `X-API-Key`. Node gives each byte
 * of a header as one character (`message.headers` is decoded as latin1).
 */
export function presentedKey({ authorization, 'x-api-key': apiKey }: IncomingHttpHeaders): Buffer | undefined {
  const bearer = /^Bearer +([^ ].*)$/i.exec(authorization ?? '')?.[1];
  const key = bearer ?? (typeof apiKey === 'string' && apiKey !== '' ? apiKey : undefined);
  return key === undefined ? undefined : Buffer.from(key, 'latin1');
}

/** The entry of a key as it was sent (a text in UTF-8); `undefined` when it is unknown or over. Takes as long for every key. */
export function findKey(access: Access, key: string | Buffer, now: number): AccessKey | undefined {
  const hash = createHash('sha256').update(key).digest();
  let found: AccessKey | undefined;
  // Every entry is compared, so that the time an answer takes tells nothing about which entry came close.
  for (const entry of access.keys) {
    const known = Buffer.from(entry.sha256, 'hex');
    if (known.length === hash.length && timingSafeEqual(known, hash)) found ??= entry;
  }
  return found && isCurrent(found, now) ? found : undefined;
}

/** Whether a key is not over yet. */
export function isCurrent({ expires }: AccessKey, now: number): boolean {
  if (expires === undefined || expires === null) return true;
  const end = Date.parse(expires);
  // What is no time is an end that nobody can tell, so the key is refused.
  return !Number.isNaN(end) && now < end;
}

/** A key's rights are exactly its scopes: `admin` is one of them, not all of them. */
export const hasScope = (key: AccessKey, anyOf: readonly Scope[]): boolean =>
  anyOf.some((scope) => key.scopes.includes(scope));

/** Who acts with a key. */
export const actorOf = (key: AccessKey): Actor => ({
  credential: key.id,
  subject: key.subject ?? key.id,
  groups: key.groups ?? [],
});

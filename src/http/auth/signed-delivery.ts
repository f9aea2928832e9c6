/**
 * Signatures on deliveries of other systems. Every check costs the same for every caller: all secrets and all signatures are
 * compared, whatever came before, and no answer tells which check failed.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface SignedDelivery {
  readonly headers: IncomingHttpHeaders;
  /** The body as it was sent, to the byte. */
  readonly raw: Buffer;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export type Verified =
  | { readonly ok: true; readonly id: string; readonly event: string | null }
  /** `why` is for the log, not for the caller. */
  | { readonly ok: false; readonly why: string };

/** How far a delivery's time may be from ours, either way (Standard Webhooks leaves the number open; its libraries take this). */
const TOLERANCE_SECONDS = 5 * 60;
/** Signatures in one header; each secret of the sender makes one. */
const MOST_SIGNATURES = 20;
const ID = /^[\x21-\x7e]{1,200}$/;

/**
 * Standard Webhooks (spec/standard-webhooks.md): HMAC-SHA256 over `id.timestamp.body`, base64, as `v1,…`, several with a space
 * between them. The time is that of the try, the id that of the message.
 */
export function verifyStandardWebhook({ headers, raw, now }: SignedDelivery, secrets: readonly string[]): Verified {
  const id = text(headers['webhook-id']);
  const timestamp = text(headers['webhook-timestamp']);
  const given = text(headers['webhook-signature'])
    .split(' ', MOST_SIGNATURES)
    .flatMap((one) => (one.startsWith('v1,') ? [Buffer.from(one.slice('v1,'.length), 'base64')] : []));
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`, 'utf8'), raw]);
  const fits = anyFits(secrets.map(standardKey), signed, given);
  const seconds = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) : NaN;
  // A time that is no number is not within any tolerance either.
  const timely = Math.abs(now / 1000 - seconds) <= TOLERANCE_SECONDS;
  if (!fits) return { ok: false, why: 'no signature fits' };
  if (!timely) return { ok: false, why: 'its time is more than five minutes from ours' };
  if (!ID.test(id)) return { ok: false, why: 'its id is empty, too long or not printable' };
  return { ok: true, id, event: null };
}

/**
 * GitHub ("Validating webhook deliveries"): HMAC-SHA256 over the body alone, hexadecimal, as `sha256=…`. Neither the id nor the
 * event nor a time is signed.
 */
export function verifyGitHub({ headers, raw }: SignedDelivery, secrets: readonly string[]): Verified {
  const given = /^sha256=([0-9a-f]{64})$/.exec(text(headers['x-hub-signature-256']))?.[1];
  const keys = secrets.map((secret) => Buffer.from(secret, 'utf8'));
  const fits = anyFits(keys, raw, given === undefined ? [] : [Buffer.from(given, 'hex')]);
  const id = text(headers['x-github-delivery']);
  const event = text(headers['x-github-event']);
  if (!fits) return { ok: false, why: 'no signature fits' };
  if (!ID.test(id) || !ID.test(event)) return { ok: false, why: 'X-GitHub-Delivery or X-GitHub-Event is missing' };
  return { ok: true, id, event };
}

/** `whsec_` and base64; the prefix is not part of the secret. */
const standardKey = (secret: string): Buffer => Buffer.from(secret.replace(/^whsec_/, ''), 'base64');

function anyFits(keys: readonly Buffer[], signed: Buffer, given: readonly Buffer[]): boolean {
  let fits = false;
  for (const key of keys) {
    const expected = createHmac('sha256', key).update(signed).digest();
    for (const one of given) if (one.length === expected.length && timingSafeEqual(one, expected)) fits = true;
  }
  return fits;
}

const text = (header: string | string[] | undefined): string => (typeof header === 'string' ? header : '');

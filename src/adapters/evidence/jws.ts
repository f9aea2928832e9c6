/** Tokens: JSON with an Ed25519 signature, as compact JWS (RFC 7515, RFC 8037). */
import { sign, verify } from 'node:crypto';
import { EvidenceChanged } from '../../domain/errors';
import { canonical } from './canonical';
import type { SigningKey, VerifyingKey } from './keys';

/** What a token is for. It is part of what is signed, so no token passes for one of another use. */
export type Use = 'request' | 'decision' | `statement-${string}`;

const headerOf = (use: Use, kid: string): string => encode(canonical({ alg: 'EdDSA', kid, typ: `assay-${use}+jws` }));

const encode = (text: string): string => Buffer.from(text, 'utf8').toString('base64url');

export function signToken(use: Use, payload: unknown, { kid, privateKey }: SigningKey): string {
  const signed = `${headerOf(use, kid)}.${encode(canonical(payload))}`;
  return `${signed}.${sign(null, Buffer.from(signed, 'utf8'), privateKey).toString('base64url')}`;
}

/**
 * The payload of a token. Throws EvidenceChanged unless it is one of that use by one of the keys, to the letter: the header has
 * to be the one that Assay writes, so that nothing in it (algorithm, type, key) is for the token to choose.
 */
export function openToken(use: Use, token: string, keys: readonly VerifyingKey[], maxLength: number): unknown {
  if (token.length > maxLength) throw new EvidenceChanged(`a token is longer than ${maxLength} characters`);
  const [header, payload, signature, ...rest] = token.split('.');
  if (!header || !payload || !signature || rest.length > 0) throw new EvidenceChanged('a token has not three parts');
  const key = keys.find(({ kid }) => headerOf(use, kid) === header);
  if (!key) throw new EvidenceChanged(`a token is no ${use}, or by a key that is not known here`);
  const bytes = Buffer.from(signature, 'base64url');
  // Decoding ignores strange characters and spare bits; one signature has one form.
  const sound = bytes.toString('base64url') === signature;
  if (!sound || !verify(null, Buffer.from(`${header}.${payload}`, 'utf8'), key.key, bytes))
    throw new EvidenceChanged(`the signature of a ${use} does not fit`);
  return parse(payload, use);
}

/** What a token says it is for. That is to be believed only of one that was opened for this use. */
export function useOf(token: string): string | undefined {
  const header = Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString('utf8');
  return /"typ":"assay-([a-z-]+)\+jws"/.exec(header)?.[1];
}

function parse(payload: string, use: Use): unknown {
  const text = Buffer.from(payload, 'base64url').toString('utf8');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new EvidenceChanged(`the content of a ${use} is not JSON`);
  }
}

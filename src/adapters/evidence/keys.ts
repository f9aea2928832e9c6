/** Ed25519 keys, as PEM on the outside. Errors say what is wrong with a key and never a part of it. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { Final } from '../../domain/errors';
import { canonical } from './canonical';

export interface KeyPair {
  /** PKCS#8, PEM. */
  readonly privateKey: string;
  /** SubjectPublicKeyInfo, PEM. */
  readonly publicKey: string;
}

/** A new key pair of `signing.decisions` or `signing.ledger`. */
export function generateKeyPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

/** A key that verifies, under the id that tokens name it by. */
export interface VerifyingKey {
  /** JWK thumbprint (RFC 7638, SHA-256), base64url. */
  readonly kid: string;
  readonly key: KeyObject;
}

export interface SigningKey extends VerifyingKey {
  readonly privateKey: KeyObject;
}

/** Throws Final when the PEM is no Ed25519 private key. */
export function signingKey(pem: string): SigningKey {
  const privateKey = load('private', pem, () => createPrivateKey(pem));
  return { privateKey, ...identified(createPublicKey(privateKey)) };
}

/** Throws Final when the PEM is no Ed25519 public key; a private one is refused, since it is where others can read it. */
export function verifyingKey(pem: string): VerifyingKey {
  if (/PRIVATE KEY-----/.test(pem)) throw new Final('a public signing key is a private one: give its public half');
  return identified(load('public', pem, () => createPublicKey(pem)));
}

function load(half: 'private' | 'public', pem: string, parse: () => KeyObject): KeyObject {
  const form = half === 'private' ? 'PKCS#8' : 'SubjectPublicKeyInfo';
  const key = attempt(parse);
  if (!key || pem.trim() === '') throw new Final(`the ${half} signing key is no PEM in ${form} form`);
  if (key.asymmetricKeyType !== 'ed25519')
    throw new Final(`the ${half} signing key is of type ${key.asymmetricKeyType ?? 'unknown'}, not ed25519`);
  return key;
}

function attempt(parse: () => KeyObject): KeyObject | undefined {
  try {
    return parse();
  } catch {
    // OpenSSL's message helps nobody, and what it may quote is not ours to vouch for.
    return undefined;
  }
}

function identified(key: KeyObject): VerifyingKey {
  const { crv, kty, x } = key.export({ format: 'jwk' });
  return { kid: createHash('sha256').update(canonical({ crv, kty, x })).digest('base64url'), key };
}

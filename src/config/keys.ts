/** Signing keys, as far as the config can check them: form and kind, and that the two halves belong together. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

/** What is wrong with a public key; `undefined`: nothing. Never a part of the key. */
export function publicKeyFault(pem: string): string | undefined {
  if (/PRIVATE KEY-----/.test(pem)) return 'holds a private key; give its public half';
  const key = attempt(() => createPublicKey(pem));
  return key?.asymmetricKeyType === 'ed25519' ? undefined : 'holds no Ed25519 public key in PEM form';
}

/** What is wrong with a private key, of which the public half must be among `publicKeys`; `undefined`: nothing. */
export function privateKeyFault(pem: string, publicKeys: readonly string[]): string | undefined {
  const key = attempt(() => createPrivateKey(pem));
  if (key?.asymmetricKeyType !== 'ed25519') return 'is no Ed25519 private key in PEM form';
  const half = spki(createPublicKey(key));
  const known = publicKeys.some((one) => {
    const other = attempt(() => createPublicKey(one));
    return other !== undefined && spki(other) === half;
  });
  return known ? undefined : 'has no public half in publicKeys, so what it signs would be refused';
}

const spki = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();

/** OpenSSL's message helps nobody, and may quote what it was given. */
function attempt(parse: () => KeyObject): KeyObject | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

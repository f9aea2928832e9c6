import { createHash } from 'node:crypto';
import type { EvidenceRef } from '../domain/evidence';
import { LONGEST_USER_DATA, plainSecrets } from '../domain/user-data';

/** What the evidence store will call a text. */
export const refOf = (text: string): EvidenceRef => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** Why a text cannot be user data; each goes on where a file's name ends. No secret is repeated. */
export function userDataFaults(text: string): string[] {
  if (text.trim() === '') return [' is empty'];
  // What is no text, compressed scripts among it, cannot be looked through for secrets.
  if (text.includes('\uFFFD') || text.includes('\0')) return [' is no plain UTF-8 text'];
  const bytes = Buffer.byteLength(text);
  return [
    ...(bytes > LONGEST_USER_DATA ? [` has ${bytes} bytes; EC2 takes ${LONGEST_USER_DATA}`] : []),
    ...plainSecrets(text).map(
      ({ line, what }) =>
        `:${line} holds ${what}; give only the name of an SSM SecureString or a Secrets Manager secret, and read it at boot`,
    ),
  ];
}

/** Evidence in a directory: documents by content under `sha256/`, documents by name beside it. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { EvidenceRef } from '../../domain/evidence';
import { BadInput, EvidenceChanged, NotFound } from '../../domain/errors';
import type { EvidenceStore } from '../ports';
import { createFiles } from './files';

const CONTENT = 'sha256';

/**
 * A store in one directory (made when it is first written to, for its owner only). A document appears whole or not at all, and
 * is on the disk when `put` or `write` has answered. Several processes may use it at once. Faults of the disk are TryAgain
 * (full, failing, too many open files), Forbidden (rights) or Final (a name that the file system cannot hold).
 */
export function createDirectoryStore({ directory }: { readonly directory: string }): EvidenceStore {
  const files = createFiles(directory);
  return {
    async put(text) {
      const bytes = Buffer.from(text, 'utf8');
      // A half of a surrogate pair has no UTF-8: it would be read back as something else.
      if (bytes.toString('utf8') !== text) throw new BadInput(['a document is not well-formed text']);
      const ref = refOf(bytes);
      const stored = await files.read(pathOf(ref));
      if (stored && refOf(stored) !== ref) throw changed(ref);
      // What is there may be another process's, which has not seen to it yet that it stays.
      await (stored ? files.settle(pathOf(ref)) : files.write(pathOf(ref), bytes));
      return ref;
    },

    async get(ref) {
      const path = pathOf(ref);
      const bytes = await files.read(path);
      if (!bytes) throw new NotFound(`document ${ref} is not in the evidence store`);
      if (refOf(bytes) !== ref) throw changed(ref);
      return bytes.toString('utf8');
    },

    async write(name, text) {
      await files.write(named(name), Buffer.from(text, 'utf8'));
    },

    async read(name) {
      return (await files.read(named(name)))?.toString('utf8');
    },

    async list(prefix) {
      if (prefix !== '') assertSafe(prefix, prefix.replace(/\/$/, ''));
      const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
      const found = await files.walk(folder, `${CONTENT}/`);
      return found
        .filter(({ path }) => path.startsWith(prefix))
        .map(({ path, writtenAt }) => ({ name: path, writtenAt }))
        .sort((a, b) => b.writtenAt - a.writtenAt || (a.name < b.name ? -1 : 1));
    },
  };
}

const refOf = (bytes: Buffer): EvidenceRef => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

const changed = (ref: EvidenceRef): EvidenceChanged =>
  new EvidenceChanged(`document ${ref} is not what it was when it was stored`);

/** `sha256/ab/cdef…`: the first two digits spread the documents over 256 folders. */
function pathOf(ref: EvidenceRef): string {
  const hash = /^sha256:([0-9a-f]{64})$/.exec(ref)?.[1];
  if (hash === undefined) throw new EvidenceChanged('what should be a reference to a document is none');
  return join(CONTENT, hash.slice(0, 2), hash.slice(2));
}

/** Refuses what could lead out of the directory, into the documents by content, or to a folder. */
function named(name: string): string {
  assertSafe(name, name);
  return name;
}

function assertSafe(name: string, path: string): void {
  const parts = path.split('/');
  const safe = parts.every((part) => /^[A-Za-z0-9._~-]{1,255}$/.test(part) && part !== '.' && part !== '..');
  if (!safe || name.length > 1000 || parts[0] === CONTENT)
    throw new BadInput(['a document’s name is a relative path of letters, digits, dot, underscore, tilde and hyphen']);
}

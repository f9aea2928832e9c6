/** Files that appear whole or not at all, and stay after a power cut. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Final, Forbidden, TryAgain } from '../../domain/errors';

/** Begins with what no document's name may hold, so that a leftover is never taken for a document. */
const TEMPORARY = '#tmp-';
/** No write takes this long: an older temporary file is what a crash left. */
const LEFTOVER_MS = 3_600_000;

export interface Files {
  /** `undefined` when there is none. */
  read(path: string): Promise<Buffer | undefined>;
  write(path: string, bytes: Buffer): Promise<void>;
  /** Sees to it that a file that is there will be there after a power cut. */
  settle(path: string): Promise<void>;
  /** All files below a folder, without temporary ones and those below `except`. Folders end with a slash, or are empty. */
  walk(folder: string, except: string): Promise<readonly FoundFile[]>;
}

/** `writtenAt` in whole milliseconds since 1970. */
interface FoundFile {
  readonly path: string;
  readonly writtenAt: number;
}

/** Paths are relative to `root` and must be safe. */
export function createFiles(root: string): Files {
  /** When a folder was last freed of leftovers, milliseconds. */
  const swept = new Map<string, number>();

  async function sweepOnce(folder: string): Promise<void> {
    if (Date.now() - (swept.get(folder) ?? 0) < LEFTOVER_MS) return;
    swept.set(folder, Date.now());
    for (const name of await readdir(folder)) if (name.startsWith(TEMPORARY)) await removeIfOld(join(folder, name));
  }

  async function walk(folder: string, except: string): Promise<readonly FoundFile[]> {
    if (folder === except) return [];
    const entries = await absentAs([], () => readdir(join(root, folder), { withFileTypes: true }));
    const found = await Promise.all(
      entries.map(async (entry): Promise<readonly FoundFile[]> => {
        if (entry.isDirectory()) return walk(`${folder}${entry.name}/`, except);
        if (entry.name.startsWith(TEMPORARY)) return [];
        const path = folder + entry.name;
        const stats = await absentAs(undefined, () => stat(join(root, path)));
        return stats ? [{ path, writtenAt: Math.trunc(stats.mtimeMs) }] : [];
      }),
    );
    return found.flat();
  }

  return {
    read: (path) => explained(path, () => absentAs(undefined, () => readFile(join(root, path)))),

    write: (path, bytes) =>
      explained(path, async () => {
        const target = join(root, path);
        const folder = dirname(target);
        await makeFolder(folder);
        await sweepOnce(folder);
        const temporary = join(folder, `${TEMPORARY}${process.pid}-${randomBytes(8).toString('hex')}`);
        try {
          await writeThrough(temporary, bytes);
          await rename(temporary, target);
        } catch (error) {
          await removeQuietly(temporary);
          throw error;
        }
        await syncFolder(folder);
      }),

    settle: (path) => explained(path, () => syncFolder(dirname(join(root, path)))),

    walk: (folder, except) => explained(folder, () => walk(folder, except)),
  };
}

/** Makes a folder and sees to it that its parents know of it after a power cut. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

async function writeThrough(path: string, bytes: Buffer): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some file systems have no such thing; what they promise, they promise without it.
    if (!['EINVAL', 'ENOTSUP', 'EISDIR', 'EPERM'].includes(codeOf(error))) throw error;
  } finally {
    await handle.close();
  }
}

async function removeIfOld(path: string): Promise<void> {
  try {
    if (Date.now() - (await stat(path)).mtimeMs >= LEFTOVER_MS) await unlink(path);
  } catch (error) {
    // Another process was quicker.
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

/** The fault that led here is the one to tell. */
async function removeQuietly(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch {
    // What stays is swept later.
  }
}

async function absentAs<T, A>(absent: A, read: () => Promise<T>): Promise<T | A> {
  try {
    return await read();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error))) return absent;
    throw error;
  }
}

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** Faults of the file system, in words that say what can be done. */
async function explained<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = codeOf(error);
    if (code === '') throw error;
    const what = `evidence store, ${path || '.'}: `;
    if (code === 'EACCES' || code === 'EPERM')
      throw new Forbidden(`${what}not allowed (${code}): the directory must belong to the user that Assay runs as`);
    if (['ENAMETOOLONG', 'EISDIR', 'ENOTDIR', 'EEXIST', 'EINVAL'].includes(code))
      throw new Final(`${what}the file system cannot hold a document of this name (${code})`);
    const full = code === 'ENOSPC' || code === 'EDQUOT' ? 'the disk is full' : 'the disk does not answer as it should';
    throw new TryAgain(`${what}${full} (${code})`);
  }
}

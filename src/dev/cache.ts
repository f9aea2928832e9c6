import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, utimesSync, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';
import type { Env } from './child';

/** A lock whose holder has not touched it for this long is taken for abandoned (its process was killed). */
const ABANDONED_MS = 30_000;
const TOUCH_EVERY_MS = 5_000;
const LOOK_EVERY_MS = 500;

/** Where Assay keeps programs it had to fetch or build: `$XDG_CACHE_HOME/assay`, else `~/.cache/assay` (XDG Base Directory Specification). */
export function cacheRoot(env: Env): string {
  const base = env['XDG_CACHE_HOME'];
  // The specification says that a relative path there is to be ignored.
  if (base !== undefined && isAbsolute(base)) return join(base, 'assay');
  return join(env['HOME'] || homedir(), '.cache', 'assay');
}

export interface CacheEntry {
  /** The entry's folder; it appears whole or not at all. */
  readonly directory: string;
  /** Fills a temporary folder; text given back is why it could not. */
  readonly fill: (temporary: string) => Promise<string | undefined>;
  /** Called once when another process is at it already. */
  readonly onWait: () => void;
  /** Milliseconds to wait for another process that fills the same entry. */
  readonly waitMs: number;
}

/**
 * Makes a cache entry once, whoever asks at the same time: under a lock, into a temporary folder beside it, then by one
 * rename. Gives back why it failed, `undefined` when the entry is there.
 */
export async function makeEntry(entry: CacheEntry): Promise<string | undefined> {
  const parent = dirname(entry.directory);
  mkdirSync(parent, { recursive: true });
  const unlock = await lock(`${entry.directory}.lock`, entry);
  if (unlock === undefined) return `another process has been at it for more than ${Math.round(entry.waitMs / 1_000)} s`;
  const temporary = mkdtempSync(join(parent, `.${basename(entry.directory)}-`));
  try {
    if (existsSync(entry.directory)) return undefined;
    const failure = await entry.fill(temporary);
    if (failure !== undefined) return failure;
    renameSync(temporary, entry.directory);
    return undefined;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
    unlock();
  }
}

/**
 * Takes the lock, a folder, since mkdir is atomic everywhere. `undefined` when it could not be had in time. Two processes
 * that find the same abandoned lock may both get it; that costs a second build and nothing else, as entries appear by rename.
 */
async function lock(path: string, { waitMs, onWait }: CacheEntry): Promise<(() => void) | undefined> {
  const until = Date.now() + waitMs;
  for (let waited = false; ; waited = true) {
    if (tryLock(path)) return keepTouching(path);
    if (Date.now() > until) return undefined;
    if (!waited) onWait();
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

function tryLock(path: string): boolean {
  try {
    mkdirSync(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const touched = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  if (touched !== undefined && Date.now() - touched > ABANDONED_MS) rmSync(path, { recursive: true, force: true });
  return false;
}

function keepTouching(path: string): () => void {
  const toucher = setInterval(() => {
    const now = new Date();
    if (existsSync(path)) utimesSync(path, now, now);
  }, TOUCH_EVERY_MS);
  return () => {
    clearInterval(toucher);
    rmSync(path, { recursive: true, force: true });
  };
}

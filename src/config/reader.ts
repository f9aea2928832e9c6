import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { isPair, isScalar, parseDocument, visit, type Document } from 'yaml';
import type { z } from 'zod';
import { parse, placeOf } from './faults';

/** Changes when a file does: when it is written, replaced, or comes and goes. */
export type Stamp = string;

export function stampOf(path: string): Stamp {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return [ino, size, mtimeNs, ctimeNs].join();
  } catch {
    return 'none';
  }
}

/** Reads a config's files, and collects what is wrong with them instead of stopping at the first fault. */
export class Reader {
  readonly faults: string[] = [];
  /** Everything that was looked for, by absolute path, as it was just before it was read. */
  readonly files = new Map<string, Stamp>();

  constructor(readonly folder: string) {}

  tell(faults: readonly string[]): void {
    for (const fault of faults) if (!this.faults.includes(fault)) this.faults.push(fault);
  }

  /** Looks for a file without reading it. */
  watch(path: string): void {
    this.files.set(path, stampOf(path));
  }

  /** A file's text; `undefined` after a fault. Paths count from the config's folder. `place` names who wants it. */
  text(file: string, place: string): string | undefined {
    const path = resolve(this.folder, file);
    this.watch(path);
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
      this.tell([`${place}${code === 'ENOENT' ? `there is no file ${path}` : `cannot read ${path}: ${code}`}`]);
      return undefined;
    }
  }

  /** A YAML file's value; `undefined` after a fault. */
  yaml(file: string, place: string): unknown {
    const text = this.text(file, place);
    if (text === undefined) return undefined;
    const path = resolve(this.folder, file);
    const document = parseDocument(text, { prettyErrors: true, uniqueKeys: true });
    this.tell(document.errors.map(({ message }) => `${place}${path} is no YAML: ${message.split('\n')[0]}`));
    if (document.errors.length > 0) return undefined;
    this.tell(prototypes(document).map((name) => `${place}${name}: is a name that cannot be used`));
    try {
      // Aliases could make a small file enormous.
      return document.toJS({ maxAliasCount: 50 }) as unknown;
    } catch {
      this.tell([`${place}${path} cannot be read: its aliases lead nowhere, or to too much`]);
      return undefined;
    }
  }

  /** A value in the form of a schema; `undefined` after a fault. */
  parse<S extends z.ZodType>(
    schema: S,
    raw: unknown,
    place: readonly PropertyKey[] = [],
    file = '',
  ): z.output<S> | undefined {
    const result = parse(schema, raw);
    if ('data' in result) return result.data;
    this.tell(result.faults.map(({ path, text }) => `${file}${placeOf([...place, ...path])}: ${text}`));
    return undefined;
  }
}

/**
 * Where a key is `__proto__`: zod leaves such keys out of what it gives back (4.4, `z.record`), and a setting must not vanish in
 * silence.
 */
function prototypes(document: Document): string[] {
  const found: string[] = [];
  visit(document, {
    Pair(_, { key }, ancestors) {
      if (!isScalar(key) || key.value !== '__proto__') return;
      const path = ancestors.flatMap((one) => (isPair(one) && isScalar(one.key) ? [String(one.key.value)] : []));
      found.push(placeOf([...path, '__proto__']));
    },
  });
  return found;
}

import { z } from 'zod';
import { hasExpression } from '../domain/request';
import { nearestKey } from './suggest';

type Issue = z.core.$ZodIssue;

/** Checks a value, and tells its faults as lines that name the place: `lines.golden.bake.pipeline: is missing`. */
export function parse<S extends z.ZodType>(
  schema: S,
  raw: unknown,
): { readonly data: z.output<S> } | { readonly faults: readonly Fault[] } {
  const result = schema.safeParse(raw);
  if (result.success) return { data: result.data };
  return { faults: result.error.issues.flatMap((issue) => tell(issue, issue.path, schema)) };
}

export interface Fault {
  readonly path: readonly PropertyKey[];
  readonly text: string;
}

/** `parts` of an object that fit, each looked at by itself, so that a fault of one does not hide those of others. */
export function fitting<S extends z.ZodRawShape>(
  { shape }: z.ZodObject<S>,
  raw: unknown,
): Partial<z.output<z.ZodObject<S>>> {
  const given = isRecord(raw) ? raw : {};
  const parts = Object.entries(shape).flatMap(([name, part]) => {
    const result = (part as z.ZodType).safeParse(given[name]);
    return result.success ? [[name, result.data]] : [];
  });
  return Object.fromEntries(parts) as Partial<z.output<z.ZodObject<S>>>;
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function tell(issue: Issue, path: readonly PropertyKey[], schema: z.ZodType): Fault[] {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], text: unknownKey(schema, path, key) }));
    case 'invalid_union': {
      const closest = nearest(issue.errors);
      // A union with a message of its own says more than what its first form wants; but not more than a fault further down.
      if (issue.message !== 'Invalid input' && closest.every((one) => one.path.length === 0))
        return [{ path, text: issue.message }];
      return closest.flatMap((one) => tell(one, [...path, ...one.path], schema));
    }
    case 'invalid_key':
      return issue.issues.map(({ message }) => ({ path, text: message }));
    default:
      return [{ path, text: plain(issue.message) }];
  }
}

function unknownKey(schema: z.ZodType, path: readonly PropertyKey[], key: string): string {
  const meant = nearestKey(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), path, key);
  return meant === undefined ? 'there is no such key' : `there is no such key; did you mean ${meant}?`;
}

/** Of several forms that all do not fit, the one that fits best: with the fewest complaints about its top. */
function nearest(errors: readonly (readonly Issue[])[]): readonly Issue[] {
  const weight = (issues: readonly Issue[]): number =>
    issues.reduce((sum, { path, code }) => {
      if (path.length > 1) return sum + 0.01;
      return sum + (code === 'unrecognized_keys' ? 2 : path.length === 0 ? 3 : 1);
    }, 0);
  return [...errors].sort((a, b) => weight(a) - weight(b))[0] ?? [];
}

/** `access.keys[0].id`. A name that Spinnaker would evaluate is not repeated. */
export function placeOf(path: readonly PropertyKey[]): string {
  const text = path.reduce<string>((place, part) => {
    if (typeof part === 'number') return `${place}[${part}]`;
    const name = hasExpression(String(part)) ? '…' : String(part);
    return place === '' ? name : `${place}.${name}`;
  }, '');
  return text === '' ? 'the file' : text;
}

/** Zod begins its own messages with `Invalid input: expected string, received undefined`. */
function plain(message: string): string {
  if (message.endsWith('received undefined')) return 'is missing';
  const text = message.replace(/^Invalid (?:input|option): /, '');
  return text.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
}

/** From what a caller sent to domain values, or to every fault at once. */
import type { z } from 'zod';
import { BadInput } from '../domain/errors';
import { badRequest, faultOf, pointerOf, type Fault } from './problem';

/** Where a value came from: bodies are pointed into, queries named by parameter. */
type Place = 'body' | 'query';

export type Parsed<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly faults: readonly Fault[] };

/** Tries a schema; no fault is left out, and none repeats a value. */
export function tryParse<T extends z.ZodType>(schema: T, value: unknown, place: Place): Parsed<z.output<T>> {
  const result = schema.safeParse(value);
  if (result.success) return { ok: true, value: result.data };
  return { ok: false, faults: result.error.issues.flatMap((issue) => faultsOf(issue, place)) };
}

/** Throws a `bad-request` problem with every fault. */
export function parse<T extends z.ZodType>(schema: T, value: unknown, place: Place): z.output<T> {
  const parsed = tryParse(schema, value, place);
  if (!parsed.ok) throw badRequest(parsed.faults);
  return parsed.value;
}

/** A query, in which a known parameter that is empty counts as not given: forms and `?line=&status=` send those. */
export function parseQuery<S extends z.ZodRawShape>(schema: z.ZodObject<S>, query: unknown): z.output<z.ZodObject<S>> {
  const given = Object.entries(query as object).filter(([name, value]) => value !== '' || !(name in schema.shape));
  return parse(schema, Object.fromEntries(given), 'query');
}

/** What the client finds wrong with a query, as faults of its parameters. Throws everything. */
export function asParameters(error: unknown): never {
  if (!(error instanceof BadInput)) throw error;
  throw badRequest(
    error.faults
      .map(faultOf)
      .map(({ detail, pointer }) => (pointer === undefined ? { detail } : { detail, parameter: pointer.slice(2) })),
  );
}

function faultsOf(issue: z.core.$ZodIssue, place: Place): Fault[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => at([...issue.path, key], place, 'is not a known field'));
  return [at(issue.path, place, detailOf(issue))];
}

function at(path: readonly PropertyKey[], place: Place, detail: string): Fault {
  return place === 'query' ? { parameter: path.map(String).join('.'), detail } : { pointer: pointerOf(path), detail };
}

function detailOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined && issue.message.endsWith('received undefined')
        ? `is missing; it must be ${article(issue.expected)}`
        : `must be ${article(issue.expected)}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'too_big':
      return `is too long: at most ${issue.maximum}${issue.origin === 'string' ? ' characters' : ''}`;
    case 'too_small':
      return issue.origin === 'string' ? 'must not be empty' : `must be at least ${issue.minimum}`;
    case 'invalid_key':
      return 'has a name that is not allowed';
    case 'invalid_union':
    case 'invalid_format':
    case 'invalid_element':
    case 'not_multiple_of':
    case 'unrecognized_keys':
    case 'custom':
      return issue.message;
  }
}

const article = (type: string): string => (/^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`);

/** What Orca reads out of a webhook's answer. */

/** The part of a document that a plain path names (`$.a.b[0]['c']`); `undefined`: not there. */
export function jsonPath(document: unknown, path: string): unknown {
  const steps = path.replace(/^\$/, '').match(/[^.[\]'"]+/g) ?? [];
  return steps.reduce<unknown>(
    (at, step) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, step)
        ? (at as Record<string, unknown>)[step]
        : undefined,
    document,
  );
}

/** A body that Orca takes for JSON; throws for a broken one. Others stay text, and an empty one is null. */
export function readBody(body: string, contentType: string): unknown {
  if (body === '') return null;
  return /^application\/(?:[a-z0-9.!#$&^_-]+\+)?json\b/i.test(contentType) ? (JSON.parse(body) as unknown) : body;
}

/** What is left of a value in a stage's context, where keys whose value is null vanish. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]) =>
      one === null || one === undefined ? [] : [[name, withoutNulls(one)]],
    ),
  );
}

/** Whether a number at the end of a path is written as Java reads an Integer: `100` is, `100.0` and `1e2` are not. */
export function isInteger(body: string, path: string, value: number): boolean {
  const name = JSON.stringify(path.match(/[^.[\]'"]+/g)?.at(-1) ?? '').replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return new RegExp(`${name}\\s*:\\s*${value}\\s*[,}\\]]`).test(body);
}

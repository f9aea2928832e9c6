/** What Orca reads out of a webhook's answer. */

/** The part of a document that a plain path names (`$.a.b[0]['c']`); `undefined`: not there. */
export function jsonPath(document: unknown, path: string): unknown {
  const steps = path.replace(/^\$/, '').match(/[^.[\]'"]+/g) ?? [];
  return steps.reduce<unknown>(
    (at, step) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[step] : undefined),
    document,
  );
}

/** A body that Orca takes for JSON; throws for a broken one. Others stay text, and an empty one is null. */
export function readBody(body: string, contentType: string): unknown {
  if (body === '') return null;
  return /^application\/(?:[a-z0-9.!#$&^_-]+\+)?json\b/i.test(contentType) ? (JSON.parse(body) as unknown) : body;
}

/** Texts in an answer that Orca would evaluate as expressions at its next step: an injection, whoever wrote them. */
export function expressionsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.includes('${') ? [value] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(expressionsIn) : [];
}

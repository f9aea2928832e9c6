/** One text for one value, so that its hash and its signature mean the value. */

/**
 * Canonical JSON as in RFC 8785: no spaces, properties sorted by UTF-16 code units, numbers and strings as ECMAScript writes
 * them. Properties that are `undefined` are left out. Throws TypeError for what JSON cannot say. A half of a surrogate pair,
 * which the RFC refuses, is written escaped: scanners do send such texts.
 */
export function canonical(value: unknown): string {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError('a number that is not finite has no JSON');
      return JSON.stringify(value);
    case 'object':
      if (value === null) return 'null';
      if (Array.isArray(value)) return `[${Array.from(value, canonical).join(',')}]`;
      return canonicalObject(value);
    default:
      throw new TypeError(`a value of type ${typeof value} has no JSON`);
  }
}

function canonicalObject(value: object): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw new TypeError('only plain objects have canonical JSON');
  const properties = Object.entries(value)
    .filter(([, part]) => part !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : Number(a > b)))
    .map(([name, part]) => `${JSON.stringify(name)}:${canonical(part)}`);
  return `{${properties.join(',')}}`;
}

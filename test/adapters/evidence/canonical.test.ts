import fc from 'fast-check';
import { canonical } from '../../../src/adapters/evidence/canonical';

const anyJson = fc.jsonValue({ noUnicodeString: false });

test('a value has one text, whatever the order of its properties', () => {
  const shuffled = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(shuffled);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([name, part]) => [name, shuffled(part)]),
    );
  };
  fc.assert(fc.property(anyJson, (value) => canonical(shuffled(value)) === canonical(value)));
});

test('it is JSON of the same value, and its own canonical text', () => {
  fc.assert(
    fc.property(anyJson, (value) => {
      const text = canonical(value);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(canonical(JSON.parse(text))).toBe(text);
    }),
  );
});

test('two values have one text only if they are one value', () => {
  const small = fc.jsonValue({ maxDepth: 2 });
  fc.assert(
    fc.property(small, small, (a, b) => (canonical(a) === canonical(b)) === (plain(a) === plain(b))),
    { numRuns: 500 },
  );
});

/** Equal for equal values: entries instead of properties, sorted. */
function plain(value: unknown): string {
  const entries = (part: unknown): unknown => {
    if (Array.isArray(part)) return ['list', ...part.map(entries)];
    if (typeof part !== 'object' || part === null) return part;
    const all = Object.entries(part).map(([name, inner]) => [name, entries(inner)]);
    return ['object', ...all.map((entry) => JSON.stringify(entry)).sort()];
  };
  return JSON.stringify(entries(value));
}

test('the examples of RFC 8785 come out as it has them', () => {
  const given = {
    numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
    string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
    literals: [null, true, false],
  };
  expect(canonical(given)).toBe(
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
      '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
  const sorted = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 };
  expect([...canonical(sorted).matchAll(/:(\d)/g)].map(([, value]) => Number(value))).toEqual([2, 4, 6, 7, 1, 5, 3]);
  expect(canonical(-0)).toBe('0');
});

test('undefined properties are left out', () => {
  expect(canonical({ b: undefined, a: { c: undefined } })).toBe('{"a":{}}');
});

test.each([
  ['undefined', undefined],
  ['undefined in a list', [undefined]],
  ['a hole in a list', new Array(1)],
  ['a function', () => 1],
  ['a symbol', Symbol('s')],
  ['a bigint', 1n],
  ['NaN', NaN],
  ['Infinity', { a: -Infinity }],
  ['a Date', new Date(0)],
  ['a Map', new Map()],
])('%s has no canonical JSON', (_, value) => {
  expect(() => canonical(value)).toThrow(TypeError);
});

import fc from 'fast-check';
import { decisionName, documentName, NO_REFS } from '../../src/domain/evidence';
import { isKey, isLineName, runId } from '../../src/domain/names';

const letters = [...'abzABZ0129._-'];
const key = fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 100 });
const id = fc.tuple(key, fc.integer({ min: 1, max: 99 })).map(([k, n]) => runId(k, n));
const kinds = Object.entries(documentName);

test.each(kinds)('the name of %s is one folder and one file, of safe characters, for every run and line', (_, name) => {
  fc.assert(
    fc.property(fc.oneof(id, fc.constantFrom('.', '..', '...', '-', 'a..b')), (owner) => {
      const made = name(owner);
      expect(made).toMatch(/^[a-z]+\/[A-Za-z0-9._~-]+\.json$/);
      expect(made.split('/')).toHaveLength(2);
      expect(['.', '..']).not.toContain(made.split('/')[1]);
    }),
  );
});

test('no two documents share a name', () => {
  const any = fc.tuple(fc.constantFrom(...kinds), id);
  fc.assert(
    fc.property(any, any, ([[a, nameA], x], [[b, nameB], y]) => {
      fc.pre(a !== b || x !== y);
      expect(nameA(x)).not.toBe(nameB(y));
    }),
  );
});

test('decisions are in a folder of their run', () => {
  const name = decisionName.of('spring~2', `sha256:${'0a'.repeat(32)}`);
  expect(name).toBe(`${decisionName.folder('spring~2')}${'0a'.repeat(32)}.json`);
  expect(name).toMatch(/^[A-Za-z0-9._~/-]+$/);
  // A run's name that begins another's leads to none of its decisions.
  expect(name.startsWith(decisionName.folder('spring'))).toBe(false);
});

test('a text that would leave its folder is neither a key nor a line', () => {
  for (const text of ['../x', 'a/b', 'a\\b', '/x', 'a\u0000']) {
    expect(isKey(text)).toBe(false);
    expect(isLineName(text)).toBe(false);
  }
});

test('a run begins without evidence', () => {
  expect(Object.values(NO_REFS).flat()).toEqual([null, null, null, null]);
});

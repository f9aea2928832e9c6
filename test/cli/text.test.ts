import fc from 'fast-check';
import { clean, duration, pad, safeJson, table, truncate, widthOf } from '../../src/cli/text';

const ESC = '\u001b';

describe('text from outside', () => {
  test.each([
    ['a colour', `${ESC}[31mred`, '\ufffd[31mred'],
    ['a cursor move of one character (C1)', 'a\u009b2Jb', 'a\ufffd2Jb'],
    ['a title of the window', `${ESC}]0;x\u0007y`, '\ufffd]0;x\ufffdy'],
    ['a backspace', 'deny\b\b\b\bapprove', 'deny\ufffd\ufffd\ufffd\ufffdapprove'],
    ['a carriage return', 'one\rtwo', 'one two'],
    ['new lines and tabs', 'one\n\t two', 'one two'],
    ['a turned direction', 'a\u202egnp.exe', 'a\ufffdgnp.exe'],
    ['half a character', 'a\ud800b', 'a\ufffdb'],
    ['nothing bad', 'Zürich – 東京 👍', 'Zürich – 東京 👍'],
  ])('%s is harmless', (_name, given, made) => {
    expect(clean(given)).toBe(made);
  });

  test('whatever comes, no control character is left, in words or in JSON', () => {
    // eslint-disable-next-line no-control-regex
    const obeyed = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/;
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(clean(text)).not.toMatch(obeyed);
        expect(safeJson({ text })).not.toMatch(obeyed);
      }),
    );
  });

  test('JSON that was made harmless is still the same JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(safeJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
        expect(JSON.parse(safeJson(value, 2))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe('widths', () => {
  test.each([
    ['abc', 3],
    ['東京', 4],
    ['👍', 2],
    ['e\u0301', 1],
    ['', 0],
  ])('%j takes %d columns', (text, columns) => {
    expect(widthOf(text)).toBe(columns);
  });

  test('what is cut is never wider than it may be', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 20 }), (text, columns) => {
        expect(widthOf(truncate(text, columns))).toBeLessThanOrEqual(columns);
      }),
    );
  });

  test.each([
    ['abcdef', 4, 'abc…'],
    ['abcd', 4, 'abcd'],
    ['東京都', 4, '東…'],
    ['abc', 0, ''],
  ])('%j cut to %d is %j', (text, columns, made) => {
    expect(truncate(text, columns)).toBe(made);
  });

  test('a text is filled up to its column', () => {
    expect(pad('東', 4)).toBe('東  ');
  });
});

test('a table is aligned, cleaned and cut', () => {
  const lines = table(
    ['A', 'B', 'C'],
    [
      ['longer', 'x', 'a last cell that is long'],
      ['y', `${ESC}[2J`, ''],
    ],
    24,
  );
  expect(lines).toEqual(['A       B     C', 'longer  x     a last ce…', 'y       \ufffd[2J']);
});

test.each([
  [-5, '0s'],
  [999, '0s'],
  [59_999, '59s'],
  [185_000, '3m 05s'],
  [3_600_000 * 2 + 60_000 * 7, '2h 07m'],
  [86_400_000 * 3 + 3_600_000 * 4, '3d 4h'],
])('%d ms is %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

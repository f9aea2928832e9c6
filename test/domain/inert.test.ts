import fc from 'fast-check';
import { hasExpression } from '../../src/domain/request';
import { inert } from '../../src/domain/status';
import { texts } from './given';

describe('a text made inert', () => {
  test('reads the same and cannot be evaluated', () => {
    expect(inert('${x}')).toBe('$\u200b{x}');
    expect(inert('$${{x}}')).toBe('$$\u200b{{x}}');
    expect(inert('${${x}}')).toBe('$\u200b{$\u200b{x}}');
  });

  test('is left alone where there is nothing to evaluate', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        fc.pre(!text.includes('${'));
        expect(inert(text)).toBe(text);
      }),
    );
  });

  test('loses nothing but its danger, in any value, in names too', () => {
    const strip = (value: unknown): unknown => JSON.parse(JSON.stringify(value).replaceAll('\u200b', ''));
    const text = fc.string({ unit: fc.constantFrom('$', '{', '}', 'a', '${'), maxLength: 8 });
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        text,
        fc.constantFrom(null, true, 7),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(text, tie('value'), { maxKeys: 3 }),
      ),
    }));
    fc.assert(
      fc.property(value, (given) => {
        const safe = inert(given);
        for (const one of texts(safe)) expect(hasExpression(one)).toBe(false);
        expect(strip(safe)).toEqual(JSON.parse(JSON.stringify(given)));
      }),
    );
  });
});

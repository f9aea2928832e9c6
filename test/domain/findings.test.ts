import fc from 'fast-check';
import { countFindings, SEVERITIES, uniteFindings, type Finding } from '../../src/domain/findings';
import { anyAssessment, anyFinding } from './any';
import { assessment, finding } from './given';

const unite = (...findings: readonly Finding[]): Finding[] => uniteFindings([assessment({ findings })]);

describe('united findings', () => {
  test('are the same in whatever order assessments and findings come', () => {
    const shuffled = fc
      .array(anyFinding, { maxLength: 8 })
      .chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })));
    fc.assert(
      fc.property(shuffled, fc.nat({ max: 8 }), ([list, other], cut) => {
        const halves = [assessment({ findings: other.slice(0, cut) }), assessment({ findings: other.slice(cut) })];
        expect(uniteFindings(halves)).toEqual(unite(...list));
      }),
    );
  });

  test('do not change when they are united again, or when everything is said twice', () => {
    fc.assert(
      fc.property(fc.array(anyAssessment(), { maxLength: 4 }), (assessments) => {
        const once = uniteFindings(assessments);
        expect(unite(...once)).toEqual(once);
        expect(uniteFindings([...assessments, ...assessments])).toEqual(once);
      }),
    );
  });

  test('are one of each key, the worst first', () => {
    fc.assert(
      fc.property(fc.array(anyFinding), (list) => {
        const united = unite(...list);
        expect(new Set(united.map(({ key }) => key))).toEqual(new Set(list.map(({ key }) => key)));
        expect(united.length).toBe(new Set(list.map(({ key }) => key)).size);
        const ranks = united.map(({ severity }) => SEVERITIES.indexOf(severity));
        expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
      }),
    );
  });

  test('lose no fact: the worst severity, every fix, exploit and package, the highest numbers', () => {
    fc.assert(
      fc.property(fc.array(anyFinding, { minLength: 1 }), (list) => {
        for (const one of unite(...list)) {
          const same = list.filter(({ key }) => key === one.key);
          const worst = Math.min(...same.map(({ severity }) => SEVERITIES.indexOf(severity)));
          expect(one.severity).toBe(SEVERITIES[worst]);
          expect(one.fixAvailable).toBe(same.some(({ fixAvailable }) => fixAvailable));
          expect(one.exploitAvailable).toBe(same.some(({ exploitAvailable }) => exploitAvailable));
          expect(one.epss ?? -1).toBe(Math.max(...same.map(({ epss }) => epss ?? -1)));
          expect(one.score ?? -1).toBe(Math.max(...same.map(({ score }) => score ?? -1)));
          const said = same.flatMap(({ packages }) => packages);
          expect(one.packages).toEqual(expect.arrayContaining([...said]));
          expect(said).toEqual(expect.arrayContaining([...one.packages]));
        }
      }),
    );
  });

  test('count as suppressed only where every assessor says so', () => {
    expect(unite(finding({ suppressed: true }), finding({ suppressed: false }))[0]?.suppressed).toBe(false);
    expect(unite(finding({ suppressed: true }), finding({ suppressed: true }))[0]?.suppressed).toBe(true);
  });

  test('take the words of the assessor that rates it worst', () => {
    const mild = finding({ severity: 'low', title: 'a mild word' });
    const grave = finding({ severity: 'critical', title: 'zero day' });
    expect(unite(mild, grave)[0]?.title).toBe('zero day');
    expect(unite(grave, mild)[0]?.title).toBe('zero day');
  });

  test('an unrated finding never hides a rated one', () => {
    expect(unite(finding({ severity: 'unknown' }), finding({ severity: 'info' }))[0]?.severity).toBe('info');
  });
});

describe('counts', () => {
  test('by severity sum up to the total', () => {
    fc.assert(
      fc.property(fc.array(anyFinding), fc.option(fc.array(fc.string())), (list, approved) => {
        const counts = countFindings(list, approved);
        expect(SEVERITIES.reduce((sum, severity) => sum + counts[severity], 0)).toBe(counts.total);
        expect(counts.total).toBe(list.length);
        expect(counts.waived).toBe(0);
      }),
    );
  });

  test('what is new, fixed and kept adds up against the approved image', () => {
    const keys = fc.uniqueArray(fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd'), maxLength: 2 }));
    fc.assert(
      fc.property(keys, keys, (now, before) => {
        const counts = countFindings(
          now.map((key) => finding({ key })),
          before,
        );
        const kept = now.filter((key) => before.includes(key)).length;
        expect(counts.new).toBe(now.length - kept);
        expect(counts.fixed).toBe(before.length - kept);
      }),
    );
  });

  test('without an approved image nothing is called new or fixed', () => {
    expect(countFindings([finding()], null)).toMatchObject({ high: 1, total: 1, new: null, fixed: null });
    expect(countFindings([finding()], [])).toMatchObject({ new: 1, fixed: 0 });
  });
});

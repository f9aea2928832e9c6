import fc from 'fast-check';
import { approvalProgress, type Decision } from '../../src/domain/approval';
import { context, decision, line } from './given';

const asks = (groups: Record<string, number>) => context({ settings: { ...line().approval, groups } });
const security = (change: Partial<Decision> = {}): Decision => decision({ by: 'sam', groups: ['security'], ...change });
const platform = (change: Partial<Decision> = {}): Decision => decision({ by: 'pat', groups: ['platform'], ...change });

describe('places', () => {
  const progress = (groups: Record<string, number>, ...decisions: readonly Decision[]) =>
    approvalProgress(asks(groups), decisions);

  test('a person of two groups fills one place only', () => {
    const both = decision({ by: 'bea', groups: ['security', 'platform'] });
    expect(progress({ security: 1, platform: 1 }, both)).toEqual({ needed: 2, given: 1, by: ['bea'] });
  });

  test('a person counts once, under whatever name and however often', () => {
    const names = ['bea', 'BEA', ' bea', 'be\u200ba'].map((by) => security({ by }));
    expect(progress({ security: 4 }, ...names)).toEqual({ needed: 4, given: 1, by: ['bea'] });
  });

  test('who came first moves on, so that a later person finds a place', () => {
    const both = decision({ by: 'bea', groups: ['security', 'platform'] });
    expect(progress({ security: 1, platform: 1 }, both, security())).toMatchObject({ needed: 2, given: 2 });
    expect(progress({ security: 1, platform: 1 }, both, platform())).toMatchObject({ needed: 2, given: 2 });
  });

  test('more people than places do no harm', () => {
    const three = ['a', 'b', 'c'].map((by) => security({ by }));
    expect(progress({ security: 2, platform: 1 }, ...three)).toEqual({ needed: 3, given: 2, by: ['a', 'b', 'c'] });
  });

  test('the star takes an approver of any group, and nobody else', () => {
    expect(progress({ '*': 2 }, security(), platform())).toMatchObject({ needed: 2, given: 2 });
    expect(progress({ '*': 1 }, decision({ groups: ['guests'] }))).toMatchObject({ needed: 1, given: 0 });
  });

  test('only approvals fill places', () => {
    const others = [security({ verdict: 'deny' }), platform({ verdict: 'withdraw' })];
    expect(progress({ security: 1, platform: 1 }, ...others)).toEqual({ needed: 2, given: 0, by: [] });
  });

  test('as many are filled as any seating could fill', () => {
    const groups = fc.record(
      { security: fc.nat({ max: 2 }), platform: fc.nat({ max: 2 }), ops: fc.nat({ max: 2 }), '*': fc.nat({ max: 2 }) },
      { requiredKeys: [] },
    );
    const people = fc.array(fc.subarray(['security', 'platform', 'ops', 'guests']), { maxLength: 6 });
    const approvers = ['security', 'platform', 'ops'];
    fc.assert(
      fc.property(groups, people, (asked, members) => {
        const decisions = members.map((mine, n) => decision({ by: `p${n}`, groups: mine }));
        const settings = { ...line().approval, groups: asked };
        const places = Object.entries(asked).flatMap(([group, n]) => Array.from({ length: n }, () => group));
        const { needed, given } = approvalProgress({ settings, approvers }, decisions);
        expect(needed).toBe(places.length);
        expect(given).toBe(mostSeated(places, members, approvers));
      }),
      { numRuns: 500 },
    );
  });

  test('never fewer are filled when one more person approves', () => {
    const people = fc.array(fc.subarray(['security', 'platform']), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(people, (members) => {
        const decisions = members.map((mine, n) => decision({ by: `p${n}`, groups: mine }));
        const groups = { security: 2, platform: 1, '*': 1 };
        const before = progress(groups, ...decisions.slice(0, -1)).given;
        expect(progress(groups, ...decisions).given).toBeGreaterThanOrEqual(before);
      }),
    );
  });
});

/** Tries every seating. */
function mostSeated(
  places: readonly string[],
  people: readonly (readonly string[])[],
  approvers: readonly string[],
): number {
  const [place, ...rest] = places;
  if (place === undefined) return 0;
  const seated = people.flatMap((groups, index) => {
    const mine = groups.filter((group) => approvers.includes(group));
    const fits = place === '*' ? mine.length > 0 : mine.includes(place);
    return fits ? [1 + mostSeated(rest, people.toSpliced(index, 1), approvers)] : [];
  });
  return Math.max(mostSeated(rest, people, approvers), ...seated);
}

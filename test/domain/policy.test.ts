import fc from 'fast-check';
import type { Finding } from '../../src/domain/findings';
import { judge, type OnIncomplete, type Policy, type Rule, type Verdict } from '../../src/domain/policy';
import { anyAssessment, anyFinding, anyPolicy } from './any';
import { assessment, finding } from './given';

const WORSE: readonly Verdict[] = ['approve', 'review', 'deny'];
const onIncomplete = fc.constantFrom<OnIncomplete>('review', 'deny');
const COMPLETE = [assessment()];
const deny = (...rules: readonly Rule[]): Policy => ({ deny: rules, review: [] });
const review = (...rules: readonly Rule[]): Policy => ({ deny: [], review: rules });
const verdictOf = (policy: Policy, findings: readonly Finding[]): Verdict =>
  judge(policy, findings, COMPLETE, 'review').verdict;
const times = (n: number, change: Partial<Finding> = {}): Finding[] =>
  Array.from({ length: n }, (_, index) => finding({ key: `k${index}`, ...change }));

describe('the verdict', () => {
  test('is approve when everything was assessed and no rule fires, and says so', () => {
    expect(judge(deny({ severity: 'critical' }), times(3), COMPLETE, 'review')).toEqual({
      verdict: 'approve',
      reasons: ['no rule fired'],
    });
  });

  test('deny wins over review, and both stay among the reasons', () => {
    const policy: Policy = { deny: [{ severity: 'high' }], review: [{ always: true }] };
    expect(judge(policy, times(2), COMPLETE, 'review')).toEqual({
      verdict: 'deny',
      reasons: ['denied: 2 high findings', 'needs review: always'],
    });
  });

  test('is never milder for one more finding', () => {
    const all = fc.tuple(anyPolicy, fc.array(anyFinding), anyFinding, fc.array(anyAssessment()), onIncomplete);
    fc.assert(
      fc.property(all, ([policy, findings, more, assessments, incomplete]) => {
        const before = judge(policy, findings, assessments, incomplete).verdict;
        const now = judge(policy, [...findings, more], assessments, incomplete).verdict;
        expect(WORSE.indexOf(now)).toBeGreaterThanOrEqual(WORSE.indexOf(before));
      }),
    );
  });

  test('is never milder for one more rule', () => {
    fc.assert(
      fc.property(anyPolicy, anyPolicy, fc.array(anyFinding), (policy, more, findings) => {
        const both = { deny: [...policy.deny, ...more.deny], review: [...policy.review, ...more.review] };
        const before = WORSE.indexOf(verdictOf(policy, findings));
        expect(WORSE.indexOf(verdictOf(both, findings))).toBeGreaterThanOrEqual(before);
      }),
    );
  });

  test('does not depend on the order of the findings', () => {
    fc.assert(
      fc.property(anyPolicy, fc.array(anyFinding), (policy, findings) => {
        expect(judge(policy, [...findings].reverse(), COMPLETE, 'review')).toEqual(
          judge(policy, findings, COMPLETE, 'review'),
        );
      }),
    );
  });

  test('always has a reason, one for each rule that fired', () => {
    fc.assert(
      fc.property(anyPolicy, fc.array(anyFinding), (policy, findings) => {
        const alone = [
          ...policy.deny.map((rule) => verdictOf(deny(rule), findings)),
          ...policy.review.map((rule) => verdictOf(review(rule), findings)),
        ].filter((verdict) => verdict !== 'approve');
        const { reasons } = judge(policy, findings, COMPLETE, 'review');
        expect(reasons).toHaveLength(Math.max(alone.length, 1));
      }),
    );
  });
});

describe('an assessment that is not complete', () => {
  const gap = anyAssessment(fc.constantFrom('incomplete', 'unscannable', 'failed'));

  test('never leads to approve, whatever else was found complete and clean', () => {
    fc.assert(
      fc.property(gap, fc.array(anyAssessment()), anyPolicy, onIncomplete, (open, others, policy, incomplete) => {
        expect(judge(policy, [], [...others, open], incomplete).verdict).not.toBe('approve');
      }),
    );
  });

  test.each(['review', 'deny'] as const)('gives %s where the line says so, with its reason', (incomplete) => {
    const gaps = [assessment({ status: 'unscannable', reason: 'no agent' })];
    expect(judge(deny(), [], gaps, incomplete)).toEqual({
      verdict: incomplete,
      reasons: ['inspector2 is unscannable: no agent'],
    });
  });

  test('is told without a reason when it gave none', () => {
    const { reasons } = judge(deny(), [], [assessment({ status: 'failed' })], 'review');
    expect(reasons).toEqual(['inspector2 is failed']);
  });

  test.each(['review', 'deny'] as const)('no assessment at all is not clean either: %s', (incomplete) => {
    expect(judge(deny(), [], [], incomplete)).toEqual({
      verdict: incomplete,
      reasons: ['nothing assessed this image'],
    });
  });

  test('does not soften what a rule denies', () => {
    expect(judge(deny({ severity: 'high' }), times(1), [assessment({ status: 'failed' })], 'review').verdict).toBe(
      'deny',
    );
  });
});

describe('a complete scan that says itself that it did not see everything', () => {
  test('is not clean', () => {
    const gaps = [assessment({ warnings: ['DEEP_INSPECTION_PACKAGE_COLLECTION_LIMIT_EXCEEDED'] })];
    const reason = `${gaps[0]?.assessor} has gaps: DEEP_INSPECTION_PACKAGE_COLLECTION_LIMIT_EXCEEDED`;
    expect(judge({ deny: [], review: [] }, [], gaps, 'review')).toEqual({ verdict: 'review', reasons: [reason] });
    expect(judge({ deny: [], review: [] }, [], gaps, 'deny')).toEqual({ verdict: 'deny', reasons: [reason] });
  });
});

describe('a rule', () => {
  test.each<[string, Rule, Partial<Finding>, boolean]>([
    ['one severity', { severity: 'high' }, {}, true],
    ['another severity', { severity: 'critical' }, {}, false],
    ['any of several severities', { severity: ['critical', 'high'] }, {}, true],
    ['none of several severities', { severity: ['low', 'info'] }, {}, false],
    ['a fix that exists', { fixAvailable: true }, { fixAvailable: true }, true],
    ['a fix that does not', { fixAvailable: true }, { fixAvailable: false }, false],
    ['the lack of a fix', { fixAvailable: false }, { fixAvailable: false }, true],
    ['an exploit', { exploitAvailable: true }, { exploitAvailable: true }, true],
    ['no exploit', { exploitAvailable: true }, { exploitAvailable: false }, false],
    ['all conditions at once', { severity: 'high', exploitAvailable: true }, { exploitAvailable: true }, true],
    ['all but one condition', { severity: 'high', exploitAvailable: true }, { exploitAvailable: false }, false],
    ['no condition, so anything', {}, { severity: 'info' }, true],
    ['what could not be rated', { severity: 'unknown' }, { severity: 'unknown' }, true],
    ['what is suppressed at the source', { severity: 'high' }, { suppressed: true }, true],
  ])('on %s', (_, rule, change, fires) => {
    expect(verdictOf(deny(rule), [finding(change)])).toBe(fires ? 'deny' : 'approve');
  });

  test('that fires always needs no finding', () => {
    expect(verdictOf(review({ always: true }), [])).toBe('review');
    expect(verdictOf(deny({ always: true }), [])).toBe('deny');
  });

  test('without findings nothing else fires', () => {
    fc.assert(
      fc.property(anyPolicy, (policy) => {
        const rules = [...policy.deny, ...policy.review];
        fc.pre(!rules.some((rule) => 'always' in rule));
        expect(verdictOf(policy, [])).toBe('approve');
      }),
    );
  });

  test.each([
    [undefined, 0, false],
    [undefined, 1, true],
    [0, 1, true],
    [10, 10, false],
    [10, 11, true],
  ])('with moreThan %p and %p matches fires: %p', (moreThan, n, fires) => {
    const rule: Rule = { severity: 'medium', ...(moreThan === undefined ? {} : { moreThan }) };
    expect(verdictOf(deny(rule), times(n, { severity: 'medium' }))).toBe(fires ? 'deny' : 'approve');
  });

  test.each<[Rule, string]>([
    [{}, 'denied: 3 findings'],
    [{ severity: ['critical', 'high'] }, 'denied: 3 critical or high findings'],
    [{ severity: 'high', fixAvailable: true }, 'denied: 3 high findings with a fix'],
    [{ exploitAvailable: false }, 'denied: 3 findings without a known exploit'],
    [{ severity: 'high', moreThan: 2 }, 'denied: 3 high findings (at most 2 allowed)'],
  ])('%j says how many it found', (rule, reason) => {
    expect(judge(deny(rule), times(3), COMPLETE, 'review').reasons).toEqual([reason]);
  });

  test('says that there is no fix, or an exploit', () => {
    const worst = times(2, { fixAvailable: false, exploitAvailable: true });
    expect(judge(review({ fixAvailable: false, exploitAvailable: true }), worst, COMPLETE, 'review').reasons).toEqual([
      'needs review: 2 findings without a fix with a known exploit',
    ]);
  });
});

import fc from 'fast-check';
import { approvalContext, type Decision } from '../../src/domain/approval';
import { publicationFaults, type PublicationEvidence } from '../../src/domain/publication';
import { after, decision, RUN } from './given';
import { evidence, PAT, SAM } from './publication-given';

const DEADLINE_MINUTES = 72 * 60;
const GOOD = evidence();
const { settings, evaluation, request } = GOOD;
const faultsOf = (change: Partial<PublicationEvidence>, of = GOOD): string[] => publicationFaults({ ...of, ...change });
const decided = (...decisions: readonly Decision[]): string[] => faultsOf({ decisions });
const DO_NOT_SUFFICE = ['the approvals that still stand do not suffice'];

describe('the approvals are counted again', () => {
  test.each<[string, readonly Decision[]]>([
    ['none', []],
    ['too few', [SAM]],
    ['one person twice', [SAM, { ...SAM, id: '3', groups: ['platform'] }]],
    ['one person under two names', [SAM, { ...PAT, by: ' SAM@Example.com' }]],
    ['the claimed requester', [SAM, { ...PAT, by: 'Alice@example.com' }]],
    ['the credential that asked', [SAM, { ...PAT, credential: 'spinnaker' }]],
    ['somebody without a group', [SAM, { ...PAT, groups: [] }]],
    ['somebody of a group that is no approvers’', [SAM, { ...PAT, groups: ['guests'] }]],
    ['two people of one group', [SAM, { ...PAT, groups: ['security'] }]],
    ['an approval of another run', [SAM, { ...PAT, run: 'other' }]],
    ['an approval of other evidence', [SAM, { ...PAT, evidenceDigest: 'sha256:other' }]],
    ['an approval of no evidence', [SAM, { ...PAT, evidenceDigest: null }]],
    ['an approval after the deadline', [SAM, { ...PAT, at: after(DEADLINE_MINUTES + 6) }]],
    ['an approval without a time', [SAM, { ...PAT, at: 'once' }]],
    [
      'an approval that was withdrawn',
      [SAM, PAT, { ...PAT, id: '3', verdict: 'withdraw', evidenceDigest: null, at: after(30) }],
    ],
    [
      'an approval that was withdrawn, the withdrawal first',
      [{ ...PAT, id: '3', verdict: 'withdraw', at: after(30) }, SAM, PAT],
    ],
    [
      'an approval that was withdrawn under another spelling',
      [SAM, PAT, { ...PAT, verdict: 'withdraw', by: 'PAT@example.com', at: after(30) }],
    ],
    [
      'an approval that was withdrawn by who is no longer entitled',
      [SAM, PAT, { ...PAT, verdict: 'withdraw', groups: [], at: after(30) }],
    ],
    ['an approval with a withdrawal of no known time', [SAM, PAT, { ...PAT, verdict: 'withdraw', at: '' }]],
    [
      'withdrawals',
      [
        { ...SAM, verdict: 'withdraw' },
        { ...PAT, verdict: 'withdraw' },
      ],
    ],
  ])('%s: not enough', (_, decisions) => expect(decided(...decisions)).toEqual(DO_NOT_SUFFICE));

  test.each<[string, readonly Decision[]]>([
    ['an approval just before the deadline', [SAM, { ...PAT, at: after(DEADLINE_MINUTES) }]],
    ['an approval by a clock that goes a little fast', [SAM, { ...PAT, at: after(DEADLINE_MINUTES + 4) }]],
    ['an approval after a withdrawal', [{ ...PAT, id: '0', verdict: 'withdraw', at: after(15) }, SAM, PAT]],
    ['somebody else’s withdrawal', [SAM, PAT, decision({ by: 'zoe', verdict: 'withdraw', at: after(30) })]],
    ['a denial by the requester', [SAM, PAT, decision({ by: 'alice@example.com', verdict: 'deny' })]],
    ['a denial by somebody who may not decide', [SAM, PAT, decision({ by: 'zoe', groups: [], verdict: 'deny' })]],
    ['a denial of another run', [SAM, PAT, decision({ by: 'zoe', run: 'other', verdict: 'deny' })]],
  ])('%s: enough', (_, decisions) => expect(decided(...decisions)).toEqual([]));

  test('the deadline counts from when people were asked, not from the evaluation before', () => {
    const late = [SAM, { ...PAT, at: after(DEADLINE_MINUTES + 60) }];
    const asked = (minutes: number) => ({ kind: 'asked', run: RUN, at: after(minutes) }) as const;
    const judged = (at: number) => publicationFaults({ ...evidence(), asked: asked(at), decisions: late });
    expect(judged(60)).toEqual([]);
    expect(judged(40)).toEqual(DO_NOT_SUFFICE);
  });

  test.each<[string, Partial<Decision>]>([
    ['of somebody else', { by: 'zoe' }],
    ['of somebody who approved before', { by: SAM.by, at: after(30) }],
    ['that names no evidence', { by: 'zoe', evidenceDigest: null }],
    ['after the deadline', { by: 'zoe', at: after(DEADLINE_MINUTES * 2) }],
    ['without a time', { by: 'zoe', at: '' }],
  ])('a denial %s denies', (_, change) => {
    const no = decision({ id: '9', verdict: 'deny', ...change });
    for (const decisions of [
      [SAM, PAT, no],
      [no, SAM, PAT],
    ])
      expect(decided(...decisions)).toEqual(['somebody who may decide denied this image']);
  });

  test('an approval by plain signal counts like any other: whether it may, its reader has decided', () => {
    expect(decided(SAM, { ...PAT, credential: null })).toEqual([]);
  });

  test('by the groups and the requesters that were sealed when the run began', () => {
    expect(approvalContext(settings.settings, { ...request, subject: 'ci-team' })).toEqual({
      settings: settings.settings.line.approval,
      approvers: ['security', 'platform'],
      requestedBy: 'alice@example.com',
      askedBy: 'ci-team',
      credential: 'spinnaker',
    });
    const { requestedBy: _, ...anonymous } = request.request;
    expect(approvalContext(settings.settings, { ...request, request: anonymous }).requestedBy).toBeNull();
  });

  test('where nobody is asked nobody has approved', () => {
    const open = evidence({ approval: { ...settings.settings.line.approval, groups: {} } });
    expect(publicationFaults(open)).toEqual(DO_NOT_SUFFICE);
    expect(faultsOf({ decisions: [] }, open)).toEqual(DO_NOT_SUFFICE);
  });

  test('without a claimed requester two others suffice, and the credential that asked does not', () => {
    const { line, parameters } = request.request;
    const anonymous = { ...GOOD, request: { ...request, request: { line, parameters } } };
    expect(publicationFaults(anonymous)).toEqual([]);
    expect(faultsOf({ decisions: [SAM, { ...PAT, credential: 'spinnaker' }] }, anonymous)).toEqual(DO_NOT_SUFFICE);
  });

  test('an evaluation without a time leaves nobody time to approve', () => {
    expect(faultsOf({ evaluation: { ...evaluation, at: '' } })).toEqual(DO_NOT_SUFFICE);
  });

  test('whatever order the decisions come in, the answer is the same', () => {
    const pool = [
      SAM,
      PAT,
      decision({ id: '3', by: 'pat@example.com', verdict: 'withdraw', at: after(15) }),
      decision({ id: '4', by: 'pat@example.com', verdict: 'withdraw', at: after(40) }),
      decision({ id: '5', by: 'zoe', verdict: 'deny' }),
      decision({ id: '6', by: 'alice@example.com', groups: ['security', 'platform'] }),
      decision({ id: '7', by: 'bea', groups: ['security', 'platform'] }),
    ];
    const orders = fc
      .subarray(pool)
      .chain((some) => fc.tuple(fc.constant(some), fc.shuffledSubarray(some, { minLength: some.length })));
    fc.assert(fc.property(orders, ([a, b]) => expect(decided(...a)).toEqual(decided(...b))));
  });

  test('the requester’s own word never helps', () => {
    const own = fc.record({
      verdict: fc.constantFrom('approve' as const, 'withdraw' as const, 'deny' as const),
      groups: fc.subarray(['security', 'platform', '*']),
      name: fc.constantFrom('alice@example.com', 'ALICE@example.com', 'al\u200bice@example.com', 'mallory'),
    });
    const others = fc.subarray([SAM, PAT]);
    fc.assert(
      fc.property(others, fc.array(own, { maxLength: 4 }), (some, words) => {
        const mine = words.map(({ verdict, groups, name }, n) =>
          decision({ id: `m${n}`, verdict, groups, by: name, credential: name === 'mallory' ? 'spinnaker' : 'other' }),
        );
        expect(decided(...some, ...mine)).toEqual(decided(...some));
      }),
    );
  });
});

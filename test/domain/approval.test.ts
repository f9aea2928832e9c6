import fc from 'fast-check';
import {
  approvalContext,
  count,
  countAll,
  entitled,
  foreseen,
  outcome,
  refuse,
  sameActor,
  screen,
  type Approval,
  type Decision,
  type RefusalReason,
} from '../../src/domain/approval';
import { after, approval, AT, context, decision, line } from './given';

const OTHER_DIGEST = `sha256:${'b'.repeat(64)}`;
const asks = (groups: Record<string, number>) => context({ settings: { ...line().approval, groups } });
const said = (...decisions: readonly Decision[]): Approval => approval({ decisions });
const security = (change: Partial<Decision> = {}): Decision => decision({ by: 'sam', groups: ['security'], ...change });
const platform = (change: Partial<Decision> = {}): Decision => decision({ by: 'pat', groups: ['platform'], ...change });

describe('whether a decision may be looked at', () => {
  const standing = said(decision({ by: 'bob', at: after(10) }));
  const withdrawn = said(decision({ by: 'bob', verdict: 'withdraw', at: after(10) }));
  type Case = [string, Approval | null, 'not-yet' | 'open' | 'closed', Partial<Decision>, RefusalReason | undefined];
  test.each<Case>([
    ['an approval of what is shown', approval(), 'open', {}, undefined],
    ['a denial of what is shown', approval(), 'open', { verdict: 'deny' }, undefined],
    ['a denial that names no evidence', approval(), 'open', { verdict: 'deny', evidenceDigest: null }, undefined],
    ['an approval that names no evidence', approval(), 'open', { evidenceDigest: null }, 'stale-evidence'],
    ['an approval of other evidence', approval(), 'open', { evidenceDigest: OTHER_DIGEST }, 'stale-evidence'],
    [
      'a denial of other evidence',
      approval(),
      'open',
      { verdict: 'deny', evidenceDigest: OTHER_DIGEST },
      'stale-evidence',
    ],
    ['before anything is asked', approval(), 'not-yet', {}, 'not-yet'],
    ['after the end', approval(), 'closed', {}, 'closed'],
    ['where nothing was ever asked', null, 'open', {}, 'closed'],
    ['of another person', standing, 'open', { by: 'carol' }, undefined],
    ['a second one of the same person', standing, 'open', { by: 'bob', verdict: 'deny' }, 'already-decided'],
    ['a second one of the same person in capitals', standing, 'open', { by: ' BOB ' }, 'already-decided'],
    ['a withdrawal of what stands', standing, 'open', { by: 'bob', verdict: 'withdraw' }, undefined],
    ['a withdrawal in capitals', standing, 'open', { by: 'Bob', verdict: 'withdraw', evidenceDigest: null }, undefined],
    ['a withdrawal of nothing', standing, 'open', { by: 'carol', verdict: 'withdraw' }, 'not-yet'],
    ['a withdrawal of a withdrawal', withdrawn, 'open', { by: 'bob', verdict: 'withdraw' }, 'not-yet'],
    ['a new word after a withdrawal', withdrawn, 'open', { by: 'bob', at: after(11) }, undefined],
    ['the withdrawn word once more', withdrawn, 'open', { by: 'bob', at: after(9) }, 'already-decided'],
    ['a word as old as the withdrawal', withdrawn, 'open', { by: 'bob', at: after(10) }, 'already-decided'],
    ['a word without a time after a withdrawal', withdrawn, 'open', { by: 'bob', at: 'soon' }, 'already-decided'],
  ])('%s', (_, state, open, change, reason) => {
    expect(screen(state, open, decision(change))).toBe(reason);
  });
});

describe('what is certain to be refused, and noted already', () => {
  const noted = (by: string, reason: RefusalReason) => ({ by, reason, at: AT });
  const shown = {
    evidenceDigest: approval().evidenceDigest,
    by: ['bob'],
    refused: [noted('alice@example.com', 'requester'), noted('mallory', 'bad-signature')],
  };
  test.each<[string, Partial<Decision>, RefusalReason | undefined]>([
    ['an approval by another person', { by: 'carol' }, undefined],
    ['one of other evidence', { by: 'carol', evidenceDigest: OTHER_DIGEST }, 'stale-evidence'],
    ['one of no evidence', { by: 'carol', evidenceDigest: null }, 'stale-evidence'],
    ['a second one', { by: 'Bob ' }, 'already-decided'],
    ['a denial after an approval', { by: 'bob', verdict: 'deny', evidenceDigest: null }, 'already-decided'],
    ['a withdrawal', { by: 'bob', verdict: 'withdraw' }, undefined],
    ['the requester once more', { by: 'Alice@example.com' }, 'requester'],
    ['somebody refused before for another reason', { by: 'mallory', groups: [] }, undefined],
    ['somebody refused before, who may decide', { by: 'mallory' }, undefined],
  ])('%s', (_, change, reason) => {
    expect(foreseen(shown, context(), decision(change))).toBe(reason);
  });

  test('nothing of the person, where it is not known who asked', () => {
    expect(foreseen(shown, null, decision({ by: 'alice@example.com' }))).toBeUndefined();
  });

  test('the context is that of the run’s settings, and of who asked', () => {
    const asked = { request: { line: 'golden', parameters: {} }, subject: 'carol', credential: 'ci' };
    const settings = { line: line(), approvers: ['security'] };
    const rest = { settings: line().approval, approvers: ['security'], askedBy: 'carol', credential: 'ci' };
    expect(approvalContext(settings, asked)).toEqual({ ...rest, requestedBy: null });
    const claimed = { ...asked, request: { ...asked.request, requestedBy: 'alice' } };
    expect(approvalContext(settings, claimed)).toEqual({ ...rest, requestedBy: 'alice' });
  });
});

describe('who may decide', () => {
  test.each<[string, Partial<Decision>, RefusalReason | undefined]>([
    ['a member of a group that is asked', {}, undefined],
    ['the claimed requester', { by: 'alice@example.com' }, 'requester'],
    ['the claimed requester in capitals', { by: 'Alice@Example.COM' }, 'requester'],
    ['the claimed requester with space around', { by: '\u00a0alice@example.com\t' }, 'requester'],
    ['the claimed requester with an invisible character', { by: 'al\u200bice@example.com' }, 'requester'],
    ['the claimed requester with a byte order mark', { by: '\ufeffalice@example.com' }, 'requester'],
    ['the claimed requester in full-width letters', { by: 'ａlice@example.com' }, 'requester'],
    ['another name under the credential that asked', { credential: 'spinnaker' }, 'requester'],
    ['a plain decision of another person', { credential: null }, undefined],
    ['nobody’s group', { groups: [] }, 'not-entitled'],
    ['a group that is no approvers’', { groups: ['guests'] }, 'not-entitled'],
    ['a group whose name differs in case', { groups: ['Security'] }, 'not-entitled'],
    ['the star as a group', { groups: ['*'] }, 'not-entitled'],
  ])('%s', (_, change, reason) => expect(entitled(context(), decision(change))).toBe(reason));

  test('an approvers’ group that this line does not ask is not enough', () => {
    const asked = asks({ platform: 1 });
    expect(entitled(asked, decision({ groups: ['security'] }))).toBe('not-entitled');
    expect(entitled(asked, decision({ groups: ['security', 'platform'] }))).toBeUndefined();
  });

  test('a group that the line asks but whose members are no approvers is not enough', () => {
    const guests = { ...asks({ guests: 1 }), approvers: ['security'] };
    expect(entitled(guests, decision({ groups: ['guests'] }))).toBe('not-entitled');
  });

  test('where any approver is asked, every approvers’ group counts and no other', () => {
    expect(entitled(asks({ '*': 1 }), decision({ groups: ['security'] }))).toBeUndefined();
    expect(entitled(asks({ '*': 1 }), decision({ groups: ['guests'] }))).toBe('not-entitled');
  });

  test('without a claimed requester the credential alone decides', () => {
    // Whoever asks with one key and in another's name cannot approve with another key.
    expect(entitled(context({ askedBy: 'Bob@example.com ' }), decision({ by: 'bob@example.com' }))).toBe('requester');
    const anonymous = context({ requestedBy: null });
    expect(entitled(anonymous, decision())).toBeUndefined();
    expect(entitled(anonymous, decision({ credential: 'spinnaker' }))).toBe('requester');
    expect(entitled(context({ requestedBy: null, credential: null }), decision({ credential: null }))).toBeUndefined();
  });

  test('nobody who asked is ever entitled, whatever groups they are in', () => {
    const groups = fc.subarray(['security', 'platform', '*', 'guests']);
    fc.assert(
      fc.property(groups, fc.constantFrom('by claim', 'by credential'), (mine, how) => {
        const change = how === 'by claim' ? { by: 'ALICE@example.com' } : { credential: 'spinnaker' };
        expect(entitled(asks({ '*': 1 }), decision({ groups: mine, ...change }))).toBe('requester');
      }),
    );
  });
});

describe('one person', () => {
  test('is told from others, and from nobody', () => {
    expect(sameActor('alice', 'bob')).toBe(false);
    expect(sameActor('alice', null)).toBe(false);
    expect(sameActor(null, 'alice')).toBe(false);
    expect(sameActor(null, null)).toBe(false);
  });

  test('is the same whatever case, space or invisible characters are put into the name', () => {
    const noise = fc.constantFrom('\u200b', '\u200d', '\u2060', '\ufeff', '\u00ad', '\u0000', '\u202e');
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '@', '.', 'z'), minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(name, noise, fc.nat({ max: 10 }), (person, invisible, at) => {
        const written = ` ${person.slice(0, at)}${invisible}${person.slice(at)} `.toUpperCase();
        expect(sameActor(person, written)).toBe(true);
        expect(sameActor(written, person)).toBe(true);
        expect(sameActor(`${person}x`, written)).toBe(false);
      }),
    );
  });
});

describe('counting', () => {
  test('a decision is added, and the person’s next one takes its place', () => {
    const first = count(approval(), decision({ id: '1', by: 'bob' }));
    const second = count(first, decision({ id: '2', by: 'carol' }));
    const third = count(second, decision({ id: '3', by: ' Bob', verdict: 'withdraw' }));
    expect(second.decisions.map(({ id }) => id)).toEqual(['1', '2']);
    expect(third.decisions.map(({ id }) => id)).toEqual(['2', '3']);
  });

  test('leaves the approval it was given as it is', () => {
    const before = approval();
    count(before, decision());
    expect(before.decisions).toEqual([]);
  });

  test('keeps at most one decision of each person, the last one', () => {
    const word = fc.record({ by: fc.constantFrom('a', 'A', 'b', 'c ', 'c'), id: fc.uuid() });
    fc.assert(
      fc.property(fc.array(word), (words) => {
        const all = words.reduce((sum, change) => count(sum, decision(change)), approval());
        const last = new Map(words.map(({ by, id }) => [by.trim().toLowerCase(), id]));
        expect(new Set(all.decisions.map(({ id }) => id))).toEqual(new Set(last.values()));
        expect(all.decisions).toHaveLength(last.size);
      }),
    );
  });

  test('a withdrawn approval gives nothing and can be given anew', () => {
    const given = said(security(), platform({ at: after(1) }));
    const open = count(given, security({ verdict: 'withdraw', at: after(20) }));
    expect(outcome(context(), open)).toEqual({ kind: 'open' });
    const again = security({ at: after(30) });
    expect(screen(open, 'open', again)).toBeUndefined();
    expect(outcome(context(), count(open, again)).kind).toBe('approved');
  });

  test('of refused ones keeps the newest twenty', () => {
    const entry = (n: number) => ({ by: `p${n}`, reason: 'closed' as const, at: AT });
    const all = Array.from({ length: 25 }, (_, n) => n).reduce((sum, n) => refuse(sum, entry(n)), approval());
    expect(all.refused).toHaveLength(20);
    expect(all.refused[0]).toEqual(entry(5));
    expect(all.refused[19]).toEqual(entry(24));
  });
});

describe('what the decisions amount to', () => {
  test('is open until every place is filled', () => {
    expect(outcome(context(), said())).toEqual({ kind: 'open' });
    expect(outcome(context(), said(security()))).toEqual({ kind: 'open' });
    expect(outcome(context(), said(security(), platform()))).toEqual({ kind: 'approved', by: ['sam', 'pat'] });
  });

  test('one denial denies, before or after any approval', () => {
    const no = decision({ by: 'nina', verdict: 'deny', comment: 'too many highs' });
    for (const decisions of [[no], [security(), platform(), no], [no, security(), platform()]])
      expect(outcome(context(), said(...decisions))).toEqual({ kind: 'denied', by: 'nina', comment: 'too many highs' });
  });

  test.each([[{}], [{ security: 0 }]])('nobody’s approval is none, where nobody is asked: %j', (groups) => {
    expect(outcome(asks(groups), said())).toEqual({ kind: 'open' });
    expect(outcome(asks(groups), said(security()))).toEqual({ kind: 'open' });
  });
});

describe('everything that was said, counted anew', () => {
  const counted = (...decisions: readonly Decision[]) =>
    countAll(context(), decision().evidenceDigest as string, decisions).map(({ by, verdict }) => `${by} ${verdict}`);
  const yes = security({ at: after(1) });
  const also = platform({ at: after(5) });

  test('is each person’s last word, in whatever order it comes', () => {
    const back = security({ verdict: 'withdraw', evidenceDigest: null, at: after(2) });
    expect(counted(also, back, yes)).toEqual(['sam withdraw', 'pat approve']);
    expect(counted(back, yes, security({ at: after(3) }), also)).toEqual(['sam approve', 'pat approve']);
  });

  test('leaves out what the run refused: said twice, of other evidence, by the requester, after the end', () => {
    expect(counted(yes, security({ verdict: 'deny', at: after(2) }), also)).toEqual(['sam approve', 'pat approve']);
    expect(counted(security({ evidenceDigest: OTHER_DIGEST }))).toEqual([]);
    expect(counted(security({ by: 'Alice@example.com' }))).toEqual([]);
    const late = [
      security({ by: 'zoe', verdict: 'deny', at: after(6) }),
      security({ verdict: 'withdraw', at: after(7) }),
    ];
    expect(counted(yes, also, ...late)).toEqual(['sam approve', 'pat approve']);
  });

  test('a denial ends it', () => {
    expect(counted(yes, security({ by: 'zoe', verdict: 'deny', at: after(2) }), also)).toEqual([
      'sam approve',
      'zoe deny',
    ]);
  });

  test('whoever may no longer decide may still take back, and at the same moment the withdrawal wins', () => {
    const back = security({ verdict: 'withdraw', evidenceDigest: null, groups: [], at: after(1) });
    for (const order of [
      [yes, back, also],
      [back, yes, also],
    ])
      expect(counted(...order)).toEqual(['sam withdraw', 'pat approve']);
  });
});

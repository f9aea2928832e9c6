import fc from 'fast-check';
import {
  afterRefusal,
  firstRound,
  nextRound,
  refusalKind,
  roundSeconds,
  whyNotLaunched,
  type LaunchPlan,
  type Refusal,
} from '../../src/domain/launch';

const refusal = (kind: Refusal['kind'], code = 'Code', message = ''): Refusal => ({ kind, code, message });
const after = (subnets: readonly string[], ...refusals: readonly Refusal[]): LaunchPlan =>
  refusals.reduce((plan, one) => afterRefusal(plan, one), firstRound(subnets));

test.each([
  ['InsufficientInstanceCapacity', 'zone'],
  ['InsufficientHostCapacity', 'zone'],
  ['InsufficientFreeAddressesInSubnet', 'zone'],
  ['InsufficientVolumeCapacity', 'zone'],
  ['Unsupported', 'never-there'],
  ['VcpuLimitExceeded', 'quota'],
  ['InstanceLimitExceeded', 'quota'],
  ['MaxSpotInstanceCountExceeded', 'quota'],
  ['PendingVerification', 'quota'],
  ['RequestLimitExceeded', undefined],
  ['InternalError', undefined],
  ['IdempotentParameterMismatch', undefined],
  ['InvalidSubnetID.NotFound', undefined],
  ['UnauthorizedOperation', undefined],
  ['constructor', undefined],
  ['', undefined],
])('%s is %s', (code, kind) => expect(refusalKind(code)).toBe(kind));

test('a subnet without room is followed by the next, and a round of them by another round', () => {
  const plan = after(['a', 'b'], refusal('zone'));
  expect(plan.left).toEqual(['b']);
  const over = afterRefusal(plan, refusal('zone'));
  expect(over.left).toEqual([]);
  expect(nextRound(over).left).toEqual(['a', 'b']);
});

test('a quota ends the round: no other subnet helps against it', () => {
  const plan = after(['a', 'b', 'c'], refusal('zone'), refusal('quota'));
  expect(plan.left).toEqual([]);
  expect(nextRound(plan).left).toEqual(['a', 'b', 'c']);
});

test('a subnet whose zone never has the type is not tried again, and when that is all of them there is no other round', () => {
  const plan = after(['a', 'b'], refusal('never-there'), refusal('zone'));
  expect(nextRound(plan).left).toEqual(['b']);
  expect(afterRefusal(nextRound(plan), refusal('never-there')).open).toEqual([]);
});

test('without a try there is nothing to refuse', () => {
  expect(() => afterRefusal({ open: ['a'], left: [], refused: [] }, refusal('zone'))).toThrow('nothing was tried');
});

test.each<[string, LaunchPlan, string]>([
  ['nothing tried', firstRound(['a']), 'no t3.small has been asked for yet'],
  [
    'no capacity',
    after(
      ['a', 'b'],
      refusal('zone', 'InsufficientInstanceCapacity', 'not now'),
      refusal('never-there', 'Unsupported'),
    ),
    'no capacity for t3.small in any subnet: a (InsufficientInstanceCapacity: not now), b (Unsupported)',
  ],
  [
    'a quota',
    after(['a', 'b'], refusal('zone'), refusal('quota', 'VcpuLimitExceeded', 'limit of 32')),
    'a quota of the account is used up (VcpuLimitExceeded: limit of 32)',
  ],
  [
    'never offered',
    after(['a'], refusal('never-there', 'Unsupported', 'no')),
    't3.small is not offered in the zone of any subnet: a (Unsupported: no)',
  ],
])('%s has its own word', (_, plan, words) => expect(whyNotLaunched('t3.small', plan)).toBe(words));

test.each([
  [30, 30, 30],
  [0.3, 0.1, 0.3],
  [30, 1440, 864],
])('with polls of %d s and a limit of %d minutes a round comes after %d s', (poll, minutes, seconds) =>
  expect(roundSeconds(poll, minutes)).toBe(seconds),
);

test('whatever is refused, a round tries each open subnet at most once, and what is left is always open', () => {
  const kind = fc.constantFrom<Refusal['kind']>('zone', 'never-there', 'quota');
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 8 }), fc.array(kind), (subnets, kinds) => {
      let plan = firstRound(subnets);
      let tried: string[] = [];
      const never = new Set<string>();
      for (const one of kinds) {
        if (plan.left.length === 0) {
          if (plan.open.length === 0) break;
          plan = nextRound(plan);
          tried = [];
        }
        const subnet = plan.left[0] as string;
        expect(tried).not.toContain(subnet);
        expect(never.has(subnet)).toBe(false);
        tried.push(subnet);
        if (one === 'never-there') never.add(subnet);
        plan = afterRefusal(plan, refusal(one));
        expect(plan.open).toEqual(subnets.filter((id) => !never.has(id)));
        for (const id of plan.left) expect(plan.open).toContain(id);
      }
    }),
  );
});

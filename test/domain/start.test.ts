import { mayBeSentAt, recallStart } from '../../src/domain/start';

const [at, now] = ['2026-01-01T00:00:00.000Z', '2026-01-01T00:01:00.000Z'];
const NOTHING = { reached: false, sent: 0, lastAt: null };

test.each([
  ['the first attempt', undefined, 1, NOTHING],
  [
    'an attempt after one that was killed before it could note anything',
    undefined,
    2,
    { reached: true, sent: 1, lastAt: now },
  ],
  [
    'one after an attempt that was killed before it could note that it sends',
    { ...NOTHING, reached: true },
    2,
    { reached: true, sent: 1, lastAt: now },
  ],
  ['one after an attempt that provably did nothing', NOTHING, 2, NOTHING],
  [
    'one after two whose answers were lost',
    { reached: true, sent: 2, lastAt: at },
    3,
    { reached: true, sent: 2, lastAt: at },
  ],
])('%s knows what may be under way', (_what, known, attempt, memory) => {
  expect(recallStart(known, attempt, now)).toEqual(memory);
});

test.each([
  ['was not sent: at once', null, 30, 0],
  ['may have got through: after two polls', at, 10, Date.parse(at) + 20_000],
  ['may have got through: after a minute at most', at, 300, Date.parse(at) + 60_000],
])('when a start may be sent that %s', (_what, lastAt, pollSeconds, expected) => {
  expect(mayBeSentAt({ reached: lastAt !== null, sent: 1, lastAt }, pollSeconds)).toBe(expected);
});

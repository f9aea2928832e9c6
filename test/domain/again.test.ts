import { askedAgain } from '../../src/domain/again';
import { LONGEST_REASON } from '../../src/domain/request';

const RUN = { id: 'nightly-1', status: 'DENIED' };
const WAY = 'again, after nightly-1, which ended DENIED';
const IMAGE = { id: 'ami-0fedcba9876543210', region: 'us-east-1', destroy: true };
const OTHER = { id: 'ami-0123456789abcdef0', destroy: false };
const INSTANCE = { id: 'i-0fedcba9876543210', destroy: false };
const NOTHING = { parameters: {} };

test.each([
  [
    'what was asked for, without the stage that asked',
    {
      ...{ line: 'golden', parameters: { a: '1' }, requestedBy: 'carol@example.com', reason: 'monthly' },
      source: { kind: 'spinnaker', executionId: '01H', stageRefId: '3' },
    },
    NOTHING,
    { line: 'golden', parameters: { a: '1' }, requestedBy: 'carol@example.com', reason: `monthly (${WAY})` },
  ],
  [
    'what is said to be different, and parameters one by one',
    { line: 'golden', parameters: { a: '1', b: '2' }, requestedBy: 'carol@example.com', reason: 'monthly' },
    { line: 'other', parameters: { b: '3', c: '4' }, requestedBy: 'bob@example.com', reason: 'patched' },
    {
      ...{ line: 'other', parameters: { a: '1', b: '3', c: '4' }, requestedBy: 'bob@example.com' },
      reason: `patched (${WAY})`,
    },
  ],
  ['no line where none is known', NOTHING, NOTHING, { parameters: {}, reason: WAY }],
  [
    'no reason but the way here',
    { line: 'x', ...NOTHING, reason: '' },
    NOTHING,
    { line: 'x', ...NOTHING, reason: WAY },
  ],
  [
    'a brought image with its instance',
    { line: 'x', ...NOTHING, image: IMAGE, instance: INSTANCE },
    NOTHING,
    { line: 'x', ...NOTHING, image: IMAGE, instance: INSTANCE, reason: WAY },
  ],
  [
    'another image without the instance of the first',
    { line: 'x', ...NOTHING, image: IMAGE, instance: INSTANCE },
    { ...NOTHING, image: OTHER },
    { line: 'x', ...NOTHING, image: OTHER, reason: WAY },
  ],
  [
    'another instance of the same image',
    { line: 'x', ...NOTHING, image: IMAGE },
    { ...NOTHING, instance: INSTANCE },
    { line: 'x', ...NOTHING, image: IMAGE, instance: INSTANCE, reason: WAY },
  ],
])('asks again for %s', (_what, before, changes, asked) => {
  expect(askedAgain(RUN, before, changes)).toEqual(asked);
});

test.each([0, 1, 2, 3])('a reason that is too long is cut between letters, the way here is not (%i)', (shift) => {
  const long = `${'x'.repeat(LONGEST_REASON - WAY.length - 20 + shift)}${'😀'.repeat(20)}`;
  const { reason = '' } = askedAgain(RUN, { ...NOTHING, reason: long }, NOTHING);
  expect(reason.length).toBeLessThanOrEqual(LONGEST_REASON);
  expect(reason.length).toBeGreaterThanOrEqual(LONGEST_REASON - 1);
  expect(reason.endsWith(`… (${WAY})`)).toBe(true);
  expect(/\p{Surrogate}/u.test(reason)).toBe(false);
});

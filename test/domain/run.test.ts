import fc from 'fast-check';
import {
  endStatus,
  imageStateAfter,
  isEnd,
  NOTHING_KNOWN,
  STAGES,
  statusOf,
  STATUSES,
  type EndStatus,
  type Outcome,
} from '../../src/domain/run';
import { anyState } from './any';
import { AT } from './given';

const OUTCOMES: readonly [Outcome, EndStatus, 'approved' | 'denied'][] = [
  [{ kind: 'published', published: [], reasons: [] }, 'SUCCEEDED', 'approved'],
  [{ kind: 'denied', reasons: [] }, 'DENIED', 'denied'],
  [{ kind: 'canceled', reasons: [] }, 'CANCELED', 'denied'],
  [{ kind: 'failed', error: 'no', reasons: [] }, 'FAILED', 'denied'],
];

describe.each(OUTCOMES)('the outcome %j', (outcome, status, image) => {
  test(`ends as ${status} and leaves the image ${image}`, () => {
    expect(endStatus(outcome)).toBe(status);
    expect(imageStateAfter(outcome)).toBe(image);
    expect(isEnd(status)).toBe(true);
  });

  test('shows only once everything was read back as clean', () => {
    const cleaning = { ...NOTHING_KNOWN, stage: 'cleaning-up' as const, outcome, stuck: [] };
    expect(statusOf(cleaning)).toBe('RUNNING');
    expect(statusOf({ ...cleaning, stage: 'done', closedAt: AT })).toBe(status);
  });
});

test('a run has an ending exactly when it is done', () => {
  fc.assert(
    fc.property(anyState, (state) => {
      const status = statusOf(state);
      expect(STATUSES).toContain(status);
      expect(STAGES).toContain(state.stage);
      expect(isEnd(status)).toBe(state.stage === 'done');
      expect(status === 'AWAITING_APPROVAL').toBe(state.stage === 'awaiting-approval');
    }),
  );
});

test('a run that has only begun knows nothing', () => {
  expect(Object.values(NOTHING_KNOWN).flat()).toEqual([null, null, null, null]);
});

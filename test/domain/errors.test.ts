import {
  AnswerLost,
  assertNever,
  BadInput,
  Doubtful,
  EvidenceChanged,
  Final,
  FINAL_TYPES,
  Forbidden,
  messageOf,
  NotFound,
  TryAgain,
} from '../../src/domain/errors';

const ALL = [
  new Final('x'),
  new Forbidden('x'),
  new BadInput(['x']),
  new EvidenceChanged('x'),
  new NotFound('x'),
  new TryAgain('x'),
  new AnswerLost('x'),
  new Doubtful('x'),
];

test('Temporal must not retry exactly those errors that no retry can help', () => {
  const final = ALL.filter((error) => error instanceof Final).map(({ name }) => name);
  expect([...FINAL_TYPES].sort()).toEqual(final.sort());
});

test('each error is known by the name of its class', () => {
  for (const error of ALL) expect(error.name).toBe(error.constructor.name);
});

test('a lost answer is worth another try, and what does not exist is neither that nor final', () => {
  expect(new AnswerLost('x')).toBeInstanceOf(TryAgain);
  expect(new NotFound('x')).not.toBeInstanceOf(Final);
  expect(new NotFound('x')).not.toBeInstanceOf(TryAgain);
});

test('bad input keeps every fault and tells them all', () => {
  const error = new BadInput(['line: unknown', 'image.id: malformed']);
  expect(error.faults).toEqual(['line: unknown', 'image.id: malformed']);
  expect(error.message).toBe('line: unknown; image.id: malformed');
});

test('the outside may name the time of the next try', () => {
  const cause = new Error('429');
  const error = new TryAgain('busy', 1500, { cause });
  expect(error.retryAfterMs).toBe(1500);
  expect(error.cause).toBe(cause);
  expect(new TryAgain('busy').retryAfterMs).toBeUndefined();
});

describe('the message of', () => {
  const circle = new Error('round and round');
  circle.cause = new Error('and round', { cause: circle });
  const nested: Error = new AggregateError([]);
  (nested as AggregateError).errors.push(nested);

  test.each<[string, unknown, string]>([
    ['an error', new Error('no'), 'no'],
    ['an error with a cause', new Error('no', { cause: new Error('why') }), 'no: why'],
    ['an error that already says its cause', new Error('no, since why', { cause: new Error('why') }), 'no, since why'],
    ['a chain', new Error('a', { cause: new Error('b', { cause: 'c' }) }), 'a: b: c'],
    ['an error with an empty cause', new Error('no', { cause: '' }), 'no'],
    ['a text', 'no', 'no'],
    ['nothing', undefined, 'undefined'],
    ['an error without words', new TypeError(), 'TypeError'],
    [
      'a refused connection to two addresses',
      new AggregateError([new Error('refused by ::1'), new Error('refused by 127.0.0.1')]),
      'refused by ::1, refused by 127.0.0.1',
    ],
    [
      'several errors with words of their own',
      new AggregateError([new Error('a')], 'two tries failed'),
      'two tries failed',
    ],
  ])('%s is readable', (_, error, message) => expect(messageOf(error)).toBe(message));

  test('a circle of causes ends', () => {
    expect(messageOf(circle)).toMatch(/^round and round: and round/);
    expect(messageOf(nested)).toBe('AggregateError');
  });
});

test('an impossible value is told', () => {
  expect(() => assertNever('odd' as never)).toThrow('unexpected value: "odd"');
});

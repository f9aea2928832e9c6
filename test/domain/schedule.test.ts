import fc from 'fast-check';
import {
  parseScheduled,
  parseScheduledKey,
  scheduledKey,
  scheduleId,
  isKey,
  isHookSource,
  workflowId,
} from '../../src/domain/names';
import {
  isOfSchedule,
  nominalTime,
  parseCron,
  scheduledOrder,
  scheduledRequest,
  scheduleRequester,
  timezoneFault,
  type Calendar,
  type ScheduleSettings,
} from '../../src/domain/schedule';

const calendars = (text: string): readonly Calendar[] => {
  const read = parseCron(text);
  if ('fault' in read) throw new Error(`${text}: ${read.fault}`);
  return read.calendars;
};
const only = (text: string): Calendar => calendars(text)[0] as Calendar;
const fault = (text: string): string | undefined => {
  const read = parseCron(text);
  return 'fault' in read ? read.fault : undefined;
};
const to = (from: number, until: number, step = 1): number[] =>
  Array.from({ length: Math.floor((until - from) / step) + 1 }, (_, index) => from + index * step);

describe('cron expressions', () => {
  test('a field is a value, a name, a range, steps, everything, or a list of them', () => {
    expect(only('0 4 * * 1')).toEqual({
      minute: [0],
      hour: [4],
      dayOfMonth: to(1, 31),
      month: to(1, 12),
      dayOfWeek: [1],
    });
    expect(only(' */20  0-3 1,15,10-12   JAN-mar,dec\t* ')).toEqual({
      minute: [0, 20, 40],
      hour: [0, 1, 2, 3],
      dayOfMonth: [1, 10, 11, 12, 15],
      month: [1, 2, 3, 12],
      dayOfWeek: to(0, 6),
    });
    expect(only('5/15 8-20/6 * * *')).toMatchObject({ minute: [5, 20, 35, 50], hour: [8, 14, 20] });
    expect(only('0 0 * * fri-7')).toMatchObject({ dayOfWeek: [0, 5, 6] });
    expect(only('0 0 * * 0,7')).toMatchObject({ dayOfWeek: [0] });
  });

  test.each([
    ['@yearly', '0 0 1 1 *'],
    ['@monthly', '0 0 1 * *'],
    ['@weekly', '0 0 * * sun'],
    ['@Daily ', '0 0 * * *'],
    ['@hourly', '0 * * * *'],
  ])('%s is short for %s', (short, long) => {
    expect(calendars(short)).toEqual(calendars(long));
  });

  test('a day of the month and a day of the week are alternatives, unless one begins with a star', () => {
    expect(calendars('0 0 13 * fri')).toEqual([
      expect.objectContaining({ dayOfMonth: [13], dayOfWeek: to(0, 6) }),
      expect.objectContaining({ dayOfMonth: to(1, 31), dayOfWeek: [5] }),
    ]);
    expect(calendars('0 0 */10 * fri')).toEqual([
      expect.objectContaining({ dayOfMonth: [1, 11, 21, 31], dayOfWeek: [5] }),
    ]);
    expect(calendars('0 0 13 * */2')).toEqual([expect.objectContaining({ dayOfMonth: [13], dayOfWeek: [0, 2, 4, 6] })]);
  });

  test.each(['', '* * * *', '0 0 4 ? * MON *', '@reboot', '@every 1h', 'CRON_TZ=UTC 0 4 * * *'])(
    '%j has not five fields',
    (text) => {
      expect(fault(text)).toContain('must have five fields');
    },
  );

  test.each([
    ['60 * * * *', 'minute'],
    ['-1 * * * *', 'minute'],
    ['1,, * * * *', 'minute'],
    ['*/0 * * * *', 'minute'],
    ['5-1 * * * *', 'minute'],
    ['1-99 * * * *', 'minute'],
    ['99-99 * * * *', 'minute'],
    ['x * * * *', 'minute'],
    ['* 24 * * *', 'hour'],
    ['* * 0 * *', 'day of the month'],
    ['* * L * *', 'day of the month'],
    ['* * * 13 *', 'month'],
    ['* * * mon *', 'month'],
    ['* * * * 8', 'day of the week'],
    ['* * * * fri-mon', 'day of the week'],
    ['* * * * 5#2', 'day of the week'],
    ['* * * * ?', 'day of the week'],
  ])('%j is refused for its %s', (text, name) => {
    expect(fault(text)).toBe(`its ${name} is none`);
  });

  test('a time that never comes is refused', () => {
    for (const never of ['0 0 30 2 *', '0 0 31 feb,apr,jun,sep,nov *'])
      expect(fault(never)).toBe('names a day that none of its months has');
    for (const comes of ['0 0 29 2 *', '0 0 31 feb,mar *', '0 0 30 2 mon']) expect(fault(comes)).toBeUndefined();
  });

  test('no text whatever makes it fail', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseCron(text)));
  });
});

test.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Asia/Kolkata', 'Etc/GMT+3'])(
  '%s is a time zone',
  (name) => {
    expect(timezoneFault(name)).toBeUndefined();
  },
);
test.each(['', 'Local', 'Mars/Olympus', '+01:00', 'Europe Berlin', '../etc/passwd', 'constructor'])(
  '%j is no time zone',
  (name) => {
    expect(timezoneFault(name)).toBe('is no time zone, as Europe/Berlin or UTC');
  },
);
test('a time zone in other letters is told how it is written', () => {
  expect(timezoneFault('america/new_york')).toBe('must be written America/New_York');
});

const AT = '2026-11-25T04:00:00Z';

describe('the time that jitter was added to', () => {
  const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata'];
  const clock = (cron: string, timezone = 'UTC', jitterMinutes = 600) => ({
    ...{ calendars: calendars(cron), timezone, jitterMinutes },
  });

  test.each([
    ['0 4 * * *', 'UTC', '2026-01-01T04:00:00Z', '2026-01-01T04:00:00Z'],
    ['0 4 * * *', 'UTC', '2026-01-01T09:17:31.5Z', '2026-01-01T04:00:00Z'],
    ['0 0 * * sun', 'America/New_York', '2026-07-05T13:59:59Z', '2026-07-05T04:00:00Z'],
    ['30 5 1 * *', 'Asia/Kolkata', '2026-02-01T00:01:00Z', '2026-02-01T00:00:00Z'],
    ['0 4 * * *', 'UTC', '2026-01-01T14:01:00Z', null],
    ['0 4 * * *', 'UTC', '2026-01-01T03:59:00Z', null],
  ])('%s in %s, at %s', (cron, zone, at, expected) => {
    expect(nominalTime(clock(cron, zone), at)).toBe(expected);
  });

  test('is the last one of many, whatever is added', () => {
    const minutes = fc.integer({ min: 0, max: 3_000_000 });
    fc.assert(
      fc.property(minutes, fc.integer({ min: 0, max: 59_999 }), fc.constantFrom(...zones), (minute, ms, zone) => {
        const due = Date.UTC(2026, 0, 1) + minute * 60_000;
        const said = nominalTime(clock('* * * * *', zone, 0), new Date(due + ms).toISOString());
        expect(Date.parse(said ?? '')).toBe(due);
      }),
    );
  });
});

test('names of schedules, and back', () => {
  expect(scheduleId.of('a-b.c')).toBe('schedule/a-b.c');
  expect(parseScheduled(`${workflowId.scheduled.of('a-b.c')}-${AT}`)).toEqual({ line: 'a-b.c', at: AT });
  for (const other of [`run/a-${AT}`, 'scheduled/a', `scheduled/-${AT}x`, `scheduled/${AT}`])
    expect(parseScheduled(other)).toBeUndefined();
  expect(scheduledKey('golden', AT)).toBe('golden-20261125T040000Z');
  expect(isKey(scheduledKey('x'.repeat(60), AT))).toBe(true);
  expect(parseScheduledKey(scheduledKey('a-b', AT))).toEqual({ line: 'a-b', at: AT });
  expect(parseScheduledKey('golden-1')).toBeUndefined();
});

test('names of sources', () => {
  for (const name of ['github', 'a', '0_x-y']) expect(isHookSource(name)).toBe(true);
  for (const name of ['', 'A', 'a/b', '-a', 'a b', 'x'.repeat(51)]) expect(isHookSource(name)).toBe(false);
});

const SETTINGS: ScheduleSettings = {
  cron: '@daily',
  timezone: 'UTC',
  overlap: 'skip',
  jitterMinutes: 0,
  paused: null,
  catchupHours: 1,
  parameters: { channel: 'weekly' },
};

test('a schedule orders in its own name, once for each of its times', () => {
  expect(scheduledOrder('golden', SETTINGS, AT)).toEqual({
    key: 'golden-20261125T040000Z',
    credential: 'schedule:golden',
    subject: null,
    once: `schedule:golden ${AT}`,
    request: {
      line: 'golden',
      parameters: { channel: 'weekly' },
      requestedBy: 'schedule:golden',
      source: { kind: 'schedule' },
      reason: 'scheduled',
    },
  });
  expect(scheduleRequester('golden')).toBe('schedule:golden');
  expect(scheduledRequest('golden', SETTINGS)).toEqual(scheduledOrder('golden', SETTINGS, AT).request);
});

describe('a request of a schedule', () => {
  const { key, request, credential, subject } = scheduledOrder('golden', SETTINGS, AT);
  const statement = { run: key, key, request, credential, subject, at: AT };

  test('is one that it can have made', () => {
    expect(isOfSchedule(statement)).toBe(true);
  });

  const { source: _source, ...sourceless } = request;
  test.each([
    ['of a restart', { run: `${key}~2` }],
    ['under another key', { run: 'golden-1', key: 'golden-1' }],
    ['under the key of another line', { run: 'silver-20261125T040000Z', key: 'silver-20261125T040000Z' }],
    ['by another credential', { credential: 'ci' }],
    ['for somebody', { subject: 'eve@example.com' }],
    ['in another name', { request: { ...request, requestedBy: 'eve@example.com' } }],
    ['of another line', { request: { ...request, line: 'silver' } }],
    ['of another source', { request: { ...request, source: { kind: 'ci' } } }],
    ['without a source', { request: sourceless }],
    ['with an image', { request: { ...request, image: { id: 'ami-1', region: 'us-east-1', destroy: false } } }],
    ['with an instance', { request: { ...request, instance: { id: 'i-1', destroy: false } } }],
  ])('is not one %s', (_name, change) => {
    expect(isOfSchedule({ ...statement, ...change })).toBe(false);
  });
});

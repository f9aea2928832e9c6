/** When a line asks by itself for an image, and what it asks for. */
import type { RequestStatement } from './evidence';
import { parseScheduledKey, scheduledKey } from './names';
import type { RunRequest } from './request';

/** What happens when a time comes while the run of an earlier one is still open. */
export const OVERLAPS = ['skip', 'bufferOne', 'bufferAll', 'cancelOther', 'allowAll'] as const;
export type Overlap = (typeof OVERLAPS)[number];

export interface ScheduleSettings {
  readonly cron: string;
  /** IANA name. */
  readonly timezone: string;
  readonly overlap: Overlap;
  /** Each time is put off by a random part of this. */
  readonly jitterMinutes: number;
  /** Null: as operators left it. */
  readonly paused: boolean | null;
  /** How late a time that was missed, because Temporal was away, is still made up for. */
  readonly catchupHours: number;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Times at which every field matches. Each lists its values, in order. */
export interface Calendar {
  readonly minute: readonly number[];
  readonly hour: readonly number[];
  readonly dayOfMonth: readonly number[];
  readonly month: readonly number[];
  /** 0 is Sunday. */
  readonly dayOfWeek: readonly number[];
}

/** Any of the calendars, or what is wrong with the expression. */
export type Cron = { readonly calendars: readonly Calendar[] } | { readonly fault: string };

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names of values, from `min` on. */
  readonly names: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const FIELDS: readonly Field[] = [
  { name: 'minute', min: 0, max: 59, names: [] },
  { name: 'hour', min: 0, max: 23, names: [] },
  { name: 'day of the month', min: 1, max: 31, names: [] },
  { name: 'month', min: 1, max: 12, names: MONTHS },
  // Sunday is 0, and 7 as well.
  { name: 'day of the week', min: 0, max: 7, names: DAYS },
];

const SHORTHANDS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/** Of each month, in a leap year. */
const LENGTHS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Reads a cron expression of five fields, as crontab(5) has it: where both a day of the month and a day of the week are named,
 * either of them will do. (Temporal's own cron strings mean both, so they are not used.)
 */
export function parseCron(text: string): Cron {
  const short = text.trim().toLowerCase();
  const fields = (Object.hasOwn(SHORTHANDS, short) ? (SHORTHANDS[short] as string) : text).trim().split(/\s+/);
  if (fields.length !== FIELDS.length)
    return { fault: 'must have five fields: minute, hour, day of the month, month, day of the week' };
  const values = FIELDS.map((field, index) => valuesOf(fields[index] as string, field));
  const wrong = FIELDS.find((_field, index) => values[index] === undefined);
  if (wrong) return { fault: `its ${wrong.name} is none` };
  const [minute, hour, dayOfMonth, month, week] = values as [number[], number[], number[], number[], number[]];
  const dayOfWeek = sorted(week.map((day) => day % 7));
  const base = { minute, hour, month };
  const everyDay = range(1, 31);
  const everyWeekday = range(0, 6);
  // crontab(5): a field that begins with * restricts nothing in this respect.
  const either = !fields[2]?.startsWith('*') && !fields[4]?.startsWith('*');
  const calendars = either
    ? [
        { ...base, dayOfMonth, dayOfWeek: everyWeekday },
        { ...base, dayOfMonth: everyDay, dayOfWeek },
      ]
    : [{ ...base, dayOfMonth, dayOfWeek }];
  return calendars.some(comes) ? { calendars } : { fault: 'names a day that none of its months has' };
}

const comes = ({ month, dayOfMonth }: Calendar): boolean =>
  month.some((one) => dayOfMonth.some((day) => day <= (LENGTHS[one - 1] as number)));

/** `undefined` for what is no such field. */
function valuesOf(text: string, field: Field): number[] | undefined {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^(?:(\*)|([a-z]+|\d{1,2})(?:-([a-z]+|\d{1,2}))?)(?:\/(\d{1,2}))?$/i.exec(part);
    if (!match) return undefined;
    const [, star, first, last, every] = match;
    const step = every === undefined ? 1 : Number(every);
    const from = star ? field.min : valueOf(first as string, field);
    // `5/15` begins at 5 and goes on to the end.
    const to =
      star || (last === undefined && every !== undefined) ? field.max : valueOf(last ?? (first as string), field);
    if (from === undefined || to === undefined || from > to || step === 0) return undefined;
    for (let value = from; value <= to; value += step) values.add(value);
  }
  return sorted([...values]);
}

function valueOf(text: string, { min, max, names }: Field): number | undefined {
  const named = names.indexOf(text.toLowerCase());
  const value = named === -1 ? Number(text) : named + min;
  return value >= min && value <= max ? value : undefined;
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const sorted = (values: readonly number[]): number[] => [...new Set(values)].sort((a, b) => a - b);

/** What is wrong with a time zone's name; `undefined`: nothing. Temporal's server, unlike Node, minds capitals. */
export function timezoneFault(name: string): string | undefined {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(name)) return NO_ZONE;
  try {
    const written = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
    const misspelt = written !== name && written.toLowerCase() === name.toLowerCase();
    return misspelt ? `must be written ${written}` : undefined;
  } catch {
    return NO_ZONE;
  }
}
const NO_ZONE = 'is no time zone, as Europe/Berlin or UTC';

/**
 * The time that jitter was added to: the last one of the calendars, at or before `at` and not longer ago than the jitter. Null:
 * there is none. ISO 8601, whole seconds.
 */
export function nominalTime(
  { calendars, timezone, jitterMinutes }: { calendars: readonly Calendar[]; timezone: string; jitterMinutes: number },
  at: string,
): string | null {
  const wall = wallClock(timezone);
  const last = Math.floor(Date.parse(at) / MINUTE_MS) * MINUTE_MS;
  for (let back = 0; back <= Math.ceil(jitterMinutes); back += 1) {
    const time = new Date(last - back * MINUTE_MS);
    const now = wall(time);
    if (calendars.some((one) => FIELD_NAMES.every((field) => one[field].includes(now[field]))))
      return wholeSeconds(time);
  }
  return null;
}

/** As Temporal writes a schedule's times. */
export const wholeSeconds = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, 'Z');

const MINUTE_MS = 60_000;
const FIELD_NAMES = ['minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek'] as const;

/** Reads a time off a clock on the wall of a time zone. */
function wallClock(timeZone: string): (time: Date) => Readonly<Record<keyof Calendar, number>> {
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone, hourCycle: 'h23', weekday: 'short' },
    ...{ month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' },
  });
  return (time) => {
    const parts = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, value]));
    const number = (type: string): number => Number(parts[type]);
    return {
      ...{ minute: number('minute'), hour: number('hour'), dayOfMonth: number('day'), month: number('month') },
      dayOfWeek: DAYS.indexOf(String(parts['weekday']).toLowerCase()),
    };
  };
}

/** Who asks when a schedule does: the requester, and the credential. No API key can have this id. */
export const scheduleRequester = (line: string): string => `schedule:${line}`;

/** What a line's schedule asks for. */
export const scheduledRequest = (line: string, { parameters }: ScheduleSettings): RunRequest => ({
  line,
  parameters,
  requestedBy: scheduleRequester(line),
  source: { kind: 'schedule' },
  reason: 'scheduled',
});

/** The order of a line's schedule, for one of its times (ISO 8601, whole seconds). */
export const scheduledOrder = (line: string, settings: ScheduleSettings, at: string) => ({
  key: scheduledKey(line, at),
  request: scheduledRequest(line, settings),
  credential: scheduleRequester(line),
  subject: null,
  // Asked again after its settings were changed, a time is still that time.
  once: `${scheduleRequester(line)} ${at}`,
});

/**
 * Whether a request is one that the schedule of its line can have made: in its own name, for one of its times, bringing nothing.
 * The worker seals no other, and takes no other for its own.
 */
export function isOfSchedule({ run, key, request, credential, subject }: Omit<RequestStatement, 'kind'>): boolean {
  const requester = scheduleRequester(request.line);
  return (
    run === key &&
    parseScheduledKey(key)?.line === request.line &&
    credential === requester &&
    request.requestedBy === requester &&
    subject === null &&
    request.source?.kind === 'schedule' &&
    request.image === undefined &&
    request.instance === undefined
  );
}

/** Schedules at Temporal, one for each line that has one in the config. */
import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  type CalendarSpec,
  type CalendarSpecDescription,
  type ScheduleDescription,
  type ScheduleOptions,
  type ScheduleOverlapPolicy,
} from '@temporalio/client';
import { BadInput } from '../domain/errors';
import { parseScheduled, QUEUE, scheduledKey, scheduleId, WORKFLOW, workflowId } from '../domain/names';
import {
  nominalTime,
  parseCron,
  wholeSeconds,
  type Calendar,
  type Overlap,
  type ScheduleSettings,
} from '../domain/schedule';
import type { LineSettings } from '../domain/settings';
import type { Temporal } from './connect';

export interface ScheduleChange {
  readonly line: string;
  readonly change: 'created' | 'updated' | 'deleted' | 'unchanged';
  /** What differed, of an update. */
  readonly what: readonly string[];
}

export interface ScheduleView {
  readonly line: string;
  /** Null for one that the config does not have. */
  readonly cron: string | null;
  readonly timezone: string | null;
  /** `missing` and `different` until it is applied, `unwanted` where the config has it no more. */
  readonly state: 'active' | 'paused' | 'missing' | 'different' | 'unwanted';
  readonly note: string | null;
  /** ISO 8601, the soonest first; what jitter adds is in them. */
  readonly next: readonly string[];
  /** Runs that are open because of it. */
  readonly running: readonly string[];
  readonly last: { readonly at: string; readonly run: string } | null;
  readonly skipped: number;
  readonly missed: number;
}

export interface Backfill {
  readonly from: Date;
  readonly to: Date;
  readonly overlap: Overlap;
}

export interface SchedulesApi {
  /** Makes Temporal's schedules equal to the config's, or says what that would take. */
  apply(options?: { readonly dryRun?: boolean }): Promise<readonly ScheduleChange[]>;
  list(): Promise<readonly ScheduleView[]>;
  // Each of these throws BadInput for a line without a schedule at Temporal.
  pause(line: string, note: string): Promise<void>;
  resume(line: string, note: string): Promise<void>;
  /** Asks for a run now. Throws BadInput where the overlap policy would pass it over in silence. */
  trigger(line: string, overlap?: Overlap): Promise<void>;
  /** Makes up for times that are past; the keys of their runs. */
  backfill(line: string, order: Backfill, dryRun?: boolean): Promise<readonly string[]>;
}

export interface SchedulesOptions {
  readonly temporal: Temporal;
  readonly lines: () => ReadonlyMap<string, LineSettings>;
}

/** Of one backfill: Temporal drops in silence what its buffer of 1,000 does not hold. */
const MOST_BACKFILLED = 100;

/** Temporal answers about a schedule through a workflow of its own, which a new one has yet to begin. Only people wait for it. */
const LIMIT_MS = 30_000;

export function createSchedules({ temporal, lines }: SchedulesOptions): SchedulesApi {
  const ask = <T>(call: (client: Temporal['client']) => Promise<T>): Promise<T> => temporal.ask(call, LIMIT_MS);
  const wanted = (): ReadonlyMap<string, ScheduleSettings> =>
    new Map([...lines().values()].flatMap(({ name, schedule }) => (schedule ? [[name, schedule]] : [])));
  const handle = (line: string) => temporal.client.schedule.getHandle(scheduleId.of(line));

  async function describe(line: string): Promise<ScheduleDescription | undefined> {
    try {
      return await ask(() => handle(line).describe());
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) return undefined;
      throw error;
    }
  }

  /** Lines with a schedule of ours at Temporal. Temporal's lists are a moment late. */
  const existing = (): Promise<string[]> =>
    ask(async ({ schedule }) => {
      const found: string[] = [];
      for await (const { scheduleId: id, action } of schedule.list()) {
        const line = scheduleId.parse(id);
        if (line !== undefined && (action === undefined || action.workflowType === WORKFLOW.scheduled))
          found.push(line);
      }
      return found.sort();
    });

  async function known(line: string): Promise<ScheduleDescription> {
    const description = await describe(line);
    if (description) return description;
    throw new BadInput([
      wanted().has(line)
        ? `the schedule of ${line} is not at Temporal yet: run assay schedule apply`
        : `the line ${line} has no schedule`,
    ]);
  }

  async function bring(line: string, settings: ScheduleSettings, dryRun: boolean): Promise<ScheduleChange> {
    const options = optionsOf(line, settings);
    for (;;) {
      const current = await describe(line);
      if (!current) {
        try {
          if (!dryRun) await ask(({ schedule }) => schedule.create(options));
          return { line, change: 'created', what: [] };
        } catch (error) {
          // Somebody else was quicker: it may be what is wanted, or not.
          if (error instanceof ScheduleAlreadyRunning) continue;
          throw error;
        }
      }
      const what = differences(line, settings, current);
      if (what.length === 0) return { line, change: 'unchanged', what };
      if (!dryRun)
        await ask(() =>
          handle(line).update(({ state: { paused, note } }) => ({
            ...options,
            // Who paused it by hand is not overruled by a config that says nothing of it.
            state: { paused: settings.paused ?? paused, ...(note !== undefined && { note }) },
          })),
        );
      return { line, change: 'updated', what };
    }
  }

  async function remove(line: string, dryRun: boolean): Promise<ScheduleChange | undefined> {
    const current = await describe(line);
    if (!current || current.action.workflowType !== WORKFLOW.scheduled) return undefined;
    try {
      if (!dryRun) await ask(() => handle(line).delete());
    } catch (error) {
      if (!(error instanceof ScheduleNotFoundError)) throw error;
    }
    return { line, change: 'deleted', what: [] };
  }

  return {
    async apply({ dryRun = false } = {}) {
      const settings = wanted();
      const changes: ScheduleChange[] = [];
      for (const [line, one] of settings) changes.push(await bring(line, one, dryRun));
      for (const line of await existing()) {
        const change = settings.has(line) ? undefined : await remove(line, dryRun);
        if (change) changes.push(change);
      }
      return changes;
    },

    async list() {
      const settings = wanted();
      const names = [...new Set([...settings.keys(), ...(await existing())])];
      const views: ScheduleView[] = [];
      for (const line of names) {
        const description = await describe(line);
        if (description || settings.has(line)) views.push(viewOf(line, settings.get(line), description));
      }
      return views;
    },

    async pause(line, note) {
      await known(line);
      await ask(() => handle(line).pause(note));
    },

    async resume(line, note) {
      await known(line);
      await ask(() => handle(line).unpause(note));
    },

    async trigger(line, overlap) {
      const { policies, info } = await known(line);
      const policy = overlap === undefined ? policies.overlap : POLICY[overlap];
      const [running] = info.runningActions;
      if (policy === 'SKIP' && running)
        throw new BadInput([
          `the run ${runOf(running.workflow.workflowId)} is still open, and the schedule of ${line} skips then; --overlap says otherwise`,
        ]);
      await ask(() => handle(line).trigger(policy));
    },

    async backfill(line, { from, to, overlap }, dryRun = false) {
      const { spec } = await known(line);
      // Temporal leaves out the first moment of a range, and looks for its end among times with their jitter; whoever asks for
      // a range means the times of the clock, by which runs are named.
      const start = new Date(from.getTime() - 1_000);
      const jittered = await matchingTimes(temporal, line, start, new Date(to.getTime() + (spec.jitter ?? 0)));
      const clock = {
        calendars: spec.calendars?.map(seen).filter((one) => one !== null) ?? [],
        timezone: spec.timezone || 'UTC',
        jitterMinutes: (spec.jitter ?? 0) / MINUTE_MS,
      };
      const tooMany = (count: number) =>
        new BadInput([`${count} times lie in between; at most ${MOST_BACKFILLED} can be made up for at once`]);
      const surely = jittered.filter((at) => Date.parse(at) <= to.getTime()).length;
      if (surely > MOST_BACKFILLED) throw tooMany(surely);
      const due = jittered
        .map((at) => ({ at, nominal: nominalTime(clock, at) ?? at }))
        .filter(({ nominal }) => Date.parse(nominal) <= to.getTime());
      const times = due.map(({ nominal }) => nominal);
      const last = due.at(-1);
      if (!last) throw new BadInput([`no time of the schedule of ${line} lies in between`]);
      if (times.length > MOST_BACKFILLED) throw tooMany(times.length);
      if (!dryRun)
        await ask(() =>
          handle(line).backfill({ start, end: new Date(Date.parse(last.at) + 1_000), overlap: POLICY[overlap] }),
        );
      return times.map((at) => scheduledKey(line, at));
    },
  };
}

const POLICY = {
  skip: 'SKIP',
  bufferOne: 'BUFFER_ONE',
  bufferAll: 'BUFFER_ALL',
  cancelOther: 'CANCEL_OTHER',
  allowAll: 'ALLOW_ALL',
} as const satisfies Record<Overlap, ScheduleOverlapPolicy>;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Times of a line's schedule as Temporal reckons them, after `from` and up to `to`; ISO 8601, whole seconds. */
async function matchingTimes(temporal: Temporal, line: string, from: Date, to: Date): Promise<string[]> {
  const { startTime } = await temporal.ask(({ workflowService }) =>
    workflowService.listScheduleMatchingTimes({
      namespace: temporal.namespace,
      scheduleId: scheduleId.of(line),
      startTime: timestamp(from),
      endTime: timestamp(to),
    }),
  );
  return startTime.map(({ seconds }) => wholeSeconds(new Date(Number(seconds) * 1000)));
}

const timestamp = (date: Date) => ({ seconds: Math.floor(date.getTime() / 1000) as never, nanos: 0 });

function optionsOf(line: string, settings: ScheduleSettings) {
  const { cron, timezone, overlap, jitterMinutes, catchupHours, paused } = settings;
  return {
    scheduleId: scheduleId.of(line),
    spec: {
      calendars: calendarsOf(cron).map((calendar) => specOf(calendar, cron)),
      timezone,
      jitter: Math.round(jitterMinutes * MINUTE_MS),
    },
    action: {
      type: 'startWorkflow',
      workflowType: WORKFLOW.scheduled,
      workflowId: workflowId.scheduled.of(line),
      taskQueue: QUEUE.main,
      args: [],
      staticSummary: `asks for ${line} when it is due`,
    },
    policies: { overlap: POLICY[overlap], catchupWindow: Math.round(catchupHours * HOUR_MS), pauseOnFailure: false },
    state: { paused: paused ?? false },
  } satisfies ScheduleOptions;
}

/** The config lets no other expression pass. */
function calendarsOf(cron: string): readonly Calendar[] {
  const read = parseCron(cron);
  if ('fault' in read) throw new BadInput([`cron: ${read.fault}`]);
  return read.calendars;
}

const MONTHS = [
  ...(['JANUARY', 'FEBRUARY', 'MARCH', 'APRIL', 'MAY', 'JUNE'] as const),
  ...(['JULY', 'AUGUST', 'SEPTEMBER', 'OCTOBER', 'NOVEMBER', 'DECEMBER'] as const),
];
const DAYS = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'] as const;

/** A calendar in Temporal's form: values that follow each other as one range. */
function specOf({ minute, hour, dayOfMonth, month, dayOfWeek }: Calendar, comment: string): CalendarSpec {
  return {
    minute: ranges(minute, Number),
    hour: ranges(hour, Number),
    dayOfMonth: ranges(dayOfMonth, Number),
    month: ranges(month, (value) => MONTHS[value - 1] as (typeof MONTHS)[number]),
    dayOfWeek: ranges(dayOfWeek, (value) => DAYS[value] as (typeof DAYS)[number]),
    comment,
  };
}

function ranges<T>(values: readonly number[], named: (value: number) => T): { start: T; end: T; step: number }[] {
  const found: { start: number; end: number }[] = [];
  for (const value of values) {
    const last = found.at(-1);
    if (last && value === last.end + 1) last.end = value;
    else found.push({ start: value, end: value });
  }
  return found.map(({ start, end }) => ({ start: named(start), end: named(end), step: 1 }));
}

/** What of a schedule at Temporal is not as the config wants it, whoever changed it. */
function differences(line: string, settings: ScheduleSettings, current: ScheduleDescription): string[] {
  const { spec, action, policies, state } = optionsOf(line, settings);
  const { calendars = [], intervals = [], skip = [], startAt, endAt, timezone, jitter } = current.spec;
  const bounded = startAt !== undefined || endAt !== undefined || current.state.remainingActions !== undefined;
  const sameTimes = same(calendars.map(seen), calendarsOf(settings.cron)) && intervals.length + skip.length === 0;
  const { workflowType, workflowId: id, taskQueue, args } = current.action;
  const asked = { type: workflowType, id, queue: taskQueue, args: args?.length ?? 0 };
  const wanted = { type: action.workflowType, id: action.workflowId, queue: action.taskQueue, args: 0 };
  return [
    ...(sameTimes && !bounded ? [] : ['cron']),
    ...((timezone || 'UTC') === spec.timezone ? [] : ['timezone']),
    ...((jitter ?? 0) === spec.jitter ? [] : ['jitterMinutes']),
    ...(current.policies.overlap === policies.overlap ? [] : ['overlap']),
    ...(current.policies.catchupWindow === policies.catchupWindow ? [] : ['catchupHours']),
    ...(settings.paused === null || current.state.paused === state.paused ? [] : ['paused']),
    ...(same(asked, wanted) && !current.policies.pauseOnFailure ? [] : ['action']),
  ];
}

/** A calendar of Temporal's in our form, where it is of our making. */
function seen(calendar: CalendarSpecDescription): Calendar | null {
  const { second, minute, hour, dayOfMonth, month, dayOfWeek, year } = calendar;
  if (year.length > 0 || !same(values(second, Number), [0])) return null;
  return {
    minute: values(minute, Number),
    hour: values(hour, Number),
    month: values(month, (name) => MONTHS.indexOf(name) + 1),
    dayOfMonth: values(dayOfMonth, Number),
    dayOfWeek: values(dayOfWeek, (name) => DAYS.indexOf(name)),
  };
}

function values<T>(given: readonly { start: T; end: T; step: number }[], number: (value: T) => number): number[] {
  const all = given.flatMap(({ start, end, step }) => {
    const [from, to] = [number(start), number(end)];
    return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);
  });
  return [...new Set(all)].sort((a, b) => a - b);
}

/** Of values that were made in the same way, so that their fields are in one order. */
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function viewOf(
  line: string,
  settings: ScheduleSettings | undefined,
  current: ScheduleDescription | undefined,
): ScheduleView {
  const { cron = null, timezone = null } = settings ?? {};
  if (!current)
    return {
      ...{ line, cron, timezone, state: 'missing', note: null },
      ...{ next: [], running: [], last: null, skipped: 0, missed: 0 },
    };
  const { info, state } = current;
  const different = settings !== undefined && differences(line, settings, current).length > 0;
  const last = info.recentActions.at(-1);
  return {
    ...{ line, cron, timezone },
    state: settings === undefined ? 'unwanted' : different ? 'different' : state.paused ? 'paused' : 'active',
    note: state.note === undefined || state.note === '' ? null : state.note,
    // Temporal tells them of a paused one too.
    next: state.paused ? [] : info.nextActionTimes.map(wholeSeconds),
    running: info.runningActions.map(({ workflow }) => runOf(workflow.workflowId)),
    last: last ? { at: wholeSeconds(last.takenAt), run: runOf(last.action.workflow.workflowId) } : null,
    skipped: info.numActionsSkippedOverlap,
    missed: info.numActionsMissedCatchupWindow,
  };
}

/** The run that a scheduled workflow asked for. */
function runOf(id: string): string {
  const due = parseScheduled(id);
  return due ? scheduledKey(due.line, due.at) : id;
}

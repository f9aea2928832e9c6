/** `assay schedule`: the times at which lines ask by themselves for an image, at Temporal. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { ScheduleChange, SchedulesApi, ScheduleView } from '../client/schedules';
import { OVERLAPS, type Overlap } from '../domain/schedule';
import type { Cli } from './cli';
import { operator, type OperatorOptions } from './operator';
import { described } from './people';
import { clean, safeJson, table } from './text';

export function scheduleCommand(cli: Cli): Command {
  return described('schedule', {
    summary: 'Keep Temporal’s schedules equal to the config, and look after them.',
    examples: ['assay schedule apply --dry-run', 'assay schedule list', 'assay schedule pause ubuntu-24-base'],
  })
    .addCommand(applyCommand(cli))
    .addCommand(listCommand(cli))
    .addCommand(pauseCommand(cli))
    .addCommand(resumeCommand(cli))
    .addCommand(triggerCommand(cli))
    .addCommand(backfillCommand(cli));
}

/** Temporal's client takes its time to load. */
async function withSchedules<T>(
  { env }: Cli,
  options: OperatorOptions,
  work: (schedules: SchedulesApi) => Promise<T>,
): Promise<T> {
  const temporal = await import('./temporal.js');
  return temporal.withSchedules(env, options, work);
}

interface ApplyOptions extends OperatorOptions {
  readonly dryRun?: true;
}

function applyCommand(cli: Cli): Command {
  return operator('apply', {
    summary:
      'Make Temporal’s schedules equal to those of the config.\n' +
      'May be run any number of times, by several at once. A schedule that was paused by hand stays paused, unless the config says `paused`.',
    examples: ['assay schedule apply', 'assay schedule apply --dry-run --json'],
  })
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--json', 'print JSON')
    .action(async (options: ApplyOptions) => {
      const dryRun = options.dryRun ?? false;
      const changes = await withSchedules(cli, options, (schedules) => schedules.apply({ dryRun }));
      if (options.json) return cli.terminal.print(safeJson({ dryRun, changes }));
      for (const change of changes) cli.terminal.print(lineOf(change, dryRun));
      if (changes.length === 0) cli.terminal.print('no line has a schedule');
    });
}

function lineOf({ line, change, what }: ScheduleChange, dryRun: boolean): string {
  const done = dryRun && change !== 'unchanged' ? `would be ${change}` : change;
  return `${clean(line)}: ${done}${what.length === 0 ? '' : ` (${what.join(', ')})`}`;
}

function listCommand(cli: Cli): Command {
  return operator('list', {
    summary: 'List schedules: those of the config, and those at Temporal.',
    examples: ['assay schedule list', 'assay schedule list --json | jq .schedules[].next[0]'],
  })
    .option('--json', 'print JSON')
    .action(async (options: OperatorOptions) => {
      const views = await withSchedules(cli, options, (schedules) => schedules.list());
      if (options.json) return cli.terminal.print(safeJson({ schedules: views }));
      if (views.length === 0) return cli.terminal.print('no line has a schedule');
      const rows = views.map((view) => rowOf(view).map(clean));
      for (const row of table(['line', 'state', 'cron', 'timezone', 'next', 'last', 'open'], rows))
        cli.terminal.print(row);
    });
}

const rowOf = ({ line, state, cron, timezone, next, last, running }: ScheduleView): string[] => [
  ...[line, state, cron ?? '-', timezone ?? '-', next[0] ?? '-', last?.at ?? '-', running.join(' ') || '-'],
];

interface NoteOptions extends OperatorOptions {
  readonly reason: string;
}

const pauseCommand = (cli: Cli): Command =>
  withNote(
    operator('pause', {
      summary: 'Pause the schedule of a line.\nRuns that are open go on.',
      examples: ['assay schedule pause ubuntu-24-base --reason "freeze until Monday"'],
    }),
    { cli, done: 'paused', paused: true, work: (schedules, line, reason) => schedules.pause(line, reason) },
  );

const resumeCommand = (cli: Cli): Command =>
  withNote(
    operator('resume', {
      summary:
        'Let the schedule of a line go on.\nTimes that passed in the meantime are not made up for: see backfill.',
      examples: ['assay schedule resume ubuntu-24-base'],
    }),
    { cli, done: 'resumed', paused: false, work: (schedules, line, reason) => schedules.resume(line, reason) },
  );

interface Noted {
  readonly cli: Cli;
  readonly done: 'paused' | 'resumed';
  readonly paused: boolean;
  readonly work: (schedules: SchedulesApi, line: string, reason: string) => Promise<void>;
}

/** What is done to a schedule and leaves a note there. */
const withNote = (command: Command, { cli, done, paused, work }: Noted): Command =>
  command
    .argument('<line>', 'name of the line')
    .option('--reason <text>', 'why; shown by list', `${done} by assay schedule ${command.name()}`)
    .option('--json', 'print JSON')
    .action(async (line: string, options: NoteOptions) => {
      await withSchedules(cli, options, (schedules) => work(schedules, line, options.reason));
      cli.terminal.print(options.json ? safeJson({ line, paused }) : `${clean(line)}: ${done}`);
    });

interface TriggerOptions extends OperatorOptions {
  readonly overlap?: Overlap;
}

const overlapOption = (text: string): Option => new Option('--overlap <policy>', text).choices(OVERLAPS);

function triggerCommand(cli: Cli): Command {
  return operator('trigger', {
    summary:
      'Have the schedule of a line ask for a run now, paused or not.\n' +
      'While a run of it is open and the schedule skips then, it is refused.',
    examples: ['assay schedule trigger ubuntu-24-base', 'assay schedule trigger ubuntu-24-base --overlap allowAll'],
  })
    .argument('<line>', 'name of the line')
    .addOption(overlapOption('what to do while a run of it is open; else as the schedule has it'))
    .option('--json', 'print JSON')
    .action(async (line: string, options: TriggerOptions) => {
      await withSchedules(cli, options, (schedules) => schedules.trigger(line, options.overlap));
      cli.terminal.print(options.json ? safeJson({ line, triggered: true }) : `${clean(line)}: triggered`);
    });
}

interface BackfillOptions extends OperatorOptions {
  readonly from: Date;
  readonly to: Date;
  readonly overlap: Overlap;
  readonly dryRun?: true;
}

function backfillCommand(cli: Cli): Command {
  return operator('backfill', {
    summary:
      'Make up for times of a line’s schedule that have passed: one run for each.\n' +
      'A time that has had its run gets no second one. The keys of the runs are printed.',
    examples: [
      'assay schedule backfill ubuntu-24-base --from 2026-11-01T00:00:00Z --to 2026-11-08T00:00:00Z --dry-run',
    ],
  })
    .argument('<line>', 'name of the line')
    .requiredOption('--from <time>', 'first time, ISO 8601 with its offset', time)
    .requiredOption('--to <time>', 'last time, ISO 8601 with its offset', time)
    .addOption(overlapOption('whether the runs wait for each other').default('bufferAll'))
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--json', 'print JSON')
    .action(async (line: string, { from, to, overlap, ...options }: BackfillOptions) => {
      const dryRun = options.dryRun ?? false;
      const keys = await withSchedules(cli, options, (schedules) =>
        schedules.backfill(line, { from, to, overlap }, dryRun),
      );
      if (options.json) return cli.terminal.print(safeJson({ line, dryRun, runs: keys }));
      for (const key of keys) cli.terminal.print(clean(key));
    });
}

function time(text: string): Date {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)$/.test(text) || Number.isNaN(Date.parse(text)))
    throw new InvalidArgumentError('It must be a time with its offset, as 2026-11-01T04:00:00Z.');
  return new Date(text);
}

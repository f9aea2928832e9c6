import { InvalidArgumentError, Option, type Command } from 'commander';
import { STATUSES } from '../domain/run';
import { readPage, type RunView } from './answers';
import type { Cli } from './cli';
import { hasEnded } from './exit';
import { apiOf, people, type PeopleOptions } from './people';
import { timeOf } from './sightings';
import { duration, safeJson, table } from './text';

interface ListOptions extends PeopleOptions {
  readonly line?: string;
  readonly status?: string;
  readonly image?: string;
  readonly limit?: string;
  readonly cursor?: string;
  readonly all?: true;
}

/** A server that kept giving cursors would keep us for ever. */
const MOST_PAGES = 10_000;

/** `assay list`: runs, newest first. */
export function listCommand(cli: Cli): Command {
  return people('list', {
    summary: 'List runs, newest first.',
    examples: ['assay list --line ubuntu-24-base --status AWAITING_APPROVAL', 'assay list --all --json'],
  })
    .option('--line <line>', 'only runs of this line')
    .addOption(new Option('--status <status>', 'only runs with this status').choices(STATUSES))
    .option('--image <ami>', 'only runs about this image')
    .option('--limit <n>', 'runs a page, 1 to 100', wholeFrom1To100)
    .option('--cursor <cursor>', 'go on where an earlier list ended')
    .option('--all', 'all pages')
    .action(async (options: ListOptions) => {
      const api = apiOf(cli, options);
      const bodies: unknown[] = [];
      const runs: RunView[] = [];
      let cursor: string | null = options.cursor ?? null;
      for (let pages = 0; pages < MOST_PAGES; pages += 1) {
        const { line, status, image, limit } = options;
        const query = { line, status, image, limit, ...(cursor !== null && { cursor }) };
        const { body } = await api.call({ path: '/v1/runs', query });
        const page = readPage(body);
        runs.push(...page.runs);
        bodies.push(...(body as { readonly runs: readonly unknown[] }).runs);
        cursor = page.cursor;
        if (!options.all || cursor === null) break;
      }
      if (options.json) return cli.terminal.print(safeJson({ runs: bodies, cursor }));
      for (const line of runTable(runs, Date.now(), cli.terminal.outColumns)) cli.terminal.print(line);
      if (runs.length === 0) cli.terminal.say('No runs.');
      if (cursor !== null) cli.terminal.say(`There are more: --all, or --cursor '${cursor}'`);
    });
}

/** The table of runs; `now` in milliseconds since 1970. Nothing for no runs. */
export function runTable(runs: readonly RunView[], now: number, columns: number | undefined): string[] {
  if (runs.length === 0) return [];
  return table(
    ['RUN', 'LINE', 'STATUS', 'STAGE', 'IMAGE', 'CRIT', 'HIGH', 'STARTED', 'TOOK', 'PROGRESS'],
    runs.map((run) => {
      const started = timeOf(run.startedAt);
      const end = run.closedAt === null ? now : (timeOf(run.closedAt) ?? now);
      return [
        run.id,
        run.line,
        run.status,
        hasEnded(run.status) ? '-' : run.stage,
        run.amiId ?? '-',
        String(run.findings?.critical ?? '-'),
        String(run.findings?.high ?? '-'),
        run.startedAt.replace(/\.\d+Z$/, 'Z'),
        started === null ? '-' : duration(end - started),
        run.progress,
      ];
    }),
    columns,
  );
}

function wholeFrom1To100(text: string): string {
  if (/^(?:[1-9]\d?|100)$/.test(text)) return text;
  throw new InvalidArgumentError('It must be a whole number from 1 to 100.');
}

import type { Command } from 'commander';
import type { Cli } from './cli';
import { exitOfStatus } from './exit';
import { apiOf, people, type PeopleOptions } from './people';
import { reasonLines, summaryLine } from './run-text';
import { safeJson } from './text';
import { watchRun, type Watched } from './watching';

/** `assay watch`: a run as it goes, until it ends. */
export function watchCommand(cli: Cli): Command {
  return people('watch', {
    summary:
      'Watch a run until it ends.\n' +
      'Progress goes to stderr, the end to stdout. Ends with 0 when the run succeeded, else with 1.\n' +
      'Ctrl-C ends the watching, not the run.',
    examples: ['assay watch nightly-2026-11-24', 'assay watch nightly-2026-11-24 --json > run.json'],
  })
    .argument('<run>', 'id of the run')
    .action(async (id: string, options: PeopleOptions) => {
      const watched = await watchRun({ api: apiOf(cli, options), terminal: cli.terminal, id });
      printEnd(cli, watched, options);
    });
}

/** Prints how a run ended, and ends the process by it. */
export function printEnd(cli: Cli, { run, body }: Watched, { json }: PeopleOptions): void {
  const { terminal } = cli;
  if (json) terminal.print(safeJson(body));
  else {
    terminal.print(summaryLine(run, terminal.outStyle));
    for (const reason of reasonLines(run)) terminal.print(`  ${reason}`);
  }
  cli.finish(exitOfStatus(run.status));
}

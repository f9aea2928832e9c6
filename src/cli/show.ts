import type { Command } from 'commander';
import { readReport, readRun, type ReportView, type RunView } from './answers';
import type { Cli } from './cli';
import { CliError, hasEnded } from './exit';
import type { Api } from './http-client';
import { apiOf, people, runPath, type PeopleOptions } from './people';
import { page } from './run-text';
import { sightingsOf } from './sightings';
import { safeJson } from './text';

/** `assay show`: one run as a readable page. */
export function showCommand(cli: Cli): Command {
  return people('show', {
    summary: 'Show a run: where it stands, what was found, who decided.',
    examples: ['assay show nightly-2026-11-24'],
  })
    .argument('<run>', 'id of the run')
    .action(async (id: string, options: PeopleOptions) => {
      const { terminal } = cli;
      const api = apiOf(cli, options);
      const { body } = await api.call({ path: runPath(id) });
      const run = readRun(body);
      if (options.json) return terminal.print(safeJson(body));
      const report = await reportOf(api, run);
      if (typeof report === 'string') terminal.say(`The report cannot be shown: ${report}`);
      const known = typeof report === 'string' ? null : report;
      const columns = terminal.outColumns;
      terminal.print(
        page(run, sightingsOf(known?.timeline ?? [], run), {
          report: known,
          now: Date.now(),
          style: terminal.outStyle,
          ...(columns !== undefined && { columns }),
        }),
      );
    });
}

/** The report; null where there is none yet, and a text that says why where it should be there and is not. */
export async function reportOf(api: Api, run: RunView): Promise<ReportView | null | string> {
  if (run.evidenceDigest === null && run.verdict === null && !hasEnded(run.status)) return null;
  try {
    return readReport((await api.call({ path: runPath(run.id, '/report') })).body);
  } catch (error) {
    if (error instanceof CliError) return error.message;
    throw error;
  }
}

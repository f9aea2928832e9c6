import { Option, type Command } from 'commander';
import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { messageOf } from '../domain/errors';
import type { Cli } from './cli';
import { usage } from './exit';
import { apiOf, people, runPath, type PeopleOptions } from './people';
import { safeJson } from './text';

interface ReportOptions extends PeopleOptions {
  readonly format: string;
  readonly output?: string;
}

/** `assay report`: the evidence of a run. */
export function reportCommand(cli: Cli): Command {
  return people('report', {
    summary:
      'Print the report of a run: findings, assessments, decisions, timeline.\nIt exists once the run was judged, or has ended.',
    examples: [
      'assay report nightly-2026-11-24 --output report.json',
      'assay report nightly-2026-11-24 | jq .findings',
    ],
  })
    .argument('<run>', 'id of the run')
    .addOption(new Option('--format <format>', 'form of the report').choices(['json']).default('json'))
    .option('-o, --output <file>', 'write to this file instead of stdout')
    .action(async (id: string, { format, output, ...options }: ReportOptions) => {
      const { body } = await apiOf(cli, options).call({ path: runPath(id, '/report'), query: { format } });
      if (output === undefined || output === '-') return cli.terminal.print(safeJson(body, 2));
      writeWhole(output, `${JSON.stringify(body, null, 2)}\n`);
      cli.terminal.say(`written to ${output}`);
    });
}

/** The file appears whole or not at all. */
function writeWhole(path: string, content: string): void {
  const temporary = `${path}.${randomBytes(4).toString('hex')}`;
  try {
    writeFileSync(temporary, content, { flag: 'wx' });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw usage(`${path} cannot be written: ${messageOf(error)}`);
  }
}

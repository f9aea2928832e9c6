/** `assay approve` and `assay deny`: what is decided on is shown first, and the decision names exactly that. */
import type { Command } from 'commander';
import { readRun, type ReportView, type RunView } from './answers';
import type { Cli } from './cli';
import { CliError, EXIT } from './exit';
import { apiOf, people, runPath, type PeopleOptions } from './people';
import { approvalLines, findingLines, imagesOf, paintOf, reasonLines, worstFindings } from './run-text';
import { reportOf } from './show';
import type { Style } from './terminal';
import { clean, safeJson } from './text';

interface DecideOptions extends PeopleOptions {
  readonly comment: string;
  readonly evidenceDigest?: string;
  readonly yes?: true;
}

/** `assay approve`. */
export const approveCommand = (cli: Cli): Command =>
  decideCommand(cli, 'approve', 'Approve the image of a run, after showing what is approved.');

/** `assay deny`. */
export const denyCommand = (cli: Cli): Command =>
  decideCommand(cli, 'deny', 'Deny the image of a run, after showing what is denied.\nOne denial is enough.');

function decideCommand(cli: Cli, verdict: 'approve' | 'deny', summary: string): Command {
  return people(verdict, {
    summary: `${summary}\nAt a terminal it asks for a yes; without one it goes by the command line alone.`,
    examples: [
      `assay ${verdict} nightly-2026-11-24 --comment "as agreed in OPS-1234"`,
      `assay ${verdict} nightly-2026-11-24 --yes --evidence-digest sha256:9f86d0…`,
    ],
  })
    .argument('<run>', 'id of the run')
    .option('--comment <text>', 'why; kept with the decision', '')
    .option('--evidence-digest <digest>', 'decide on this evidence only, as it was seen elsewhere')
    .option('-y, --yes', 'do not ask')
    .action(async (id: string, options: DecideOptions) => {
      const { terminal } = cli;
      const api = apiOf(cli, options);
      const run = readRun((await api.call({ path: runPath(id) })).body);
      const report = await reportOf(api, run);
      for (const line of decisionLines(run, typeof report === 'string' ? null : report, terminal.errStyle))
        terminal.say(line);
      if (typeof report === 'string') terminal.say(`The report cannot be shown: ${report}`);
      // The digest of what was just shown: if the evidence changes before the decision arrives, the server refuses it.
      const evidenceDigest = options.evidenceDigest ?? run.evidenceDigest;
      if (evidenceDigest !== run.evidenceDigest)
        terminal.say('The evidence shown is not what --evidence-digest names.');
      if (!options.yes && !(await isConfirmed(cli, verdict))) {
        throw new CliError(EXIT.bad, 'nothing was decided');
      }
      const answer = await api.call({
        method: 'POST',
        path: runPath(id, '/decisions'),
        body: { verdict, comment: options.comment, evidenceDigest },
      });
      report202Or200(cli, answer.status, answer.body, verdict, options);
    });
}

/** True without a person at the terminal: then whoever wrote the command line has said it. */
async function isConfirmed({ terminal }: Cli, verdict: 'approve' | 'deny'): Promise<boolean> {
  const answer = await terminal.ask(`${verdict === 'approve' ? 'Approve' : 'Deny'} this image? Type yes: `);
  return answer === undefined || /^y(es)?$/i.test(answer.trim());
}

function report202Or200(cli: Cli, status: number, body: unknown, verdict: string, { json }: PeopleOptions): void {
  if (json) return cli.terminal.print(safeJson(body));
  if (status === 202) return cli.terminal.print(`${verdict}: recorded; it counts once a worker has verified it`);
  const { approval } = readRun(body);
  const progress = approval === null ? '' : `; ${approval.given} of ${approval.needed} approvals given`;
  cli.terminal.print(`${verdict}: counted${progress}`);
}

/** What a person decides on. */
export function decisionLines(run: RunView, report: ReportView | null, style: Style): string[] {
  const fact = (name: string, value: string | null | undefined): string[] =>
    value === null || value === undefined || value === '' ? [] : [`${style.dim(name.padEnd(9))} ${clean(value)}`];
  const within = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);
  return [
    `${style.bold(clean(run.line))}  ${clean(run.id)}  ${paintOf(run.status, style)(clean(run.status))}`,
    ...imagesOf(run).flatMap((image) => fact('image', image)),
    ...fact('asked by', report?.request?.requestedBy),
    ...fact('reason', report?.request?.reason),
    ...fact('verdict', run.verdict),
    ...within(reasonLines(run)),
    ...within(findingLines(run, style)),
    ...within(worstFindings(report?.findings ?? [], 10)),
    ...approvalLines(run).map((line) => `${style.dim('approval ')} ${line}`),
    ...fact('evidence', run.evidenceDigest),
    ...fact('page', run.pageUrl),
  ];
}

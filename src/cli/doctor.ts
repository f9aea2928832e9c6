/** `assay doctor`: looks at everything Assay stands on, and says what to do about what is not right. */
import type { Command } from 'commander';
import { createSpinnakerReads } from '../adapters/spinnaker/reads';
import { configPath } from '../config/environment';
import { loadConfig } from '../config/load';
import type { Cli } from './cli';
import { playContract } from './doctor/contract';
import type { Finding, Health } from './doctor/finding';
import { gateFindings } from './doctor/gate';
import { evidenceFindings, publicUrlFindings, secretFindings } from './doctor/here';
import { EXIT, usage, type ExitCode } from './exit';
import { operator, withConfig, type OperatorOptions } from './operator';
import type { Terminal } from './terminal';
import { clean, pad, safeJson } from './text';

export interface DoctorOptions extends OperatorOptions {
  readonly spinnakerContract?: string;
  readonly line?: string;
  readonly profile?: string;
}

/** `assay doctor`. */
export function doctorCommand(cli: Cli): Command {
  return operator('doctor', {
    summary:
      'Look at what Assay stands on: config, evidence, Temporal, Spinnaker’s Gate and its pipelines. Nothing is changed.\n' +
      'With --spinnaker-contract it plays Spinnaker’s side of the webhook against a running Assay instead; that starts real\n' +
      'runs of the line, and cancels every one of them.\n' +
      'Ends with 0 when all is well, 1 when something is not right, 2 for a wrong config, 3 when something does not answer.',
    examples: [
      'assay doctor --config assay.yaml',
      'ASSAY_KEY=… assay doctor --spinnaker-contract https://assay.example.com --line ubuntu-24-base',
    ],
  })
    .option('--spinnaker-contract <url>', 'play Spinnaker’s contract against the Assay at this address')
    .option('--line <line>', 'line whose runs the contract starts')
    .option('--profile <name>', 'profile whose key the contract uses; else ASSAY_KEY')
    .option('--json', 'print JSON')
    .action(async (options: DoctorOptions) => {
      if (options.spinnakerContract !== undefined) return playContract(cli, options, options.spinnakerContract);
      if (options.line !== undefined || options.profile !== undefined)
        throw usage('--line and --profile belong to --spinnaker-contract');
      await examine(cli, options);
    });
}

async function examine({ env, terminal, finish }: Cli, options: OperatorOptions): Promise<void> {
  const config = loadConfig({ path: configPath(withConfig(env, options)), env });
  const { temporalFindings } = await import('./doctor/temporal.js');
  const { spinnaker } = config;
  const found: Finding[] = [
    ...evidenceFindings(config),
    ...publicUrlFindings(config),
    ...secretFindings(config),
    ...(await temporalFindings(env)),
    ...(spinnaker
      ? await gateFindings({
          ...{ gate: spinnaker.gate, application: spinnaker.application, lines: [...config.lines.values()] },
          reads: createSpinnakerReads(spinnaker),
        })
      : []),
  ];
  const exit = exitOf(found.map(({ health }) => health));
  if (options.json) terminal.print(safeJson({ ok: exit === EXIT.done, findings: found }));
  else for (const line of rows(found, terminal)) terminal.print(line);
  finish(exit);
}

function exitOf(all: readonly Health[]): ExitCode {
  if (all.includes('unreachable')) return EXIT.unreachable;
  return all.includes('failed') ? EXIT.bad : EXIT.done;
}

const WORDS: Readonly<Record<Health, string>> = {
  ok: 'ok',
  warning: 'warning',
  failed: 'FAILED',
  unreachable: 'AWAY',
  unknown: 'unknown',
};

function rows(found: readonly Finding[], { outStyle: style }: Terminal): string[] {
  const paints = {
    ok: style.green,
    warning: style.yellow,
    failed: style.red,
    unreachable: style.red,
    unknown: style.yellow,
  };
  const width = Math.max(...found.map(({ area }) => area.length));
  return found.flatMap(({ area, what, health, detail, hint }) => [
    `${paints[health](pad(WORDS[health], 7))}  ${pad(clean(area), width)}  ${clean(what)}: ${clean(detail)}`,
    ...(hint === null ? [] : [`${pad('', 7 + 2 + width)}  → ${clean(hint)}`]),
  ]);
}

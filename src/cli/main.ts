/** The program: its commands, and how faults are told. */
import { Command, CommanderError } from 'commander';
import { Unreachable } from '../client/errors';
import { ConfigError } from '../config/config';
import { BadInput, messageOf } from '../domain/errors';
import { approvedCommand } from './approved';
import { cancelCommand } from './cancel';
import type { Cli } from './cli';
import { approveCommand, denyCommand } from './decide';
import { demoCommand } from './demo';
import { devCommand } from './dev';
import { doctorCommand } from './doctor';
import { CliError, EXIT, usage, type ExitCode } from './exit';
import { keysCommand } from './keys';
import { lineCommand } from './line';
import { listCommand } from './list';
import { reportCommand } from './report';
import { runCommand } from './run';
import { scheduleCommand } from './schedule';
import { serverCommand } from './server';
import { setupCommand } from './setup';
import { showCommand } from './show';
import { simulateCommand } from './simulate';
import { sweepCommand } from './sweep';
import type { Terminal } from './terminal';
import { clean } from './text';
import { watchCommand } from './watch';
import { workerCommand } from './worker';

export interface MainOrder extends Omit<Cli, 'finish'> {
  /** What follows the program's name. */
  readonly args: readonly string[];
  readonly version: string;
}

/** Runs one command and gives back the exit code. Never throws. */
export async function main({ args, version, ...context }: MainOrder): Promise<number> {
  let code: number = EXIT.done;
  const cli: Cli = { ...context, finish: (given) => (code = given) };
  try {
    await program(cli, version).parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    return tell(error, cli.terminal);
  }
}

function program(cli: Cli, version: string): Command {
  const { terminal } = cli;
  const commands = [
    ...[runCommand, listCommand, showCommand, watchCommand, approveCommand, denyCommand, cancelCommand, reportCommand],
    ...[lineCommand, approvedCommand],
    ...[setupCommand, workerCommand, serverCommand, scheduleCommand, sweepCommand, keysCommand, doctorCommand],
    ...[demoCommand, devCommand, simulateCommand],
  ].map((make) => make(cli));
  const assay = new Command('assay')
    .description('Golden machine images, delivered: from bake to published AMI.')
    .version(version)
    .addHelpText('after', HELP);
  for (const command of commands) assay.addCommand(command);
  for (const command of everyCommand(assay))
    command
      .exitOverride()
      .showHelpAfterError(`(assay ${pathOf(command)}--help shows how)`)
      .configureOutput({
        writeOut: (text) => terminal.print(text.trimEnd()),
        writeErr: (text) => terminal.say(text.trimEnd()),
        // What was typed is repeated, and may hold anything.
        outputError: (text, write) => write(text.split('\n').map(clean).join('\n')),
      });
  return assay;
}

const everyCommand = (command: Command): Command[] => [command, ...command.commands.flatMap(everyCommand)];

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)}${command.name()} ` : '';
}

const HELP = `
See it at work:      assay demo
Ask for an image:    assay run --line ubuntu-24-base --follow
Where the API is:    ASSAY_URL and ASSAY_KEY, or a profile in $XDG_CONFIG_HOME/assay/config.yaml

Exit codes: 0 done; 1 the run ended badly; 2 wrong usage or config; 3 a service cannot be reached; 4 not allowed.`;

/** Tells a fault, and gives back the exit code for it. */
function tell(error: unknown, { say, errStyle }: Terminal): ExitCode {
  if (error instanceof CommanderError) {
    // Help and version that were asked for end with 0; everything else is wrong usage, and commander has said why.
    return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
  const fault = asCliError(error);
  if (fault) {
    say(`${errStyle.red('error:')} ${lines(fault.message)}`);
    for (const one of fault.faults) say(`  - ${clean(one)}`);
    if (fault.hint !== undefined && fault.hint !== '') say(lines(fault.hint));
    return fault.exit;
  }
  say(`${errStyle.red('error:')} ${lines(messageOf(error))}`);
  if (error instanceof Error && error.stack) say(errStyle.dim(lines(error.stack)));
  return EXIT.bad;
}

/** What is expected to go wrong; anything else is a fault in the program, and is told with its place. */
function asCliError(error: unknown): CliError | undefined {
  if (error instanceof CliError) return error;
  if (error instanceof ConfigError) return usage(`${error.path} cannot be used`, error.faults);
  if (error instanceof BadInput) return usage('what was given is not right', error.faults);
  if (error instanceof Unreachable) return new CliError(EXIT.unreachable, error.message);
  return undefined;
}

/** Harmless, but with its lines. */
const lines = (text: string): string => text.split('\n').map(clean).join('\n');

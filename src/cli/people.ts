/** What the commands of people have in common: where the API is, and `--json`. */
import { Command } from 'commander';
import type { Cli } from './cli';
import { createApi, type Api } from './http-client';
import { accessOf } from './profile';

export interface PeopleOptions {
  readonly profile?: string;
  readonly json?: true;
}

export interface Described {
  readonly summary: string;
  /** Command lines, shown by --help. */
  readonly examples: readonly string[];
}

/** A command with its help. */
export const described = (name: string, { summary, examples }: Described): Command =>
  new Command(name)
    .summary(summary.split('\n')[0] ?? '')
    .description(summary)
    .addHelpText(
      'after',
      `\nExample${examples.length === 1 ? '' : 's'}:\n${examples.map((one) => `  ${one}`).join('\n')}`,
    );

/** A command that speaks to the API. */
export const people = (name: string, about: Described): Command =>
  described(name, about)
    .option('--profile <name>', 'profile in $XDG_CONFIG_HOME/assay/config.yaml; else ASSAY_URL and ASSAY_KEY')
    .option('--json', 'print JSON');

/** The API that the options and the environment name. Throws CliError when they name none. */
export const apiOf = (cli: Cli, { profile }: PeopleOptions): Api => createApi(accessOf(cli.env, profile));

/** The path of a run. */
export const runPath = (id: string, rest = ''): string => `/v1/runs/${encodeURIComponent(id)}${rest}`;

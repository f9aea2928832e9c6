/** What the commands of operators have in common: the config file, and Temporal. */
import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import { connectTemporal, type Temporal } from '../client/connect';
import { configPath, loadConfig, temporalConnection, type Environment } from '../config';
import { messageOf } from '../domain/errors';
import { usage } from './exit';
import { described, type Described } from './people';

export interface OperatorOptions {
  readonly config?: string;
  readonly json?: true;
}

/** A command that reads the config file. */
export const operator = (name: string, about: Described): Command =>
  described(name, about).option('--config <file>', 'config file; else ASSAY_CONFIG, else ./assay.yaml');

/** The environment in which a door reads the same config file. */
export const withConfig = (env: Environment, { config }: OperatorOptions): Environment =>
  config === undefined ? env : { ...env, ASSAY_CONFIG: config };

/**
 * Reads the config file, so that a faulty one is told before anything is done. What only speaks to Temporal goes without one
 * where none is named and none is there. Throws ConfigError with every fault.
 */
export function checkConfig(env: Environment, options: OperatorOptions): void {
  const named = options.config !== undefined || env['ASSAY_CONFIG'] !== undefined;
  const path = configPath(withConfig(env, options));
  if (named || existsSync(path)) loadConfig({ path, env });
}

/** Works with Temporal, as its own environment names it, and lets go of it. Throws CliError when that environment is faulty. */
export async function withTemporal<T>(env: Environment, work: (temporal: Temporal) => Promise<T>): Promise<T> {
  const temporal = connectTemporal(temporalOf(env));
  try {
    return await work(temporal);
  } finally {
    await temporal.close();
  }
}

function temporalOf(env: Environment): Parameters<typeof connectTemporal>[0] {
  try {
    return temporalConnection(env);
  } catch (error) {
    throw usage(`Temporal’s settings in the environment cannot be used: ${messageOf(error)}`);
  }
}

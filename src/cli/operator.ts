/** What the commands of operators have in common: the config file. */
import type { Command } from 'commander';
import type { Environment } from '../config/environment';
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

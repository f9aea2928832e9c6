/** What the commands of operators do at Temporal. Loaded only by them: Temporal's client takes its time to load. */
import { existsSync } from 'node:fs';
import { connectTemporal, type Temporal } from '../client/connect';
import { createSchedules, type SchedulesApi } from '../client/schedules';
import { createSetup } from '../client/setup';
import { sweepRun } from '../client/sweep';
import { configPath, loadConfig, temporalConnection, type Environment } from '../config';
import { messageOf } from '../domain/errors';
import { CliError, EXIT, usage } from './exit';
import { withConfig, type OperatorOptions } from './operator';

/** Registers what is missing, and says what that was. Throws ConfigError, Unreachable, CliError. */
export async function setUp(env: Environment, options: OperatorOptions): Promise<readonly string[]> {
  checkConfig(env, options);
  return withTemporal(env, (temporal) => createSetup(temporal).setup());
}

export interface Sweep extends OperatorOptions {
  readonly run: string;
  /** Called once Temporal has answered, before the wait for a worker. */
  readonly onBegin: () => void;
}

/** Has a worker clean up after a run, and says what it did. Throws ConfigError and CliError. */
export async function sweep(env: Environment, options: Sweep): Promise<readonly string[]> {
  checkConfig(env, options);
  return withTemporal(env, async (temporal) => {
    const faults = await createSetup(temporal).faults();
    if (faults.length > 0) throw new CliError(EXIT.unreachable, 'Temporal cannot be used', { faults });
    options.onBegin();
    try {
      return (await sweepRun(temporal, options.run)).cleaned;
    } catch (error) {
      throw new CliError(EXIT.bad, `the run ${options.run} was not cleaned up: ${messageOf(error)}`, { cause: error });
    }
  });
}

/** Works on the schedules of the config's lines. Throws ConfigError, Unreachable, BadInput. */
export async function withSchedules<T>(
  env: Environment,
  options: OperatorOptions,
  work: (schedules: SchedulesApi) => Promise<T>,
): Promise<T> {
  const { lines } = loadConfig({ path: configPath(withConfig(env, options)), env });
  return withTemporal(env, (temporal) => work(createSchedules({ temporal, lines: () => lines })));
}

/**
 * Reads the config file, so that a faulty one is told before anything is done. What only speaks to Temporal goes without one
 * where none is named and none is there.
 */
function checkConfig(env: Environment, options: OperatorOptions): void {
  const named = options.config !== undefined || env['ASSAY_CONFIG'] !== undefined;
  const path = configPath(withConfig(env, options));
  if (named || existsSync(path)) loadConfig({ path, env });
}

async function withTemporal<T>(env: Environment, work: (temporal: Temporal) => Promise<T>): Promise<T> {
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

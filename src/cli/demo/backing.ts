/** A whole Assay on this machine: Temporal, the simulated AWS and Spinnaker, worker and server. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { useTemporal, type TemporalInUse } from '../../dev/use';
import { messageOf } from '../../domain/errors';
import { startSimulator, type Simulator } from '../../simulator';
import type { Cli } from '../cli';
import { CliError, EXIT, usage } from '../exit';
import type { Cleanup } from './cleanup';
import { writeConfig } from './config';
import { startLoggedDoor, untilReady, type LoggedDoor } from './doors';
import { doorEnvironment } from './environment';
import type { Personas } from './people';

export interface BackingOrder {
  readonly cli: Cli;
  /** Folder for config, keys, evidence, logs and Temporal's database. */
  readonly directory: string;
  /** Ports on 127.0.0.1. */
  readonly port: number;
  readonly simulatorPort: number;
  /** How much faster than life the simulated outside is. */
  readonly speed: number;
  readonly cleanup: Cleanup;
}

export interface Backing {
  /** The API and the pages. */
  readonly url: string;
  readonly personas: Personas;
  readonly simulator: Simulator;
  readonly temporal: TemporalInUse;
  readonly doors: readonly LoggedDoor[];
}

/** Spinnaker's application that the simulator has. */
const APPLICATION = 'goldenami';

/** Starts it all and waits until runs are accepted; the cleanup stops it. Throws CliError. */
export async function startBacking(order: BackingOrder): Promise<Backing> {
  const { cli, directory, port, speed, cleanup } = order;
  const { terminal } = cli;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  // First what a second one of us could not have: two Temporal servers on one file would spoil it.
  const simulator = await simulatorAt(order.simulatorPort, speed);
  cleanup.defer('the simulator', () => simulator.stop());
  const { path, personas } = writeConfig({ directory, port, gate: simulator.gateUrl, application: APPLICATION });
  terminal.say('starting Temporal …');
  const temporal = await startTemporal(order);
  cleanup.defer('Temporal', temporal.stop);
  terminal.say('starting worker and server; AWS and Spinnaker are simulated …');
  const env = doorEnvironment({ env: cli.env, config: path, temporal, aws: simulator.url });
  const doors = (['worker', 'server'] as const).map((name) =>
    startLoggedDoor({ name, doors: cli.doors, env, directory, cleanup }),
  );
  const url = `http://127.0.0.1:${port}`;
  await untilReady(url, doors);
  return { url, personas, simulator, temporal, doors };
}

async function startTemporal({ cli, directory }: BackingOrder): Promise<TemporalInUse> {
  try {
    return await useTemporal({
      env: cli.env,
      log: (line) => cli.terminal.say(line),
      namespace: 'default',
      dbFile: join(directory, 'temporal.db'),
      logFile: join(directory, 'temporal.log'),
    });
  } catch (error) {
    throw new CliError(EXIT.unreachable, messageOf(error), { cause: error });
  }
}

/** Starts the simulator at a port of one's own choice, or a free one for 0. Throws CliError when it is taken. */
export async function simulatorAt(port: number, speed: number): Promise<Simulator> {
  try {
    // What Assay keeps names the ids of worlds before this one, so that none may come again.
    return await startSimulator({ port, speed, seed: Date.now() });
  } catch (error) {
    throw usage(`the simulator cannot listen on 127.0.0.1:${port}: ${messageOf(error)}`);
  }
}

/** What the demo came to, as its last line tells it. */
import { connectTemporal } from '../../client/connect';
import { historyEvents } from '../../client/sweep';
import { temporalConnection, type Environment } from '../../config';
import type { Watched } from '../watching';
import type { Backing } from './backing';
import { doorEnvironment } from './environment';

export interface DemoResult {
  /** The status document, as the server said it. */
  readonly run: unknown;
  /** What is alive in the simulated account; it began empty, so all of it is ours. */
  readonly aws: { readonly instances: number; readonly images: number; readonly snapshots: number };
  readonly historyEvents: number;
  readonly seconds: number;
}

export interface ResultOrder {
  readonly env: Environment;
  readonly backing: Backing;
  readonly watched: Watched;
  /** When the program began, milliseconds since 1970. */
  readonly began: number;
}

/** The result of a run that has ended. */
export async function resultOf({ env, backing, watched, began }: ResultOrder): Promise<DemoResult> {
  const { instances, images, snapshots } = backing.simulator.state().alive;
  return {
    run: watched.body,
    aws: { instances, images, snapshots },
    historyEvents: await eventsOf(env, backing, watched.run.id),
    seconds: Math.round((Date.now() - began) / 100) / 10,
  };
}

async function eventsOf(env: Environment, { temporal, simulator }: Backing, run: string): Promise<number> {
  const own = doorEnvironment({ env, config: '', temporal, aws: simulator.url });
  const connected = connectTemporal(temporalConnection(own));
  try {
    return await historyEvents(connected, run);
  } finally {
    await connected.close();
  }
}

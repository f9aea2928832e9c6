/**
 * AWS and Spinnaker's Gate on the wire, on one HTTP port, for the demo and the tests. Clients of the AWS SDK use it unchanged
 * (`endpoint`, or `AWS_ENDPOINT_URL`), with any credentials; Gate is at `gateUrl`. Everything lives in memory.
 */
import type { Behaviour } from './behaviour';
import { createFaults, type Faults } from './faults';
import { createGate } from './gate';
import { createPipelines } from './gate/pipelines';
import { createOutsides, type Outside } from './outside';
import { createRequestLog, type LoggedRequest } from './requests';
import { createSeeds, type Seeds } from './seed';
import { listen } from './server';
import { stateOf, type SimState } from './state';
import { createWorld } from './world';

export type { Behaviour } from './behaviour';
export type { SimState } from './state';

export interface SimulatorOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 111122223333. */
  readonly account?: string;
  /** How much faster than life durations pass; time stamps stay real. Default 1. */
  readonly speed?: number;
  /** Largest page of any list; 0: AWS's own limits. Default 10. */
  readonly pageSize?: number;
  /** Of the ids. Default 1. */
  readonly seed?: number;
  /** Habits from the start. */
  readonly behaviour?: Partial<Behaviour>;
}

export interface Simulator {
  /** What AWS clients take as their endpoint. */
  readonly url: string;
  readonly gateUrl: string;
  state(): SimState;
  readonly faults: Faults;
  /** Every request to AWS and Gate, oldest first. */
  requests(): readonly LoggedRequest[];
  readonly seed: Seeds;
  /** Switches habits from now on, for all or for one run. */
  behave(patch: Partial<Behaviour>, run?: string): void;
  /** Executions of other people's pipelines, with the webhook stage that asks Assay for a run. */
  readonly outside: Outside;
  /** Ends every connection, and everything that was still to happen. */
  stop(): Promise<void>;
}

/** Starts it. Rejects when the port cannot be had. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { port = 0, host = '127.0.0.1', account = '111122223333', speed = 1, seed: chance = 1, pageSize } = options;
  const behaviour = { ...options.behaviour, ...(pageSize === undefined ? {} : { pageSize }) };
  const world = createWorld({ account, speed, seed: chance, behaviour });
  const faults = createFaults();
  const log = createRequestLog();
  const pipelines = createPipelines(world);
  const seed = createSeeds(world, pipelines);
  const outside = createOutsides(world);
  const gate = createGate(world, pipelines);
  const control = { world, faults, log, seed, outside };
  const { url, close } = await listen({ world, faults, log, gate, control }, { host, port });
  return {
    url,
    gateUrl: `${url}/gate`,
    state: () => stateOf(world),
    faults: { add: faults.add, clear: faults.clear, list: faults.list },
    requests: () => log.all(),
    seed,
    behave: (patch, run) => world.behaviours.switch(patch, run),
    outside,
    async stop() {
      world.clock.stop();
      await close();
    },
  };
}

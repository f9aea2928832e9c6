/** The real activities with their real adapters, on sockets: the simulator stands for AWS and Gate, a fresh folder is the evidence. */
import { MockActivityEnvironment } from '@temporalio/testing';
import type { ApplicationFailure } from '@temporalio/common';
import { DefaultLogger } from '@temporalio/worker';
import { createActivities, createDocuments, type Activities } from '../../src/activities';
import { createAws } from '../../src/adapters/aws/aws';
import { createAwsClients, type AwsClients } from '../../src/adapters/aws/clients';
import { createInspector2 } from '../../src/adapters/aws/inspector2/assessor';
import { createNotifier } from '../../src/adapters/aws/notifier';
import { createDirectoryStore } from '../../src/adapters/evidence/directory';
import { generateKeyPair } from '../../src/adapters/evidence/keys';
import { createSealer, createSignatures, createSigner, type Signer } from '../../src/adapters/evidence/seal';
import type { EvidenceStore, Sealer, Spinnaker } from '../../src/adapters/ports';
import { createSpinnaker } from '../../src/adapters/spinnaker';
import type { Documents } from '../../src/activities/documents';
import { FINAL_TYPES } from '../../src/domain/errors';
import { NO_REFS } from '../../src/domain/evidence';
import type { OtherRun } from '../../src/domain/image';
import type { RunRequest } from '../../src/domain/request';
import type { LineSettings } from '../../src/domain/settings';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator';
import { runSettings } from '../domain/given';
import { tempDir } from '../setup/helpers';
import { ENVIRONMENT } from '../adapters/aws/setup';

export const RUN = 'run-1';
export const REGION = 'us-east-1';
export const POLL = 0.2;

/** Who may decide; every key speaks for `<id>@example.com`. */
const PEOPLE = [
  { id: 'alice', groups: ['security'] },
  { id: 'bob', groups: ['platform'] },
  { id: 'carol', groups: ['security'] },
];

export interface Attempts {
  /** Attempts in all; the last failure is thrown. Default 100. */
  readonly attempts?: number;
  /** Called with what every failed attempt said. */
  readonly between?: (message: string) => unknown;
}

export interface Bench {
  readonly simulator: Simulator;
  readonly evidence: EvidenceStore;
  readonly documents: Documents;
  readonly sealer: Sealer;
  readonly signer: Signer;
  readonly spinnaker: Spinnaker;
  /** How other runs stand. */
  readonly standing: Map<string, OtherRun>;
  readonly enqueued: string[];
  /** Seals what the run was asked for and the settings of its line, as its first act does. `openBench` has done so with the defaults. */
  seal(what?: Sealed): Promise<void>;
  /** Runs an activity as Temporal would: again and again, with what it remembered, until it answers or fails for good. */
  run<K extends keyof Activities>(
    name: K,
    input: Parameters<Activities[K]>[0],
    options?: Attempts,
  ): Promise<Awaited<ReturnType<Activities[K]>>>;
}

export interface Sealed {
  readonly run?: string;
  readonly line?: Partial<LineSettings>;
  readonly request?: Partial<RunRequest>;
  /** When it began, ISO 8601; default: now. */
  readonly at?: string;
}

/** Failed attempts are what is tested. */
const SILENT = new DefaultLogger('ERROR');

const opened: { readonly simulator: Simulator; readonly clients: AwsClients }[] = [];

/** Closed after the test. Nothing is hidden unless asked for. */
export async function openBench(options: SimulatorOptions = {}): Promise<Bench> {
  const behaviour = { hiddenReads: 0, hiddenSeconds: 0, ...options.behaviour };
  const simulator = await startSimulator({ speed: 20, ...options, behaviour });
  Object.assign(process.env, ENVIRONMENT);
  const clients = createAwsClients({ endpoint: simulator.url, region: REGION, maxAttempts: 1 });
  opened.push({ simulator, clients });
  const aws = createAws(clients);
  const evidence = createDirectoryStore({ directory: tempDir() });
  const [ledger, decisions] = [generateKeyPair(), generateKeyPair()];
  const sealer = createSealer({ privateKey: () => ledger.privateKey, publicKeys: () => [ledger.publicKey] });
  const keys = PEOPLE.map((one) => ({ ...one, subject: `${one.id}@example.com`, scopes: ['decisions:write'] }));
  const documents = createDocuments(evidence, sealer);
  const standing = new Map<string, OtherRun>();
  const enqueued: string[] = [];
  const spinnaker = createSpinnaker({ gate: simulator.gateUrl, application: 'goldenami', auth: { none: {} } });
  const activities = createActivities({
    settings: { forLine: () => undefined, userData: () => undefined },
    aws,
    spinnaker,
    assessors: { inspector2: createInspector2({ clients, aws }) },
    evidence,
    documents,
    sealer,
    signatures: createSignatures({
      publicKeys: () => [decisions.publicKey],
      access: () => ({ keys, revoked: [] }),
    }),
    notifier: createNotifier(clients),
    runs: { standing: async (run) => standing.get(run) ?? 'unknown' },
    requests: { start: async () => 'r' },
    lines: { enqueue: async ({ run }) => void enqueued.push(run) },
  });
  const signer = createSigner({ privateKey: () => decisions.privateKey });
  const seal = async ({ run = RUN, line = {}, request = {}, at = new Date().toISOString() }: Sealed = {}) => {
    const asked = { line: 'golden', parameters: {}, ...request };
    const by = { kind: 'request' as const, run, key: run, credential: 'ci', subject: null, at };
    const statement = {
      run,
      line: 'golden',
      settings: runSettings(line),
      request: signer.request({ ...by, request: asked }),
    };
    await documents.writeRefs(run, {
      ...NO_REFS,
      settings: await documents.store({ kind: 'settings', at, ...statement }),
    });
  };
  await seal();
  return {
    ...{ simulator, evidence, documents, sealer, signer, spinnaker, standing, enqueued, seal },
    async run(name, input, { attempts = 100, between } = {}) {
      let heartbeatDetails: unknown;
      for (let attempt = 1; ; attempt += 1) {
        const environment = new MockActivityEnvironment(
          { attempt, heartbeatDetails, scheduleToCloseTimeoutMs: 0, startToCloseTimeoutMs: 120_000 },
          { logger: SILENT },
        );
        environment.on('heartbeat', (details: unknown) => (heartbeatDetails = details));
        try {
          return (await environment.run(activities[name] as never, input as never)) as never;
        } catch (error) {
          const { type, nextRetryDelay, message } = error as ApplicationFailure;
          if (!type || FINAL_TYPES.includes(type) || attempt >= attempts) throw error;
          await between?.(message);
          await new Promise((resolve) => setTimeout(resolve, Number(nextRetryDelay ?? 100)));
        }
      }
    },
  };
}

afterEach(async () => {
  for (const { simulator, clients } of opened.splice(0)) {
    clients.destroy();
    await simulator.stop();
  }
});

/** What is alive of a run, or of what is named. */
export function alive({ simulator }: Bench) {
  const { instances, images, snapshots, volumes, autoScalingGroups } = simulator.state();
  return {
    instances: instances.filter(({ state }) => state !== 'terminated').map(({ id }) => id),
    volumes: volumes.filter(({ state }) => state !== 'deleted').map(({ id }) => id),
    groups: autoScalingGroups.filter(({ deletedAt }) => deletedAt === null).map(({ name }) => name),
    images: images.filter(({ deregisteredAt }) => deregisteredAt === null).map(({ id }) => id),
    snapshots: snapshots.filter(({ state }) => state !== 'deleted').map(({ id }) => id),
  };
}

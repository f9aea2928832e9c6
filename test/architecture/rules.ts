/**
 * The shape of the tree, as data. A zone is a folder directly under the root, or one of the doors.
 *
 * cli, http → client → workflows → activities → adapters → domain, and beside them: config (read by the doors and commands),
 * dev and simulator (for the commands that need them), contract (Spinnaker's side of the webhook, for the commands that play
 * it), and the doors, which wire it all.
 */
export const DOORS: readonly string[] = ['worker.ts', 'server.ts', 'cli.ts'];

/** What a zone may import: by value, or as a type only. Itself always. */
export interface Reach {
  readonly values: readonly string[];
  readonly types: readonly string[];
}

const PORTS = 'adapters/ports.ts';
const WIRING = ['domain', 'config', 'adapters', 'activities', 'client'];

/** Entries are zones, or single files of one. */
export const REACH: Readonly<Record<string, Reach>> = {
  domain: { values: [], types: [] },
  adapters: { values: ['domain'], types: [] },
  activities: { values: ['domain'], types: [PORTS] },
  workflows: { values: ['domain'], types: ['activities', PORTS] },
  client: { values: ['domain'], types: ['workflows', 'activities', PORTS] },
  config: { values: ['domain'], types: [] },
  http: { values: ['domain', 'client'], types: ['config', PORTS] },
  cli: { values: ['domain', 'client', 'config', 'adapters', 'dev', 'simulator', 'contract'], types: ['http'] },
  dev: { values: ['domain'], types: [] },
  simulator: { values: ['domain'], types: [] },
  contract: { values: ['domain'], types: [] },
  // The pieces of a door that are too big for its one file.
  worker: { values: WIRING, types: ['workflows'] },
  server: { values: [...WIRING, 'http'], types: [] },
  'worker.ts': { values: [...WIRING, 'worker'], types: ['workflows'] },
  'server.ts': { values: [...WIRING, 'http', 'server'], types: [] },
  'cli.ts': { values: ['domain', 'config', 'client', 'cli'], types: [] },
};

/** The commands that may play the outside: only these import the simulator. */
export const SIMULATING = /^cli\/(?:commands\/)?(?:demo|simulate|dev)(?:[.\-/]|$)/;

/** Where each package may be imported: zones, folders or files. What is not listed has no owner and may be imported nowhere. */
export const OWNERS: Readonly<Record<string, readonly string[]>> = {
  '@aws-sdk/client-s3': ['adapters/aws', 'adapters/evidence'],
  '@aws-sdk/*': ['adapters/aws'],
  '@smithy/*': ['adapters/aws'],
  axios: ['adapters/spinnaker', 'adapters/scanners', 'adapters/notify'],
  '@temporalio/client': ['client'],
  '@temporalio/worker': ['worker', 'worker.ts'],
  '@temporalio/workflow': ['workflows'],
  '@temporalio/activity': ['activities'],
  '@temporalio/testing': ['dev'],
  '@temporalio/envconfig': ['config'],
  '@temporalio/common': ['client', 'workflows', 'activities', 'worker', 'worker.ts'],
  fastify: ['http', 'server', 'server.ts'],
  '@fastify/*': ['http', 'server.ts'],
  zod: ['config', 'http', 'cli'],
  yaml: ['config', 'cli'],
  commander: ['cli', 'cli.ts'],
  pino: ['config', 'http', 'cli', 'server', 'worker', 'server.ts', 'worker.ts', 'cli.ts'],
  'prom-client': ['http', 'worker', 'worker.ts', 'server.ts'],
  'fast-xml-parser': ['simulator'],
};

/** Zones that run where there is no Node: the workflow sandbox, and what is bundled into it. */
export const WITHOUT_NODE: readonly string[] = ['domain', 'workflows'];

/** The only reader of the environment. */
export const READS_ENVIRONMENT = 'config';

/** Names that a pure module does not touch: clock, chance, network, process and console. */
export const IMPURE_NAMES: readonly string[] = [
  ...['process', 'console', 'fetch', 'globalThis', 'global', 'crypto', 'performance', 'require'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'],
];

import { createAws } from '../../../src/adapters/aws/aws';
import { createAwsClients, type AwsClients, type AwsOptions } from '../../../src/adapters/aws/clients';
import type { Aws } from '../../../src/adapters/ports';
import { startFakeAws, type FakeAws } from './fake-aws';

/** What a test file shares: one fake, fresh before each test, and real clients that talk to it. */
export interface Shared {
  readonly fake: FakeAws;
  readonly clients: AwsClients;
  readonly aws: Aws;
  /** Clients with other options, closed after the file. */
  connect(options?: AwsOptions): AwsClients;
}

export const ENVIRONMENT = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI' };

/** Registers the life of the fake with Jest; the fields are there once a test runs. */
export function useFakeAws(): Shared {
  const shared: { fake?: FakeAws; clients?: AwsClients; aws?: Aws } = {};
  const made: AwsClients[] = [];
  const before = { ...process.env };
  const connect = (options: AwsOptions = {}): AwsClients => {
    const clients = createAwsClients({
      endpoint: shared.fake?.url ?? '',
      region: 'us-east-1',
      maxAttempts: 1,
      ...options,
    });
    made.push(clients);
    return clients;
  };
  beforeAll(async () => {
    for (const name of Object.keys(process.env).filter((one) => one.startsWith('AWS_'))) delete process.env[name];
    Object.assign(process.env, ENVIRONMENT);
    shared.fake = await startFakeAws();
    shared.clients = connect();
    shared.aws = createAws(shared.clients);
  });
  beforeEach(() => shared.fake?.reset());
  afterAll(async () => {
    for (const clients of made) clients.destroy();
    await shared.fake?.close();
    process.env = before;
  });
  return {
    get fake() {
      return shared.fake as FakeAws;
    },
    get clients() {
      return shared.clients as AwsClients;
    },
    get aws() {
      return shared.aws as Aws;
    },
    connect,
  };
}

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { startTemporal, type TemporalServer } from '../../src/dev/start';
import { SEARCH } from '../../src/domain/names';
import { describeUnless, tempDir } from './helpers';
import { TEST_ENV } from './names';

/** `temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD`. */
const KEYWORD = 2;
const SEARCH_ATTRIBUTES = Object.fromEntries(Object.values(SEARCH).map((name) => [name, KEYWORD]));

/** What the global setup found, or its reason as an error: a test that needs a server must not pass without one. */
function given(name: 'cli' | 'address'): string {
  const value = process.env[TEST_ENV[name]];
  if (value === undefined)
    throw new Error(process.env[TEST_ENV.missing] ?? `the global setup did not set ${TEST_ENV[name]}`);
  return value;
}

/** A fresh namespace, with Assay's search attributes, on the server that all test files share. Takes some 20 ms. */
export async function testTemporal(): Promise<{ readonly address: string; readonly namespace: string }> {
  const address = given('address');
  const namespace = `test-${randomUUID()}`;
  const connection = await Connection.connect({ address });
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs('1 day'),
    });
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: SEARCH_ATTRIBUTES });
  } finally {
    await connection.close();
  }
  return { address, namespace };
}

/** The Temporal CLI's path, for tests that act as an operator would. */
export const temporalCli = (): string => given('cli');

/** A server of one's own on a database file, to be killed and started again in the same place. */
export interface OwnTemporal extends Pick<TemporalServer, 'address' | 'namespace'> {
  readonly kill: () => Promise<void>;
  /** Starts it again on its file and its ports; only after `kill` or `stop`. */
  readonly restart: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Starts a server that the test may kill and restart. Stop it when done. */
export async function ownTemporal(): Promise<OwnTemporal> {
  const order = { cli: given('cli'), namespace: 'assay', ui: false, dbFile: join(tempDir(), 'temporal.db') };
  let server = await startTemporal(order);
  const { address, namespace, ports } = server;
  return {
    address,
    namespace,
    kill: () => server.kill(),
    restart: async () => {
      server = await startTemporal({ ...order, ports });
    },
    stop: () => server.stop(),
  };
}

/** A time-skipping test environment; take it down when done. Use inside {@link describeTimeSkipping}. */
export async function timeSkippingServer(): Promise<TestWorkflowEnvironment> {
  const path = process.env[TEST_ENV.testServer];
  if (path === undefined) throw new Error(process.env[TEST_ENV.noTestServer]);
  const server = { executable: { type: 'existing-path', path } } as const;
  // The SDK waits five seconds for it and no longer; a Java runtime on a busy machine may need a second chance.
  for (let attempt = 1; ; attempt += 1) {
    try {
      const environment = await TestWorkflowEnvironment.createTimeSkipping({ server });
      await environment.connection.operatorService.addSearchAttributes({
        namespace: environment.namespace ?? 'default',
        searchAttributes: SEARCH_ATTRIBUTES,
      });
      return environment;
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

/** Like `describe`, for tests of long waits: where there is no time-skipping test server they are skipped, loudly. */
export function describeTimeSkipping(name: string, body: () => void): void {
  const lacking = `there is no time-skipping test server: ${process.env[TEST_ENV.noTestServer]}`;
  describeUnless(process.env[TEST_ENV.testServer] === undefined ? lacking : undefined, name, body);
}

import { Connection } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { describeTimeSkipping, timeSkippingServer } from '../setup/temporal';

describeTimeSkipping('the time-skipping test server', () => {
  let server: TestWorkflowEnvironment;
  beforeAll(async () => {
    server = await timeSkippingServer();
  });
  afterAll(() => server?.teardown());

  test('lets thirty days pass in a moment', async () => {
    const before = await server.currentTimeMs();
    const started = Date.now();
    await server.sleep('30 days');
    expect((await server.currentTimeMs()) - before).toBeGreaterThanOrEqual(30 * 86_400_000);
    expect(Date.now() - started).toBeLessThan(30_000);
  });

  test('answers to plain clients at its address', async () => {
    const connection = await Connection.connect({ address: server.address });
    await expect(connection.workflowService.getSystemInfo({})).resolves.toBeDefined();
    await connection.close();
  });
});

import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { QUEUE, WORKFLOW, workflowId } from '../../src/domain/names';
import type { StatusDocument } from '../../src/domain/status';
import { describeTimeSkipping, timeSkippingServer } from '../setup/temporal';
import { openWorld, quickSettings, stubActivities, type Stubs, type World } from './stub-world';

const HOUR = 3_600_000;

/** What takes days, with the durations of life: Temporal's test server skips the time in which nothing is done. */
describeTimeSkipping('a run that takes days', () => {
  let server: TestWorkflowEnvironment;
  let world: World;
  beforeAll(async () => {
    server = await timeSkippingServer();
    world = await openWorld({
      address: server.address,
      namespace: server.namespace ?? 'default',
      client: server.client,
    });
  });
  afterAll(async () => {
    await world?.close();
    await server?.teardown();
  });

  const settings = quickSettings({ notify: { topicArns: ['arn:aws:sns:us-east-1:111122223333:images'] } });
  const life = {
    ...settings,
    pollSeconds: 30,
    spinnaker: settings.spinnaker && { ...settings.spinnaker, watchSeconds: 120 },
    line: { ...settings.line, approval: { ...settings.line.approval, deadlineHours: 72, remindHours: 24 } },
  };

  /** The stubs' clock is the real one, the server's runs ahead. */
  const openApproval: Stubs['openApproval'] = async () => ({
    at: new Date(await server.currentTimeMs()).toISOString(),
  });

  async function ended(stubs: Stubs): Promise<{ readonly hours: number; readonly status: StatusDocument }> {
    return world.during({ ...stubs, openApproval }, async () => {
      const run = await world.start();
      const status = (await run.result()) as StatusDocument;
      return { status, hours: (Date.parse(status.closedAt ?? '') - Date.parse(status.startedAt ?? '')) / HOUR };
    });
  }

  test('reminds after one and two days, and is denied by the deadline after three', async () => {
    const told: string[] = [];
    const { activities } = stubActivities(
      { settings: life },
      { notify: async ({ subject }) => void told.push(subject) },
    );
    const { hours, status } = await ended(activities);
    expect(status.status).toBe('DENIED');
    expect(status.reasons[0]).toContain('before the deadline');
    expect(hours).toBeGreaterThanOrEqual(72);
    expect(hours).toBeLessThan(73);
    const image = 'ami-0123456789abcdef0 of golden';
    expect(told).toEqual([
      `approval needed: ${image}`,
      `reminder, approval needed: ${image}`,
      `reminder, approval needed: ${image}`,
      `DENIED: ${image}`,
    ]);
  }, 120_000);

  test('tries what it cannot take back again in rounds that grow to an hour, and ends once it is gone', async () => {
    let tries = 0;
    const { activities } = stubActivities(
      { settings: life, verdict: 'deny' },
      {
        undoDeploy: async () => {
          tries += 1;
          if (tries <= 6) throw ApplicationFailure.nonRetryable('DisableApiTermination', 'Final');
          return { late: false };
        },
      },
    );
    const { hours, status } = await ended(activities);
    expect(status.status).toBe('DENIED');
    expect(tries).toBe(7);
    // Rounds of 15, 30, 60, 60, 60 and 60 minutes.
    expect(hours).toBeGreaterThanOrEqual(4.75);
    expect(hours).toBeLessThan(5);
  }, 120_000);

  test('keeps the watch for a late image open until that image is gone, whatever refuses its removal at first', async () => {
    let refusals = 2;
    let images = 1;
    const late = { region: 'us-east-1', amiId: 'ami-1' };
    const { activities } = stubActivities(
      {},
      {
        awaitLateImage: async () =>
          images-- > 0
            ? {
                plan: { remove: [{ ...late, snapshotIds: [] }], deny: [late] },
                until: '',
                gate: { awaySince: null },
              }
            : null,
        removeImages: async () => {
          if (refusals-- > 0) throw ApplicationFailure.nonRetryable('UnauthorizedOperation', 'Forbidden');
        },
      },
    );
    await world.during(activities, async () => {
      const watch = await world.client.workflow.start(WORKFLOW.lateBake, {
        taskQueue: QUEUE.main,
        workflowId: workflowId.lateBake.of('late'),
        args: [{ run: 'late', region: 'us-east-1', startedAt: '', until: '', pollSeconds: 30 }],
      });
      expect(await watch.result()).toEqual(['ami-1']);
    });
    expect(refusals).toBe(-1);
  }, 120_000);

  test('is asked for by a stage that ends after two days of waiting without a word', async () => {
    const started = await server.currentTimeMs();
    const { activities } = stubActivities(
      { settings: life, request: { source: { kind: 'spinnaker', executionId: '01H', stageRefId: '3' } } },
      {
        watchSource: async () => {
          if ((await server.currentTimeMs()) - started > 48 * HOUR) return { ended: 'its stage is TERMINAL' };
          throw ApplicationFailure.create({ type: 'NotReady', category: 'BENIGN', nextRetryDelay: 600_000 });
        },
      },
    );
    const { hours, status } = await ended(activities);
    expect(status.status).toBe('CANCELED');
    expect(status.reasons[0]).toContain('TERMINAL');
    expect(hours).toBeGreaterThanOrEqual(48);
    expect(hours).toBeLessThan(49);
  }, 120_000);
});

/** Spinnaker's contract, played against the shipped server while what it stands on goes away. */
import { runContract, type ContractCheck } from '../../src/contract/suite';
import { playWebhookStage, type WebhookStage } from '../../src/contract/webhook-stage';
import type { StatusDocument } from '../../src/domain/status';
import { eventually } from '../setup/helpers';
import { ownTemporal, testTemporal } from '../setup/temporal';
import { KEYS, openAssay, type Assay } from './assay';
import { startProxy, type Proxy } from './proxy';
import { startStalling } from './stalling';

const ended = ({ status }: StatusDocument): boolean => status !== 'RUNNING' && status !== 'AWAITING_APPROVAL';

/** Throws with the whole list unless every check is kept; those in `unseen` may be beyond what can be seen. */
function expectKept(checks: readonly ContractCheck[], unseen: readonly string[] = []): void {
  const broken = checks.filter(({ ok, name }) => ok === false || (ok === null && !unseen.includes(name)));
  const words = { true: 'ok ', false: 'NOT', null: '?  ' };
  const told = checks.map(({ name, ok, detail }) => `${words[`${ok}`]} ${name}: ${detail}`);
  if (broken.length > 0) throw new Error(told.join('\n'));
}

const NEEDS_A_WORKER = [
  'a run that is cancelled by somebody else makes its stage CANCELED',
  'a cancelled run ends CANCELED, everything cleaned up',
  'cancel after the end is fine',
];
const ORDER = { key: KEYS.ci, line: 'golden', pollMs: 200, workerMs: 60_000 };

describe('behind a load balancer', () => {
  let assay: Assay;
  /** One takes the path of the public URL off, one leaves it. */
  let stripping: Proxy;
  let leaving: Proxy;
  let url: string;
  beforeAll(async () => {
    stripping = await startProxy({ prefix: '/golden', strip: true });
    leaving = await startProxy();
    url = `${stripping.url}/golden`;
    assay = await openAssay({
      server: { publicUrl: url, trustProxy: '127.0.0.1' },
      lines: { alone: { approval: { groups: { security: 1 } } } },
    });
    stripping.target = leaving.target = assay.url;
  }, 120_000);
  afterAll(async () => {
    await assay.close();
    await stripping.close();
    await leaving.close();
  });

  test('the contract is kept, with the path of the public URL taken off', async () => {
    const { checks } = await runContract({ ...ORDER, url });
    expectKept(checks);
    expect(checks.length).toBeGreaterThan(30);
  }, 120_000);

  test('a path that is left on leads to the same URLs', async () => {
    const only = ['Location is the absolute status URL that the body names'];
    const { checks } = await runContract({ ...ORDER, url: `${leaving.url}/golden`, only });
    expectKept(checks);
    expect(checks[1]?.detail).toMatch(new RegExp(`^${url}/v1/runs/contract-`));
  }, 60_000);

  test('it is kept while no worker is alive, as far as it needs none', async () => {
    await assay.worker.stop();
    try {
      const { checks } = await runContract({ ...ORDER, url, workerMs: 1_000 });
      expectKept(checks, NEEDS_A_WORKER);
    } finally {
      assay.worker.start();
    }
  }, 180_000);

  test.each([
    { when: 'before each call', afterMs: 0 },
    {
      when: 'in each call',
      afterMs: 15,
      // None of a stage: Orca makes its cancel once, so one that is broken off is lost.
      only: [
        'Location is the absolute status URL that the body names',
        'the first status read finds the run, with one word and one text',
        'a create that is delivered again is the same run',
        'the key with another body is refused: 409',
        'cancel by key is answered 2xx, and twice',
        'a restarted stage begins a new attempt',
      ],
    },
  ])(
    'it is kept though the API process is killed and started again $when',
    async ({ afterMs, only }) => {
      let kills = Promise.resolve();
      // One after the other: two processes would fight for the port.
      const kill = (): Promise<void> =>
        (kills = kills.then(async () => {
          await assay.server.stop();
          assay.server.start();
        }));
      const back = (): Promise<unknown> =>
        eventually(async () => (await fetch(`${assay.url}/readyz`)).ok, { timeoutMs: 60_000 });
      let asked = new Map<string, number>();
      const before = async (what: string): Promise<void> => {
        const times = asked.get(what) ?? 0;
        asked.set(what, times + 1);
        // Each call of each check, but of those that are made again and again not every one.
        if (times % 7 !== 0) return;
        if (afterMs !== 0) return void setTimeout(() => void kill(), afterMs);
        await kill();
        // For the same reason this one finds the server back.
        if (what.endsWith('/cancel')) await back();
      };
      const onCheck = (): void => void (asked = new Map());
      const stoodIn = stripping.stoodIn();
      const { checks } = await runContract({ ...ORDER, url, before, onCheck, ...(only && { only }) });
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      await kills;
      await back();
      expectKept(checks);
      expect(checks.map(({ name }) => name)).toEqual(expect.arrayContaining(only ?? NEEDS_A_WORKER));
      expect(stripping.stoodIn() - stoodIn).toBeGreaterThan(3);
    },
    300_000,
  );

  const stage = (key: string, more: Partial<WebhookStage> = {}): WebhookStage => ({
    url: `${url}/v1/runs`,
    headers: { 'X-API-Key': KEYS.ci, 'Idempotency-Key': key },
    payload: { line: 'alone' },
    statusJsonPath: '$.status',
    progressJsonPath: '$.progress',
    successStatuses: 'SUCCEEDED',
    canceledStatuses: 'CANCELED',
    terminalStatuses: 'DENIED,FAILED',
    cancelEndpoint: `${url}/v1/runs/by-key/${key}/cancel`,
    pollMs: 200,
    ...more,
  });
  const cancelByKey = (key: string) => assay.call('ci', 'POST', `/v1/runs/by-key/${key}/cancel`, { reason: 'stage' });

  test('a blocking stage waits through the approval, and takes the image from the last answer', async () => {
    const played = playWebhookStage(stage('blocking'));
    await assay.until('blocking', ({ status }) => status === 'AWAITING_APPROVAL');
    await assay.decide('alice', 'blocking', 'approve');
    const { status, body, cancelCalled } = await played;
    expect({ status, cancelCalled }).toEqual({ status: 'SUCCEEDED', cancelCalled: false });
    expect(body).toMatchObject({
      amiId: expect.stringMatching(/^ami-/),
      published: [{ parameter: '/golden-ami/alone/latest' }],
    });
  }, 120_000);

  test('a stage that does not block succeeds at the question, and the run goes on without it', async () => {
    const result = await playWebhookStage(stage('not-blocking', { successStatuses: 'SUCCEEDED,AWAITING_APPROVAL' }));
    expect(result).toMatchObject({ status: 'SUCCEEDED', cancelCalled: false, body: { status: 'AWAITING_APPROVAL' } });
    await assay.decide('alice', 'not-blocking', 'approve');
    expect(await assay.until('not-blocking', ended)).toMatchObject({ status: 'SUCCEEDED' });
  }, 120_000);

  test('a denied run makes the stage TERMINAL; the cancel that follows changes nothing', async () => {
    const played = playWebhookStage(stage('denied'));
    await assay.until('denied', ({ status }) => status === 'AWAITING_APPROVAL');
    await assay.decide('alice', 'denied', 'deny');
    expect(await played).toMatchObject({ status: 'TERMINAL', cancelAnswer: 200, body: { status: 'DENIED' } });
    expect(await assay.status('denied')).toMatchObject({ status: 'DENIED' });
  }, 120_000);

  test('an approval that has been given stays given when the stage times out and cancels', async () => {
    await assay.start({ line: 'alone' }, 'stays');
    await assay.until('stays', ({ status }) => status === 'AWAITING_APPROVAL');
    expect(await assay.decide('alice', 'stays', 'approve')).toMatchObject({ code: 200 });
    const result = await playWebhookStage(stage('stays', { stageTimeoutMs: 1 }));
    expect(result).toMatchObject({ status: 'TERMINAL', cancelCalled: true, cancelAnswer: 200 });
    const { body } = await cancelByKey('stays');
    expect(body).toMatchObject({ canceled: false, reason: expect.stringMatching(/\S/) });
    expect(await assay.until('stays', ended)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await cancelByKey('stays')).toMatchObject({
      code: 200,
      body: { canceled: false, reason: 'the run has ended SUCCEEDED' },
    });
  }, 120_000);

  test('a cancel by key in any stage is honest, and leaves nothing', async () => {
    const stages = ['baking', 'tagging', 'deploying', 'assessing', 'awaiting-approval'];
    const canceled = stages.map(async (name) => {
      // A scan that is never done keeps a run in its stage; one that was quicker than our looks is cancelled a stage later.
      if (name === 'assessing') assay.simulator.behave({ scanSeconds: null }, `cancel-${name}`);
      const { id } = await assay.start({}, `cancel-${name}`);
      await assay.until(id, ({ stage }) => stage === name || stage === 'awaiting-approval');
      const first = await cancelByKey(id);
      const second = await cancelByKey(id);
      const status = await assay.until(id, ended);
      const last = await cancelByKey(id);
      return [first, second, last].map(({ code, body }) => [code, body['canceled']]).concat([[status.status]]);
    });
    for (const answers of await Promise.all(canceled))
      expect(answers).toEqual([[200, true], [200, true], [200, true], ['CANCELED']]);
    const { instances, images, snapshots, volumes, autoScalingGroups } = assay.simulator.state();
    const ours = ({ tags }: { readonly tags: Readonly<Record<string, string>> }): boolean =>
      tags['assay:run']?.startsWith('cancel-') ?? false;
    expect(instances.filter((one) => ours(one) && one.state !== 'terminated')).toEqual([]);
    expect(images.filter((one) => ours(one) && one.deregisteredAt === null)).toEqual([]);
    expect(snapshots.filter((one) => ours(one) && one.state !== 'deleted')).toEqual([]);
    expect(volumes.filter((one) => ours(one) && one.state !== 'deleted')).toEqual([]);
    expect(autoScalingGroups.filter((one) => ours(one) && one.deletedAt === null)).toEqual([]);
  }, 180_000);
});

test('it is kept while Temporal is killed and started again; who has read an end is known after every process has gone', async () => {
  const temporal = await ownTemporal();
  const assay = await openAssay({ temporal, lines: { hasty: { approval: { deadlineHours: 1 / 3600 } } } });
  try {
    let going = true;
    const restarts = (async (): Promise<number> => {
      for (let times = 0; ; times += 1) {
        if (!going) return times;
        await new Promise((resolve) => setTimeout(resolve, 2_000));
        await temporal.kill();
        await temporal.restart();
      }
    })();
    const { checks } = await runContract({ ...ORDER, url: assay.url, workerMs: 120_000 }).finally(
      () => (going = false),
    );
    expectKept(checks);
    expect(await restarts).toBeGreaterThan(1);

    const read = await assay.start({ line: 'hasty' }, 'read');
    const unread = await assay.start({ line: 'hasty' }, 'unread');
    for (const { id } of [read, unread]) expect(await assay.until(id, ended)).toMatchObject({ status: 'DENIED' });
    await assay.call('ci', 'GET', '/v1/runs/read');
    await Promise.all([assay.worker.stop(), assay.server.stop(), temporal.kill()]);
    await temporal.restart();
    assay.server.start();
    assay.worker.start();
    await eventually(async () => (await fetch(`${assay.url}/readyz`)).ok, { timeoutMs: 60_000 });
    expect(await assay.start({ line: 'hasty' }, 'read')).toMatchObject({ id: 'read~2', attempt: 2 });
    expect(await assay.start({ line: 'hasty' }, 'unread')).toMatchObject({ id: 'unread', status: 'DENIED' });
  } finally {
    await assay.close();
    await temporal.stop();
  }
}, 300_000);

test('a Temporal that no longer answers makes every call 503 in time, and nothing is doubled once it is back', async () => {
  const { address, namespace } = await testTemporal();
  const way = await startStalling(address);
  const assay = await openAssay({ temporal: { address: way.address, namespace } });
  try {
    await assay.start({}, 'before');
    way.stall();
    const calls: readonly (readonly [string, string, object?])[] = [
      ['POST', '/v1/runs', { line: 'golden', source: { kind: 'spinnaker', executionId: 'e', stageRefId: '1' } }],
      ['GET', '/v1/runs/before'],
      ['GET', '/v1/runs'],
      ['GET', '/v1/runs/nobody'],
      ['POST', '/v1/runs/before/cancel', {}],
      ['POST', '/v1/runs/by-key/before/cancel', {}],
    ];
    const told = calls.map(async ([method, path, body]) => {
      const since = Date.now();
      const { code, headers } = await assay.call('ci', method, path, body);
      return { code, retry: headers.get('retry-after'), inTime: Date.now() - since < 15_000 };
    });
    for (const one of await Promise.all(told)) expect(one).toEqual({ code: 503, retry: '2', inTime: true });
    way.resume();
    const order = { source: { kind: 'spinnaker', executionId: 'e', stageRefId: '1' } };
    const again = await eventually(() => assay.start(order).catch(() => undefined), {
      timeoutMs: 30_000,
      everyMs: 200,
    });
    expect(again).toMatchObject({ id: 'e-1', attempt: 1 });
    // What was asked while nothing moved may have been done since: the run is one and the same.
    expect(await assay.start(order)).toMatchObject({ id: 'e-1' });
  } finally {
    way.resume();
    await assay.close();
    await way.close();
  }
}, 120_000);

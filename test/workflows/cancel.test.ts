import { testTemporal } from '../setup/temporal';
import { untilPasses } from '../setup/helpers';
import { MESSAGE } from '../../src/domain/names';
import type { CancelResult } from '../../src/workflows/messages';
import type { StatusDocument } from '../../src/domain/status';
import { startLine } from './others';
import { openWorld, quickSettings, stubActivities, token, waiting, type Stubs, type World } from './stub-world';

let world: World;
beforeAll(async () => {
  world = await openWorld(await testTemporal());
});
afterAll(() => world.close());

const hang = async (): Promise<never> => {
  throw waiting('still at it');
};
const brought = { image: { id: 'ami-0123456789abcdef0', region: 'us-east-1', destroy: false } };
const instance = { id: 'i-0123456789abcdef0', destroy: true };
const image = ['planRemoval', 'removeImages'];
const bake = ['undoBake', ...image];
const deploy = ['undoDeploy', ...bake];

/** Where a run stands, by the activity that is under way, and what then has to be taken back, in this order. */
const EVERYWHERE: readonly { at: keyof Stubs; taken: readonly string[]; request?: object }[] = [
  { at: 'openRun', taken: [] },
  { at: 'startBake', taken: bake },
  { at: 'awaitBake', taken: bake },
  { at: 'tagCandidate', taken: bake },
  { at: 'startDeploy', taken: deploy },
  { at: 'awaitInstance', taken: deploy },
  { at: 'assess', taken: deploy },
  { at: 'evaluate', taken: deploy },
  { at: 'tagCandidate', taken: image, request: brought },
  { at: 'awaitInstance', taken: ['undoDeploy', ...image], request: brought },
  { at: 'tagCandidate', taken: ['undoBrought', ...image], request: { ...brought, instance } },
  { at: 'adoptInstance', taken: ['undoBrought', ...image], request: { ...brought, instance } },
];

test.each(EVERYWHERE)('a cancel while $at is under way undoes $taken', async ({ at, taken, request }) => {
  const { activities, calls } = stubActivities({ request: request ?? {} }, { [at]: hang });
  await world.during(activities, async () => {
    const run = await world.start();
    await untilPasses(() => expect(calls).toContain(at));
    const answer = await run.executeUpdate<CancelResult, [object]>(MESSAGE.cancel, {
      args: [{ by: 'ci', reason: 'not needed' }],
    });
    expect(answer).toEqual({ canceled: true, reason: 'canceled by ci: not needed' });
    const status = (await run.result()) as StatusDocument;
    expect(status).toMatchObject({ status: 'CANCELED', stage: 'done', reasons: ['canceled by ci: not needed'] });
    const after = calls.slice(calls.lastIndexOf(at) + 1);
    expect(after.filter((call) => call !== 'checkSource')).toEqual([...taken, 'closeRun']);
  });
});

/** An attempt that is at it until it is let go. */
function held(): { readonly begun: () => boolean; readonly letGo: () => void; readonly wait: () => Promise<void> } {
  let begun = false;
  let letGo: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => (letGo = resolve));
  return {
    begun: () => begun,
    letGo: () => letGo(),
    wait: () => {
      begun = true;
      return gone;
    },
  };
}

// The server reports such an attempt as failed, not as cancelled.
test.each<keyof Stubs>([
  'openRun',
  'startBake',
  'awaitBake',
  'tagCandidate',
  'startDeploy',
  'awaitInstance',
  'evaluate',
])('a cancel during an attempt of %s that then fails is a cancel all the same', async (at) => {
  const attempt = held();
  const stub = async (): Promise<never> => {
    await attempt.wait();
    throw waiting('RUNNING');
  };
  const { activities } = stubActivities({}, { [at]: stub });
  await world.during(activities, async () => {
    const run = await world.start();
    await untilPasses(() => expect(attempt.begun()).toBe(true));
    await run.executeUpdate(MESSAGE.cancel, { args: [{ by: 'ci', reason: '' }] });
    attempt.letGo();
    expect(await run.result()).toMatchObject({ status: 'CANCELED', error: null, reasons: ['canceled by ci'] });
  });
});

test('a cancel during the evaluation wins over a verdict that denies', async () => {
  const attempt = held();
  const { activities: stubs } = stubActivities({ verdict: 'deny' });
  const activities: Stubs = {
    ...stubs,
    evaluate: async (input) => {
      await attempt.wait();
      return stubs.evaluate(input);
    },
  };
  await world.during(activities, async () => {
    const run = await world.start();
    await untilPasses(() => expect(attempt.begun()).toBe(true));
    await run.executeUpdate(MESSAGE.cancel, { args: [{ by: 'ci', reason: '' }] });
    attempt.letGo();
    expect(await run.result()).toMatchObject({ status: 'CANCELED' });
  });
});

test.each(['cancel', 'decide', 'deadline'] as const)(
  'a message that is still on its way when the run ends by %s holds nothing up',
  async (how) => {
    const message = held();
    const settings = quickSettings({ notify: { topicArns: ['arn:aws:sns:us-east-1:111122223333:images'] } });
    const deadlineHours = how === 'deadline' ? 1 / 3600 : 1;
    const { activities } = stubActivities(
      { settings: { ...settings, line: { ...settings.line, approval: { ...settings.line.approval, deadlineHours } } } },
      { notify: async ({ subject }) => (subject.startsWith('approval needed') ? message.wait() : undefined) },
    );
    await world.during(activities, async () => {
      const run = await world.start();
      await untilPasses(() => expect(message.begun()).toBe(true));
      if (how === 'cancel') await run.executeUpdate(MESSAGE.cancel, { args: [{ by: 'ci', reason: '' }] });
      if (how === 'decide')
        await run.executeUpdate(MESSAGE.decide, {
          args: [{ token: token('alice', ['security'], { verdict: 'deny' }) }],
        });
      expect(await run.result()).toMatchObject({ status: how === 'cancel' ? 'CANCELED' : 'DENIED' });
      message.letGo();
    });
  },
);

test('a cancel while people are asked undoes everything, and a second one is told so', async () => {
  const { activities, calls } = stubActivities();
  await world.during(activities, async () => {
    const run = await world.start();
    await untilPasses(async () => expect(await world.status(run)).toMatchObject({ status: 'AWAITING_APPROVAL' }));
    await run.executeUpdate(MESSAGE.cancel, { args: [{ by: 'ci', reason: '' }] });
    expect(await run.result()).toMatchObject({ status: 'CANCELED', reasons: ['canceled by ci', expect.anything()] });
    expect(calls.slice(calls.indexOf('openApproval') + 1)).toEqual([...deploy, 'closeRun']);
  });
});

test('a cancel while a decision is being verified neither tears the decision nor fails the run', async () => {
  let verifying = false;
  const { activities } = stubActivities(
    {},
    {
      verifyDecision: async () => {
        if (!verifying) {
          verifying = true;
          throw waiting('one more try', 500);
        }
        return { refused: 'bad-signature', by: 'unknown' };
      },
    },
  );
  await world.during(activities, async () => {
    const run = await world.start();
    await untilPasses(async () => expect(await world.status(run)).toMatchObject({ status: 'AWAITING_APPROVAL' }));
    await run.signal(MESSAGE.decide, { token: token('alice', ['security']) });
    await untilPasses(() => expect(verifying).toBe(true));
    await run.cancel();
    expect(await run.result()).toMatchObject({ status: 'CANCELED' });
  });
});

describe('an update sent by hand, as `temporal workflow update` does', () => {
  test.each([
    ['nothing', []],
    ['null', [null]],
    ['what is no text', [{ by: { a: 1 }, reason: 7 }]],
  ])('cancels with %s too', async (_what, args) => {
    const { activities, calls } = stubActivities({}, { assess: hang });
    await world.during(activities, async () => {
      const run = await world.start();
      await untilPasses(() => expect(calls).toContain('assess'));
      const answer = await run.executeUpdate<CancelResult, [object]>(MESSAGE.cancel, {
        args: args as unknown as [object],
      });
      expect(answer).toEqual({ canceled: true, reason: 'canceled by somebody in Temporal' });
      expect(await run.result()).toMatchObject({ status: 'CANCELED' });
    });
  });

  test('that names no run is refused by a line, which goes on', async () => {
    const { activities } = stubActivities();
    await world.during(activities, async () => {
      const line = await startLine(world, { line: 'by-hand', entriesPerRun: 1 });
      for (const args of [[], [null], [{ run: 7 }], [{ run: '../x' }]])
        await expect(
          line.executeUpdate<void, [object]>(MESSAGE.publish, { args: args as unknown as [object] }),
        ).rejects.toThrow('Workflow Update failed');
      const { firstExecutionRunId } = line;
      const now = () => world.client.workflow.getHandle(line.workflowId);
      await line.executeUpdate(MESSAGE.publish, { args: [{ run: 'one' }] });
      await untilPasses(async () => expect((await now().describe()).runId).not.toBe(firstExecutionRunId));
      await now().terminate();
    });
  });
});

test('a line begins a new history after as many publications as it was last told', async () => {
  const { activities } = stubActivities();
  await world.during(activities, async () => {
    const line = await startLine(world, { line: 'told' });
    const now = async () => (await world.client.workflow.getHandle(line.workflowId).describe()).runId;
    const first = line.firstExecutionRunId;
    const publish = (argument: object) => line.executeUpdate(MESSAGE.publish, { args: [argument] });
    await publish({ run: 'one' });
    await publish({ run: 'two', entriesPerRun: 0 });
    expect(await now()).toBe(first);
    await publish({ run: 'three', entriesPerRun: 3 });
    await untilPasses(async () => expect(await now()).not.toBe(first));
    const second = await now();
    // It is remembered: nobody has to say it again.
    const later = world.client.workflow.getHandle(line.workflowId);
    for (const run of ['four', 'five', 'six']) await later.executeUpdate(MESSAGE.publish, { args: [{ run }] });
    await untilPasses(async () => expect(await now()).not.toBe(second));
    await later.terminate();
  });
});

test('Temporal’s own cancel equals cancel', async () => {
  const { activities, calls } = stubActivities({}, { assess: hang });
  await world.during(activities, async () => {
    const run = await world.start();
    await untilPasses(() => expect(calls).toContain('assess'));
    await run.cancel();
    expect(await run.result()).toMatchObject({ status: 'CANCELED', reasons: ['canceled by Temporal'] });
    expect(calls).toContain('undoDeploy');
  });
});

test('once the last needed decision has counted a cancel is refused, by update and by Temporal', async () => {
  let release = false;
  const { activities } = stubActivities(
    {},
    { readPublication: async () => (release ? { kind: 'published', published: [] } : hang()) },
  );
  await world.during(activities, async () => {
    const run = await world.start();
    await untilPasses(async () => expect(await world.status(run)).toMatchObject({ status: 'AWAITING_APPROVAL' }));
    await run.executeUpdate(MESSAGE.decide, { args: [{ token: token('alice', ['security']) }] });
    await run.executeUpdate(MESSAGE.decide, { args: [{ token: token('bob', ['platform']) }] });
    const answer = await run.executeUpdate<CancelResult, [object]>(MESSAGE.cancel, {
      args: [{ by: 'ci', reason: '' }],
    });
    expect(answer).toEqual({ canceled: false, reason: 'the last needed decision has been counted' });
    await run.cancel();
    release = true;
    expect(await run.result()).toMatchObject({ status: 'SUCCEEDED' });
  });
});

test('an approval that is complete while a reminder is on its way stays given, whatever cancels', async () => {
  const message = held();
  const settings = quickSettings({ notify: { topicArns: ['arn:aws:sns:us-east-1:111122223333:images'] } });
  const { activities } = stubActivities(
    {
      settings: {
        ...settings,
        line: { ...settings.line, approval: { ...settings.line.approval, remindHours: 0.5 / 3600 } },
      },
    },
    { notify: async ({ subject }) => (subject.startsWith('reminder') ? message.wait() : undefined) },
  );
  await world.during(activities, async () => {
    const run = await world.start();
    await untilPasses(() => expect(message.begun()).toBe(true));
    await run.executeUpdate(MESSAGE.decide, { args: [{ token: token('alice', ['security']) }] });
    await run.executeUpdate(MESSAGE.decide, { args: [{ token: token('bob', ['platform']) }] });
    await run.cancel();
    try {
      expect(await run.result()).toMatchObject({ status: 'SUCCEEDED' });
    } finally {
      message.letGo();
    }
  });
});

test('a cancel that is accepted while cleaning up changes nothing and says so', async () => {
  let release = false;
  const { activities, calls } = stubActivities(
    { verdict: 'deny' },
    { undoDeploy: async () => (release ? { late: false } : hang()) },
  );
  await world.during(activities, async () => {
    const run = await world.start();
    await untilPasses(() => expect(calls).toContain('undoDeploy'));
    const answer = await run.executeUpdate<CancelResult, [object]>(MESSAGE.cancel, {
      args: [{ by: 'ci', reason: '' }],
    });
    expect(answer).toEqual({ canceled: false, reason: 'the run is ending' });
    release = true;
    expect(await run.result()).toMatchObject({ status: 'DENIED' });
  });
});

test('the end of the Spinnaker stage that asked counts as cancel', async () => {
  let ended: string | null = null;
  const source = { kind: 'spinnaker', executionId: '01H', stageRefId: '3' };
  const { activities, calls } = stubActivities(
    { request: { source } },
    { watchSource: async () => (ended === null ? hang() : { ended }), assess: hang },
  );
  await world.during(activities, async () => {
    const run = await world.start();
    await untilPasses(() => expect(calls).toContain('assess'));
    ended = 'Spinnaker execution 01H: its stage is TERMINAL';
    expect(await run.result()).toMatchObject({
      status: 'CANCELED',
      reasons: ['canceled by Spinnaker execution 01H: its stage is TERMINAL'],
    });
    expect(calls).toContain('undoDeploy');
  });
});

test('a stage that is found over at a change of stage counts as cancel, and one that succeeded does not', async () => {
  const source = { kind: 'spinnaker', executionId: '01H', stageRefId: '3' };
  const over = stubActivities(
    { request: { source } },
    { checkSource: async () => ({ ended: 'its stage is CANCELED' }) },
  );
  await world.during(over.activities, async () => {
    const run = await world.start();
    expect(await run.result()).toMatchObject({ status: 'CANCELED' });
  });
  const fine = stubActivities({ request: { source }, verdict: 'deny' }, { watchSource: async () => ({ ended: null }) });
  await world.during(fine.activities, async () => {
    const run = await world.start();
    expect(await run.result()).toMatchObject({ status: 'DENIED' });
  });
});

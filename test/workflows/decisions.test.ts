import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { testTemporal } from '../setup/temporal';
import { untilPasses } from '../setup/helpers';
import type { Decision } from '../../src/domain/approval';
import { MESSAGE } from '../../src/domain/names';
import type { DecideResult } from '../../src/workflows/messages';
import { openWorld, quickSettings, stubActivities, token, waiting, type World } from './stub-world';

let world: World;
beforeAll(async () => {
  world = await openWorld(await testTemporal());
});
afterAll(() => world.close());

const asked = async (): Promise<WorkflowHandle> => {
  const run = await world.start();
  await untilPasses(async () => expect(await world.status(run)).toMatchObject({ status: 'AWAITING_APPROVAL' }));
  return run;
};
const decide = (run: WorkflowHandle, argument: object) =>
  run.executeUpdate<DecideResult, [object]>(MESSAGE.decide, { args: [argument] });
const approve = (run: WorkflowHandle, by: string, ...groups: string[]) => decide(run, { token: token(by, groups) });

test('two people of the two groups approve, and the image is published', async () => {
  const { activities, calls } = stubActivities();
  await world.during(activities, async () => {
    const run = await asked();
    expect(await approve(run, 'alice', 'security')).toMatchObject({
      counted: true,
      status: { approval: { given: 1 } },
    });
    expect(await approve(run, 'bob', 'platform')).toMatchObject({ counted: true });
    expect(await run.result()).toMatchObject({ status: 'SUCCEEDED', approval: { given: 2, by: ['alice', 'bob'] } });
    expect(calls).toContain('undoDeploy');
    expect(calls).not.toContain('removeImages');
  });
});

test('one denial denies, with its comment among the reasons', async () => {
  const { activities, calls } = stubActivities();
  await world.during(activities, async () => {
    const run = await asked();
    await decide(run, { token: token('alice', ['security'], { verdict: 'deny', comment: 'openssl' }) });
    const status = await run.result();
    expect(status).toMatchObject({ status: 'DENIED', reasons: expect.arrayContaining(['denied by alice: openssl']) });
    expect(calls).toContain('removeImages');
    expect(calls).not.toContain('enqueuePublication');
  });
});

test('a withdrawn approval does not count', async () => {
  const { activities } = stubActivities();
  await world.during(activities, async () => {
    const run = await asked();
    await approve(run, 'alice', 'security');
    await decide(run, { token: token('alice', ['security'], { verdict: 'withdraw' }) });
    const second = await approve(run, 'bob', 'platform');
    expect(second).toMatchObject({ status: { status: 'AWAITING_APPROVAL', approval: { given: 1, by: ['bob'] } } });
    await approve(run, 'alice', 'security');
    expect(await run.result()).toMatchObject({ status: 'SUCCEEDED' });
  });
});

const REFUSED = [
  { who: 'the requester', argument: { token: token('Eve@Example.com', ['security']) }, refused: 'requester' },
  {
    who: 'the credential that asked',
    argument: { token: token('x', ['security'], { credential: 'ci' }) },
    refused: 'requester',
  },
  { who: 'somebody of no group', argument: { token: token('mallory', []) }, refused: 'not-entitled' },
  { who: 'somebody of another group', argument: { token: token('mallory', ['sales']) }, refused: 'not-entitled' },
  {
    who: 'one who saw other evidence',
    argument: { token: token('a', ['security'], { evidenceDigest: 'sha256:old' }) },
    refused: 'stale-evidence',
  },
  {
    who: 'one who withdraws nothing',
    argument: { token: token('a', ['security'], { verdict: 'withdraw' }) },
    refused: 'not-yet',
  },
  {
    who: 'a plain signal on a line that wants signatures',
    argument: { by: 'alice', verdict: 'approve', evidenceDigest: 'sha256:e' },
    refused: 'bad-signature',
  },
  { who: 'an empty object', argument: {}, refused: 'bad-signature' },
];

test.each(REFUSED)('a decision of $who is refused as $refused and told so', async ({ argument, refused }) => {
  const { activities } = stubActivities();
  await world.during(activities, async () => {
    const run = await asked();
    const answer = await decide(run, argument);
    expect(answer).toMatchObject({ counted: false, refused });
    expect(await world.status(run)).toMatchObject({
      status: 'AWAITING_APPROVAL',
      approval: { given: 0, refused: [expect.objectContaining({ reason: refused })] },
    });
    await run.cancel();
    await run.result();
  });
});

test('a forged decision is refused', async () => {
  const { activities } = stubActivities(
    {},
    { verifyDecision: async () => ({ refused: 'bad-signature', by: 'unknown' }) },
  );
  await world.during(activities, async () => {
    const run = await asked();
    expect(await approve(run, 'alice', 'security')).toMatchObject({ counted: false, refused: 'bad-signature' });
    await run.cancel();
    await run.result();
  });
});

test('the same decision twice counts once, and a second one by the same person is refused', async () => {
  const { activities } = stubActivities();
  await world.during(activities, async () => {
    const run = await asked();
    const once = { token: token('alice', ['security', 'platform']) };
    expect(await decide(run, once)).toMatchObject({ counted: true });
    expect(await decide(run, once)).toMatchObject({ counted: true, status: { approval: { given: 1 } } });
    expect(await approve(run, 'alice', 'platform')).toMatchObject({ counted: false, refused: 'already-decided' });
    await run.cancel();
    await run.result();
  });
});

test('a decision before the question and after the end is refused without a trace in history', async () => {
  let release = false;
  const { activities } = stubActivities(
    {},
    {
      assess: async () => {
        if (!release) throw waiting('scanning');
        return { assessor: 'inspector2', status: 'complete', ref: 'sha256:a' };
      },
    },
  );
  await world.during(activities, async () => {
    const run = await world.start();
    await untilPasses(async () => expect(await world.status(run)).toMatchObject({ stage: 'assessing' }));
    await expect(approve(run, 'alice', 'security')).rejects.toMatchObject({ cause: { type: 'not-yet' } });
    release = true;
    await untilPasses(async () => expect(await world.status(run)).toMatchObject({ status: 'AWAITING_APPROVAL' }));
    await decide(run, { token: token('alice', ['security'], { verdict: 'deny' }) });
    await run.result();
    await expect(approve(run, 'bob', 'platform')).rejects.toThrow();
    const { events } = await run.fetchHistory();
    const updates = events?.filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes) ?? [];
    expect(updates).toHaveLength(1);
  });
});

test('decisions by signal count like those by update', async () => {
  const { activities } = stubActivities();
  await world.during(activities, async () => {
    const run = await asked();
    await run.signal(MESSAGE.decide, { token: token('alice', ['security']) });
    await run.signal(MESSAGE.decide, { token: token('bob', ['platform']) });
    expect(await run.result()).toMatchObject({ status: 'SUCCEEDED' });
  });
});

test('plain signals, as docs/operations.md shows one, count where the line allows them', async () => {
  const page = readFileSync(join(__dirname, '../../docs/operations.md'), 'utf8');
  const shown = JSON.parse(/--name decide --input \\\n *'(.*)'/.exec(page)?.[1] ?? '') as object;
  expect(Object.keys(shown)).toEqual(expect.arrayContaining(['by', 'evidenceDigest']));
  const settings = quickSettings();
  const approval = { ...settings.line.approval, unsigned: 'allow' as const };
  const { activities } = stubActivities({ settings: { ...settings, line: { ...settings.line, approval } } });
  await world.during(activities, async () => {
    const run = await asked();
    await run.signal(MESSAGE.decide, { ...shown, by: 'alice', evidenceDigest: 'sha256:e' });
    await run.signal(MESSAGE.decide, { by: 'bob', verdict: 'approve', evidenceDigest: 'sha256:e' });
    expect(await run.result()).toMatchObject({ status: 'SUCCEEDED', approval: { given: 2 } });
  });
});

test('the deadline denies', async () => {
  const settings = quickSettings();
  const approval = { ...settings.line.approval, deadlineHours: 0.5 / 3600 };
  const { activities, calls } = stubActivities({ settings: { ...settings, line: { ...settings.line, approval } } });
  await world.during(activities, async () => {
    const run = await world.start();
    const status = await run.result();
    expect(status).toMatchObject({ status: 'DENIED' });
    expect((status as { reasons: string[] }).reasons[0]).toMatch(/^nobody decided before the deadline /);
    expect(calls).toContain('removeImages');
  });
});

test('decisions that came before the deadline count, however late a worker verifies them', async () => {
  const settings = quickSettings();
  // Time enough for two signals on a machine that is busy otherwise.
  const deadlineHours = 4 / 3600;
  let deadline = Infinity;
  const { activities } = stubActivities(
    { settings: { ...settings, line: { ...settings.line, approval: { ...settings.line.approval, deadlineHours } } } },
    {
      verifyDecision: async ({ token }) => {
        if (Date.now() < deadline + 500) throw waiting('no worker verifies it yet', 100);
        return { decision: JSON.parse(token) as Decision, ref: `sha256:${token.length}` };
      },
    },
  );
  await world.during(activities, async () => {
    const run = await asked();
    deadline = Date.parse((await world.status(run)).approval?.deadline ?? '');
    await run.signal(MESSAGE.decide, { token: token('alice', ['security']) });
    await run.signal(MESSAGE.decide, { token: token('bob', ['platform']) });
    expect(Date.now()).toBeLessThan(deadline);
    expect(await run.result()).toMatchObject({ status: 'SUCCEEDED', approval: { given: 2 } });
    expect(Date.now()).toBeGreaterThan(deadline);
  });
});

test('a decision whose signed time lies after the deadline is refused as closed', async () => {
  const { activities } = stubActivities();
  await world.during(activities, async () => {
    const run = await asked();
    const late = new Date(Date.now() + 2 * 3_600_000).toISOString();
    expect(await decide(run, { token: token('alice', ['security'], { at: late }) })).toMatchObject({
      counted: false,
      refused: 'closed',
    });
    await run.terminate();
  });
});

test('refused decisions are not looked at without end, and a cancel still gets through', async () => {
  const { activities, calls } = stubActivities(
    {},
    { verifyDecision: async () => ({ refused: 'bad-signature', by: 'unknown' }) },
  );
  await world.during(activities, async () => {
    const run = await asked();
    for (let sent = 0; sent < 25; sent += 1)
      await Promise.all(Array.from({ length: 8 }, () => decide(run, { token: 'forged' })));
    await expect(decide(run, { token: 'forged' })).rejects.toMatchObject({ cause: { type: 'closed' } });
    expect(calls.filter((call) => call === 'verifyDecision')).toHaveLength(200);
    await run.executeUpdate(MESSAGE.cancel, { args: [{ by: 'ci', reason: '' }] });
    expect(await run.result()).toMatchObject({ status: 'CANCELED' });
  });
});

test('an image that the policy approves is published at once on a line with auto, and asked about on another', async () => {
  const settings = quickSettings();
  const approval = { ...settings.line.approval, auto: true };
  const auto = stubActivities({ settings: { ...settings, line: { ...settings.line, approval } }, verdict: 'approve' });
  await world.during(auto.activities, async () => {
    const run = await world.start();
    expect(await run.result()).toMatchObject({ status: 'SUCCEEDED', approval: null });
  });
  const asks = stubActivities({ verdict: 'approve' });
  await world.during(asks.activities, async () => {
    const run = await asked();
    await run.cancel();
    await run.result();
  });
});

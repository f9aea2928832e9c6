import { ApplicationFailure } from '@temporalio/common';
import { QUEUE, WORKFLOW, workflowId } from '../../src/domain/names';
import { untilPasses } from '../setup/helpers';
import { testTemporal } from '../setup/temporal';
import type { StatusDocument } from '../../src/domain/status';
import type { LineSettings } from '../../src/domain/settings';
import { openWorld, quickSettings, stubActivities, waiting, type Stubs, type World } from './stub-world';

let world: World;
beforeAll(async () => {
  world = await openWorld(await testTemporal());
});
afterAll(() => world.close());

const TAGS = { pipeline: null, timeoutMinutes: 0.5 / 60 };
const PIPELINE = { kind: 'pipeline' as const, pipeline: 'after', parameters: { channel: 'beta' }, timeoutMinutes: 1 };
const JUDGMENT = { kind: 'judgment' as const, stage: 'Promote?', timeoutMinutes: 1 };
const source = { kind: 'spinnaker', executionId: '01H', stageRefId: '3' };
const broken = async (): Promise<never> => {
  throw ApplicationFailure.nonRetryable('no such pipeline', 'Final');
};

/** Runs a line to its end; `approve` publishes by itself, the other verdicts deny. */
async function end(
  spinnaker: Partial<LineSettings['spinnaker']>,
  { verdict = 'approve', ...change }: Partial<Stubs> & { verdict?: 'approve' | 'deny' } = {},
  request: object = {},
): Promise<{ status: StatusDocument; calls: string[] }> {
  const settings = quickSettings({ spinnaker: { imageTags: null, afterDecision: null, ...spinnaker } });
  const approval = { ...settings.line.approval, auto: true };
  const { activities, calls } = stubActivities(
    { settings: { ...settings, line: { ...settings.line, approval } }, verdict, request },
    change,
  );
  return world.during(activities, async () => ({
    status: (await (await world.start()).result()) as StatusDocument,
    calls,
  }));
}

test('the tags are told first, and then what follows, for an approved image', async () => {
  const given: object[] = [];
  const { status, calls } = await end(
    { imageTags: TAGS, afterDecision: PIPELINE },
    {
      startAfter: async (input) => {
        given.push(input);
        return { executionId: 'A1' };
      },
    },
  );
  expect(status).toMatchObject({ status: 'SUCCEEDED', reasons: ['needs review: always'] });
  const told = ['startTagging', 'awaitTagging', 'startAfter'];
  expect(calls.filter((call) => told.includes(call))).toEqual(told);
  expect(given).toEqual([
    {
      run: status.id,
      pipeline: 'after',
      pollSeconds: 0.05,
      parameters: {
        ...{ assayRun: status.id, assayLine: 'golden', assayRegion: 'us-east-1', assayExpires: expect.any(String) },
        ...{ channel: 'beta', amiId: status.amiId, assayImages: `us-east-1=${status.amiId}` },
        ...{ assayStatus: 'SUCCEEDED', assayVerdict: 'approve', assayEvidence: 'sha256:e' },
      },
    },
  ]);
});

test('a denied image has no tags to tell, and its pipeline is told so', async () => {
  const statuses: unknown[] = [];
  const { calls } = await end(
    { imageTags: TAGS, afterDecision: PIPELINE },
    {
      verdict: 'deny',
      startAfter: async ({ parameters }) => {
        statuses.push(parameters['assayStatus']);
        return { executionId: 'A1' };
      },
    },
  );
  expect(statuses).toEqual(['DENIED']);
  expect(calls).not.toContain('startTagging');
});

test('what cannot be told, or not in time, is a reason and no more, and the rest is told all the same', async () => {
  const { status, calls } = await end(
    { imageTags: TAGS, afterDecision: PIPELINE },
    {
      awaitTagging: async () => {
        throw waiting('the cache does not show assay:state');
      },
      startAfter: broken,
    },
  );
  expect(status).toMatchObject({ status: 'SUCCEEDED', published: [] });
  expect(status.reasons).toEqual([
    expect.stringMatching(
      /^telling Spinnaker the image's tags was not done within 1 seconds.*does not show assay:state/,
    ),
    'telling Spinnaker the decision failed: no such pipeline',
    'needs review: always',
  ]);
  expect(calls).toContain('undoDeploy');
});

test.each([
  ['approve', 'continue', 'SUCCEEDED'],
  ['deny', 'stop', 'DENIED'],
] as const)('on the verdict %s the judgment that waits is told to %s', async (verdict, judgment, ending) => {
  const given: object[] = [];
  const { status } = await end(
    { afterDecision: JUDGMENT },
    {
      verdict,
      giveJudgment: async (input) => {
        given.push(input);
        return { begun: true, said: verdict === 'deny' ? 'somebody else said so' : null };
      },
    },
    { source },
  );
  expect(given).toEqual([
    { run: status.id, executionId: '01H', stage: 'Promote?', judgment, status: ending, late: false, pollSeconds: 0.05 },
  ]);
  expect(status.reasons.includes('somebody else said so')).toBe(verdict === 'deny');
});

test('a run does not wait for a judgment that has not begun: its stage may wait for the run', async () => {
  const given: boolean[] = [];
  let begun = false;
  const { activities } = stubActivities(
    {
      settings: quickSettings({ spinnaker: { imageTags: null, afterDecision: JUDGMENT } }),
      ...{ verdict: 'deny', request: { source } },
    },
    {
      giveJudgment: async ({ late }) => {
        given.push(late);
        if (late && !begun) throw waiting('has not begun');
        return { begun, said: null };
      },
    },
  );
  await world.during(activities, async () => {
    const run = await world.start();
    const status = (await run.result()) as StatusDocument;
    expect(status.status).toBe('DENIED');
    expect(status.reasons).toContainEqual(
      expect.stringMatching(/^the stage "Promote\?" has not begun; it is told to stop when it has, until \d/),
    );
    const later = world.client.workflow.getHandle(workflowId.lateJudgment.of(status.id));
    await untilPasses(() => expect(given).toContain(true));
    begun = true;
    expect(await later.result()).toBe('told the stage "Promote?" to stop');
    expect(given[0]).toBe(false);
  });
});

test('a judgment that can never be given late is said so, and no more', async () => {
  const { activities } = stubActivities(
    {},
    {
      giveJudgment: async () => {
        throw ApplicationFailure.nonRetryable('its stage "Promote?" never began', 'Final');
      },
    },
  );
  await world.during(activities, async () => {
    const handle = await world.client.workflow.start(WORKFLOW.lateJudgment, {
      taskQueue: QUEUE.main,
      workflowId: workflowId.lateJudgment.of('never'),
      args: [
        {
          ...{ run: 'never', executionId: '01H', stage: 'Promote?', judgment: 'stop', status: 'DENIED' },
          ...{ pollSeconds: 0.05, until: new Date(Date.now() + 60_000).toISOString() },
        },
      ],
    });
    expect(await handle.result()).toBe('the stage "Promote?" was not told: its stage "Promote?" never began');
  });
});

test('a run that no execution asked for has no judgment to give', async () => {
  const { status, calls } = await end({ afterDecision: JUDGMENT });
  expect(status).toMatchObject({ status: 'SUCCEEDED', reasons: ['needs review: always'] });
  expect(calls).not.toContain('giveJudgment');
});

test('what the bake named is removed in every region, also when the bake could not be undone at first', async () => {
  const plans: { regions: readonly string[]; named: readonly object[] }[] = [];
  let tries = 0;
  const there = { region: 'ap-south-1', amiId: 'ami-0fedcba9876543210' };
  const { status } = await end(
    {},
    {
      awaitBake: broken,
      undoBake: async () => {
        tries += 1;
        if (tries === 1) throw ApplicationFailure.nonRetryable('403', 'Final');
        return { late: false, images: [there] };
      },
      planRemoval: async ({ regions, named }) => {
        plans.push({ regions, named });
        return { remove: [], deny: [] };
      },
    },
  );
  expect(status.status).toBe('FAILED');
  expect(plans).toEqual([
    { regions: ['us-east-1'], named: [] },
    { regions: ['us-east-1'], named: [there] },
  ]);
}, 90_000);

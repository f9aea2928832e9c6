import { ApplicationFailure } from '@temporalio/common';
import type { Launched, LaunchInput } from '../../src/activities/launch';
import { MESSAGE, workflowId } from '../../src/domain/names';
import type { StatusDocument } from '../../src/domain/status';
import { untilPasses } from '../setup/helpers';
import { testTemporal } from '../setup/temporal';
import { openWorld, quickSettings, stubActivities, waiting, type Stubs, type World } from './stub-world';

let world: World;
beforeAll(async () => {
  world = await openWorld(await testTemporal());
});
afterAll(() => world.close());

const [A, B] = ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'] as const;
const settings = (timeoutMinutes = 1) =>
  quickSettings({
    bake: null,
    deploy: {
      kind: 'ec2',
      subnetIds: [A, B],
      securityGroupIds: ['sg-0123456789abcdef0'],
      instanceType: 't3.small',
      instanceProfile: 'golden-test',
      userData: null,
      timeoutMinutes,
    },
  });
const image = { id: 'ami-0123456789abcdef0', region: 'us-east-1', destroy: false };
const refused = (kind: 'zone' | 'quota' | 'never-there'): Launched => ({
  kind: 'refused',
  refusal: { kind, code: kind, message: '' },
});

const LATE = /^a late instance of the given-up launch is watched for until (\S+)$/;

/** A run whose launches are answered so, one after the other, the last one again and again; its launches and its undo. */
async function play(
  answers: readonly (Launched | Error)[],
  change: Partial<Stubs> = {},
  timeoutMinutes = 1,
  drive: (run: Awaited<ReturnType<World['start']>>, calls: readonly string[]) => Promise<unknown> = async () =>
    undefined,
) {
  const launches: LaunchInput[] = [];
  const undone: Parameters<Stubs['undoLaunch']>[0][] = [];
  const watched: string[] = [];
  const { activities, calls } = stubActivities(
    { settings: settings(timeoutMinutes), request: { image }, verdict: 'deny' },
    {
      launchInstance: async (input) => {
        launches.push(input);
        const answer = answers[Math.min(launches.length, answers.length) - 1] as Launched | Error;
        if (answer instanceof Error) throw answer;
        return answer;
      },
      undoLaunch: async (input) => void undone.push(input),
      watchLateLaunch: async ({ run, region, until }) => void watched.push(`${run} ${region} ${until}`),
      ...change,
    },
  );
  const status = await world.during(activities, async () => {
    const run = await world.start();
    await drive(run, calls);
    const ending = (await run.result()) as StatusDocument;
    const [until] = ending.reasons.flatMap((text) => LATE.exec(text)?.[1] ?? []);
    const late = world.client.workflow.getHandle(workflowId.lateLaunch.of(ending.id));
    if (until === undefined) await expect(late.describe()).rejects.toThrow('not found');
    else {
      await late.result();
      expect(watched).toEqual([`${ending.id} us-east-1 ${until}`]);
    }
    return ending;
  });
  return { status, calls, launches: launches.map(({ n, subnetId }) => [n, subnetId]), undone, watched };
}

const INSTANCE: Launched = { kind: 'launched', instanceId: 'i-0123456789abcdef0' };

test('every launch that was refused for certain is followed by one with the next number, in the next subnet', async () => {
  const order = [refused('zone'), refused('zone'), refused('quota'), INSTANCE];
  const { launches, undone, calls, watched } = await play(order);
  expect(watched).toEqual([]);
  expect(launches).toEqual([
    [1, A],
    [2, B],
    [3, A],
    [4, A],
  ]);
  expect(calls.indexOf('checkProfile')).toBeLessThan(calls.indexOf('launchInstance'));
  expect(undone).toEqual([
    expect.objectContaining({ instance: expect.objectContaining({ instanceId: INSTANCE.instanceId }) }),
  ]);
});

test('where no zone has the type there is one round, and nothing to look for afterwards', async () => {
  const { status, launches, undone } = await play([refused('never-there')]);
  expect(status).toMatchObject({ status: 'FAILED', error: expect.stringContaining('is not offered in the zone') });
  expect(launches).toHaveLength(2);
  expect(undone).toEqual([]);
});

test('a profile that is refused ends it before any launch, with nothing to take back', async () => {
  const { status, launches, undone } = await play([INSTANCE], {
    checkProfile: async () => {
      throw ApplicationFailure.nonRetryable('no such profile', 'Final');
    },
  });
  expect(status).toMatchObject({ status: 'FAILED', error: 'deploying: no such profile' });
  expect([launches, undone]).toEqual([[], []]);
});

test('a launch that never gets an answer is asked again under its own number, looked for, and watched for', async () => {
  const { status, launches, undone, watched } = await play([refused('zone'), waiting('no answer', 50)], {}, 0.15);
  expect(status).toMatchObject({ status: 'FAILED', error: expect.stringContaining('no capacity for t3.small') });
  expect(new Set(launches.map(String))).toEqual(new Set([`1,${A}`, `2,${B}`]));
  expect(launches.length).toBeGreaterThan(2);
  expect(undone).toEqual([expect.objectContaining({ instance: null })]);
  expect(watched).toHaveLength(1);
});

test('an instance that does not come to run is taken away by its id', async () => {
  const { status, undone } = await play([INSTANCE], {
    awaitLaunched: async () => {
      throw ApplicationFailure.nonRetryable('it is terminated', 'Final');
    },
  });
  expect(status).toMatchObject({ status: 'FAILED', error: 'deploying: it is terminated' });
  expect(undone).toEqual([
    expect.objectContaining({ instance: expect.objectContaining({ instanceId: INSTANCE.instanceId }) }),
  ]);
});

test('a cancel between rounds ends the waiting', async () => {
  const { status, undone } = await play([refused('zone')], {}, 30, async (run, calls) => {
    await untilPasses(() => expect(calls.filter((name) => name === 'launchInstance').length).toBeGreaterThan(1));
    await run.executeUpdate(MESSAGE.cancel, { args: [{ by: 'ci', reason: '' }] });
  });
  expect(status).toMatchObject({ status: 'CANCELED' });
  expect(undone.length).toBeLessThanOrEqual(1);
});

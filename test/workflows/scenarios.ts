import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { MESSAGE } from '../../src/domain/names';
import type { Launched } from '../../src/activities/launch';
import type { Refusal } from '../../src/domain/launch';
import type { EndStatus } from '../../src/domain/run';
import { untilPasses } from '../setup/helpers';
import { quickSettings, stubActivities, token, waiting, type Stubs, type World } from './stub-world';

/** One way a run can end: what the outside does, what people do, and the status it must end with. */
export interface Scenario {
  readonly name: string;
  readonly status: EndStatus;
  readonly stubs: () => { activities: Stubs; calls: string[] };
  readonly drive?: (run: WorkflowHandle, world: World, calls: readonly string[]) => Promise<unknown>;
}

const hang = async (): Promise<never> => {
  throw waiting('still at it');
};
const broken = (text: string) => async (): Promise<never> => {
  throw ApplicationFailure.nonRetryable(text, 'Final');
};
const settings = quickSettings();
const byEc2 = quickSettings({
  bake: null,
  deploy: {
    kind: 'ec2',
    subnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
    securityGroupIds: ['sg-0123456789abcdef0'],
    instanceType: 't3.small',
    instanceProfile: 'golden-test',
    userData: null,
    timeoutMinutes: 1,
  },
});
const withApproval = (change: object) => ({
  ...settings,
  line: { ...settings.line, approval: { ...settings.line.approval, ...change } },
});
const asked = (run: WorkflowHandle, world: World) =>
  untilPasses(async () => expect(await world.status(run)).toMatchObject({ status: 'AWAITING_APPROVAL' }), {
    timeoutMs: 180_000,
  });
const decide = (run: WorkflowHandle, by: string, group: string, verdict: 'approve' | 'deny' = 'approve') =>
  run.executeUpdate(MESSAGE.decide, { args: [{ token: token(by, [group], { verdict }) }] });
const approve = async (run: WorkflowHandle, world: World) => {
  await asked(run, world);
  await decide(run, 'alice', 'security');
  await decide(run, 'bob', 'platform');
};
const cancelAt = (stage: keyof Stubs): Scenario => ({
  name: `canceled-at-${stage}`,
  status: 'CANCELED',
  stubs: () => stubActivities({}, { [stage]: hang }),
  drive: async (run, _world, calls) => {
    await untilPasses(() => expect(calls).toContain(stage));
    await run.executeUpdate(MESSAGE.cancel, { args: [{ by: 'ci', reason: 'not needed' }] });
  },
});

const brought = {
  image: { id: 'ami-0123456789abcdef0', region: 'us-east-1', destroy: false },
  instance: { id: 'i-0123456789abcdef0', destroy: true },
};
const ownImage = { image: brought.image };
const noRoom = (kind: Refusal['kind']): Launched => ({ kind: 'refused', refusal: { kind, code: kind, message: '' } });
const source = { kind: 'spinnaker', executionId: '01H', stageRefId: '3' };

/** Every ending of the table of endings, and the ways to it that take other commands. */
export const SCENARIOS: readonly Scenario[] = [
  { name: 'approved', status: 'SUCCEEDED', stubs: () => stubActivities(), drive: approve },
  {
    name: 'approved-by-policy',
    status: 'SUCCEEDED',
    stubs: () => stubActivities({ settings: withApproval({ auto: true }), verdict: 'approve' }),
  },
  {
    name: 'approved-asked-by-spinnaker',
    status: 'SUCCEEDED',
    stubs: () => stubActivities({ request: { source } }),
    drive: approve,
  },
  {
    name: 'approved-with-notifications',
    status: 'SUCCEEDED',
    stubs: () =>
      stubActivities({
        settings: quickSettings({ notify: { topicArns: ['arn:aws:sns:us-east-1:111122223333:images'] } }),
      }),
    drive: approve,
  },
  {
    name: 'approved-by-ec2-at-the-fourth-try',
    status: 'SUCCEEDED',
    stubs: () => {
      const answers = [noRoom('zone'), noRoom('quota'), noRoom('zone')];
      return stubActivities(
        { settings: byEc2, request: ownImage },
        {
          launchInstance: async () => answers.shift() ?? { kind: 'launched', instanceId: 'i-0123456789abcdef0' },
        },
      );
    },
    drive: approve,
  },
  {
    name: 'failed-without-a-zone',
    status: 'FAILED',
    stubs: () =>
      stubActivities({ settings: byEc2, request: ownImage }, { launchInstance: async () => noRoom('never-there') }),
  },
  {
    name: 'superseded',
    status: 'SUCCEEDED',
    stubs: () =>
      stubActivities({}, { readPublication: async () => ({ kind: 'superseded', by: 'ami-0fedcba9876543210' }) }),
    drive: approve,
  },
  {
    name: 'denied-by-a-person',
    status: 'DENIED',
    stubs: () => stubActivities(),
    drive: async (run, world) => {
      await asked(run, world);
      await decide(run, 'alice', 'security', 'deny');
    },
  },
  { name: 'denied-by-policy', status: 'DENIED', stubs: () => stubActivities({ verdict: 'deny' }) },
  {
    name: 'denied-by-the-deadline',
    status: 'DENIED',
    stubs: () => stubActivities({ settings: withApproval({ deadlineHours: 0.5 / 3600, remindHours: 0.2 / 3600 }) }),
  },
  {
    name: 'denied-unscanned',
    status: 'DENIED',
    stubs: () => stubActivities({ verdict: 'deny' }, { assess: broken('Inspector is not enabled') }),
  },
  {
    name: 'denied-brought',
    status: 'DENIED',
    stubs: () => stubActivities({ verdict: 'deny', request: brought }),
  },
  ...(
    ['openRun', 'startBake', 'awaitBake', 'tagCandidate', 'startDeploy', 'awaitInstance', 'assess', 'evaluate'] as const
  ).map(cancelAt),
  {
    name: 'canceled-while-asking',
    status: 'CANCELED',
    stubs: () => stubActivities(),
    drive: async (run, world) => {
      await asked(run, world);
      await run.cancel();
    },
  },
  {
    name: 'canceled-by-the-stage-that-asked',
    status: 'CANCELED',
    stubs: () =>
      stubActivities(
        { request: { source } },
        { watchSource: async () => ({ ended: 'its stage is TERMINAL' }), assess: hang },
      ),
  },
  {
    name: 'failed-bake',
    status: 'FAILED',
    stubs: () =>
      stubActivities({}, { awaitBake: broken('packer'), undoBake: async () => ({ late: true, images: [] }) }),
  },
  { name: 'failed-deploy', status: 'FAILED', stubs: () => stubActivities({}, { awaitInstance: broken('capacity') }) },
  {
    name: 'failed-publication',
    status: 'FAILED',
    stubs: () => stubActivities({}, { readPublication: async () => ({ kind: 'failed', error: 'AccessDenied' }) }),
    drive: approve,
  },
  {
    name: 'stuck-and-then-denied',
    status: 'DENIED',
    stubs: () => {
      let tries = 0;
      return stubActivities(
        { verdict: 'deny' },
        {
          undoDeploy: async () => {
            tries += 1;
            if (tries === 1) throw ApplicationFailure.nonRetryable('DisableApiTermination', 'Final');
            return { late: false };
          },
        },
      );
    },
  },
];

/** Runs a scenario to its end. */
export async function play(world: World, { stubs, drive, status }: Scenario): Promise<WorkflowHandle> {
  const { activities, calls } = stubs();
  return world.during(activities, async () => {
    const run = await world.start();
    await drive?.(run, world, calls);
    expect(await run.result()).toMatchObject({ status });
    return run;
  });
}

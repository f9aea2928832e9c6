import { EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2';
import type { GateMemory } from '../../src/activities/gate-memory';
import type { UndoDeployInput } from '../../src/activities/undo-deploy';
import { TAG } from '../../src/domain/names';
import { untilPasses } from '../setup/helpers';
import { alive, openBench, POLL, REGION, RUN, type Bench } from './harness';

const DEPLOY = 'deploy-candidate';
/** Gate's lists have been looked through long enough. */
const SEARCHED: GateMemory = {
  awaySince: null,
  search: { since: new Date(Date.now() - 60_000).toISOString(), looks: 100 },
};
const NOTHING = { instances: [], volumes: [], groups: [] };

const input = (change: Partial<UndoDeployInput> = {}): UndoDeployInput => ({
  ...{ run: RUN, line: 'golden', region: REGION, expires: '2030-01-01T00:00:00Z', pipeline: DEPLOY },
  ...{ destroyPipeline: 'destroy-candidate', parameters: {}, executionId: null, instance: null, pollSeconds: POLL },
  ...{ unreachableMinutes: 1, gate: SEARCHED },
  ...change,
});
const deploy = async (bench: Bench, { run = RUN, n = 1, region = REGION } = {}): Promise<string> => {
  const { id } = bench.simulator.seed.image({ region });
  const key = { run, step: 'deploy', n } as const;
  return (await bench.spinnaker.start(key, DEPLOY, { assayRegion: region, amiId: id })).executionId;
};
/** As `deploy`, and through. */
async function deployed(bench: Bench, what?: Parameters<typeof deploy>[1]): Promise<string> {
  const id = await deploy(bench, what);
  await untilPasses(async () => expect((await bench.spinnaker.execution(id)).status).toBe('SUCCEEDED'));
  return id;
}
const destroysBy = (bench: Bench, destroyPipeline: string | null) =>
  bench.seal({
    line: { deploy: { kind: 'pipeline', pipeline: DEPLOY, destroyPipeline, parameters: {}, timeoutMinutes: 30 } },
  });
const groupIsThere = (bench: Bench) => untilPasses(() => expect(alive(bench).groups).toHaveLength(1));
const destroys = (bench: Bench) => bench.simulator.state().executions.filter(({ kind }) => kind === 'destroy');

describe('a deploy that may still make something', () => {
  test('is looked for in lists that Gate really gave', async () => {
    const bench = await openBench();
    bench.simulator.faults.add({ service: 'gate', operation: 'searchExecutions', kind: '500', count: 8 });
    const said: string[] = [];
    const search = { since: new Date(Date.now() - 60_000).toISOString(), looks: 0 };
    const left = await bench.run('undoDeploy', input({ pollSeconds: 0.02, gate: { awaySince: null, search } }), {
      between: (message) => said.push(message),
    });
    expect(left).toEqual({ late: true });
    expect(said.filter((message) => message.startsWith('Gate has not answered'))).toHaveLength(8);
    expect(said.filter((message) => message.startsWith('looking for a deploy'))).toHaveLength(4);
  });

  test('is looked for some seconds, however quick the looks', async () => {
    const bench = await openBench();
    const search = { since: new Date().toISOString(), looks: 1000 };
    const look = bench.run('undoDeploy', input({ gate: { awaySince: null, search } }), { attempts: 1 });
    await expect(look).rejects.toThrow('looking for a deploy');
  });

  test('is late when it was given up, and not when it succeeded', async () => {
    const bench = await openBench();
    bench.simulator.behave({ deploy: 'waits' });
    await deploy(bench);
    await groupIsThere(bench);
    expect(await bench.run('undoDeploy', input())).toEqual({ late: true });
    expect(alive(bench)).toMatchObject(NOTHING);

    const other = await openBench();
    await deployed(other);
    expect(await other.run('undoDeploy', input())).toEqual({ late: false });
    expect(alive(other)).toMatchObject(NOTHING);
  });

  test('is watched, and what comes of it is removed', async () => {
    const bench = await openBench();
    const until = new Date(Date.now() + 2_500).toISOString();
    let begun = false;
    // Begun and come to something between two looks: a look before that would cancel it.
    const between = async (): Promise<void> => {
      if (begun) return;
      begun = true;
      await deploy(bench);
      await groupIsThere(bench);
    };
    await bench.run('watchLateDeploy', { ...input(), until }, { between });
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(until));
    expect(bench.simulator.state().autoScalingGroups).toHaveLength(1);
    expect(alive(bench)).toMatchObject(NOTHING);
  });
});

test('a group that Orca has not noted yet is destroyed in the account of the deploy', async () => {
  const bench = await openBench();
  // The run's deploy notes no group, ever; one of its tags is there all the same.
  bench.simulator.seed.pipeline({ name: 'another', kind: 'deploy' });
  const { id } = bench.simulator.seed.image();
  await fetch(`${bench.simulator.gateUrl}/pipelines/goldenami/another`, {
    method: 'POST',
    body: JSON.stringify({ parameters: { assayRun: RUN, assayRegion: REGION, amiId: id } }),
  });
  await groupIsThere(bench);
  bench.simulator.behave({ deploy: 'never-ends' });
  await deploy(bench);
  await bench.run('undoDeploy', input());
  expect(destroys(bench)).toMatchObject([{ parameters: { account: 'test', region: REGION } }]);
  expect(alive(bench)).toMatchObject(NOTHING);
});

describe('a deploy elsewhere than in the region of the line', () => {
  const ELSEWHERE = 'eu-west-1';
  const groups = ({ simulator }: Bench) =>
    simulator
      .state()
      .autoScalingGroups.filter(({ deletedAt }) => deletedAt === null)
      .map(({ region, name }) => `${region} ${name}`);
  // Without a tag a group is known by the word of its execution only.
  const openUntagged = () => openBench({ behaviour: { deployTags: false } });
  const V000 = 'goldenami-candidate-v000';

  test.each([
    ['pipeline', 'destroy-candidate'],
    ['task', null],
  ])("is destroyed there by a %s, and a group of the same name at home is another run's", async (_kind, pipeline) => {
    const bench = await openUntagged();
    await deployed(bench, { run: 'run-2' });
    await deployed(bench, { region: ELSEWHERE });
    expect(groups(bench)).toEqual([`${REGION} ${V000}`, `${ELSEWHERE} ${V000}`]);
    await destroysBy(bench, pipeline);
    await bench.run('undoDeploy', input({ destroyPipeline: pipeline }));
    expect(groups(bench)).toEqual([`${REGION} ${V000}`]);
    expect(bench.simulator.state().instances.map(({ region, state }) => [region, state])).toEqual([
      [REGION, 'running'],
      [ELSEWHERE, 'terminated'],
    ]);
    expect(alive(bench).volumes).toHaveLength(1);
  });

  test('and there too goes with the one at home', async () => {
    const bench = await openUntagged();
    await deployed(bench);
    await deployed(bench, { n: 2, region: ELSEWHERE });
    expect(groups(bench)).toEqual([`${REGION} ${V000}`, `${ELSEWHERE} ${V000}`]);
    await bench.run('undoDeploy', input());
    expect(alive(bench)).toMatchObject(NOTHING);
  });

  test('is none that a run goes on with', async () => {
    const bench = await openUntagged();
    const executionId = await deployed(bench, { region: ELSEWHERE });
    const what = {
      run: RUN,
      line: 'golden',
      amiId: 'ami-1',
      region: REGION,
      executionId,
      expires: '',
      pollSeconds: POLL,
    };
    await expect(bench.run('awaitInstance', what)).rejects.toThrow(
      `deploy execution ${executionId} made ${V000} in ${ELSEWHERE}, not one server group in ${REGION}`,
    );
  });
});

/** Longer than any test. */
const NEVER = 1_000_000;

test('a deploy that was cancelled and never ends holds nothing up for longer than Gate may be away', async () => {
  const bench = await openBench();
  bench.simulator.behave({ deploy: 'waits', cancelSeconds: NEVER });
  await deploy(bench);
  await groupIsThere(bench);
  const said: string[] = [];
  const undone = bench.run('undoDeploy', input({ unreachableMinutes: 0.02 }), { between: (text) => said.push(text) });
  expect(await undone).toEqual({ late: true });
  expect(alive(bench)).toMatchObject(NOTHING);
  expect(said[0]).toMatch(/^waiting for deploy execution \S+ to end$/);
  // A hanging stage of another execution is no reason to do without Spinnaker.
  expect(destroys(bench)).toMatchObject([{ status: 'SUCCEEDED' }]);
});

test.each([
  ['pipeline', 'destroy-candidate'],
  ['task', null],
])('a destroy %s that never ends is cancelled, and AWS deletes the group', async (_kind, destroyPipeline) => {
  const bench = await openBench();
  await destroysBy(bench, destroyPipeline);
  await deployed(bench);
  bench.simulator.behave({ destroy: 'never-ends', cancelSeconds: NEVER });
  const said: string[] = [];
  await bench.run('undoDeploy', input({ destroyPipeline, unreachableMinutes: 0.02 }), {
    between: (text) => said.push(text),
  });
  expect(alive(bench)).toMatchObject(NOTHING);
  expect(said.join()).toMatch(
    /destroy execution \S+ does not end; Auto Scaling group \S+ is being deleted through AWS/,
  );
  const [, ...after] = bench.simulator.state().executions;
  expect(after.map(({ status }) => status)).toEqual(['CANCELED']);
});

test('a destroy that fails at once is started again after a pause that grows', async () => {
  const bench = await openBench({ speed: 100 });
  await deploy(bench);
  await groupIsThere(bench);
  bench.simulator.behave({ destroy: 'fails' });
  await expect(bench.run('undoDeploy', input(), { attempts: 20 })).rejects.toThrow('still exists');
  const all = destroys(bench);
  const pauses = all.slice(1).map(({ buildTime }, before) => buildTime - (all[before]?.endTime ?? NaN));
  expect(pauses.length).toBeGreaterThanOrEqual(3);
  pauses.forEach((pause, n) => expect(pause).toBeGreaterThanOrEqual(POLL * 1000 * 2 ** n));
  bench.simulator.behave({ destroy: 'succeeds' });
  await bench.run('undoDeploy', input());
  expect(alive(bench)).toMatchObject(NOTHING);
}, 30_000);

test('volumes that would outlive an instance found only by its tag go too', async () => {
  const bench = await openBench();
  const { id } = bench.simulator.seed.image();
  const ec2 = new EC2Client({ region: REGION, endpoint: bench.simulator.url });
  await ec2.send(
    new RunInstancesCommand({
      ...{ ImageId: id, MinCount: 1, MaxCount: 1 },
      BlockDeviceMappings: [{ DeviceName: '/dev/xvdb', Ebs: { DeleteOnTermination: false } }],
      TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: TAG.run, Value: RUN }] }],
    }),
  );
  ec2.destroy();
  expect(alive(bench).volumes).toHaveLength(2);
  await bench.run('undoDeploy', input());
  expect(alive(bench)).toMatchObject(NOTHING);
});

/** Whoever can write to Temporal starts workflows with any input, and answers activities: nothing foreign may come to harm. */
import { DeregisterImageCommand, EC2Client } from '@aws-sdk/client-ec2';
import type { RemovalPlan } from '../../src/domain/image';
import { TAG } from '../../src/domain/names';
import { untilPasses } from '../setup/helpers';
import { alive, openBench, POLL, REGION, RUN, type Bench } from './harness';

const LONG_AGO = '1970-01-01T00:00:00.000Z';
const NOW = new Date().toISOString();
const GATE = { awaySince: null, search: { since: LONG_AGO, looks: 100 } };
const at = (amiId: string) => ({ region: REGION, amiId });

/** A foreign pipeline's execution, whose run is none of ours. */
async function foreign({ spinnaker, simulator }: Bench, step: 'bake' | 'deploy'): Promise<string> {
  const pipeline = step === 'bake' ? 'bake-golden' : 'deploy-candidate';
  const { id: amiId } = simulator.seed.image();
  const key = { run: 'another', step, n: 1 } as const;
  return (await spinnaker.start(key, pipeline, { assayRegion: REGION, amiId })).executionId;
}
const over = ({ spinnaker }: Bench, id: string) =>
  untilPasses(async () => expect((await spinnaker.execution(id)).over).toBe(true));
const open = { behaviour: { bakeTags: false, deployTags: false } };
const lateBake = (executionId: string | null) => ({
  ...{ run: RUN, pipeline: 'bake-golden', executionId, regions: [REGION], kept: [], until: NOW, bakeLimitMinutes: 0 },
  ...{ pollSeconds: POLL, unreachableMinutes: 1, gate: GATE },
});
const undoDeploy = {
  ...{ run: RUN, line: 'golden', region: REGION, expires: NOW, pipeline: 'deploy-candidate', parameters: {} },
  ...{ destroyPipeline: 'destroy-candidate', executionId: null, instance: null },
  ...{ pollSeconds: POLL, unreachableMinutes: 0, gate: GATE },
};
const tagsOf = ({ simulator }: Bench, id: string) => simulator.state().images.find((image) => image.id === id)?.tags;

describe('a watch for a late bake', () => {
  test('neither cancels another execution nor takes what that made', async () => {
    const bench = await openBench(open);
    const done = await foreign(bench, 'bake');
    await over(bench, done);
    const before = alive(bench);
    await expect(bench.run('awaitLateImage', lateBake(done))).resolves.toBeNull();
    bench.simulator.behave({ bakeSeconds: 10_000 });
    const { executionId } = await bench.spinnaker.start({ run: 'more', step: 'bake', n: 1 }, 'bake-golden', {});
    await expect(bench.run('awaitLateImage', lateBake(executionId))).resolves.toBeNull();
    expect((await bench.spinnaker.execution(executionId)).status).not.toBe('CANCELED');
    expect(alive(bench)).toEqual(before);
  });

  test.each([
    ['that somebody names to it', {}],
    ['that was brought to an earlier run and kept', { [TAG.run]: RUN, [TAG.state]: 'denied' }],
  ])('takes no image %s, whatever time it is given', async (_what, tags) => {
    const bench = await openBench();
    const { id } = bench.simulator.seed.image({ creationDate: '2020-01-01T00:00:00.000Z', tags });
    const forged = { ...lateBake(null), named: [at(id)], startedAt: LONG_AGO };
    const late = await bench.run('awaitLateImage', forged, { attempts: 5 });
    if (late) await bench.run('removeImages', { run: RUN, regions: [REGION], plan: late.plan, pollSeconds: POLL });
    expect(alive(bench).images).toEqual([id]);
  });

  test('serves no run that is not known', async () => {
    const bench = await openBench();
    await expect(bench.run('awaitLateImage', { ...lateBake(null), run: 'made-up' })).rejects.toThrow(
      'run made-up is not known here',
    );
  });
});

describe('a plan of removal', () => {
  test('takes no image that the run may not take, and no snapshot that is not the run’s', async () => {
    const bench = await openBench();
    const brought = bench.simulator.seed.image({ tags: { [TAG.run]: RUN, [TAG.state]: 'candidate' } });
    await bench.seal({ request: { image: { id: brought.id, region: REGION, destroy: false } } });
    // As a backup is: of no image.
    const backup = bench.simulator.seed.image();
    const ec2 = new EC2Client({ region: REGION, endpoint: bench.simulator.url });
    await ec2.send(new DeregisterImageCommand({ ImageId: backup.id }));
    ec2.destroy();
    const before = alive(bench);
    const removal = (remove: RemovalPlan['remove']) => {
      const plan = { remove, deny: remove.map(({ amiId }) => at(amiId)) };
      return bench.run('removeImages', { run: RUN, regions: [REGION], plan, pollSeconds: POLL }, { attempts: 4 });
    };
    await expect(removal([{ ...at(brought.id), snapshotIds: [] }])).rejects.toThrow('still listed');
    const { snapshotIds } = backup;
    await expect(removal([{ ...at(backup.id), snapshotIds }])).rejects.toThrow('still exists');
    expect(before.snapshots).toEqual(expect.arrayContaining([...snapshotIds]));
    expect(alive(bench)).toEqual(before);
    expect(tagsOf(bench, brought.id)).toMatchObject({ [TAG.state]: 'denied' });
  });
});

describe('an undo of a deploy', () => {
  test('touches no instance and no volume that nothing shows to be the run’s', async () => {
    const bench = await openBench();
    const { id: imageId } = bench.simulator.seed.image();
    const { id: instanceId } = bench.simulator.seed.instance({ imageId });
    const before = alive(bench);
    const instance = { instanceId, volumeIds: before.volumes, server: null };
    await expect(bench.run('undoDeploy', { ...undoDeploy, instance }, { attempts: 5 })).rejects.toThrow('not visible');
    await bench.run('watchLateDeploy', { ...undoDeploy, instance, until: NOW });
    expect(alive(bench)).toEqual(before);
  });

  test('touches no group of another execution, nor one that it is only told of', async () => {
    const bench = await openBench(open);
    const executionId = await foreign(bench, 'deploy');
    await over(bench, executionId);
    const [server] = (await bench.spinnaker.execution(executionId)).servers;
    const before = alive(bench);
    expect(before.groups).toHaveLength(1);
    await bench.run('watchLateDeploy', { ...undoDeploy, executionId, until: NOW });
    const instance = { instanceId: 'i-0123456789abcdef0', volumeIds: [], server: server ?? null };
    await expect(bench.run('undoDeploy', { ...undoDeploy, instance }, { attempts: 2 })).rejects.toThrow(
      `the tags of Auto Scaling group ${server?.name} are not visible`,
    );
    expect(alive(bench)).toEqual(before);
  });

  test('starts no pipeline but the line’s own', async () => {
    const bench = await openBench();
    const forged = { ...undoDeploy, destroyPipeline: 'deploy-to-prod', until: NOW };
    await expect(bench.run('watchLateDeploy', forged)).rejects.toThrow(
      'deploy-to-prod is not what the line golden has',
    );
  });
});

describe('a start', () => {
  test.each(['startBake', 'startDeploy', 'startAfter'] as const)('%s takes no other pipeline', async (start) => {
    const bench = await openBench();
    const forged = { run: RUN, pipeline: 'deploy-to-prod', parameters: {}, pollSeconds: POLL };
    await expect(bench.run(start, forged)).rejects.toThrow('deploy-to-prod is not what the line golden has for this');
    expect(bench.simulator.state().executions).toEqual([]);
  });
});

describe('a judgment', () => {
  test('is given to no other stage, and in no other execution, than the run’s line and request say', async () => {
    const bench = await openBench();
    await bench.seal({
      line: {
        spinnaker: { imageTags: null, afterDecision: { kind: 'judgment', stage: 'Promote?', timeoutMinutes: 1 } },
      },
      request: { source: { kind: 'spinnaker', executionId: '01H', stageRefId: '1' } },
    });
    const judgment = { run: RUN, judgment: 'stop', status: 'DENIED', late: false, pollSeconds: POLL } as const;
    for (const [executionId, stage] of [
      ['01H', 'Release to prod?'],
      ['01J', 'Promote?'],
    ] as const)
      await expect(bench.run('giveJudgment', { ...judgment, executionId, stage })).rejects.toThrow(
        `run ${RUN} has no judgment "${stage}" to give in execution ${executionId}`,
      );
  });
});

describe('what becomes a candidate', () => {
  const candidate = (amiId: string) => ({
    ...{ run: RUN, line: 'golden', region: REGION, amiId, baked: true, siblings: [], instanceId: null },
    ...{ startedAt: LONG_AGO, pollSeconds: POLL },
  });

  test('was made by the run’s bake, or brought by its request', async () => {
    const bench = await openBench();
    const { id } = bench.simulator.seed.image();
    const sealed = (run: string, amiId: string) =>
      bench.documents.store({ kind: 'bake', run, executionId: 'B1', images: [at(amiId)] });
    for (const bake of [null, await sealed('another', id), await sealed(RUN, 'ami-00000000000000000')])
      await expect(bench.run('tagCandidate', { ...candidate(id), bake })).rejects.toThrow(`no image of run ${RUN}`);
    expect(tagsOf(bench, id)).toEqual({});
    await bench.run('tagCandidate', { ...candidate(id), bake: await sealed(RUN, id) });
    expect(tagsOf(bench, id)).toMatchObject({ [TAG.run]: RUN });
  });

  test('and an instance is adopted, or removed as a brought one, only where the request gave it away', async () => {
    const bench = await openBench();
    const { id: imageId } = bench.simulator.seed.image();
    const { id: instanceId } = bench.simulator.seed.instance({ imageId });
    const adopt = { run: RUN, line: 'golden', region: REGION, instanceId, expires: NOW, destroy: true };
    await expect(bench.run('adoptInstance', adopt)).rejects.toThrow(`did not give ${instanceId} away`);
    const undo = { run: RUN, region: REGION, instanceId, amiId: imageId, absence: null, pollSeconds: POLL };
    await expect(bench.run('undoBrought', undo)).rejects.toThrow(`did not give ${instanceId} away`);
    await bench.seal({ request: { instance: { id: instanceId, destroy: false } } });
    await expect(bench.run('undoBrought', undo)).rejects.toThrow(`did not give ${instanceId} away`);
    expect(alive(bench).instances).toEqual([instanceId]);
    expect(bench.simulator.state().instances[0]?.tags).toEqual({});
  });
});

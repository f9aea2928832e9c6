import { untilPasses } from '../setup/helpers';
import { openWorld } from './world';

const TASK = {
  application: 'goldenami',
  description: 'assay r/tags/1',
  job: [
    { type: 'upsertImageTags', imageNames: ['golden-1'], regions: ['us-east-1'], tags: { 'Assay:State': 'approved' } },
  ],
  trigger: { type: 'manual', correlationId: 'r/tags/1', parameters: { assayRun: 'r' } },
};

test('a task of a correlation id is the same while it runs and another one after, and is listed with its trigger', async () => {
  const { gate, simulator } = await openWorld();
  simulator.seed.image({ name: 'golden-1' });
  const first = (await gate.post('/tasks', TASK)).data as { ref: string };
  expect((await gate.post('/tasks', TASK)).data).toEqual(first);
  await untilPasses(async () => expect((await gate.get(first.ref)).data).toMatchObject({ status: 'SUCCEEDED' }));
  expect((await gate.post('/tasks', TASK)).data).not.toEqual(first);
  const { data } = await gate.get<object[]>('/applications/goldenami/tasks', { params: { limit: 10 } });
  expect(data).toHaveLength(2);
  expect(data[1]).toMatchObject({
    ...{ id: first.ref.slice('/tasks/'.length), name: 'assay r/tags/1', status: 'SUCCEEDED' },
    execution: { trigger: { correlationId: 'r/tags/1', parameters: { assayRun: 'r' } } },
  });
  expect((await gate.get('/applications/other/tasks')).data).toEqual([]);
  expect((await gate.get('/applications/goldenami/tasks', { params: { limit: 1 } })).data).toHaveLength(1);
});

test('the cache shows an image’s tags some time after they are set, with names in small letters', async () => {
  const { gate, simulator } = await openWorld({ behaviour: { imageCacheSeconds: 20 } });
  const { id } = simulator.seed.image({ name: 'golden-1' });
  const find = async () =>
    (await gate.get<object[]>('/images/find', { params: { q: 'golden-1', region: 'us-east-1' } })).data;
  const { ref } = (await gate.post('/tasks', TASK)).data as { ref: string };
  await untilPasses(async () => expect((await gate.get(ref)).data).toMatchObject({ status: 'SUCCEEDED' }));
  expect(await find()).toMatchObject([
    { imageName: 'golden-1', amis: { 'us-east-1': [id] }, tagsByImageId: { [id]: {} } },
  ]);
  await untilPasses(async () =>
    expect(await find()).toMatchObject([{ tagsByImageId: { [id]: { 'assay:state': 'approved' } } }]),
  );
  expect((await gate.get('/images/find', { params: { q: 'golden-1', region: 'eu-west-1' } })).data).toEqual([]);
});

describe('a stage that is patched', () => {
  const judged = async (behaviour = {}) => {
    const world = await openWorld({ behaviour });
    const execution = world.simulator.outside.start({
      stages: [
        { refId: '1', status: 'SUCCEEDED' },
        { refId: '2', type: 'manualJudgment', name: 'Promote?', status: 'RUNNING' },
      ],
    });
    const read = async () =>
      (
        await world.gate.get<{ status: string; stages: { id: string; status: string; context: object }[] }>(
          `/pipelines/${execution.id}`,
        )
      ).data;
    const stage = (await read()).stages[1]?.id ?? '';
    const patch = (body: object, id = stage) => world.gate.patch(`/pipelines/${execution.id}/stages/${id}`, body);
    return { ...world, execution, read, patch };
  };

  test.each([
    ['continue', 'SUCCEEDED', 'SUCCEEDED'],
    ['stop', 'TERMINAL', 'TERMINAL'],
  ])('takes the judgment %s a moment later', async (judgmentStatus, stage, status) => {
    const { patch, read } = await judged();
    expect(await patch({ judgmentStatus })).toMatchObject({ status: 200, data: { status: 'RUNNING' } });
    await untilPasses(async () => expect(await read()).toMatchObject({ status, stages: [{}, { status: stage }] }));
  });

  test('is skipped by hand in the same way', async () => {
    const { patch, read } = await judged();
    await patch({ manualSkip: true });
    await untilPasses(async () => expect((await read()).stages[1]).toMatchObject({ status: 'SKIPPED' }));
  });

  test('is answered with 200 and nothing where it could not be done', async () => {
    const { patch, read } = await judged({ patch: 'swallowed' });
    expect(await patch({ judgmentStatus: 'continue' })).toMatchObject({ status: 200, data: '' });
    expect((await read()).stages[1]).toMatchObject({ status: 'RUNNING', context: {} });
    expect(await patch({ judgmentStatus: 'continue' }, 'other')).toMatchObject({ status: 200, data: '' });
  });

  test('loses a judgment by somebody who may not judge', async () => {
    const { patch, read } = await judged({ patch: 'may-not-judge' });
    await patch({ judgmentStatus: 'continue' });
    await untilPasses(async () =>
      expect((await read()).stages[1]).toMatchObject({ status: 'RUNNING', context: { judgmentStatus: '' } }),
    );
  });
});

test('an execution is deleted only when it is complete, and is then not found', async () => {
  const { gate, simulator } = await openWorld();
  const execution = simulator.outside.start({ stages: [{ refId: '1', status: 'RUNNING' }] });
  expect((await gate.delete(`/pipelines/${execution.id}`)).status).toBe(409);
  execution.update({ stages: [{ refId: '1', status: 'SUCCEEDED' }] });
  expect((await gate.delete(`/pipelines/${execution.id}`)).status).toBe(200);
  expect((await gate.get(`/pipelines/${execution.id}`)).status).toBe(404);
});

test('a bake in two regions makes two images of one name, each in its part of the stage', async () => {
  const { gate, simulator } = await openWorld();
  const parameters = { assayRun: 'r', assayRegion: 'us-east-1', assayRegions: 'us-east-1,eu-west-1' };
  const { ref } = (await gate.post('/pipelines/goldenami/bake-golden', { parameters })).data as { ref: string };
  await untilPasses(async () => expect((await gate.get(ref)).data).toMatchObject({ status: 'SUCCEEDED' }));
  const { data } = await gate.get<{ stages: { name: string; outputs: { deploymentDetails?: object[] } }[] }>(ref);
  expect(data.stages.map(({ name }) => name)).toEqual(['Bake', 'Bake in us-east-1', 'Bake in eu-west-1']);
  const { images } = simulator.state();
  expect(images.map(({ region }) => region)).toEqual(['us-east-1', 'eu-west-1']);
  expect(new Set(images.map(({ name }) => name)).size).toBe(1);
  expect(data.stages[0]?.outputs.deploymentDetails).toMatchObject(
    images.map(({ id, region }) => ({ ami: id, region })),
  );
});

import type { Spinnaker } from '../../../src/adapters/ports';
import { createSpinnaker } from '../../../src/adapters/spinnaker';
import { FakeGate } from './fake-gate';

const KEY = { run: 'weekly~2', step: 'destroy', n: 1 } as const;
const JOB = { type: 'destroyServerGroup', region: 'us-east-1', serverGroupName: 'goldenami-v003' } as const;

let gate: FakeGate;
let spinnaker: Spinnaker;

beforeEach(async () => {
  gate = new FakeGate();
  spinnaker = createSpinnaker({ gate: await gate.open(), application: 'goldenami', auth: { user: 'assay@x' } });
});
afterEach(() => gate.close());

const start = (n = 1) => spinnaker.startTask({ ...KEY, n }, JOB);
const end = (index: number, status = 'SUCCEEDED'): void =>
  void Object.assign(gate.executions[index] ?? {}, { status, stages: [] });

test('a task is one job, with the run and the correlation id in its trigger and in its description', async () => {
  const { executionId } = await start();
  expect(gate.executions.map(({ id }) => id)).toEqual([executionId]);
  expect(gate.starts().map(({ url }) => url)).toEqual(['/tasks']);
  expect(JSON.parse(gate.starts()[0]?.body ?? '')).toEqual({
    application: 'goldenami',
    description: 'assay weekly~2/destroy/1',
    job: [{ ...JOB, user: 'assay@x' }],
    trigger: {
      type: 'manual',
      user: 'assay@x',
      correlationId: 'weekly~2/destroy/1',
      parameters: { assayRun: 'weekly~2' },
    },
  });
});

test.each([
  ['by the trigger of its execution', false],
  ['by its description, where the list tells no more', true],
])('a task is found again %s, running or over, and not started twice', async (_, bare) => {
  gate.bareTasks = bare;
  const first = await start();
  expect(await start()).toEqual(first);
  end(0);
  expect(await start()).toEqual(first);
  expect(gate.starts()).toHaveLength(1);
  await expect(spinnaker.findTasks('weekly~2', 'destroy')).resolves.toEqual([
    expect.objectContaining({ id: first.executionId, over: true, correlationId: 'weekly~2/destroy/1' }),
  ]);
  for (const run of ['weekly', 'weekly~', 'Weekly~2', 'weekly~22'])
    await expect(spinnaker.findTasks(run, 'destroy')).resolves.toEqual([]);
  await expect(spinnaker.findTasks('weekly~2', 'tags')).resolves.toEqual([]);
});

test('a task whose answer was lost is found, and not made again', async () => {
  gate.failOn('POST', (response, act) => {
    act();
    response.destroy();
  });
  await expect(start()).rejects.toMatchObject({ name: 'AnswerLost' });
  expect(await start()).toEqual({ executionId: gate.executions[0]?.id });
  expect(gate.executions).toHaveLength(1);
});

test('a task that is not listed yet is answered by Orca with the one that runs', async () => {
  const first = await start();
  gate.failOn('GET /applications/goldenami/tasks', (response) => void response.writeHead(200).end('[]'));
  expect(await start()).toEqual(first);
  expect(gate.executions).toHaveLength(1);
});

test('nothing is started while Gate cannot say what there is', async () => {
  for (const [status, body] of [
    [200, ''],
    [200, '{"message":"no list"}'],
    [500, '{}'],
    [429, ''],
  ] as const) {
    gate.failOn('GET', (response) => void response.writeHead(status).end(body));
    await expect(start()).rejects.toMatchObject({ name: 'TryAgain' });
  }
  gate.failOn('GET', (response) => void response.writeHead(302, { Location: '/login' }).end());
  await expect(start()).rejects.toMatchObject({ name: 'Forbidden' });
  expect(gate.starts()).toEqual([]);
});

test('the next number waits until the task before is over', async () => {
  await start();
  await expect(start(2)).rejects.toMatchObject({ name: 'TryAgain', message: expect.stringContaining('not over') });
  end(0, 'TERMINAL');
  await start(2);
  expect(gate.executions.map(({ trigger }) => trigger.correlationId)).toEqual([
    'weekly~2/destroy/1',
    'weekly~2/destroy/2',
  ]);
});

test('ours are found among more tasks than one list holds', async () => {
  const first = await start();
  for (let n = 0; n < 1200; n += 1) gate.add({ type: 'ORCHESTRATION', name: `somebody's ${n}`, status: 'SUCCEEDED' });
  expect(await start()).toEqual(first);
});

test('a task that is not there is NotFound, and an answer without it is asked for again', async () => {
  await expect(spinnaker.task('01HNOTTHERE')).rejects.toMatchObject({ name: 'NotFound' });
  const { executionId } = await start();
  gate.failOn('GET', (response) => void response.writeHead(200).end());
  await expect(spinnaker.task(executionId)).rejects.toMatchObject({ name: 'TryAgain' });
  await expect(spinnaker.task(executionId)).resolves.toMatchObject({ id: executionId, over: false });
});

test('an expression in a job is never sent', async () => {
  const job = { ...JOB, serverGroupName: '${x}' };
  await expect(spinnaker.startTask(KEY, job)).rejects.toMatchObject({ name: 'BadInput' });
  expect(gate.starts()).toEqual([]);
});

test('a stage is patched, and what was put there is read with it', async () => {
  const stage = {
    id: '01HSTAGE',
    refId: '2',
    type: 'manualJudgment',
    name: 'Promote?',
    status: 'RUNNING',
    context: {},
  };
  const { id } = gate.add({ stages: [stage] });
  await spinnaker.patchStage(id, '01HSTAGE', { judgmentStatus: 'Continue' });
  const [read] = (await spinnaker.execution(id)).stages;
  expect(read).toMatchObject({ id: '01HSTAGE', judgment: 'continue' });
  // Gate answers the same to what it could not do.
  await expect(spinnaker.patchStage(id, '01HOTHER', { judgmentStatus: 'stop' })).resolves.toBeUndefined();
  await expect(spinnaker.patchStage('../x', '01HSTAGE', {})).rejects.toMatchObject({ name: 'NotFound' });
});

test('an image’s tags are those of its id and region in Spinnaker’s cache', async () => {
  const image = { region: 'us-east-1', name: 'golden-1', amiId: 'ami-0aaaaaaaaaaaaaaaa' };
  await expect(spinnaker.imageTags(image)).resolves.toBeUndefined();
  gate.images = [
    { imageName: 'golden-10', amis: { 'us-east-1': ['ami-0bbbbbbbbbbbbbbbb'] }, tagsByImageId: {} },
    {
      imageName: 'golden-1',
      amis: { 'us-east-1': [image.amiId], 'eu-west-1': ['ami-0cccccccccccccccc'] },
      tagsByImageId: {
        [image.amiId]: { 'assay:state': 'approved' },
        'ami-0cccccccccccccccc': { 'assay:state': 'denied' },
      },
    },
  ];
  await expect(spinnaker.imageTags(image)).resolves.toEqual({ 'assay:state': 'approved' });
  await expect(spinnaker.imageTags({ ...image, region: 'eu-west-1' })).resolves.toBeUndefined();
  expect(gate.seen.at(-1)?.url).toBe('/images/find?provider=aws&q=golden-1&region=eu-west-1');
});

test('where Gate lists no tasks, one is started all the same; what stands before Gate cannot say so', async () => {
  gate.failOn('GET', (response) => void response.writeHead(404).end('{"message":"No message available"}'));
  const { executionId } = await start();
  expect(gate.executions.map(({ id }) => id)).toEqual([executionId]);
  gate.failOn('GET', (response) => void response.writeHead(404).end('default backend - 404'));
  await expect(start()).rejects.toMatchObject({ name: 'TryAgain' });
  expect(gate.starts()).toHaveLength(1);
});

test('only Gate itself can say that there is no such execution', async () => {
  gate.failOn('GET', (response) => void response.writeHead(404).end('default backend - 404'));
  await expect(spinnaker.execution('01H')).rejects.toMatchObject({ name: 'TryAgain' });
  gate.failOn('GET', (response) => void response.writeHead(404, { 'Content-Type': 'text/html' }).end('<html>404'));
  await expect(spinnaker.execution('01H')).rejects.toMatchObject({ name: 'Forbidden' });
  await expect(spinnaker.execution('01H')).rejects.toMatchObject({ name: 'NotFound' });
});

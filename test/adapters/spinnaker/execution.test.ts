import type { Spinnaker } from '../../../src/adapters/ports';
import { createSpinnaker } from '../../../src/adapters/spinnaker';
import { FakeGate, type Stored } from './fake-gate';

let gate: FakeGate;
let spinnaker: Spinnaker;

beforeEach(async () => {
  gate = new FakeGate();
  spinnaker = createSpinnaker({ gate: await gate.open(), application: 'goldenami', auth: { none: {} } });
});
afterEach(() => gate.close());

const read = (given: Partial<Stored>) => spinnaker.execution(gate.add(given).id);

const stage = (given: Record<string, unknown>) => ({
  id: 'S1',
  refId: '1',
  type: 'bake',
  name: 'Bake',
  status: 'SUCCEEDED',
  startTime: 1_700_000_000_000,
  context: {},
  outputs: {},
  tasks: [],
  ...given,
});

const ORANGE = 'ami-0123456789abcdef0';
const APPLE = 'ami-0aaaaaaaaaaaaaaaa';

test('an execution is read with its stages and its correlation id', async () => {
  const execution = await read({
    status: 'SUCCEEDED',
    trigger: { correlationId: 'r/bake/1', parameters: {} },
    stages: [stage({}), stage({ id: 'S2', refId: '2', name: 'Wait', type: 'wait', startTime: null })],
  });
  expect(execution).toMatchObject({ status: 'SUCCEEDED', over: true, failure: null, correlationId: 'r/bake/1' });
  expect(execution.stages).toEqual([
    {
      id: 'S1',
      refId: '1',
      name: 'Bake',
      type: 'bake',
      status: 'SUCCEEDED',
      startedAt: '2023-11-14T22:13:20.000Z',
      manualSkip: false,
      judgment: null,
      statusUrl: null,
    },
    expect.objectContaining({ id: 'S2', startedAt: null }),
  ]);
});

test('an execution without a correlation id has none, and one that is shown without its trigger may have', async () => {
  expect((await read({})).correlationId).toBeNull();
  expect((await read({ trigger: undefined as never })).correlationId).toBeUndefined();
});

test('a stage that was skipped by hand is known as such', async () => {
  const { stages } = await read({ stages: [stage({ status: 'SKIPPED', context: { manualSkip: true } })] });
  expect(stages[0]).toMatchObject({ status: 'SKIPPED', manualSkip: true });
});

describe('whether it is over', () => {
  test.each([
    ['SUCCEEDED', ['SUCCEEDED', 'SKIPPED'], true],
    ['TERMINAL', ['TERMINAL', 'NOT_STARTED'], true],
    ['CANCELED', ['CANCELED', 'NOT_STARTED'], true],
    ['STOPPED', [], true],
    ['CANCELED', ['RUNNING'], false],
    ['TERMINAL', ['TERMINAL', 'RUNNING'], false],
    ['CANCELED', ['PAUSED'], false],
    ['CANCELED', ['SUSPENDED'], false],
    ['RUNNING', ['SUCCEEDED'], false],
    ['NOT_STARTED', [], false],
    ['PAUSED', [], false],
    ['BUFFERED', [], false],
    ['A_WORD_OF_TOMORROW', ['SUCCEEDED'], false],
    ['SUCCEEDED', ['A_WORD_OF_TOMORROW'], false],
  ])('%s with stages %j', async (status, stages, over) => {
    const execution = await read({
      status,
      stages: stages.map((word, index) => stage({ id: `S${index}`, status: word })),
    });
    expect(execution.over).toBe(over);
  });
});

test.each([
  [1_700_000_000_000, '2023-11-14T22:13:20.000Z'],
  [null, null],
  [9e15, null],
])('an execution with the end %p ended at %p', async (endTime, endedAt) => {
  expect((await read({ status: 'TERMINAL', endTime, stages: [] })).endedAt).toBe(endedAt);
});

describe('images', () => {
  test('are those of the bake, one for each region, not the base that was looked up before', async () => {
    const detail = { ami: ORANGE, imageId: ORANGE, imageName: 'golden-1', region: 'us-east-1' };
    const { images } = await read({
      stages: [
        stage({ type: 'findImageFromTags', outputs: { deploymentDetails: [{ ami: APPLE, region: 'us-east-1' }] } }),
        stage({ outputs: { deploymentDetails: [detail, { imageId: APPLE, region: 'eu-west-1' }] } }),
        stage({ id: 'S2', parentStageId: 'S1', context: { ami: ORANGE, region: 'us-east-1' } }),
      ],
    });
    expect(images).toEqual([
      { region: 'us-east-1', amiId: ORANGE },
      { region: 'eu-west-1', amiId: APPLE },
    ]);
  });

  test('are told by any stage where none is a bake, but for those that only look', async () => {
    const outputs = { deploymentDetails: [{ imageId: 'golden-1', ami: ORANGE, region: 'us-east-1' }] };
    const found = { deploymentDetails: [{ ami: APPLE, region: 'us-east-1' }] };
    const { images } = await read({
      stages: [stage({ type: 'findImage', outputs: found }), stage({ type: 'goldenBake', outputs })],
    });
    expect(images).toEqual([{ region: 'us-east-1', amiId: ORANGE }]);
  });

  test('that are none are left out', async () => {
    const deploymentDetails = [{ ami: 'golden-1', region: 'us-east-1' }, { ami: ORANGE }, null, 'x', { ami: 7 }];
    expect((await read({ stages: [stage({ outputs: { deploymentDetails } })] })).images).toEqual([]);
    expect((await read({ stages: [stage({ outputs: { deploymentDetails: 'x' } })] })).images).toEqual([]);
  });
});

describe('server groups', () => {
  test('are those that the deploy created, not those that it disabled', async () => {
    const made = { 'us-east-1': ['goldenami-canary-v003'] };
    const { servers } = await read({
      stages: [
        stage({ type: 'deploy' }),
        stage({
          type: 'createServerGroup',
          context: { 'deploy.server.groups': made, 'deploy.account.name': 'test', account: 'other' },
        }),
        stage({
          type: 'disableCluster',
          context: { 'deploy.server.groups': { 'us-east-1': ['payments-v001'] }, 'deploy.account.name': 'test' },
        }),
      ],
    });
    expect(servers).toEqual([{ account: 'test', region: 'us-east-1', name: 'goldenami-canary-v003' }]);
  });

  test.each([
    ['its cluster', 'deploy', { clusters: [{ account: 'test' }] }],
    ['its account', 'createServerGroup', { account: 'test' }],
    ['its credentials', 'cloneServerGroup', { credentials: 'test' }],
  ])('have an account before they have a name: by %s', async (_, type, context) => {
    const { account, servers } = await read({ stages: [stage({ type, context })] });
    expect({ account, servers }).toEqual({ account: 'test', servers: [] });
  });

  test('of other stages tell no account', async () => {
    const { account } = await read({ stages: [stage({ type: 'destroyServerGroup', context: { account: 'test' } })] });
    expect(account).toBeNull();
  });

  test.each([
    [
      'the one that another stage names',
      [stage({ type: 'deploy', context: { clusters: [{ account: 'test' }] } })],
      'test',
    ],
    ['none, where no stage names one', [], null],
  ])('whose own stage names no account have %s', async (_, others, account) => {
    const made = stage({
      type: 'createServerGroup',
      context: { 'deploy.server.groups': { 'us-east-1': ['goldenami-canary-v003'] } },
    });
    const { servers } = await read({ stages: [...others, made] });
    expect(servers).toEqual([{ account, region: 'us-east-1', name: 'goldenami-canary-v003' }]);
  });

  test('that exist although the stage failed are known from Clouddriver’s tasks', async () => {
    const task = { id: '7', resultObjects: [{ serverGroupNames: ['us-east-1:goldenami-canary-v004', 'odd'] }] };
    const { servers } = await read({
      status: 'TERMINAL',
      stages: [
        stage({
          type: 'createServerGroup',
          status: 'TERMINAL',
          context: { credentials: 'test', 'kato.tasks': [task] },
        }),
      ],
    });
    expect(servers).toEqual([{ account: 'test', region: 'us-east-1', name: 'goldenami-canary-v004' }]);
  });
});

describe('why it failed', () => {
  const failed = (given: Record<string, unknown>) => stage({ status: 'TERMINAL', ...given });

  test.each<[string, Record<string, unknown>, string]>([
    [
      'Clouddriver’s last exception comes first',
      {
        context: {
          'kato.tasks': [{ exception: { message: 'older' } }, { exception: { message: 'No AMI found for golden-1' } }],
          exception: { details: { errors: ['ignored'] } },
        },
      },
      'stage "Bake" is TERMINAL: No AMI found for golden-1',
    ],
    [
      'then the errors of the stage’s exception',
      {
        context: { exception: { details: { error: 'Unexpected Task Failure', errors: ['packer failed', 'exit 1'] } } },
      },
      'stage "Bake" is TERMINAL: packer failed, exit 1',
    ],
    [
      'then its one error',
      { context: { exception: { details: { error: 'Unexpected Task Failure', errors: [] } } } },
      'stage "Bake" is TERMINAL: Unexpected Task Failure',
    ],
    [
      'then those of its tasks',
      { tasks: [{ taskExceptionDetails: { exception: { details: { errors: ['bakery is away'] } } } }] },
      'stage "Bake" is TERMINAL: bakery is away',
    ],
    [
      'then what a webhook stage says',
      { context: { webhook: { error: 'create', monitor: { error: 'The webhook request failed' } } } },
      'stage "Bake" is TERMINAL: The webhook request failed',
    ],
    ['a stage may say nothing', {}, 'stage "Bake" is TERMINAL'],
  ])('%s', async (_, given, expected) => {
    expect((await read({ status: 'TERMINAL', stages: [failed(given)] })).failure).toBe(expected);
  });

  test('the stage of the region tells it, where the bake is only their sum', async () => {
    const stages = [
      failed({}),
      failed({
        id: 'S2',
        parentStageId: 'S1',
        name: 'Bake in us-east-1',
        context: { exception: { details: { errors: ['packer failed'] } } },
      }),
      stage({ id: 'S3', parentStageId: 'S1', name: 'Bake in eu-west-1' }),
    ];
    const { failure } = await read({ status: 'TERMINAL', stages });
    expect(failure).toBe('stage "Bake in us-east-1" is TERMINAL: packer failed');
  });

  test.each(['FAILED_CONTINUE', 'STOPPED', 'TERMINAL'])(
    'a SUCCEEDED execution with a %s stage has failed',
    async (status) => {
      const execution = await read({
        status: 'SUCCEEDED',
        stages: [failed({ status }), stage({ id: 'S2', type: 'wait' })],
      });
      expect(execution).toMatchObject({ status: 'SUCCEEDED', over: true, failure: `stage "Bake" is ${status}` });
    },
  );

  test('skipped stages, and failed parts of a stage that succeeded, are no failure', async () => {
    const stages = [
      stage({}),
      stage({ id: 'S2', status: 'SKIPPED' }),
      failed({ id: 'S3', parentStageId: 'S1', status: 'FAILED_CONTINUE' }),
    ];
    expect((await read({ status: 'SUCCEEDED', stages })).failure).toBeNull();
  });

  test('a cancellation tells by whom and why', async () => {
    const given = { status: 'CANCELED', canceled: true, canceledBy: 'ann', cancellationReason: 'wrong base' };
    expect((await read({ ...given, stages: [stage({ status: 'CANCELED' })] })).failure).toBe(
      'stage "Bake" is CANCELED; cancelled by ann: wrong base',
    );
  });

  test('an execution that failed on startup tells it without stages', async () => {
    const cancellationReason = 'Failed on startup: Restricted';
    const { failure } = await read({ status: 'TERMINAL', canceledBy: 'system', cancellationReason });
    expect(failure).toBe('cancelled by system: Failed on startup: Restricted');
    expect((await read({ status: 'TERMINAL' })).failure).toBe('no reason given');
  });

  test('a long reason is cut, and one of many lines is one line', async () => {
    const errors = ['line 1\nline 2\u0000', 'x'.repeat(100_000)];
    const { failure } = await read({
      status: 'TERMINAL',
      stages: [failed({ context: { exception: { details: { errors } } } })],
    });
    expect(failure).toMatch(/: line 1 line 2 , x+…$/);
    expect(failure?.length).toBe(1000);
  });

  test('stages that name each other as parents are read to an end', async () => {
    const stages = [
      failed({ id: 'A' }),
      failed({ id: 'B', parentStageId: 'A' }),
      failed({ id: 'C', parentStageId: 'C' }),
      failed({ id: 'A', parentStageId: 'B' }),
    ];
    expect((await read({ status: 'TERMINAL', stages })).failure).toContain('stage "Bake" is TERMINAL');
  });
});

test('progress names the innermost stages at work', async () => {
  const stages = [
    stage({ status: 'RUNNING' }),
    stage({ id: 'S2', parentStageId: 'S1', name: 'Bake in us-east-1', status: 'RUNNING' }),
    stage({ id: 'S3', parentStageId: 'S1', name: 'Bake in eu-west-1', status: 'SUCCEEDED' }),
  ];
  const execution = gate.add({ stages });
  const { progress } = await spinnaker.execution(execution.id);
  expect(progress).toBe(`bake-golden ${execution.id} is RUNNING: Bake in us-east-1`);
  expect((await read({ status: 'NOT_STARTED' })).progress).toMatch(/is NOT_STARTED \(queued in Spinnaker\)$/);
});

describe('reading an execution', () => {
  test('404 is NotFound', async () => {
    await expect(spinnaker.execution('01HNOTTHERE')).rejects.toMatchObject({
      name: 'NotFound',
      message: expect.stringContaining('Pipeline not found') as unknown,
    });
  });

  test.each([
    ['an empty 200', 200, '', 'TryAgain'],
    ['null', 200, 'null', 'TryAgain'],
    ['a page', 200, '<html><body>Sign in</body></html>', 'Forbidden'],
    ['another execution', 200, '{"id":"01HOTHER","status":"RUNNING"}', 'TryAgain'],
    ['no status', 200, '{"id":"01H"}', 'TryAgain'],
    ['broken JSON', 200, '{"id":"01H","sta', 'TryAgain'],
    ['500', 500, '{"message":"x"}', 'TryAgain'],
    ['502', 502, '<html>', 'TryAgain'],
    ['429', 429, '', 'TryAgain'],
    ['401', 401, '', 'Forbidden'],
    ['403', 403, '', 'Forbidden'],
  ])('%s', async (_, status, body, name) => {
    gate.failOn('GET', (response) => void response.writeHead(status).end(body));
    await expect(spinnaker.execution('01H')).rejects.toMatchObject({ name });
  });

  test('a redirect to a login is not followed', async () => {
    gate.failOn('GET', (response) => void response.writeHead(302, { Location: '/login' }).end());
    await expect(spinnaker.execution('01H')).rejects.toMatchObject({ name: 'Forbidden' });
    expect(gate.seen).toHaveLength(1);
  });

  test('a reset or a cut-off answer is tried again', async () => {
    gate.failOn('GET', (response) => void response.destroy());
    await expect(spinnaker.execution('01H')).rejects.toMatchObject({ name: 'TryAgain' });
    gate.failOn('GET', (response) => {
      response.writeHead(200, { 'Content-Length': '1000' });
      response.write('{"id":', () => response.destroy());
    });
    await expect(spinnaker.execution('01H')).rejects.toMatchObject({ name: 'TryAgain' });
  });

  test('an id that is none leads nowhere else in Gate', async () => {
    for (const id of ['', '.', '..', '../applications', 'a/b', 'a?b', 'a#b', '01H\r\n', '%2e%2e', 'ä', 'x'.repeat(300)])
      await expect(spinnaker.execution(id)).rejects.toMatchObject({ name: 'NotFound' });
    await expect(spinnaker.cancel('..', 'x')).rejects.toMatchObject({ name: 'NotFound' });
    await expect(spinnaker.cancelTask('..')).rejects.toMatchObject({ name: 'NotFound' });
    expect(gate.seen).toEqual([]);
  });

  test('an answer without an end is cut off', async () => {
    gate.failOn('GET', (response) => {
      const chunk = 'x'.repeat(1024 * 1024);
      const more = (): void => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', more);
      more();
    });
    await expect(spinnaker.execution('01H')).rejects.toMatchObject({ name: 'TryAgain' });
  });
});

describe('finding', () => {
  const trigger = (correlationId: string | undefined, assayRun: string) => ({
    ...(correlationId === undefined ? {} : { correlationId }),
    parameters: { assayRun },
  });

  test('gives every execution of the step, oldest first, with all that it holds', async () => {
    const outputs = { deploymentDetails: [{ ami: ORANGE, region: 'us-east-1' }] };
    const second = gate.add({ trigger: trigger('r/bake/2', 'r'), stages: [stage({ outputs })], buildTime: 20 });
    const first = gate.add({ trigger: trigger('r/bake/1', 'r'), buildTime: 10 });
    gate.add({ trigger: trigger('r/deploy/1', 'r') });
    gate.add({ trigger: trigger('R/bake/1', 'R') });
    gate.add({ trigger: trigger('rr/bake/1', 'rr') });
    const found = await spinnaker.find('r', 'bake', 'bake-golden');
    expect(found.map(({ id }) => id)).toEqual([first.id, second.id]);
    expect(found[1]?.images).toEqual([{ region: 'us-east-1', amiId: ORANGE }]);
  });

  test('also gives what a person ran again from Deck, which has no correlation id', async () => {
    const first = gate.add({ trigger: trigger('r/bake/1', 'r') });
    const again = gate.add({ trigger: trigger(undefined, 'r') });
    gate.add({ trigger: trigger(undefined, 'R') });
    gate.add({ trigger: trigger(undefined, 'r'), name: 'deploy-candidate' });
    const found = await spinnaker.find('r', 'bake', 'bake-golden');
    expect(found.map(({ id }) => id)).toEqual([first.id, again.id]);
  });

  test('gives more than one search answers with', async () => {
    for (let n = 1; n <= 60; n += 1) gate.add({ trigger: trigger(`r/destroy/${n}`, 'r'), name: 'destroy-candidate' });
    const found = await spinnaker.find('r', 'destroy', 'destroy-candidate');
    expect(found.map(({ correlationId }) => correlationId)).toEqual(
      Array.from({ length: 60 }, (_, index) => `r/destroy/${index + 1}`),
    );
  });

  test('says so when there is no such application', async () => {
    gate.failOn('GET', (response) => void response.writeHead(404).end());
    await expect(spinnaker.find('r', 'bake', 'b')).rejects.toMatchObject({
      name: 'Final',
      message: expect.stringContaining('"goldenami"') as unknown,
    });
  });
});

describe('cancelling', () => {
  test('asks with a reason, and may be asked twice', async () => {
    const { id } = gate.add({});
    await spinnaker.cancel(id, 'run r ends & more');
    await spinnaker.cancel(id, 'run r ends & more');
    expect(gate.executions[0]).toMatchObject({ status: 'CANCELED', cancellationReason: 'run r ends & more' });
  });

  test('of what is not there is NotFound, of a busy Gate TryAgain', async () => {
    await expect(spinnaker.cancel('01HNOTTHERE', 'x')).rejects.toMatchObject({ name: 'NotFound' });
    gate.failOn('PUT', (response) => void response.destroy());
    await expect(spinnaker.cancel('01H', 'x')).rejects.toMatchObject({ name: 'TryAgain' });
    gate.failOn('PUT', (response) => void response.writeHead(500).end());
    await expect(spinnaker.cancel('01H', 'x')).rejects.toMatchObject({ name: 'TryAgain' });
  });
});

describe('instances of a server group', () => {
  const server = { account: 'test', region: 'us-east-1', name: 'goldenami-canary-v003' };

  test('are told by id, or by name, which is the id in AWS', async () => {
    const instances = [{ name: 'i-1', instanceId: 'i-1' }, { name: 'i-2' }, { instanceId: 'i-1' }, {}];
    gate.groups.set('test/us-east-1/goldenami-canary-v003', { name: server.name, instances });
    await expect(spinnaker.instances(server)).resolves.toEqual(['i-1', 'i-2']);
    gate.groups.set('test/us-east-1/goldenami-canary-v003', { name: server.name, instances: [] });
    await expect(spinnaker.instances(server)).resolves.toEqual([]);
  });

  test('are unknown while Clouddriver does not know the group, or nobody told its account', async () => {
    await expect(spinnaker.instances(server)).resolves.toBeUndefined();
    await expect(spinnaker.instances({ ...server, account: null })).resolves.toBeUndefined();
    for (const body of ['', '{}', 'null']) {
      gate.failOn('GET', (response) => void response.writeHead(200).end(body));
      await expect(spinnaker.instances(server)).resolves.toBeUndefined();
    }
    gate.failOn('GET', (response) => void response.writeHead(503).end());
    await expect(spinnaker.instances(server)).rejects.toMatchObject({ name: 'TryAgain' });
  });
});

test('connections are kept for reading, and a start gets one of its own', async () => {
  const ports: unknown[] = [];
  const note = (on: string, body: string): void =>
    gate.failOn(on, (response, act, request) => {
      ports.push(request.socket.remotePort);
      act();
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(body);
    });
  const { id } = gate.add({});
  for (let n = 0; n < 3; n += 1) {
    note('GET', JSON.stringify(gate.executions[0]));
    await spinnaker.execution(id);
  }
  note('POST', '{"ref":"/pipelines/01H"}');
  await spinnaker.start({ run: 'r', step: 'bake', n: 1 }, 'bake-golden', {});
  expect(new Set(ports.slice(0, 3)).size).toBe(1);
  expect(ports.slice(0, 3)).not.toContain(ports[3]);
});

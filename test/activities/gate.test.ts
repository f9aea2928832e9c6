import type { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createActivities, type Deps } from '../../src/activities';
import type { Execution, Spinnaker } from '../../src/adapters/ports';
import { AnswerLost, Doubtful, Forbidden, TryAgain } from '../../src/domain/errors';
import { sealedDocuments } from './sealed';

/** One attempt of an activity after others: what they remembered is given to it, and what it remembers is kept. */
class Attempts {
  private number = 0;
  private details: unknown;
  constructor(private readonly limitMs: number) {}

  async next<T>(act: () => Promise<T>): Promise<T | ApplicationFailure> {
    this.number += 1;
    const env = new MockActivityEnvironment({
      attempt: this.number,
      scheduleToCloseTimeoutMs: this.limitMs,
      heartbeatTimeoutMs: 60_000,
      heartbeatDetails: this.details,
    });
    env.on('heartbeat', (details: unknown) => (this.details = details));
    return (env.run(act) as Promise<T>).catch((error: unknown) => error as ApplicationFailure);
  }
}

const MINUTE = 60_000;
const activities = (gate: Partial<Spinnaker>) =>
  createActivities({ spinnaker: gate as Spinnaker, documents: sealedDocuments('r') } as Deps);
const throwing = (error: Error) => (): Promise<never> => Promise.reject(error);
const input = { run: 'r', pipeline: 'bake-golden', parameters: {}, pollSeconds: 1 };
const undo = { ...input, executionId: null, pollSeconds: 1, unreachableMinutes: 60, gate: { awaySince: null } };

beforeEach(() => jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'setInterval', 'clearInterval'] }));
afterEach(() => jest.useRealTimers());

test.each([
  [60, 10],
  [20, 5],
])('of a limit of %d minutes a refusal is waited out for %d', async (limit, patience) => {
  const attempts = new Attempts(limit * MINUTE);
  const { startBake } = activities({ start: throwing(new Forbidden('302, a redirect to a login')) });
  expect(await attempts.next(() => startBake(input))).toMatchObject({ type: 'TryAgain' });
  jest.advanceTimersByTime(patience * MINUTE - 1000);
  expect(await attempts.next(() => startBake(input))).toMatchObject({ type: 'TryAgain' });
  jest.advanceTimersByTime(1000);
  expect(await attempts.next(() => startBake(input))).toMatchObject({
    type: 'Forbidden',
    message: '302, a redirect to a login',
  });
});

test('another answer than a refusal ends it: the next one counts anew', async () => {
  const attempts = new Attempts(60 * MINUTE);
  const start = (error: Error) => attempts.next(() => activities({ start: throwing(error) }).startBake(input));
  await start(new Forbidden('403'));
  jest.advanceTimersByTime(9 * MINUTE);
  expect(await start(new AnswerLost('reset'))).toMatchObject({ type: 'AnswerLost' });
  jest.advanceTimersByTime(2 * MINUTE);
  expect(await start(new Forbidden('403'))).toMatchObject({
    type: 'TryAgain',
    details: [expect.objectContaining({ reached: true })],
  });
});

test('a refusal that may hide a start is asked about again, then ends the start with its reason, as one that may have reached Gate', async () => {
  const attempts = new Attempts(20 * MINUTE);
  const { startBake } = activities({ start: throwing(new Doubtful('422: the pipeline is disabled')) });
  expect(await attempts.next(() => startBake(input))).toMatchObject({ type: 'Doubtful' });
  jest.advanceTimersByTime(5 * MINUTE);
  expect(await attempts.next(() => startBake(input))).toMatchObject({
    type: 'Final',
    message: '422: the pipeline is disabled',
    details: [expect.objectContaining({ reached: true })],
  });
});

test('an undo takes a Gate that refuses it for one that is away, and goes on without it in the end', async () => {
  const attempts = new Attempts(60 * MINUTE);
  const { undoBake } = activities({ find: throwing(new Forbidden('403')) });
  expect(await attempts.next(() => undoBake(undo))).toMatchObject({ type: 'NotReady' });
  jest.advanceTimersByTime(60 * MINUTE);
  expect(await attempts.next(() => undoBake(undo))).toMatchObject({ late: true });
});

test.each([
  ['never ends', async () => undefined],
  ['cannot be cancelled', throwing(new TryAgain('500'))],
])('a bake that %s is given up in the end, and what it named is known', async (_what, cancel) => {
  const attempts = new Attempts(600 * MINUTE);
  const images = [{ region: 'us-east-1', amiId: 'ami-1' }];
  const stuck = { id: 'E1', status: 'CANCELED', over: false, failure: null, images } as unknown as Execution;
  const { undoBake } = activities({ find: async () => [stuck], cancel });
  expect(await attempts.next(() => undoBake(undo))).toMatchObject({ type: 'NotReady' });
  jest.advanceTimersByTime(59 * MINUTE);
  expect(await attempts.next(() => undoBake(undo))).toMatchObject({ type: 'NotReady' });
  jest.advanceTimersByTime(MINUTE);
  expect(await attempts.next(() => undoBake(undo))).toEqual({ late: true, images });
});

test.each([
  ['another run’s', 'r2/bake/1', false],
  ['a person’s own', null, false],
  ['this run’s', 'r/bake/1', true],
  ['shown without its trigger', undefined, true],
])('a bake execution that is %s', async (_what, correlationId, good) => {
  const open = {
    id: 'E1',
    status: 'RUNNING',
    over: false,
    progress: 'it bakes',
    correlationId,
  } as unknown as Execution;
  const { awaitBake } = activities({ execution: async () => open });
  const what = { run: 'r', executionId: 'E1', regions: ['us-east-1'], pollSeconds: 1 };
  expect(await new Attempts(MINUTE).next(() => awaitBake(what))).toMatchObject({
    message: good ? 'it bakes' : 'execution E1 is not the bake of run r',
  });
});

test.each([
  ['does not know the group', undefined],
  ['knows no instance of it', []],
])('where Spinnaker %s yet, the Auto Scaling group tells the instance', async (_what, told) => {
  const server = { account: 'test', region: 'us-east-1', name: 'g-v000' };
  const done = { id: 'E1', status: 'SUCCEEDED', over: true, failure: null, servers: [server] } as unknown as Execution;
  const tags = { 'assay:managed': 'true', 'assay:run': 'r', 'assay:line': 'l', 'assay:expires': '' };
  const instance = { id: 'i-1', imageId: 'ami-1', state: 'running', volumeIds: [], tags };
  const group = { name: 'g-v000', status: null, instanceIds: ['i-1'], tags };
  const region = { instances: { describe: async () => instance }, groups: { describe: async () => group } };
  const { awaitInstance } = createActivities({
    spinnaker: { execution: async () => done, instances: async () => told },
    aws: { region: () => region },
  } as unknown as Deps);
  const what = {
    run: 'r',
    line: 'l',
    amiId: 'ami-1',
    region: 'us-east-1',
    executionId: 'E1',
    expires: '',
    pollSeconds: 1,
  };
  expect(await new Attempts(MINUTE).next(() => awaitInstance(what))).toEqual({
    instanceId: 'i-1',
    volumeIds: [],
    server,
  });
});

describe('a deploy', () => {
  const servers = ['us-east-1', 'eu-west-1'].map((region) => ({ account: 'test', region, name: 'g-v000' }));
  const made = 'deploy execution E1 made g-v000 in us-east-1, g-v000 in eu-west-1, not one server group in us-east-1';
  const foreign = 'execution E1 is not the deploy of run r';

  test.each([
    ['that makes groups in further regions', 'r/deploy/1', made],
    ['whose Gate does not show what started it', undefined, made],
    ['that a person started', null, foreign],
    ['of another run', 'q/deploy/1', foreign],
    ['that is a bake', 'r/bake/1', foreign],
  ])('%s is a fault', async (_what, correlationId, message) => {
    const done = { id: 'E1', correlationId, status: 'SUCCEEDED', over: true, failure: null, servers };
    const { awaitInstance } = activities({ execution: async () => done as unknown as Execution });
    const what = {
      ...{ run: 'r', line: 'l', amiId: 'ami-1', region: 'us-east-1', executionId: 'E1', expires: '', pollSeconds: 1 },
    };
    expect(await new Attempts(MINUTE).next(() => awaitInstance(what))).toMatchObject({ type: 'Final', message });
  });
});

test.each([
  ['longer than its own pace', 5000, 5000],
  ['shorter than its own pace', 100, 900],
])('an undo asks again when Gate said, where that is %s', async (_what, named, least) => {
  const { undoBake } = activities({ find: throwing(new TryAgain('429', named)) });
  const { nextRetryDelay } = (await new Attempts(MINUTE).next(() => undoBake(undo))) as ApplicationFailure;
  expect(nextRetryDelay).toBeGreaterThanOrEqual(least);
  expect(nextRetryDelay).toBeLessThanOrEqual(Math.max(least, 1100));
});

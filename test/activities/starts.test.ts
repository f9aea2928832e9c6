import { MockActivityEnvironment } from '@temporalio/testing';
import { startOnce } from '../../src/activities/bake';
import { createWatchActivities } from '../../src/activities/watch';
import { createActivities, type Deps } from '../../src/activities';
import { attended } from '../../src/activities/attempt';
import type { Execution, Spinnaker } from '../../src/adapters/ports';
import { AnswerLost, Doubtful, Final, Forbidden, NotFound, TryAgain } from '../../src/domain/errors';
import { sealedDocuments } from './sealed';

const failing = (error: Error) => () => Promise.reject(error);

describe('a start that fails tells whether it may have reached Gate', () => {
  const attemptOf = (info: object, error: Error): Promise<unknown> =>
    new MockActivityEnvironment(info).run(attended({ start: () => startOnce(1, failing(error)) }).start);

  test.each([
    ['at the first try, certainly not', { attempt: 1 }, new Final('404'), false],
    ['at the first try, not connected', { attempt: 1 }, new TryAgain('ECONNREFUSED'), false],
    ['at the first try, its answer lost', { attempt: 1 }, new AnswerLost('reset'), true],
    ['at the first try, refused in a way that proves nothing', { attempt: 1 }, new Doubtful('422'), true],
    ['later, after a try of which nothing is remembered', { attempt: 2 }, new Final('404'), true],
    [
      'later, after tries that did not reach it',
      { attempt: 2, heartbeatDetails: { reached: false } },
      new Final('404'),
      false,
    ],
    [
      'later, after a try whose answer was lost',
      { attempt: 3, heartbeatDetails: { reached: true } },
      new Final('404'),
      true,
    ],
  ])('%s', async (_what, info, error, reached) => {
    await expect(attemptOf(info, error)).rejects.toMatchObject({ type: error.name, details: [{ reached }] });
  });
});

describe('a start is no longer sent', () => {
  type Start = Spinnaker['start'];
  /** A start whose search takes so long that meanwhile something happened. */
  const late = (env: MockActivityEnvironment, meanwhile: () => unknown = () => undefined): Promise<unknown> => {
    const start: Start = async (_key, _pipeline, _parameters, options) => {
      await meanwhile();
      options?.assertWanted?.();
      return { executionId: '01H' };
    };
    const { startBake } = createActivities({
      spinnaker: { start },
      documents: sealedDocuments('r'),
    } as unknown as Deps);
    return env.run(startBake, { run: 'r', pipeline: 'bake-golden', parameters: {}, pollSeconds: 1 });
  };
  const env = (info: object) => new MockActivityEnvironment({ scheduledTimestampMs: Date.now(), ...info });
  const limits = { scheduleToCloseTimeoutMs: 60_000, startToCloseTimeoutMs: 60_000 };

  test('once the run was cancelled', async () => {
    const cancelled = env(limits);
    await expect(late(cancelled, () => cancelled.cancel())).rejects.toMatchObject({ name: 'CancelledFailure' });
    await expect(late(env(limits))).resolves.toEqual({ executionId: '01H' });
  });

  test.each([
    ['all attempts', { ...limits, scheduledTimestampMs: Date.now() - 61_000 }],
    ['this attempt', { ...limits, startToCloseTimeoutMs: 20 }],
  ])('once the time of %s is up', async (_what, info) => {
    const failure = late(env(info), () => new Promise((resolve) => setTimeout(resolve, 30)));
    await expect(failure).rejects.toMatchObject({ type: 'TryAgain', details: [{ reached: false }] });
  });
});

describe('the watch on the stage that asked', () => {
  /** One look, with what the looks before it remembered; answers what this one leaves to the next. */
  const watch = async (execution: Spinnaker['execution'], heartbeatDetails?: object): Promise<unknown> => {
    const activities = createWatchActivities({ spinnaker: { execution } } as unknown as Deps);
    const input = { executionId: '01H', stageRefId: '1', watchSeconds: 120, unreachableMinutes: 60 };
    return new MockActivityEnvironment({ heartbeatDetails }).run(attended(activities).watchSource, input);
  };
  const left = async (execution: Spinnaker['execution'], before?: object): Promise<unknown> => {
    const failure = (await watch(execution, before).catch((thrown: unknown) => thrown)) as { details?: unknown[] };
    return failure.details?.[0];
  };
  const missing = failing(new NotFound('404'));
  const going = () =>
    Promise.resolve({ id: '01H', status: 'RUNNING', over: false, stages: [] } as unknown as Execution);
  const minutesAgo = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();

  test('counts an execution as deleted that was seen going and was then not found for the whole time', async () => {
    expect(await left(going)).toEqual({ seen: true, goneSince: null });
    expect(await left(missing, { seen: true, goneSince: null })).toEqual({ seen: true, goneSince: expect.any(String) });
    const since = minutesAgo(59);
    expect(await left(missing, { seen: true, goneSince: since })).toEqual({ seen: true, goneSince: since });
    await expect(watch(missing, { seen: true, goneSince: minutesAgo(61) })).resolves.toEqual({
      ended: 'Spinnaker execution 01H was deleted',
    });
  });

  test('never counts one that it has not seen, nor one about which a Gate in between said nothing', async () => {
    expect(await left(missing, { seen: false, goneSince: minutesAgo(10_000) })).toEqual({
      seen: false,
      goneSince: expect.any(String),
    });
    for (const error of [new TryAgain('503'), new Forbidden('a login')])
      expect(await left(failing(error), { seen: true, goneSince: minutesAgo(61) })).toEqual({
        seen: true,
        goneSince: null,
      });
    expect(await left(going, { seen: true, goneSince: minutesAgo(61) })).toEqual({ seen: true, goneSince: null });
  });

  test.each([
    ['a login page', new Forbidden('a redirect to a login')],
    ['a wrong address', new Final('404')],
    ['an execution that is not there', new NotFound('404')],
  ])('goes on after %s, at its own pace', async (_what, error) => {
    const failure = await watch(failing(error)).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ type: 'NotReady', category: 'BENIGN' });
    const { nextRetryDelay } = failure as { nextRetryDelay: number };
    expect(nextRetryDelay).toBeGreaterThan(100_000);
    expect(nextRetryDelay).toBeLessThan(140_000);
  });
});

import type { LateImageInput } from '../../src/activities/late-bake';
import { eventually } from '../setup/helpers';
import { openBench, POLL, REGION, RUN, type Bench } from './harness';

const START = new Date().toISOString();
const PIPELINE = 'bake-golden';

/** A watch that would end at once. */
const input = (change: Partial<LateImageInput> = {}): LateImageInput => ({
  ...{ run: RUN, pipeline: PIPELINE, executionId: null, regions: [REGION], kept: [] },
  ...{ until: START, bakeLimitMinutes: 0.05, unreachableMinutes: 1, pollSeconds: POLL, gate: { awaySince: null } },
  ...change,
});
const baking = (bench: Bench): Promise<{ executionId: string }> =>
  bench.run('startBake', {
    run: RUN,
    pipeline: PIPELINE,
    parameters: { assayRun: RUN, assayRegion: REGION },
    pollSeconds: POLL,
  });
const execution = (bench: Bench) => bench.simulator.state().executions[0];

test('a bake that Gate did not tell of at first is cancelled, and what it still makes is waited for past the end', async () => {
  const bench = await openBench({ behaviour: { bakeSeconds: 3600, lateImage: true, lateImageSeconds: 20 } });
  await baking(bench);
  bench.simulator.behave({ bakeSeconds: 1 });
  bench.simulator.faults.add({ service: 'gate', operation: 'searchExecutions', kind: '503', count: 5 });
  const late = await bench.run('awaitLateImage', input());
  expect(execution(bench)?.status).toBe('CANCELED');
  expect(late?.plan.remove).toHaveLength(1);
  expect(Date.parse(late?.until ?? '')).toBeGreaterThan(Date.parse(START));
});

test('a bake that ended meanwhile is asked for what it named, which bears no tag of ours', async () => {
  const bench = await openBench({ behaviour: { bakeTags: false } });
  const { executionId } = await baking(bench);
  await eventually(async () => execution(bench)?.status === 'SUCCEEDED', { timeoutMs: 20_000 });
  const late = await bench.run('awaitLateImage', input({ executionId }));
  expect(late?.plan.remove.map(({ amiId }) => amiId)).toEqual(
    bench.simulator
      .state()
      .images.slice(-1)
      .map(({ id }) => id),
  );
});

test('a Gate that stays away ends the watch no earlier than an undo goes past it, and no later', async () => {
  const bench = await openBench();
  bench.simulator.faults.add({ service: 'gate', operation: 'searchExecutions', kind: '503', count: 'always' });
  const before = Date.now();
  await expect(bench.run('awaitLateImage', input({ unreachableMinutes: 0.02 }))).resolves.toBeNull();
  expect(Date.now() - before).toBeGreaterThan(1_000);
});

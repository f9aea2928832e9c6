import { openBench, POLL, RUN } from './harness';

const START = {
  run: RUN,
  pipeline: 'bake-golden',
  parameters: { baseOs: 'debian-13-slim', assayRun: RUN },
  pollSeconds: POLL,
};

describe('a start that Gate refuses with 422, whatever failed behind it', () => {
  test('is found, where Orca had taken it all the same', async () => {
    const bench = await openBench({ behaviour: { unprocessable: 'after' } });
    const { executionId } = await bench.run('startBake', START);
    expect(bench.simulator.state().executions.map(({ id }) => id)).toEqual([executionId]);
  });

  test('comes once Orca takes starts again', async () => {
    const bench = await openBench({ behaviour: { unprocessable: 'before' } });
    let refused = 0;
    const between = (): void => {
      refused += 1;
      if (refused === 2) bench.simulator.behave({ unprocessable: 'never' });
    };
    const { executionId } = await bench.run('startBake', START, { between });
    expect(bench.simulator.state().executions.map(({ id }) => id)).toEqual([executionId]);
  });
});

test('a start that Orca is slow to take is not sent again before it shows', async () => {
  const bench = await openBench({ behaviour: { registerSeconds: 6 } });
  bench.simulator.faults.add({ service: 'gate', operation: 'startPipeline', kind: 'accept-then-drop' });
  const { executionId, repeated } = await bench.run('startBake', START);
  expect(bench.simulator.state().executions.map(({ id }) => id)).toEqual([executionId]);
  expect(repeated).toBeUndefined();
});

test('where it had to be sent again, and both were taken, that is told', async () => {
  const bench = await openBench({ behaviour: { registerSeconds: 40 } });
  bench.simulator.faults.add({ service: 'gate', operation: 'startPipeline', kind: 'accept-then-drop' });
  await expect(bench.run('startBake', START)).resolves.toMatchObject({ repeated: true });
  expect(bench.simulator.state().executions).toHaveLength(2);
});

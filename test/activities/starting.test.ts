import { openBench, RUN } from './harness';

const START = { run: RUN, pipeline: 'bake-golden', parameters: { baseOs: 'debian-13-slim', assayRun: RUN } };

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

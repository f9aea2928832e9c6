import { join } from 'node:path';
import { bench, table } from '../../bench/status-reads';
import { testTemporal } from '../setup/temporal';

test('the bench runs, and tells both sides and their ratios', async () => {
  const dist = join(__dirname, '..', '..', 'dist');
  const said: string[] = [];
  const order = { runs: 5, seconds: 1, rounds: 1, callers: 2, temporal: await testTemporal(), dist };
  const result = await bench(order, (line) => said.push(line));
  expect(said).toEqual(['5 runs are open, and no worker is alive']);
  for (const { perSecond, p50, p99 } of [result.reads, result.describes]) {
    expect(perSecond).toBeGreaterThan(0);
    expect(p99).toBeGreaterThanOrEqual(p50);
  }
  expect(result.throughput).toBeCloseTo(result.reads.perSecond / result.describes.perSecond);
  expect(table(result)).toMatch(/ratio +\d+\.\d\d +\d+\.\d\d/);
}, 120_000);

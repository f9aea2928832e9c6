import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { tempDir } from '../setup/helpers';
import { testTemporal } from '../setup/temporal';
import { SCENARIOS, play } from './scenarios';
import { openWorld, SILENT, workflowBundle } from './stub-world';

const FOLDER = join(__dirname, 'histories');
const root = join(__dirname, '..', '..');
const history = (name: string): unknown => JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8'));

/** `npm run histories` records them anew: only when open runs are allowed to break. */
const recording = process.env['ASSAY_RECORD_HISTORIES'] === '1';

(recording ? test : test.skip).each(SCENARIOS)(
  'records $name',
  async (scenario) => {
    const world = await openWorld(await testTemporal());
    try {
      const run = await play(world, scenario);
      mkdirSync(FOLDER, { recursive: true });
      writeFileSync(
        join(FOLDER, `${scenario.name}.json`),
        `${withoutStacks(JSON.stringify(await run.fetchHistory()))}\n`,
      );
    } finally {
      await world.close();
    }
  },
  90_000,
);

/** Stack traces name folders of the machine that recorded. */
const withoutStacks = (json: string): string => json.replace(/"stackTrace":"(?:[^"\\]|\\.)*"/g, '"stackTrace":""');

test('there is a history of every scenario, and none besides', () => {
  expect(readdirSync(FOLDER).sort()).toEqual(SCENARIOS.map(({ name }) => `${name}.json`).sort());
});

test.each(SCENARIOS.map(({ name }) => name))('the history of %s replays', async (name) => {
  const code = await workflowBundle();
  await Worker.runReplayHistory({ workflowBundle: code }, history(name), `run/${name}`);
});

test('a workflow that changes its commands does not replay', async () => {
  const changed = tempDir();
  cpSync(join(root, 'src'), join(changed, 'src'), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(changed, 'node_modules'));
  const path = join(changed, 'src', 'workflows', 'golden-image.ts');
  const source = readFileSync(path, 'utf8');
  // The candidate is deployed before it is tagged.
  const swapped = source.replace(
    /await this\.tag\(image, facts, steps\);\s*watch\.stage\(\);\s*(const instance = await this\.deploy\(image, facts, steps\);)/,
    '$1\n    watch.stage();\n    await this.tag(image, facts, steps);',
  );
  expect(swapped).not.toBe(source);
  writeFileSync(path, swapped);
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: join(changed, 'src', 'workflows', 'index.ts'),
    logger: SILENT,
  });
  await expect(Worker.runReplayHistory({ workflowBundle }, history('approved'), 'run/approved')).rejects.toThrow(
    DeterminismViolationError,
  );
});

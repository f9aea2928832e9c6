import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { bundleWorkflowCode, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { WORKFLOW, workflowId } from '../../src/domain/names';
import { tempDir } from '../setup/helpers';
import { testTemporal } from '../setup/temporal';
import { playLineUntilItContinues, playOne } from './others';
import { SCENARIOS, play } from './scenarios';
import { openWorld, SILENT, workflowBundle, type World } from './stub-world';

const FOLDER = join(__dirname, 'histories');
const root = join(__dirname, '..', '..');
const history = (name: string): unknown => JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8'));

const SCHEDULED = 'scheduled/golden-2026-01-01T04:00:00Z';

/** Everything that has a history, with the workflow id it was recorded under. */
const RECORDED: readonly { readonly name: string; readonly id: string; play(world: World): Promise<WorkflowHandle> }[] =
  [
    ...SCENARIOS.map((scenario) => ({
      name: scenario.name,
      id: `run/${scenario.name}`,
      play: (world: World) => play(world, scenario),
    })),
    { name: 'line-continues-as-new', id: workflowId.line.of('golden'), play: playLineUntilItContinues },
    {
      name: 'late-bake',
      id: workflowId.lateBake.of('r'),
      play: (world) =>
        playOne(world, WORKFLOW.lateBake, workflowId.lateBake.of('r'), {
          ...{ run: 'r', regions: ['us-east-1'], startedAt: '2026-01-01T00:00:00.000Z' },
          ...{ until: '2026-01-01T00:30:00.000Z', pollSeconds: 0.05 },
        }),
    },
    {
      name: 'late-deploy',
      id: workflowId.lateDeploy.of('r'),
      play: (world) =>
        playOne(world, WORKFLOW.lateDeploy, workflowId.lateDeploy.of('r'), {
          ...{ run: 'r', line: 'golden', region: 'us-east-1', expires: '', pipeline: 'd', destroyPipeline: 'x' },
          ...{ parameters: {}, executionId: null, instance: null, unreachableMinutes: 1, pollSeconds: 0.05 },
          until: '2026-01-01T00:30:00.000Z',
        }),
    },
    {
      name: 'late-judgment',
      id: workflowId.lateJudgment.of('r'),
      play: (world) =>
        playOne(world, WORKFLOW.lateJudgment, workflowId.lateJudgment.of('r'), {
          ...{ run: 'r', executionId: '01H', stage: 'Promote?', judgment: 'stop', status: 'DENIED', pollSeconds: 0.05 },
          until: '2026-01-01T00:30:00.000Z',
        }),
    },
    {
      name: 'late-launch',
      id: workflowId.lateLaunch.of('r'),
      play: (world) =>
        playOne(world, WORKFLOW.lateLaunch, workflowId.lateLaunch.of('r'), {
          ...{ run: 'r', region: 'us-east-1', until: '2026-01-01T00:30:00.000Z', pollSeconds: 0.05 },
        }),
    },
    {
      name: 'sweep',
      id: workflowId.sweep.of('r'),
      play: (world) => playOne(world, WORKFLOW.sweep, workflowId.sweep.of('r'), { run: 'r' }),
    },
    {
      name: 'scheduled',
      id: SCHEDULED,
      play: (world) => playOne(world, WORKFLOW.scheduled, SCHEDULED, {}),
    },
  ];

// `npm run histories` records them anew: only when open runs are allowed to break.
if (process.env['ASSAY_RECORD_HISTORIES'] === '1')
  test.each(RECORDED)(
    'records $name',
    async ({ name, play: playIt }) => {
      const world = await openWorld(await testTemporal());
      try {
        const handle = await playIt(world);
        mkdirSync(FOLDER, { recursive: true });
        writeFileSync(
          join(FOLDER, `${name}.json`),
          `${withoutTheMachine(JSON.stringify(JSON.parse(historyToJSON(await handle.fetchHistory()))))}\n`,
        );
      } finally {
        await world.close();
      }
    },
    90_000,
  );

/** Stack traces name folders of the machine that recorded; identities and sticky task queues name it and its processes. */
const withoutTheMachine = (json: string): string =>
  json
    .replace(/"(stackTrace|identity)":"(?:[^"\\]|\\.)*"/g, '"$1":""')
    .replace(/"name":"[^"]*","kind":"TASK_QUEUE_KIND_STICKY"/g, '"name":"","kind":"TASK_QUEUE_KIND_STICKY"');

test('there is a history of every scenario, and none besides', () => {
  expect(readdirSync(FOLDER).sort()).toEqual(RECORDED.map(({ name }) => `${name}.json`).sort());
});

test.each(RECORDED)('the history of $name replays', async ({ name, id }) => {
  const code = await workflowBundle();
  await Worker.runReplayHistory({ workflowBundle: code }, history(name), id);
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

import { join } from 'node:path';
import { eventually } from '../setup/helpers';
import { openAssay, type Assay } from './assay';
import { ended, leftOf, NOTHING } from './left';
import { startProxy } from './proxy';
import { playStage } from './stage';

/** Spinnaker's webhook stage while the API server is killed and started again. */
const LIMIT_MS = 300_000;
const PATIENCE_MS = 120_000;
const ALONE = { approval: { groups: { security: 1 } } };
const DIES = { 'X-Die': 'yes' };

/** A server that dies when it has started a run for a stage that sends `DIES`. */
function startMortal({ server, folder }: Assay): void {
  server.start({ DIE_MARK: join(folder, 'server-died') }, join(__dirname, 'server-that-dies.js'));
}

async function untilUp({ url }: Assay): Promise<void> {
  const ready = async () => (await fetch(`${url}/readyz`)).status === 200;
  await eventually(ready, { timeoutMs: 60_000, everyMs: 100 });
}

const bakesOf = ({ simulator }: Assay, run: string): number =>
  simulator.state().executions.filter(({ name, parameters }) => name === 'bake-golden' && parameters.assayRun === run)
    .length;

test(
  'behind a proxy that answers 503 meanwhile every stage ends as its run does, each with one bake',
  async () => {
    const proxy = await startProxy();
    const assay = await openAssay({ line: ALONE, server: { publicUrl: proxy.url } });
    proxy.target = assay.url;
    const refusedAgain = async (): Promise<void> => {
      const before = proxy.stoodIn();
      await eventually(() => proxy.stoodIn() > before + 3, { timeoutMs: 30_000 });
    };
    try {
      // While the server is away: create meets 503 and is sent again.
      await assay.server.stop();
      const asked = Array.from({ length: 3 }, () => playStage(assay, { url: proxy.url }));
      await refusedAgain();
      startMortal(assay);
      await untilUp(assay);
      // And while it takes one: the run is there, its answer is not.
      const unanswered = playStage(assay, { url: proxy.url, headers: DIES });
      await expect(assay.server.ended()).resolves.toMatchObject({ signal: 'SIGKILL' });
      assay.server.start();
      await untilUp(assay);
      const stages = [...asked, unanswered];
      for (const { run } of stages) await assay.until(run, ({ status }) => status === 'AWAITING_APPROVAL', PATIENCE_MS);
      // While they poll.
      await assay.server.stop();
      await refusedAgain();
      assay.server.start();
      await untilUp(assay);

      const [approved, denied, canceled] = asked.map(({ run }) => run) as [string, string, string];
      await assay.decide('alice', approved, 'approve');
      await assay.decide('alice', denied, 'deny');
      await assay.cancel(canceled);
      await assay.decide('alice', unanswered.run, 'approve');
      const results = await Promise.all(stages.map(({ result }) => result));
      expect(results.map(({ status }) => status)).toEqual(['SUCCEEDED', 'TERMINAL', 'CANCELED', 'SUCCEEDED']);
      expect(results.map(({ body }) => (body as { status: string }).status)).toEqual([
        ...['SUCCEEDED', 'DENIED', 'CANCELED', 'SUCCEEDED'],
      ]);
      for (const { creates } of results) expect(creates).toBeGreaterThan(1);
      for (const { run } of stages) expect(bakesOf(assay, run)).toBe(1);
      // No start made a run that nobody asked for.
      const { body } = await assay.call('alice', 'GET', '/v1/runs');
      expect((body['runs'] as { id: string }[]).map(({ id }) => id).sort()).toEqual(
        stages.map(({ run }) => run).sort(),
      );
      for (const run of [denied, canceled]) expect(leftOf(assay, run)).toEqual(NOTHING);
      expect(assay.simulator.state().alive).toMatchObject({ instances: 0, groups: 0, images: 2 });
    } finally {
      await assay.close();
      await proxy.close();
    }
  },
  LIMIT_MS,
);

test(
  'without a proxy Orca ends the stage, and its run is found through Gate, cancelled and cleaned up',
  async () => {
    const assay = await openAssay({ line: ALONE });
    try {
      const { url } = assay;
      await assay.server.stop();
      startMortal(assay);
      await untilUp(assay);
      const polling = playStage(assay, { url });
      // Where it asks people it polls as well: a look may miss a stage that is quick.
      await assay.until(polling.run, ({ stage }) => stage !== 'baking' && stage !== 'tagging', PATIENCE_MS);
      // Dies when it has started this one, while the other one polls.
      const unanswered = playStage(assay, { url, headers: DIES });
      const results = await Promise.all([polling.result, unanswered.result]);
      expect(results).toEqual([
        expect.objectContaining({ status: 'TERMINAL', creates: 1, cancelCalled: true, cancelAnswer: null }),
        expect.objectContaining({ status: 'TERMINAL', creates: 1, polls: 0, cancelCalled: true, cancelAnswer: null }),
      ]);
      assay.server.start();
      await untilUp(assay);
      for (const { run } of [polling, unanswered]) {
        expect(await assay.until(run, ended, PATIENCE_MS)).toMatchObject({
          status: 'CANCELED',
          reasons: expect.arrayContaining([expect.stringMatching(/Spinnaker execution \S+: its stage is TERMINAL/)]),
        });
        expect(leftOf(assay, run)).toMatchObject({ instances: 0, groups: 0, images: 0, snapshots: 0, executions: 0 });
        expect(bakesOf(assay, run)).toBeLessThanOrEqual(1);
      }
      expect(assay.simulator.state().alive).toEqual({
        instances: 0,
        groups: 0,
        images: 0,
        snapshots: 0,
        volumes: 0,
        interfaces: 0,
      });
    } finally {
      await assay.close();
    }
  },
  LIMIT_MS,
);

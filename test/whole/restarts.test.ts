import { ownTemporal } from '../setup/temporal';
import { openAssay } from './assay';

test('a Temporal that is killed and started again on its file loses nothing', async () => {
  const temporal = await ownTemporal();
  const assay = await openAssay({ temporal });
  try {
    const { id } = await assay.start();
    // In the middle of it: a look may miss a stage that is quick.
    await assay.until(id, ({ stage }) => stage !== 'baking' && stage !== 'tagging');
    await temporal.kill();
    const away = await assay.call('alice', 'GET', `/v1/runs/${id}`);
    expect(away.code).toBe(503);
    await temporal.restart();
    const back = (): Promise<unknown> => assay.until(id, ({ status }) => status === 'AWAITING_APPROVAL', 120_000);
    await back();
    await temporal.kill();
    await temporal.restart();
    await back();
    await assay.approve(id);
    expect(await assay.until(id, ({ closedAt }) => closedAt !== null, 120_000)).toMatchObject({ status: 'SUCCEEDED' });
    const { executions, alive } = assay.simulator.state();
    expect(executions.filter(({ name }) => name === 'bake-golden')).toHaveLength(1);
    expect(alive).toMatchObject({ instances: 0, images: 1 });
  } finally {
    await assay.close();
    await temporal.stop();
  }
}, 300_000);

test('an API server that is killed between any two calls forgets nothing, and a redelivered start is the same run', async () => {
  const assay = await openAssay({ line: { approval: { groups: { security: 1 } } } });
  try {
    const restart = async (): Promise<void> => {
      await assay.server.stop();
      assay.server.start();
      await expect(untilReady(assay.url)).resolves.toBe(true);
    };
    const first = await assay.start({}, 'killed-server');
    await restart();
    const again = await assay.start({}, 'killed-server');
    expect(again.id).toBe(first.id);
    await assay.until(first.id, ({ status }) => status === 'AWAITING_APPROVAL');
    await restart();
    expect(await assay.decide('alice', first.id, 'approve')).toMatchObject({ code: 200 });
    await restart();
    expect(await assay.until(first.id, ({ closedAt }) => closedAt !== null)).toMatchObject({ status: 'SUCCEEDED' });
    // Its end was not read by who asked for it so far: the same order is still the same run.
    expect((await assay.start({}, 'killed-server')).id).toBe(first.id);
    await assay.call('ci', 'GET', `/v1/runs/${first.id}`);
    await restart();
    expect((await assay.start({}, 'killed-server')).id).toBe('killed-server~2');
  } finally {
    await assay.close();
  }
}, 300_000);

async function untilReady(url: string): Promise<boolean> {
  for (let tries = 0; tries < 300; tries++) {
    const ready = await fetch(`${url}/readyz`).then(
      ({ status }) => status === 200,
      () => false,
    );
    if (ready) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

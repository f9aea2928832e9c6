import type { StatusDocument } from '../../src/domain/status';
import { openAssay, type Assay } from './assay';

let assay: Assay;
beforeAll(async () => {
  assay = await openAssay({
    lines: {
      clean: {
        bake: { pipeline: 'bake-golden', parameters: { baseOs: 'debian-13-slim' } },
        approval: { groups: { security: 1 }, auto: true },
      },
      old: { bake: { pipeline: 'bake-golden', parameters: { baseOs: 'centos-7' } } },
      tiny: { bake: { pipeline: 'bake-golden', parameters: { baseOs: 'scratch-linux' } } },
      strict: { bake: { pipeline: 'bake-golden', parameters: { baseOs: 'scratch-linux' } }, onIncomplete: 'deny' },
      hasty: { approval: { groups: { security: 1 }, deadlineHours: 1 / 3600 } },
    },
  });
}, 120_000);
afterAll(() => assay.close());

const ended = ({ status }: StatusDocument) => status !== 'RUNNING' && status !== 'AWAITING_APPROVAL';

/** What a run left behind, read from the simulated account. */
function left(run: string) {
  const { instances, images, snapshots, volumes, autoScalingGroups } = assay.simulator.state();
  const ours = images.filter(({ tags }) => tags['assay:run'] === run);
  return {
    instances: instances.filter(({ tags, state }) => tags['assay:run'] === run && state !== 'terminated').length,
    volumes: volumes.filter(({ tags, state }) => tags['assay:run'] === run && state !== 'deleted').length,
    groups: autoScalingGroups.filter(({ tags, deletedAt }) => tags['assay:run'] === run && deletedAt === null).length,
    images: ours.filter(({ deregisteredAt }) => deregisteredAt === null).length,
    snapshots: snapshots.filter(({ tags, state }) => tags['assay:run'] === run && state !== 'deleted').length,
    state: ours[0]?.tags['assay:state'],
  };
}
const NOTHING = { instances: 0, volumes: 0, groups: 0, images: 0, snapshots: 0, state: 'denied' };

test('two people approve: the image is published, and only it is left', async () => {
  const { id } = await assay.start();
  await assay.approve(id);
  const status = await assay.until(id, ended);
  expect(status).toMatchObject({ status: 'SUCCEEDED', verdict: 'review', error: null });
  expect(status.published).toEqual([
    expect.objectContaining({ region: 'us-east-1', parameter: '/golden-ami/golden/latest', amiId: status.amiId }),
  ]);
  expect(left(id)).toMatchObject({ instances: 0, volumes: 0, groups: 0, images: 1, state: 'approved' });
  const parameter = assay.simulator.state().parameters.find(({ name }) => name === '/golden-ami/golden/latest');
  expect(JSON.stringify(parameter)).toContain(status.amiId);
  const { body } = await assay.call('alice', 'GET', '/v1/lines/golden/approved');
  expect(body).toMatchObject({ amiId: status.amiId, run: id });
}, 120_000);

test('a clean image on a line with auto is published without anybody', async () => {
  const { id } = await assay.start({ line: 'clean' });
  const status = await assay.until(id, ended);
  expect(status).toMatchObject({ status: 'SUCCEEDED', verdict: 'approve', approval: null, findings: { total: 0 } });
  expect(left(id)).toMatchObject({ instances: 0, images: 1, state: 'approved' });
}, 120_000);

test('a person denies: everything is gone', async () => {
  const { id } = await assay.start();
  await assay.until(id, ({ status }) => status === 'AWAITING_APPROVAL');
  expect(await assay.decide('alice', id, 'deny')).toMatchObject({ code: 200 });
  const status = await assay.until(id, ended);
  expect(status).toMatchObject({ status: 'DENIED', reasons: expect.arrayContaining(['denied by alice@example.com']) });
  expect(left(id)).toEqual(NOTHING);
}, 120_000);

test('the policy denies an image with exploited criticals', async () => {
  const { id } = await assay.start({ line: 'old' });
  expect(await assay.until(id, ended)).toMatchObject({ status: 'DENIED', verdict: 'deny' });
  expect(left(id)).toEqual(NOTHING);
}, 120_000);

test('the deadline denies', async () => {
  const { id } = await assay.start({ line: 'hasty' });
  const status = await assay.until(id, ended);
  expect(status.status).toBe('DENIED');
  expect(status.reasons.join()).toContain('nobody decided before the deadline');
  expect(left(id)).toEqual(NOTHING);
}, 120_000);

test('an image that cannot be scanned is asked about, or denied where the line says so, and never clean', async () => {
  const asks = await assay.start({ line: 'tiny' });
  const denies = await assay.start({ line: 'strict' });
  expect(await assay.until(asks.id, ({ status }) => status === 'AWAITING_APPROVAL')).toMatchObject({
    verdict: 'review',
    reasons: expect.arrayContaining([expect.stringContaining('inspector2 is unscannable')]),
  });
  expect(await assay.until(denies.id, ended)).toMatchObject({ status: 'DENIED', verdict: 'deny' });
  await assay.decide('bob', asks.id, 'deny');
  await assay.until(asks.id, ended);
  expect(left(asks.id)).toEqual(NOTHING);
  expect(left(denies.id)).toEqual(NOTHING);
}, 120_000);

test.each(['baking', 'tagging', 'deploying', 'assessing', 'awaiting-approval'])(
  'a cancel in the stage %s takes everything away',
  async (stage) => {
    const { id } = await assay.start();
    await assay.until(id, (status) => status.stage === stage || ended(status));
    const { body } = await assay.call('ci', 'POST', `/v1/runs/${id}/cancel`, { reason: 'not needed' });
    expect(body).toMatchObject({ canceled: true });
    expect(await assay.until(id, ended)).toMatchObject({ status: 'CANCELED' });
    expect(left(id)).toMatchObject({ instances: 0, volumes: 0, groups: 0, images: 0, snapshots: 0 });
  },
  120_000,
);

test('a bake that fails says why, and nothing is left', async () => {
  const { id } = await assay.start({}, 'failing-bake');
  assay.simulator.behave({ bake: 'fails' }, id);
  const status = await assay.until(id, ended);
  expect(status.status).toBe('FAILED');
  expect(status.error).toMatch(/^baking: /);
  expect(left(id)).toMatchObject({ instances: 0, images: 0, snapshots: 0 });
}, 120_000);

test('a brought image and instance are assessed and left alone when denied, but for the tag', async () => {
  const image = assay.simulator.seed.image({ name: 'brought' });
  const instance = assay.simulator.seed.instance({ imageId: image.id });
  const { id } = await assay.start({ image: { id: image.id, region: 'us-east-1' }, instance: { id: instance.id } });
  await assay.until(id, ({ status }) => status === 'AWAITING_APPROVAL');
  await assay.decide('alice', id, 'deny');
  expect(await assay.until(id, ended)).toMatchObject({ status: 'DENIED', amiId: image.id, instanceId: instance.id });
  const { images, instances, snapshots } = assay.simulator.state();
  expect(images.find((one) => one.id === image.id)).toMatchObject({
    deregisteredAt: null,
    tags: expect.objectContaining({ 'assay:state': 'denied', 'assay:run': id }),
  });
  expect(instances.find((one) => one.id === instance.id)).toMatchObject({ state: 'running' });
  expect(snapshots.filter(({ id: one, state }) => image.snapshotIds.includes(one) && state !== 'deleted')).toHaveLength(
    image.snapshotIds.length,
  );
  // What an ended run left may be brought again; its tags then name the new run, which may take it away.
  const again = await assay.start({ image: { id: image.id, region: 'us-east-1', destroy: true } });
  await assay.until(again.id, ({ status }) => status === 'AWAITING_APPROVAL');
  await assay.call('ci', 'POST', `/v1/runs/${again.id}/cancel`);
  expect(await assay.until(again.id, ended)).toMatchObject({ status: 'CANCELED' });
  expect(left(again.id)).toEqual(NOTHING);
}, 120_000);

test('an already approved image that Rosco hands out is refused and not touched', async () => {
  const first = await assay.start();
  await assay.approve(first.id);
  const approved = await assay.until(first.id, ended);
  assay.simulator.behave({ handOut: approved.amiId }, 'handed-out');
  const { id } = await assay.start({}, 'handed-out');
  const status = await assay.until(id, ended);
  expect(status).toMatchObject({ status: 'FAILED', error: expect.stringContaining('is already approved') });
  expect(left(first.id)).toMatchObject({ images: 1, state: 'approved' });
  expect(left(id)).toMatchObject({ instances: 0, images: 0 });
}, 180_000);

test('an image that is not ours, and an instance of another image, are named together and not touched', async () => {
  const other = assay.simulator.seed.image({ name: 'other', tags: { 'assay:run': 'nobody-knows' } });
  const image = assay.simulator.seed.image({ name: 'mine' });
  const instance = assay.simulator.seed.instance({ imageId: image.id });
  const { id } = await assay.start({ image: { id: other.id, region: 'us-east-1' }, instance: { id: instance.id } });
  const { status, error } = await assay.until(id, ended);
  expect(status).toBe('FAILED');
  expect(error).toContain('names the run nobody-knows, which is not known here');
  expect(error).toContain(`${instance.id} runs ${image.id}, not ${other.id}`);
  expect(assay.simulator.state().images.find((one) => one.id === other.id)?.tags).toEqual({
    'assay:run': 'nobody-knows',
  });
}, 120_000);

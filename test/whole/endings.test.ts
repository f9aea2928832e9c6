import { openAssay, type Assay } from './assay';
import { APPROVED, ended, leftOf, NOTHING } from './left';

/** The endings that decisions, findings and what was brought lead to. Side by side in one Assay, which is how runs live. */
let assay: Assay;
beforeAll(async () => {
  const alone = { groups: { security: 1 } };
  assay = await openAssay({
    lines: {
      clean: {
        bake: { pipeline: 'bake-golden', parameters: { baseOs: 'debian-13-slim' } },
        approval: { ...alone, auto: true },
      },
      old: { bake: { pipeline: 'bake-golden', parameters: { baseOs: 'centos-7' } } },
      tiny: { bake: { pipeline: 'bake-golden', parameters: { baseOs: 'scratch-linux' } } },
      strict: { bake: { pipeline: 'bake-golden', parameters: { baseOs: 'scratch-linux' } }, onIncomplete: 'deny' },
      hasty: { approval: { ...alone, deadlineHours: 1 / 3600 } },
      series: { approval: alone },
      handed: {},
      signalled: { approval: { ...alone, unsigned: 'allow' } },
    },
  });
}, 120_000);
afterAll(() => assay.close());

const LIMIT_MS = 240_000;
const left = (run: string) => leftOf(assay, run);
const asked = (run: string) => assay.until(run, ({ status }) => status === 'AWAITING_APPROVAL');

test.concurrent(
  'two people approve: the image is published, and only it is left',
  async () => {
    const { id } = await assay.start();
    await assay.approve(id);
    const status = await assay.until(id, ended);
    expect(status).toMatchObject({ status: 'SUCCEEDED', verdict: 'review', error: null });
    expect(status.published).toEqual([
      expect.objectContaining({ region: 'us-east-1', parameter: '/golden-ami/golden/latest', amiId: status.amiId }),
    ]);
    expect(left(id)).toEqual(APPROVED);
    expect(valueOf('golden')).toBe(status.amiId);
    const { body } = await assay.call('alice', 'GET', '/v1/lines/golden/approved');
    expect(body).toMatchObject({ amiId: status.amiId, run: id });
  },
  LIMIT_MS,
);

test.concurrent(
  'a clean image on a line with auto is published without anybody',
  async () => {
    const { id } = await assay.start({ line: 'clean' });
    const status = await assay.until(id, ended);
    expect(status).toMatchObject({ status: 'SUCCEEDED', verdict: 'approve', approval: null, findings: { total: 0 } });
    expect(left(id)).toEqual(APPROVED);
  },
  LIMIT_MS,
);

test.concurrent(
  'an older image that is approved after a newer one was published gives way to it',
  async () => {
    const fresh = await assay.start({ line: 'series' });
    await asked(fresh.id);
    await assay.decide('alice', fresh.id, 'approve');
    const { amiId: newer } = await assay.until(fresh.id, ended);
    const older = assay.simulator.seed.image({ name: 'older', creationDate: '2026-01-01T00:00:00.000Z' });
    const { id } = await assay.start({ line: 'series', image: { id: older.id, region: 'us-east-1' } });
    await asked(id);
    await assay.decide('alice', id, 'approve');
    expect(await assay.until(id, ended)).toMatchObject({
      status: 'SUCCEEDED',
      published: [],
      reasons: expect.arrayContaining([`superseded by ${newer}`]),
    });
    expect(left(id)).toEqual(APPROVED);
    expect(valueOf('series')).toBe(newer);
    expect(parameterOf('series')?.versions).toHaveLength(1);
    const { body } = await assay.call('alice', 'GET', '/v1/lines/series/approved');
    expect(body).toMatchObject({ amiId: newer, run: fresh.id });
  },
  LIMIT_MS,
);

test.concurrent(
  'a person denies: everything is gone',
  async () => {
    const { id } = await assay.start();
    await asked(id);
    expect(await assay.decide('alice', id, 'deny')).toMatchObject({ code: 200 });
    const status = await assay.until(id, ended);
    expect(status).toMatchObject({
      status: 'DENIED',
      reasons: expect.arrayContaining(['denied by alice@example.com']),
    });
    expect(left(id)).toEqual(NOTHING);
  },
  LIMIT_MS,
);

test.concurrent(
  'the policy denies an image with exploited criticals',
  async () => {
    const { id } = await assay.start({ line: 'old' });
    expect(await assay.until(id, ended)).toMatchObject({ status: 'DENIED', verdict: 'deny' });
    expect(left(id)).toEqual(NOTHING);
  },
  LIMIT_MS,
);

test.concurrent(
  'the deadline denies',
  async () => {
    const { id } = await assay.start({ line: 'hasty' });
    const status = await assay.until(id, ended);
    expect(status.status).toBe('DENIED');
    expect(status.reasons.join()).toContain('nobody decided before the deadline');
    expect(left(id)).toEqual(NOTHING);
  },
  LIMIT_MS,
);

test.concurrent(
  'an image that cannot be scanned is asked about, and never clean',
  async () => {
    const { id } = await assay.start({ line: 'tiny' });
    expect(await asked(id)).toMatchObject({
      verdict: 'review',
      reasons: expect.arrayContaining([expect.stringContaining('inspector2 is unscannable')]),
    });
    await assay.decide('bob', id, 'deny');
    expect(await assay.until(id, ended)).toMatchObject({ status: 'DENIED' });
    expect(left(id)).toEqual(NOTHING);
  },
  LIMIT_MS,
);

test.concurrent(
  'an image that cannot be scanned is denied where the line says so',
  async () => {
    const { id } = await assay.start({ line: 'strict' });
    expect(await assay.until(id, ended)).toMatchObject({ status: 'DENIED', verdict: 'deny' });
    expect(left(id)).toEqual(NOTHING);
  },
  LIMIT_MS,
);

test.concurrent(
  'a brought image and instance are assessed and left alone when denied, but for the tag',
  async () => {
    const image = assay.simulator.seed.image({ name: 'brought' });
    const instance = assay.simulator.seed.instance({ imageId: image.id });
    const { id } = await assay.start({ image: { id: image.id, region: 'us-east-1' }, instance: { id: instance.id } });
    await asked(id);
    await assay.decide('alice', id, 'deny');
    expect(await assay.until(id, ended)).toMatchObject({ status: 'DENIED', amiId: image.id, instanceId: instance.id });
    const { images, instances, snapshots } = assay.simulator.state();
    expect(images.find((one) => one.id === image.id)).toMatchObject({
      deregisteredAt: null,
      tags: expect.objectContaining({ 'assay:state': 'denied', 'assay:run': id }),
    });
    expect(instances.find((one) => one.id === instance.id)).toMatchObject({ state: 'running', tags: {} });
    expect(
      snapshots.filter(({ id: one, state }) => image.snapshotIds.includes(one) && state !== 'deleted'),
    ).toHaveLength(image.snapshotIds.length);
    // What an ended run left may be brought again; its tags then name the new run, which may take it away.
    const again = await assay.start({ image: { id: image.id, region: 'us-east-1', destroy: true } });
    await asked(again.id);
    await assay.cancel(again.id);
    expect(await assay.until(again.id, ended)).toMatchObject({ status: 'CANCELED' });
    expect(left(again.id)).toEqual(NOTHING);
  },
  LIMIT_MS,
);

test.concurrent(
  'a brought instance that was given away is destroyed with its volumes, and the image is kept',
  async () => {
    const image = assay.simulator.seed.image({ name: 'lent' });
    const instance = assay.simulator.seed.instance({ imageId: image.id });
    const { id } = await assay.start({
      image: { id: image.id, region: 'us-east-1' },
      instance: { id: instance.id, destroy: true },
    });
    await asked(id);
    await assay.decide('alice', id, 'deny');
    expect(await assay.until(id, ended)).toMatchObject({ status: 'DENIED', instanceId: instance.id });
    const { instances, volumes, executions } = assay.simulator.state();
    const gone = instances.find((one) => one.id === instance.id);
    expect(gone).toMatchObject({ state: 'terminated' });
    expect(volumes.filter((one) => gone?.volumeIds.includes(one.id))).toEqual([
      expect.objectContaining({ state: 'deleted' }),
    ]);
    expect(left(id)).toEqual({ ...NOTHING, images: 1, snapshots: 1 });
    expect(executions.filter(({ parameters }) => parameters['assayRun'] === id)).toEqual([]);
  },
  LIMIT_MS,
);

test.concurrent(
  'an already approved image that Rosco hands out is refused and not touched',
  async () => {
    const first = await assay.start({ line: 'handed' });
    await assay.approve(first.id);
    const approved = await assay.until(first.id, ended);
    assay.simulator.behave({ handOut: approved.amiId }, 'handed-out');
    const { id } = await assay.start({ line: 'handed' }, 'handed-out');
    const status = await assay.until(id, ended);
    expect(status).toMatchObject({ status: 'FAILED', error: expect.stringContaining('is already approved') });
    expect(left(first.id)).toEqual(APPROVED);
    expect(left(id)).toMatchObject({ instances: 0, images: 0, executions: 0 });
  },
  LIMIT_MS,
);

test.concurrent(
  'an image that is not ours, and an instance of another image, are named together and not touched',
  async () => {
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
  },
  LIMIT_MS,
);

test.concurrent(
  'a plain signal of Temporal’s own CLI decides where the line allows it, and only there',
  async () => {
    const signal = async (run: string): Promise<void> => {
      const { evidenceDigest } = await asked(run);
      const input = JSON.stringify({ by: 'alice@example.com', verdict: 'approve', evidenceDigest });
      await assay.temporalCommand(
        ...['workflow', 'signal', '--workflow-id', `run/${run}`, '--name', 'decide', '--input', input],
      );
    };
    const allowed = await assay.start({ line: 'signalled' });
    const refused = await assay.start();
    await signal(allowed.id);
    expect(await assay.until(allowed.id, ended)).toMatchObject({
      status: 'SUCCEEDED',
      approval: { given: 1, by: ['alice@example.com'] },
      published: [expect.objectContaining({ parameter: '/golden-ami/signalled/latest' })],
    });
    expect(left(allowed.id)).toEqual(APPROVED);
    await signal(refused.id);
    const { approval } = await assay.until(refused.id, (status) => status.approval?.refused.length === 1);
    expect(approval).toMatchObject({
      given: 0,
      refused: [expect.objectContaining({ by: 'alice@example.com', reason: 'bad-signature' })],
    });
    await assay.cancel(refused.id);
    await assay.until(refused.id, ended);
  },
  LIMIT_MS,
);

test.concurrent(
  'a run that is terminated inside Temporal says what to do, and the sweep takes everything away',
  async () => {
    const key = 'terminated';
    assay.simulator.behave({ scanSeconds: null }, key);
    const { id } = await assay.start({}, key);
    await assay.until(id, ({ stage }) => stage === 'assessing');
    await expect(assay.operate('sweep', '--run', id)).rejects.toThrow(`run ${id} is still open`);
    await assay.temporalCommand('workflow', 'terminate', '--workflow-id', `run/${id}`, '--reason', 'a test');
    expect(await assay.until(id, ended)).toMatchObject({
      status: 'FAILED',
      error: expect.stringContaining(`\`assay sweep --run ${id}\``),
    });
    expect(left(id)).toMatchObject({ instances: 1, groups: 1, images: 1, state: 'candidate' });
    const said = JSON.parse(await assay.operate('sweep', '--run', id, '--json')) as unknown;
    expect(said).toEqual({ run: id, cleaned: ['instance: clean', 'bake: clean', 'image: clean'] });
    expect(left(id)).toEqual(NOTHING);
  },
  LIMIT_MS,
);

const parameterOf = (line: string) =>
  assay.simulator.state().parameters.find(({ name }) => name === `/golden-ami/${line}/latest`);
/** What the line's parameter shows. */
const valueOf = (line: string): string | undefined =>
  parameterOf(line)?.versions.findLast(({ state }) => state === 'applied')?.value;

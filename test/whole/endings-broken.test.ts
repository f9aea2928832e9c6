import type { Behaviour } from '../../src/simulator';
import { eventually } from '../setup/helpers';
import { openAssay, type Assay } from './assay';
import { APPROVED, ended, leftOf, NOTHING, NOTHING_EVER } from './left';

/** The endings that a broken bake, deploy, publication or undo leads to. */
let assay: Assay;
beforeAll(async () => {
  const alone = { approval: { groups: { security: 1 } } };
  assay = await openAssay({
    lines: {
      old: { bake: { pipeline: 'bake-golden', parameters: { baseOs: 'centos-7' } } },
      impatient: {
        deploy: { pipeline: 'deploy-candidate', destroyPipeline: 'destroy-candidate', timeoutMinutes: 0.1 },
      },
      missing: { bake: { pipeline: 'no-such-pipeline' } },
      unproven: alone,
      proven: alone,
      forbidden: alone,
    },
    spinnaker: { unreachableMinutes: 0.05 },
  });
}, 120_000);
afterAll(() => assay.close());

const LIMIT_MS = 240_000;
const left = (run: string) => leftOf(assay, run);
const asked = (run: string) => assay.until(run, ({ status }) => status === 'AWAITING_APPROVAL');

/** Starts a run whose outside behaves so from its first moment. */
async function startWith(run: string, habits: Partial<Behaviour>, line = 'golden'): Promise<void> {
  assay.simulator.behave(habits, run);
  await assay.start({ line }, run);
}

const LATE = /^a late image of the given-up bake is watched for until (\S+)$/;

test.concurrent.each([
  ['fails', /^baking: bake execution \S+ ended TERMINAL: .*Timeout waiting for SSH/, true],
  ['continues', /^baking: bake execution \S+ ended SUCCEEDED: .*Timeout waiting for SSH/, true],
  ['no-image', /^baking: bake execution \S+ succeeded but names no image in us-east-1/, false],
] as const)(
  'a bake that %s says why, and nothing is left',
  async (bake, error, mayComeLate) => {
    const run = `bake-${bake}`;
    await startWith(run, { bake });
    const status = await assay.until(run, ended);
    expect(status).toMatchObject({ status: 'FAILED', amiId: null, error: expect.stringMatching(error) });
    expect(status.reasons.some((reason) => LATE.test(reason))).toBe(mayComeLate);
    expect(left(run)).toEqual(NOTHING_EVER);
  },
  LIMIT_MS,
);

test.concurrent(
  'a bake that provably never began is not watched for',
  async () => {
    await startWith('never-began', {}, 'missing');
    const status = await assay.until('never-began', ended);
    expect(status).toMatchObject({
      status: 'FAILED',
      reasons: [],
      error: expect.stringMatching(/^baking: Gate knows no pipeline "no-such-pipeline"/),
    });
    expect(left('never-began')).toEqual(NOTHING_EVER);
  },
  LIMIT_MS,
);

// Three seconds later: after the run's own clean-up has looked, and long before the watch is over.
test.concurrent.each([
  ['of a failed bake', { bake: 'fails-late', lateImageSeconds: 60 }, 'FAILED'],
  ['of a cancelled bake', { bake: 'never-ends', lateImage: true, lateImageSeconds: 60 }, 'CANCELED'],
] as const)(
  'a late image %s is found and removed after the run has ended',
  async (what, habits, ending) => {
    const run = what.replaceAll(' ', '-');
    await startWith(run, habits);
    if (ending === 'CANCELED') {
      await assay.until(run, ({ progress }) => progress.includes('is RUNNING'));
      expect(await assay.cancel(run)).toMatchObject({ canceled: true });
    }
    const status = await assay.until(run, ended);
    expect(status.status).toBe(ending);
    const [until] = status.reasons.flatMap((reason) => LATE.exec(reason)?.[1] ?? []);
    // `bakeLimitMinutes` of this config.
    expect(Date.parse(until ?? '') - Date.parse(status.closedAt ?? '')).toBeLessThanOrEqual(6_000);
    const removed = JSON.parse(
      await assay.temporalCommand('workflow', 'result', '--workflow-id', `late-bake/${run}`, '-o', 'json'),
    ) as { status: string; result: string[] };
    const [image] = assay.simulator.state().images.filter(({ tags }) => tags['assay:run'] === run);
    expect(removed).toMatchObject({ status: 'COMPLETED', result: [image?.id] });
    expect(left(run)).toEqual(NOTHING);
  },
  LIMIT_MS,
);

const CAPACITY = /^deploying: deploy execution \S+ ended (?:TERMINAL|SUCCEEDED): .*vCPU limit/;
test.concurrent.each([
  ['fails', CAPACITY],
  ['fails-late', CAPACITY],
  ['continues', CAPACITY],
  [
    'no-instance',
    /^deploying: the deploy was not done within 6 seconds; .*goldenami-candidate-v\d+ has no instance yet/,
  ],
] as const)(
  'a deploy that %s says why, and nothing is left',
  async (deploy, error) => {
    const run = `deploy-${deploy}`;
    await startWith(run, { deploy }, deploy === 'no-instance' ? 'impatient' : 'golden');
    expect(await assay.until(run, ended)).toMatchObject({ status: 'FAILED', error: expect.stringMatching(error) });
    expect(left(run)).toEqual(NOTHING);
  },
  LIMIT_MS,
);

test.concurrent(
  'a parameter that never takes the image fails the publication; a line without an approved image stays so',
  async () => {
    await startWith('untaken', { validation: 'fails' }, 'unproven');
    await approve('untaken');
    expect(await assay.until('untaken', ended)).toMatchObject({
      status: 'FAILED',
      published: [],
      error: expect.stringMatching(
        /^publication: \/golden-ami\/unproven\/latest does not take ami-\S+: SSM accepted it 3/,
      ),
    });
    expect(left('untaken')).toEqual(NOTHING);
    expect(parameterOf('unproven')?.versions.map(({ state }) => state)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(await assay.call('alice', 'GET', '/v1/lines/unproven/approved')).toMatchObject({ code: 404 });
  },
  LIMIT_MS,
);

test.concurrent(
  'a publication that fails leaves the approved image before it as it was, and the line goes on',
  async () => {
    await startWith('first', {}, 'proven');
    await approve('first');
    const { amiId } = await assay.until('first', ended);
    await startWith('second', { validation: 'fails' }, 'proven');
    await approve('second');
    expect(await assay.until('second', ended)).toMatchObject({ status: 'FAILED', published: [] });
    expect(left('second')).toEqual(NOTHING);
    expect(left('first')).toEqual(APPROVED);
    expect(approvedVersion('proven')).toMatchObject({ value: amiId, version: 1 });
    expect(await assay.call('alice', 'GET', '/v1/lines/proven/approved')).toMatchObject({ body: { amiId } });
    await startWith('third', {}, 'proven');
    await approve('third');
    const third = await assay.until('third', ended);
    expect(third).toMatchObject({ status: 'SUCCEEDED', published: [expect.objectContaining({ version: 2 })] });
    expect(approvedVersion('proven')).toMatchObject({ value: third.amiId });
  },
  LIMIT_MS,
);

test.concurrent(
  'a publication that AWS forbids names the right that is missing, and nothing is left',
  async () => {
    assay.simulator.faults.add({
      ...{ service: 'ssm', operation: 'PutParameter', kind: 'error', code: 'AccessDeniedException' },
      ...{ count: 'always', contains: '/golden-ami/forbidden/latest' },
    });
    await startWith('not-allowed', {}, 'forbidden');
    await approve('not-allowed');
    expect(await assay.until('not-allowed', ended)).toMatchObject({
      status: 'FAILED',
      error: expect.stringMatching(/^publication: .*grant ssm:PutParameter/),
    });
    expect(left('not-allowed')).toEqual(NOTHING);
  },
  LIMIT_MS,
);

test.concurrent.each([
  ['lies', /^instance: .*destroy execution \S+ .*ended SUCCEEDED.*Auto Scaling group \S+ still exists/],
  ['fails', /^instance: .*ended TERMINAL: .*Scaling activity is in progress.*Auto Scaling group \S+ still/],
] as const)(
  'an undo whose destroy %s stays open and says what is stuck, until it is mended',
  async (destroy, stuck) => {
    const run = `destroy-${destroy}`;
    await startWith(run, { destroy }, 'old');
    const shown = await assay.until(run, ({ reasons }) => reasons.some((reason) => stuck.test(reason)));
    expect(shown).toMatchObject({ status: 'RUNNING', stage: 'cleaning-up', closedAt: null, verdict: 'deny' });
    expect(left(run)).toMatchObject({ instances: 1, groups: 1 });
    // Each try leaves an execution in Spinnaker, so they become rarer.
    const tries = assay.simulator
      .state()
      .executions.filter(({ kind, parameters }) => kind === 'destroy' && parameters['assayRun'] === run);
    expect(tries.length).toBeGreaterThan(1);
    expect(tries.length).toBeLessThan(8);
    assay.simulator.behave({ destroy: 'succeeds' }, run);
    expect(await assay.until(run, ended)).toMatchObject({ status: 'DENIED', verdict: 'deny' });
    expect(left(run)).toEqual(NOTHING);
  },
  LIMIT_MS,
);

test.concurrent(
  'snapshots that cannot be deleted are not forgotten once their image is gone',
  async () => {
    const run = 'snapshot-stays';
    await startWith(run, {}, 'old');
    const image = await eventually(() => assay.simulator.state().images.find(({ tags }) => tags['assay:run'] === run), {
      timeoutMs: 90_000,
    });
    const mended = assay.simulator.faults.add({
      ...{ service: 'ec2', operation: 'DeleteSnapshot', kind: 'error', code: 'UnauthorizedOperation', status: 403 },
      ...{ count: 'always', contains: image.snapshotIds[0] as string },
    });
    const stuck = /^image: ec2:DeleteSnapshot .*UnauthorizedOperation/;
    expect(await assay.until(run, ({ reasons }) => reasons.some((reason) => stuck.test(reason)))).toMatchObject({
      status: 'RUNNING',
      stage: 'cleaning-up',
    });
    expect(left(run)).toMatchObject({ images: 0, snapshots: 1 });
    mended();
    expect(await assay.until(run, ended)).toMatchObject({ status: 'DENIED' });
    expect(left(run)).toEqual(NOTHING);
  },
  LIMIT_MS,
);

// Gate is everybody's: this one comes when the others are through.
test(
  'Gate away for longer than it may be: the Auto Scaling group goes through AWS',
  async () => {
    const { id } = await assay.start();
    await asked(id);
    const back = assay.simulator.faults.add({ service: 'gate', operation: '*', kind: '503', count: 'always' });
    await assay.decide('alice', id, 'deny');
    const status = await assay.until(id, ended);
    back();
    expect(status.status).toBe('DENIED');
    expect(left(id)).toEqual(NOTHING);
    const { executions, events, autoScalingGroups } = assay.simulator.state();
    const group = autoScalingGroups.find(({ tags }) => tags['assay:run'] === id)?.name;
    expect(events.filter((event) => event.what === 'group.deleting' && event['group'] === group).at(-1)).toMatchObject({
      by: 'autoscaling',
    });
    expect(executions.some(({ kind, parameters }) => kind === 'destroy' && parameters['assayRun'] === id)).toBe(false);
  },
  LIMIT_MS,
);

/** One person approves. */
async function approve(run: string): Promise<void> {
  await asked(run);
  expect(await assay.decide('alice', run, 'approve')).toMatchObject({ code: 200 });
}

const parameterOf = (line: string) =>
  assay.simulator.state().parameters.find(({ name }) => name === `/golden-ami/${line}/latest`);
const approvedVersion = (line: string) =>
  parameterOf(line)?.versions.find(({ state, labels }) => state === 'applied' && labels.includes('approved'));

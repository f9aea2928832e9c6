import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { StatusDocument } from '../../src/domain/status';
import type { Behaviour } from '../../src/simulator';
import { eventually, untilPasses } from '../setup/helpers';
import { openAssay, type Assay } from './assay';

const USER_DATA = readFileSync(join(__dirname, '../../integrations/spinnaker/user-data.sh'), 'utf8');
const [FIRST, SECOND] = ['subnet-0aaaaaaaaaaaaaaa0', 'subnet-0aaaaaaaaaaaaaaa1'] as const;

const ec2 = (change: object = {}) => ({
  ec2: {
    subnetIds: [FIRST, SECOND],
    securityGroupIds: ['sg-0123456789abcdef0'],
    instanceType: 't3.small',
    instanceProfile: 'golden-test',
    userDataFile: 'user-data.sh',
    timeoutMinutes: 1,
    ...change,
  },
});
/** No bake, and no Spinnaker: what is launched is what a request brings. A clean image needs nobody. */
const line = (change: object = {}) => ({
  bake: undefined,
  deploy: ec2(change),
  approval: { groups: { security: 1 }, auto: true },
});

let assay: Assay;
beforeAll(async () => {
  assay = await openAssay({
    spinnaker: null,
    files: { 'user-data.sh': USER_DATA },
    line: line(),
    lines: {
      // As long as a few rounds, and with requests that are short enough to be logged whole.
      hasty: line({ timeoutMinutes: 0.25, userDataFile: undefined }),
      nobody: line({ instanceProfile: 'nobody', userDataFile: undefined }),
      roleless: line({ instanceProfile: 'roleless', userDataFile: undefined }),
      asking: { ...line(), approval: { groups: { security: 1 } } },
    },
  });
  assay.simulator.seed.profile({ name: 'golden-test' });
  assay.simulator.seed.profile({ name: 'roleless', roles: [] });
}, 120_000);
afterAll(() => assay.close());

/** Starts a run of a clean image that it brings. */
async function start(run: string, habits: Partial<Behaviour> = {}, of = 'golden'): Promise<string> {
  const { id } = assay.simulator.seed.image({ name: `brought-${run}`, profile: 'debian-13-slim' });
  assay.simulator.behave(habits, run);
  await assay.start({ line: of, image: { id, region: 'us-east-1' } }, run);
  return id;
}
const ended = (run: string): Promise<StatusDocument> => assay.until(run, ({ closedAt }) => closedAt !== null, 120_000);

const launched = (run: string) => assay.simulator.state().instances.filter(({ tags }) => tags['assay:run'] === run);
const asked = (run: string) =>
  assay.simulator.requests().filter(({ operation, params }) => operation === 'RunInstances' && params.includes(run));

/** The image is its owner's and stays; nothing else of the run is left. */
function expectNothingLeft(run: string, image: string): void {
  const { instances, volumes, networkInterfaces, images } = assay.simulator.state();
  const ours = ({ tags }: { tags: Readonly<Record<string, string>> }): boolean => tags['assay:run'] === run;
  expect(instances.filter(ours).filter(({ state }) => state !== 'terminated')).toEqual([]);
  expect(volumes.filter(ours).filter(({ state }) => state !== 'deleted')).toEqual([]);
  expect(networkInterfaces.filter(ours).filter(({ state }) => state !== 'deleted')).toEqual([]);
  expect(images.find(({ id }) => id === image)).toMatchObject({ deregisteredAt: null });
}

test('a brought image is approved by way of an instance that is launched hardened, tagged, and gone at the end', async () => {
  const image = await start('plain', { keepsInterfaces: true });
  expect(await ended('plain')).toMatchObject({
    status: 'SUCCEEDED',
    amiId: image,
    instanceId: launched('plain')[0]?.id,
  });
  expect(launched('plain')).toEqual([
    expect.objectContaining({
      imageId: image,
      instanceType: 't3.small',
      clientToken: 'plain/launch/1',
      hardware: {
        subnetId: FIRST,
        securityGroupIds: ['sg-0123456789abcdef0'],
        publicAddress: false,
        keyName: null,
        instanceProfile: 'arn:aws:iam::111122223333:instance-profile/golden-test',
        shutdownBehavior: 'terminate',
        metadataOptions: { httpEndpoint: 'enabled', httpTokens: 'required', httpPutResponseHopLimit: 1 },
        userData: USER_DATA,
      },
      tags: {
        Name: 'assay golden plain',
        'assay:managed': 'true',
        'assay:run': 'plain',
        'assay:line': 'golden',
        'assay:expires': expect.stringMatching(/^\d{4}-.*Z$/),
      },
    }),
  ]);
  const tags = launched('plain')[0]?.tags;
  const { volumes, networkInterfaces, images } = assay.simulator.state();
  for (const all of [volumes, networkInterfaces])
    expect(all.filter((one) => one.tags['assay:run'] === 'plain').map((one) => one.tags)).toEqual([tags]);
  expect(images.find(({ id }) => id === image)?.tags['assay:state']).toBe('approved');
  expectNothingLeft('plain', image);
}, 120_000);

test('without room in the first subnet it is the second, and a lost word in the first does not make two', async () => {
  assay.simulator.faults.add({
    ...{ service: 'ec2', operation: 'RunInstances', kind: 'reset', count: 2 },
    contains: 'lost-and-full',
  });
  const images = {
    full: await start('full', { noCapacity: [FIRST] }),
    'never-offered': await start('never-offered', { notOffered: [FIRST] }),
    'lost-and-full': await start('lost-and-full', { noCapacity: [FIRST] }),
  };
  for (const [run, image] of Object.entries(images)) {
    expect(await ended(run)).toMatchObject({ status: 'SUCCEEDED' });
    expect(launched(run).map(({ hardware, clientToken }) => [hardware.subnetId, clientToken])).toEqual([
      [SECOND, `${run}/launch/2`],
    ]);
    expectNothingLeft(run, image);
  }
}, 120_000);

test('no capacity anywhere, a used-up quota, and a type that no zone has end in words of their own', async () => {
  const images = {
    nowhere: await start('nowhere', { noCapacity: ['*'] }, 'hasty'),
    quota: await start('quota', { quota: 'VcpuLimitExceeded' }, 'hasty'),
    unsupported: await start('unsupported', { notOffered: [FIRST, SECOND] }),
  };
  const words: Readonly<Record<string, string>> = {
    nowhere: `deploying: the deploy was not done within 15 seconds; no capacity for t3.small in any subnet: subnet-`,
    quota:
      'deploying: the deploy was not done within 15 seconds; a quota of the account is used up (VcpuLimitExceeded: ',
    unsupported: `deploying: t3.small is not offered in the zone of any subnet: ${FIRST} (Unsupported: `,
  };
  for (const [run, image] of Object.entries(images)) {
    const { status, error } = await ended(run);
    expect(status).toBe('FAILED');
    expect(error?.slice(0, words[run]?.length)).toBe(words[run]);
    expect(launched(run)).toEqual([]);
    expectNothingLeft(run, image);
  }
  // A quota is the same in every subnet; capacity is not.
  expect(asked('quota').every(({ params }) => params.includes(FIRST))).toBe(true);
  expect(asked('nowhere').some(({ params }) => params.includes(SECOND))).toBe(true);
  // Every try that was certainly refused had a token of its own.
  const tokens = asked('nowhere').map(({ params }) => /ClientToken=([^&]+)/.exec(params)?.[1]);
  expect(new Set(tokens).size).toBeGreaterThan(2);
}, 120_000);

test('a launch whose answer is lost, and that EC2 does not show for a while, is one instance', async () => {
  assay.simulator.faults.add({
    ...{ service: 'ec2', operation: 'RunInstances', kind: 'accept-then-drop', count: 5 },
    contains: 'unheard',
  });
  const image = await start('unheard', { hiddenSeconds: 20 });
  expect(await ended('unheard')).toMatchObject({ status: 'SUCCEEDED' });
  expect(launched('unheard')).toHaveLength(1);
  expectNothingLeft('unheard', image);
}, 120_000);

test('a missing instance profile, and one without a role, end the run before anything is launched', async () => {
  const images = {
    nobody: await start('by-nobody', {}, 'nobody'),
    roleless: await start('by-roleless', {}, 'roleless'),
  };
  expect(await ended('by-nobody')).toMatchObject({
    status: 'FAILED',
    error: 'deploying: the instance profile nobody does not exist',
  });
  expect((await ended('by-roleless')).error).toMatch(/^deploying: the instance profile roleless has no role/);
  for (const run of ['nobody', 'roleless'] as const) {
    expect([...asked(`by-${run}`), ...launched(`by-${run}`)]).toEqual([]);
    expectNothingLeft(`by-${run}`, images[run]);
  }
}, 120_000);

test('an instance that EC2 cannot start ends the deploy with what EC2 says', async () => {
  const image = await start('stillborn', { startFailure: ['Client.InternalError', 'Client error on launch'] });
  const { status, error } = await ended('stillborn');
  expect(status).toBe('FAILED');
  expect(error).toMatch(/^deploying: i-\w+ is terminated: Client\.InternalError: Client error on launch$/);
  expectNothingLeft('stillborn', image);
}, 120_000);

test('a cancel while it boots, and one while the answer of the launch is still missing, leave nothing', async () => {
  assay.simulator.faults.add({
    ...{ service: 'ec2', operation: 'RunInstances', kind: 'accept-then-drop', count: 'always' },
    contains: 'never-heard',
  });
  const cases = { booting: { bootSeconds: 100_000 }, 'never-heard': { hiddenSeconds: 100 } };
  for (const [run, habits] of Object.entries(cases)) {
    const image = await start(run, habits);
    await eventually(() => launched(run).length > 0, { timeoutMs: 60_000 });
    const { body } = await assay.call('ci', 'POST', `/v1/runs/${run}/cancel`);
    expect(body).toMatchObject({ canceled: true });
    expect(await ended(run)).toMatchObject({ status: 'CANCELED' });
    expect(launched(run)).toHaveLength(1);
    expectNothingLeft(run, image);
  }
}, 120_000);

test('an instance that EC2 shows only after the run has ended is removed all the same', async () => {
  assay.simulator.faults.add({
    ...{ service: 'ec2', operation: 'RunInstances', kind: 'accept-then-drop', count: 'always' },
    contains: 'shown-late',
  });
  const image = await start('shown-late', { hiddenSeconds: 600 });
  await eventually(() => launched('shown-late').length > 0, { timeoutMs: 60_000 });
  await assay.call('ci', 'POST', '/v1/runs/shown-late/cancel');
  const { status, reasons } = await ended('shown-late');
  expect(status).toBe('CANCELED');
  expect(reasons).toContainEqual(
    expect.stringMatching(/^a late instance of the given-up launch is watched for until /),
  );
  expect(launched('shown-late')).toMatchObject([{ state: 'running' }]);
  await eventually(() => launched('shown-late')[0]?.state === 'terminated', { timeoutMs: 60_000 });
  await untilPasses(() => expectNothingLeft('shown-late', image));
}, 180_000);

test('what a run that was terminated inside Temporal has launched is swept, and its image stays', async () => {
  const image = await start('ended-hard', { scanSeconds: null }, 'asking');
  await assay.until('ended-hard', ({ stage }) => stage === 'assessing');
  const connection = await Connection.connect({ address: assay.temporal.address });
  try {
    const client = new Client({ connection, namespace: assay.temporal.namespace });
    await client.workflow.getHandle('run/ended-hard').terminate('by a person');
    await client.workflow.execute('sweepRun', {
      taskQueue: 'assay',
      workflowId: 'sweep/ended-hard',
      args: [{ run: 'ended-hard' }],
    });
  } finally {
    await connection.close();
  }
  expect(launched('ended-hard')).toHaveLength(1);
  expectNothingLeft('ended-hard', image);
}, 120_000);

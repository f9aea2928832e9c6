import { createAws } from '../../../src/adapters/aws/aws';
import { createAwsClients, type AwsClients } from '../../../src/adapters/aws/clients';
import type { Aws, LaunchOrder } from '../../../src/adapters/ports';
import { Final, Forbidden, TryAgain } from '../../../src/domain/errors';
import { startSimulator, type Behaviour } from '../../../src/simulator';
import { eventually } from '../../setup/helpers';
import { ENVIRONMENT } from './setup';

type Simulator = Awaited<ReturnType<typeof startSimulator>>;

let simulator: Simulator;
let clients: AwsClients;
let aws: Aws;
let imageId: string;
const before = { ...process.env };

beforeEach(async () => {
  for (const name of Object.keys(process.env).filter((one) => one.startsWith('AWS_'))) delete process.env[name];
  Object.assign(process.env, ENVIRONMENT);
  simulator = await startSimulator({ speed: 50, behaviour: { hiddenReads: 0, hiddenSeconds: 0 } });
  clients = createAwsClients({ endpoint: simulator.url, region: 'us-east-1', maxAttempts: 1 });
  aws = createAws(clients);
  imageId = simulator.seed.image().id;
  simulator.seed.profile({ name: 'golden-test', path: '/teams/' });
  simulator.seed.profile({ name: 'bare', roles: [] });
});
afterEach(async () => {
  clients.destroy();
  await simulator.stop();
});
afterAll(() => {
  process.env = before;
});

const [A, B] = ['subnet-0aaaaaaaaaaaaaaa0', 'subnet-0aaaaaaaaaaaaaaa1'] as const;
const order = (change: Partial<LaunchOrder> = {}): LaunchOrder => ({
  token: 'r-1/launch/1',
  imageId,
  instanceType: 't3.small',
  subnetId: A,
  securityGroupIds: ['sg-0123456789abcdef0', 'sg-01234567'],
  instanceProfile: 'golden-test',
  userData: '#!/bin/sh\necho "é & +"\n',
  tags: { Name: 'assay golden r-1', 'assay:run': 'r-1' },
  ...change,
});
const launch = (change: Partial<LaunchOrder> = {}) => aws.region('us-east-1').instances.launch(order(change));
const fault = (change: object) =>
  simulator.faults.add({ service: 'ec2', operation: 'RunInstances', kind: 'error', ...change } as never);
const made = () => simulator.state().instances;

test('an instance is launched hardened, in its subnet, with tags on all that comes with it', async () => {
  const { instances } = aws.region('us-east-1');
  const answer = await launch();
  expect(answer).toEqual({ kind: 'launched', instanceId: made()[0]?.id });
  expect(made()).toEqual([
    expect.objectContaining({
      imageId,
      clientToken: 'r-1/launch/1',
      instanceType: 't3.small',
      tags: order().tags,
      hardware: {
        subnetId: A,
        securityGroupIds: ['sg-0123456789abcdef0', 'sg-01234567'],
        publicAddress: false,
        keyName: null,
        instanceProfile: 'arn:aws:iam::111122223333:instance-profile/teams/golden-test',
        shutdownBehavior: 'terminate',
        metadataOptions: { httpEndpoint: 'enabled', httpTokens: 'required', httpPutResponseHopLimit: 1 },
        userData: '#!/bin/sh\necho "é & +"\n',
      },
    }),
  ]);
  expect(simulator.state().volumes.map(({ tags }) => tags)).toEqual([order().tags]);
  expect(await instances.interfacesOfRun('r-1')).toEqual(simulator.state().networkInterfaces.map(({ id }) => id));
});

test('the profile may be an ARN, and user data may be left out', async () => {
  await launch({
    instanceProfile: 'arn:aws:iam::111122223333:instance-profile/teams/golden-test',
    userData: null,
  });
  expect(made()[0]?.hardware).toMatchObject({
    instanceProfile: expect.stringContaining('golden-test'),
    userData: null,
  });
});

test('the same order again, after a lost answer too, is the same instance', async () => {
  fault({ kind: 'accept-then-drop' });
  await expect(launch()).rejects.toBeInstanceOf(TryAgain);
  expect(await launch()).toEqual({ kind: 'launched', instanceId: made()[0]?.id });
  expect(await launch()).toEqual({ kind: 'launched', instanceId: made()[0]?.id });
  expect(made()).toHaveLength(1);
});

test('another order under the token is a mismatch, and launches nothing', async () => {
  await launch();
  expect(await launch({ userData: null })).toEqual({ kind: 'mismatch' });
  expect(made()).toHaveLength(1);
});

test('a long token is told by its hash, which EC2 takes, and is the same each time', async () => {
  const token = `${'k'.repeat(100)}~2/launch/1`;
  await launch({ token });
  await launch({ token });
  expect(made().map(({ clientToken }) => clientToken)).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
  await launch({ token: `${token}2`, subnetId: A });
  expect(made()).toHaveLength(2);
});

test.each<[Partial<Behaviour>, string, string]>([
  [{ noCapacity: [A] }, 'zone', 'InsufficientInstanceCapacity'],
  [{ notOffered: [A] }, 'never-there', 'Unsupported'],
  [{ quota: 'VcpuLimitExceeded' }, 'quota', 'VcpuLimitExceeded'],
  [{ quota: 'InstanceLimitExceeded' }, 'quota', 'InstanceLimitExceeded'],
])('with %j it is refused as %s', async (habits, kind, code) => {
  simulator.behave(habits);
  expect(await launch()).toEqual({
    kind: 'refused',
    refusal: { kind, code, message: expect.stringMatching(/\w+ \w+/) },
  });
  expect(made()).toEqual([]);
});

test('a refused token may be used again once there is room, and another subnet has room all the while', async () => {
  simulator.behave({ noCapacity: [A] });
  expect((await launch()).kind).toBe('refused');
  expect((await launch({ subnetId: B, token: 'r-1/launch/2' })).kind).toBe('launched');
  simulator.behave({ noCapacity: [] });
  expect((await launch()).kind).toBe('launched');
});

test.each([
  ['a throttle', { kind: 'throttle' }, TryAgain, /RequestLimitExceeded/],
  ['a fault of EC2', { kind: '500' }, TryAgain, /InternalError/],
  ['a reset', { kind: 'reset' }, TryAgain, /cannot be reached/],
  ['half an answer', { kind: 'empty-200' }, TryAgain, /./],
  ['an image that is not seen', { code: 'InvalidAMIID.NotFound' }, TryAgain, /Allowed AMIs/],
  ['a subnet that is not there', { code: 'InvalidSubnetID.NotFound' }, Final, /InvalidSubnetID\.NotFound/],
  ['a group that is not there', { code: 'InvalidGroup.NotFound' }, Final, /InvalidGroup\.NotFound/],
  ['a missing right', { code: 'UnauthorizedOperation', status: 403 }, Forbidden, /grant ec2:RunInstances/],
])('%s is sorted, and launches nothing', async (_, plan, type, words) => {
  fault(plan);
  const error: unknown = await launch().catch((one: unknown) => one);
  expect(error).toBeInstanceOf(type);
  expect((error as Error).message).toMatch(words);
  expect(made()).toEqual([]);
});

test('a profile that EC2 does not see yet is tried again', async () => {
  await expect(launch({ instanceProfile: 'brand-new' })).rejects.toBeInstanceOf(TryAgain);
});

test('user data that is too long is refused for good', async () => {
  await expect(launch({ userData: '#'.repeat(16_385) })).rejects.toBeInstanceOf(Final);
});

test('a profile is found with its roles, without any, or not at all', async () => {
  const region = aws.region('us-east-1');
  expect(await region.instanceProfile('golden-test')).toEqual({
    name: 'golden-test',
    arn: 'arn:aws:iam::111122223333:instance-profile/teams/golden-test',
    roles: ['golden-test-role'],
  });
  expect(await region.instanceProfile('bare')).toMatchObject({ roles: [] });
  expect(await region.instanceProfile('nobody')).toBeUndefined();
});

test.each([
  [{ kind: 'throttle' }, TryAgain],
  [{ kind: '503' }, TryAgain],
  [{ kind: 'reset' }, TryAgain],
  [{ kind: 'error', code: 'AccessDenied', status: 403 }, Forbidden],
])('IAM that answers %j is not a profile that is missing', async (plan, type) => {
  simulator.faults.add({ service: 'iam', operation: 'GetInstanceProfile', ...plan } as never);
  await expect(aws.region('us-east-1').instanceProfile('golden-test')).rejects.toBeInstanceOf(type);
});

test('a network interface goes once it is detached, and one that is gone is fine', async () => {
  const { instances } = aws.region('us-east-1');
  simulator.behave({ keepsInterfaces: true });
  await launch();
  const [id] = (await instances.interfacesOfRun('r-1')) as [string];
  await expect(instances.deleteInterface(id)).rejects.toBeInstanceOf(TryAgain);
  const [instance] = made();
  await instances.terminate(instance?.id ?? '');
  await eventually(() => made()[0]?.state === 'terminated');
  await instances.deleteInterface(id);
  expect(await instances.interfacesOfRun('r-1')).toEqual([]);
  await instances.deleteInterface(id);
});

test('the interfaces of a run are read to the last page, and no other run’s', async () => {
  simulator.behave({ pageSize: 1 });
  await launch();
  await launch({ token: 'r-1/launch/2' });
  await launch({ token: 'r-2/launch/1', tags: { 'assay:run': 'r-2' } });
  expect(await aws.region('us-east-1').instances.interfacesOfRun('r-1')).toHaveLength(2);
});

test('what EC2 says of an instance that it could not start is told', async () => {
  simulator.behave({ startFailure: ['Client.InternalError', 'Client error on launch'], bootSeconds: 0 });
  const answer = await launch();
  const id = answer.kind === 'launched' ? answer.instanceId : '';
  await eventually(() => made()[0]?.state === 'terminated');
  expect(await aws.region('us-east-1').instances.describe(id)).toMatchObject({
    state: 'terminated',
    stateReason: 'Client.InternalError: Client error on launch',
  });
});

import {
  DeleteParameterCommand,
  DescribeInstanceInformationCommand,
  GetParameterCommand,
  GetParametersCommand,
  LabelParameterVersionCommand,
  paginateGetParameterHistory,
  PutParameterCommand,
  type PutParameterCommandInput,
} from '@aws-sdk/client-ssm';
import { RunInstancesCommand, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { eventually } from '../setup/helpers';
import { errorName, openWorld, type Outside } from './world';

const NAME = '/golden-ami/golden/latest';

const put = ({ ssm }: Outside, Value: string, more: Partial<PutParameterCommandInput> = {}) =>
  ssm.send(
    new PutParameterCommand({ Name: NAME, Value, Type: 'String', DataType: 'aws:ec2:image', Overwrite: true, ...more }),
  );

const read = async ({ ssm }: Outside, Name = NAME) => (await ssm.send(new GetParameterCommand({ Name }))).Parameter;

const shows = (world: Outside, value: string): Promise<unknown> =>
  eventually(async () => (await read(world))?.Value === value);

describe('an aws:ec2:image parameter', () => {
  test('has a version at once, and a value only after its validation', async () => {
    const world = await openWorld({ speed: 10 });
    const [one, two] = [world.simulator.seed.image(), world.simulator.seed.image()];
    expect((await put(world, one.id)).Version).toBe(1);
    expect(await errorName(read(world))).toBe('ParameterNotFound');
    expect(await errorName(put(world, two.id))).toBe('TooManyUpdates');
    await shows(world, one.id);
    expect((await put(world, two.id)).Version).toBe(2);
    expect(await read(world)).toMatchObject({ Value: one.id, Version: 1, DataType: 'aws:ec2:image' });
    await shows(world, two.id);
    const events = world.simulator.state().events.filter(({ what }) => what.startsWith('parameter.'));
    expect(events.map(({ what }) => what)).toEqual([
      'parameter.put',
      'parameter.applied',
      'parameter.put',
      'parameter.applied',
    ]);
  });

  test.each([
    ['an image that there is not', {}, 'ami-00000000000000000'],
    ['a validation that fails', { validation: 'fails' }, undefined],
  ] as const)('is never applied for %s, although the answer was 200', async (_what, behaviour, value) => {
    const world = await openWorld({ behaviour });
    const { id } = world.simulator.seed.image();
    await put(world, value ?? id);
    await eventually(() => world.simulator.state().parameters[0]?.versions[0]?.state === 'rejected');
    expect(await errorName(read(world))).toBe('ParameterNotFound');
  });

  test('refuses a value that is no image id at once', async () => {
    expect(await errorName(put(await openWorld(), 'latest'))).toBe('ValidationException');
  });

  test('exists: without Overwrite it is not replaced, and tags do not go with Overwrite', async () => {
    const world = await openWorld();
    const { id } = world.simulator.seed.image();
    world.simulator.seed.parameter({ name: NAME, value: id });
    expect(await errorName(put(world, id, { Overwrite: false }))).toBe('ParameterAlreadyExists');
    expect(await errorName(put(world, id, { Tags: [{ Key: 'a', Value: 'b' }] }))).toBe('ValidationException');
  });
});

test('labels live on one version at a time and select it, as numbers do', async () => {
  const world = await openWorld();
  const [one, two] = [world.simulator.seed.image(), world.simulator.seed.image()];
  world.simulator.seed.parameter({ name: NAME, value: one.id, labels: ['approved'] });
  world.simulator.seed.parameter({ name: NAME, value: two.id });
  expect((await read(world, `${NAME}:approved`))?.Value).toBe(one.id);
  expect((await read(world, `${NAME}:1`))?.Value).toBe(one.id);
  const label = (Labels: string[]) =>
    world.ssm.send(new LabelParameterVersionCommand({ Name: NAME, ParameterVersion: 2, Labels }));
  expect(await label(['approved', '1st'])).toMatchObject({ ParameterVersion: 2, InvalidLabels: ['1st'] });
  expect(await read(world, `${NAME}:approved`)).toMatchObject({ Value: two.id, Version: 2, Selector: ':approved' });
  expect(await errorName(read(world, `${NAME}:9`))).toBe('ParameterVersionNotFound');
  const many = Array.from({ length: 10 }, (_, index) => `label-${index}`);
  expect(await errorName(label(many))).toBe('ParameterVersionLabelLimitExceeded');
  expect(world.simulator.state().parameters[0]?.versions.map(({ labels }) => labels)).toEqual([[], ['approved']]);
});

test('the history comes in pages; several are read at once; a deleted one is gone', async () => {
  const world = await openWorld({ pageSize: 2 });
  const { id } = world.simulator.seed.image();
  for (let i = 0; i < 5; i += 1) world.simulator.seed.parameter({ name: NAME, value: id });
  const pages: number[][] = [];
  for await (const { Parameters = [] } of paginateGetParameterHistory({ client: world.ssm }, { Name: NAME })) {
    pages.push(Parameters.map(({ Version = 0 }) => Version));
  }
  expect(pages).toEqual([[1, 2], [3, 4], [5]]);
  const several = await world.ssm.send(new GetParametersCommand({ Names: [NAME, '/none'] }));
  expect(several).toMatchObject({ Parameters: [{ Version: 5 }], InvalidParameters: ['/none'] });
  await world.ssm.send(new DeleteParameterCommand({ Name: NAME }));
  expect(await errorName(read(world))).toBe('ParameterNotFound');
});

test('only a hundred versions are kept, and a labelled oldest one is not dropped', async () => {
  const world = await openWorld();
  const { id } = world.simulator.seed.image();
  for (let i = 0; i < 100; i += 1)
    world.simulator.seed.parameter({ name: NAME, value: id, labels: i === 0 ? ['approved'] : [] });
  expect(await errorName(put(world, id))).toBe('ParameterMaxVersionLimitExceeded');
});

test('an agent comes online some time after its instance, and is lost with it', async () => {
  const world = await openWorld({ speed: 20 });
  const { id } = world.simulator.seed.image();
  const input = { ImageId: `resolve:ssm:${NAME}:1`, MinCount: 1, MaxCount: 1 };
  world.simulator.seed.parameter({ name: NAME, value: id });
  const { Instances } = await world.ec2.send(new RunInstancesCommand(input));
  const instance = Instances?.[0]?.InstanceId as string;
  expect(Instances?.[0]?.ImageId).toBe(id);
  const ping = async (): Promise<string | undefined> => {
    const Filters = [{ Key: 'InstanceIds', Values: [instance] }];
    const { InstanceInformationList } = await world.ssm.send(new DescribeInstanceInformationCommand({ Filters }));
    return InstanceInformationList?.[0]?.PingStatus;
  };
  expect(await ping()).toBeUndefined();
  await eventually(async () => (await ping()) === 'Online');
  await world.ec2.send(new TerminateInstancesCommand({ InstanceIds: [instance] }));
  await eventually(async () => (await ping()) === 'ConnectionLost');
});

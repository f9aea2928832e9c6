import { Final, NotFound, TryAgain } from '../../../src/domain/errors';
import { ec2Error, tagSet, xml } from './fake-aws';
import { useFakeAws } from './setup';

const shared = useFakeAws();
const instances = () => shared.aws.region('us-gov-west-1').instances;

const item = (id: string, { state = 'running', tags = {}, image = '<imageId>ami-1</imageId>' } = {}) => `<item>
  <instanceId>${id}</instanceId>${image}<instanceState><code>16</code><name>${state}</name></instanceState>
  <launchTime>2026-11-23T10:00:00.000Z</launchTime>
  <blockDeviceMapping>
    <item><deviceName>/dev/xvda</deviceName><ebs><volumeId>vol-1</volumeId><status>attached</status></ebs></item>
    <item><deviceName>/dev/xvdb</deviceName><ebs><volumeId>vol-2</volumeId></ebs></item>
  </blockDeviceMapping>${tagSet(tags)}</item>`;

/** Each argument is a reservation, i.e. what one launch made. */
const page = (reservations: readonly (readonly string[])[], token?: string) =>
  xml(
    'DescribeInstances',
    `<reservationSet>${reservations
      .map((some) => `<item><reservationId>r</reservationId><instancesSet>${some.join('')}</instancesSet></item>`)
      .join('')}</reservationSet>${token === undefined ? '' : `<nextToken>${token}</nextToken>`}`,
  );

const volumes = (items: readonly (readonly [id: string, state: string, run?: string])[], token?: string) =>
  xml(
    'DescribeVolumes',
    `<volumeSet>${items
      .map(
        ([id, state, run]) =>
          `<item><volumeId>${id}</volumeId><status>${state}</status>${tagSet(run === undefined ? {} : { 'assay:run': run })}</item>`,
      )
      .join('')}</volumeSet>${token === undefined ? '' : `<nextToken>${token}</nextToken>`}`,
  );

test('an instance is described in the words of the domain, in its region', async () => {
  shared.fake.on('DescribeInstances', page([[item('i-0', {})], [item('i-1', { tags: { 'assay:run': 'r1' } })]]));
  expect(await instances().describe('i-1')).toEqual({
    id: 'i-1',
    imageId: 'ami-1',
    state: 'running',
    stateReason: null,
    launchedAt: '2026-11-23T10:00:00.000Z',
    volumeIds: ['vol-1', 'vol-2'],
    tags: { 'assay:run': 'r1' },
  });
  expect(shared.fake.asked[0]).toMatchObject({ region: 'us-gov-west-1', form: { 'InstanceId.1': 'i-1' } });
  expect(shared.fake.asked[0]?.form).not.toHaveProperty('MaxResults');
});

test('an instance that EC2 does not show (yet) is not found, and a terminated one is still shown', async () => {
  shared.fake.on('DescribeInstances', ec2Error('InvalidInstanceID.NotFound'));
  await expect(instances().describe('i-1')).rejects.toBeInstanceOf(NotFound);
  shared.fake.on('DescribeInstances', page([]));
  await expect(instances().describe('i-1')).rejects.toBeInstanceOf(NotFound);
  shared.fake.on('DescribeInstances', page([[item('i-1', { state: 'terminated' })]]));
  expect((await instances().describe('i-1')).state).toBe('terminated');
});

test('an instance whose image is not shown yet is looked at again rather than guessed', async () => {
  shared.fake.on('DescribeInstances', page([[item('i-1', { image: '' })]]));
  await expect(instances().describe('i-1')).rejects.toBeInstanceOf(TryAgain);
});

test('the instances of a run are read to the last page, without the terminated ones', async () => {
  const tags = { 'assay:run': 'r1' };
  shared.fake.on(
    'DescribeInstances',
    page([], 'two'),
    page([[item('i-1', { tags }), item('i-2', { tags, state: 'terminated' })], [item('i-3', { tags })]], 'three'),
    page([[item('i-4', { tags, state: 'shutting-down' }), item('i-5', { tags: { 'assay:run': 'r2' } })]]),
  );
  expect((await instances().ofRun('r1')).map(({ id }) => id)).toEqual(['i-1', 'i-3', 'i-4']);
  const { form } = shared.fake.asked[0] as { form: Record<string, string> };
  expect(form).toMatchObject({ 'Filter.1.Name': 'tag:assay:run', 'Filter.1.Value.1': 'r1' });
  const states = Object.entries(form).filter(([name]) => name.startsWith('Filter.2.Value'));
  expect(states.map(([, state]) => state).sort()).toEqual([
    'pending',
    'running',
    'shutting-down',
    'stopped',
    'stopping',
  ]);
  expect(shared.fake.asked.map(({ form: { NextToken } }) => NextToken)).toEqual([undefined, 'two', 'three']);
});

test('a termination asks for one instance, and one that is not there is fine', async () => {
  shared.fake.on(
    'TerminateInstances',
    xml('TerminateInstances', '<instancesSet><item><instanceId>i-1</instanceId></item></instancesSet>'),
    ec2Error('InvalidInstanceID.NotFound'),
    ec2Error('OperationNotPermitted', 400, "The instance 'i-1' may not be terminated"),
    ec2Error('IncorrectInstanceState'),
  );
  await instances().terminate('i-1');
  expect(shared.fake.asked[0]?.form).toMatchObject({ 'InstanceId.1': 'i-1' });
  await expect(instances().terminate('i-1')).resolves.toBeUndefined();
  await expect(instances().terminate('i-1')).rejects.toThrow(
    new Final(
      "ec2:TerminateInstances in us-gov-west-1: OperationNotPermitted: The instance 'i-1' may not be terminated",
    ),
  );
  await expect(instances().terminate('i-1')).rejects.toBeInstanceOf(TryAgain);
});

test('of volumes, those exist that EC2 shows in any state but deleted; they are asked by filter', async () => {
  const second = volumes([
    ['vol-2', 'deleted'],
    ['vol-4', 'in-use'],
    ['vol-5', 'available'],
  ]);
  shared.fake.on('DescribeVolumes', volumes([['vol-1', 'deleting']], 'two'), second);
  expect(await instances().existingVolumes(['vol-1', 'vol-2', 'vol-3', 'vol-4', 'vol-5'])).toEqual([
    { id: 'vol-1', loose: false },
    { id: 'vol-4', loose: false },
    { id: 'vol-5', loose: true },
  ]);
  expect(shared.fake.asked[0]?.form).toMatchObject({ 'Filter.1.Name': 'volume-id', 'Filter.1.Value.3': 'vol-3' });
  expect(shared.fake.asked[0]?.form).not.toHaveProperty('VolumeId.1');
});

test('where volumes and network interfaces are no part of what stands in for EC2, there are none', async () => {
  shared.fake.on('DescribeVolumes', ec2Error('InvalidAction'), ec2Error('InvalidParameterValue'));
  expect(await instances().volumesOfRun('r1')).toEqual([]);
  await expect(instances().volumesOfRun('r1')).rejects.toMatchObject({ name: 'Final' });
  shared.fake.on('DescribeNetworkInterfaces', ec2Error('InvalidAction'));
  expect(await instances().interfacesOfRun('r1')).toEqual([]);
});

test('the volumes of a run carry its tag', async () => {
  shared.fake.on(
    'DescribeVolumes',
    volumes([
      ['vol-1', 'available', 'r1'],
      ['vol-2', 'in-use', 'r2'],
      ['vol-3', 'in-use'],
    ]),
  );
  expect(await instances().volumesOfRun('r1')).toEqual(['vol-1']);
});

test('a volume is deleted; one that is gone is fine, one in use has to wait', async () => {
  shared.fake.on(
    'DeleteVolume',
    xml('DeleteVolume', '<return>true</return>'),
    ec2Error('InvalidVolume.NotFound'),
    ec2Error('VolumeInUse'),
  );
  await instances().deleteVolume('vol-1');
  expect(shared.fake.asked[0]?.form).toMatchObject({ VolumeId: 'vol-1' });
  await expect(instances().deleteVolume('vol-1')).resolves.toBeUndefined();
  await expect(instances().deleteVolume('vol-1')).rejects.toBeInstanceOf(TryAgain);
});

test('tags of an instance are set by its id', async () => {
  shared.fake.on('CreateTags', xml('CreateTags', '<return>true</return>'));
  await instances().tag('i-1', { 'assay:run': 'r1' });
  expect(shared.fake.asked[0]?.form).toMatchObject({ 'ResourceId.1': 'i-1', 'Tag.1.Key': 'assay:run' });
});

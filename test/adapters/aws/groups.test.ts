import { NotFound, TryAgain } from '../../../src/domain/errors';
import { queryError, queryXml } from './fake-aws';
import { useFakeAws } from './setup';

const shared = useFakeAws();
const groups = () => shared.aws.region('us-east-1').groups;

const member = (name: string, { status = '', run = '' } = {}) => `<member>
  <AutoScalingGroupName>${name}</AutoScalingGroupName><MinSize>1</MinSize><MaxSize>1</MaxSize>
  ${status && `<Status>${status}</Status>`}
  <Instances><member><InstanceId>i-1</InstanceId><LifecycleState>InService</LifecycleState></member></Instances>
  <Tags>${run && `<member><ResourceId>${name}</ResourceId><Key>assay:run</Key><Value>${run}</Value><PropagateAtLaunch>true</PropagateAtLaunch></member>`}</Tags>
</member>`;

const page = (members: readonly string[], token?: string) =>
  queryXml(
    'DescribeAutoScalingGroups',
    `<AutoScalingGroups>${members.join('')}</AutoScalingGroups>${token === undefined ? '' : `<NextToken>${token}</NextToken>`}`,
  );

test('a group is described by name, with the status of its deletion', async () => {
  shared.fake.on('DescribeAutoScalingGroups', page([], 'two'), page([member('app-v000', { run: 'r1' })]));
  expect(await groups().describe('app-v000')).toEqual({
    name: 'app-v000',
    status: null,
    instanceIds: ['i-1'],
    tags: { 'assay:run': 'r1' },
  });
  expect(shared.fake.asked[1]?.form).toMatchObject({
    'AutoScalingGroupNames.member.1': 'app-v000',
    NextToken: 'two',
  });
  shared.fake.on('DescribeAutoScalingGroups', page([member('app-v000', { status: 'Delete in progress' })]));
  expect(await groups().describe('app-v000')).toMatchObject({ status: 'Delete in progress', tags: {} });
});

test('a group that does not exist is undefined', async () => {
  shared.fake.on('DescribeAutoScalingGroups', page([]));
  expect(await groups().describe('app-v000')).toBeUndefined();
});

test('the groups of a run are read to the last page by its tag', async () => {
  shared.fake.on(
    'DescribeAutoScalingGroups',
    page([member('a', { run: 'r1' })], 'two'),
    page([member('b', { run: 'r2' }), member('c', { run: 'r1' })]),
  );
  expect((await groups().ofRun('r1')).map(({ name }) => name)).toEqual(['a', 'c']);
  expect(shared.fake.asked[0]?.form).toMatchObject({
    'Filters.member.1.Name': 'tag:assay:run',
    'Filters.member.1.Values.member.1': 'r1',
  });
});

test('tags go to the group and to the instances it will launch', async () => {
  shared.fake.on('CreateOrUpdateTags', queryXml('CreateOrUpdateTags', ''));
  await groups().tag('app-v000', { 'assay:run': 'r1' });
  await groups().tag('app-v000', {});
  expect(shared.fake.asked.map(({ form }) => form)).toEqual([
    expect.objectContaining({
      'Tags.member.1.ResourceId': 'app-v000',
      'Tags.member.1.ResourceType': 'auto-scaling-group',
      'Tags.member.1.Key': 'assay:run',
      'Tags.member.1.Value': 'r1',
      'Tags.member.1.PropagateAtLaunch': 'true',
    }),
  ]);
});

test('tagging a group that is gone is not found', async () => {
  shared.fake.on(
    'CreateOrUpdateTags',
    queryError('ValidationError', 400, 'AutoScalingGroup name not found - no such group: app-v000'),
  );
  await expect(groups().tag('app-v000', { a: 'b' })).rejects.toBeInstanceOf(NotFound);
});

test('a deletion takes the instances along', async () => {
  shared.fake.on('DeleteAutoScalingGroup', queryXml('DeleteAutoScalingGroup', ''));
  await groups().delete('app-v000');
  expect(shared.fake.asked[0]?.form).toMatchObject({ AutoScalingGroupName: 'app-v000', ForceDelete: 'true' });
});

test.each([
  'AutoScalingGroup name not found - null',
  'AutoScalingGroup app-v000 is pending delete',
  "AutoScalingGroup 'app-v000' delete in progress",
])('a deletion is done, or under way, on the validation error "%s"', async (message) => {
  shared.fake.on('DeleteAutoScalingGroup', queryError('ValidationError', 400, message));
  await expect(groups().delete('app-v000')).resolves.toBeUndefined();
});

test.each(['ResourceInUse', 'ScalingActivityInProgress', 'ResourceContention'])(
  'a deletion is tried again on %s',
  async (code) => {
    shared.fake.on('DeleteAutoScalingGroup', queryError(code));
    await expect(groups().delete('app-v000')).rejects.toBeInstanceOf(TryAgain);
  },
);

test('a deletion with another validation error fails for good', async () => {
  shared.fake.on('DeleteAutoScalingGroup', queryError('ValidationError', 400, 'name must not be empty'));
  await expect(groups().delete('x')).rejects.toMatchObject({ name: 'Final' });
});

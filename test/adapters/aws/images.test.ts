import { Final, NotFound, TryAgain } from '../../../src/domain/errors';
import { ec2Error, tagSet, xml } from './fake-aws';
import { useFakeAws } from './setup';

const shared = useFakeAws();
const images = () => shared.aws.region('eu-central-1').images;

interface Given {
  readonly tags?: Readonly<Record<string, string>>;
  readonly state?: string;
  readonly created?: string;
}

const imageItem = (
  id: string,
  { tags = {}, state = 'available', created = '2026-11-23T10:00:00.000Z' }: Given = {},
) => `<item>
  <imageId>${id}</imageId><imageLocation>1/x</imageLocation><imageState>${state}</imageState><imageOwnerId>111122223333</imageOwnerId>
  <name>golden-${id}</name><creationDate>${created}</creationDate><isPublic>false</isPublic>
  <blockDeviceMapping>
    <item><deviceName>/dev/sda1</deviceName><ebs><snapshotId>snap-1</snapshotId><volumeSize>8</volumeSize></ebs></item>
    <item><deviceName>/dev/sdb</deviceName><ebs><snapshotId>snap-2</snapshotId></ebs></item>
    <item><deviceName>/dev/sdc</deviceName><ebs><snapshotId>snap-1</snapshotId></ebs></item>
    <item><deviceName>/dev/sdd</deviceName><virtualName>ephemeral0</virtualName></item>
  </blockDeviceMapping>${tagSet(tags)}</item>`;

const page = (items: readonly string[], token?: string) =>
  xml(
    'DescribeImages',
    `<imagesSet>${items.join('')}</imagesSet>${token === undefined ? '' : `<nextToken>${token}</nextToken>`}`,
  );

const snapshotPage = (items: readonly string[], token?: string) =>
  xml(
    'DescribeSnapshots',
    `<snapshotSet>${items.join('')}</snapshotSet>${token === undefined ? '' : `<nextToken>${token}</nextToken>`}`,
  );
const snapshotItem = (id: string, tags = {}) =>
  `<item><snapshotId>${id}</snapshotId><status>completed</status>${tagSet(tags)}</item>`;

describe('an image is described', () => {
  test('in the words of the domain, each snapshot once', async () => {
    shared.fake.on('DescribeImages', page([imageItem('ami-1', { tags: { 'assay:run': 'r1', Name: 'ü' } })]));
    expect(await images().describe('ami-1')).toEqual({
      id: 'ami-1',
      region: 'eu-central-1',
      name: 'golden-ami-1',
      ownerId: '111122223333',
      state: 'available',
      createdAt: '2026-11-23T10:00:00.000Z',
      snapshotIds: ['snap-1', 'snap-2'],
      tags: { 'assay:run': 'r1', Name: 'ü' },
    });
    const asked = shared.fake.of('DescribeImages')[0];
    expect(asked?.region).toBe('eu-central-1');
    expect(asked?.form).toMatchObject({ 'ImageId.1': 'ami-1', IncludeDisabled: 'true', IncludeDeprecated: 'true' });
    expect(asked?.form).not.toHaveProperty('MaxResults');
  });

  test('as not found when EC2 does not know it, shows nothing, shows another, or shows it deregistered', async () => {
    shared.fake.on('DescribeImages', ec2Error('InvalidAMIID.NotFound'));
    await expect(images().describe('ami-1')).rejects.toBeInstanceOf(NotFound);
    shared.fake.on('DescribeImages', ec2Error('InvalidAMIID.Unavailable'));
    await expect(images().describe('ami-1')).rejects.toBeInstanceOf(NotFound);
    shared.fake.on('DescribeImages', page([]));
    await expect(images().describe('ami-1')).rejects.toBeInstanceOf(NotFound);
    shared.fake.on('DescribeImages', page([imageItem('ami-2')]));
    await expect(images().describe('ami-1')).rejects.toBeInstanceOf(NotFound);
    shared.fake.on('DescribeImages', page([imageItem('ami-1', { state: 'deregistered' })]));
    await expect(images().describe('ami-1')).rejects.toBeInstanceOf(NotFound);
  });

  test('not at all while its creation date, which decides about publication, is not there', async () => {
    shared.fake.on('DescribeImages', page([imageItem('ami-1', { created: '' })]));
    await expect(images().describe('ami-1')).rejects.toBeInstanceOf(TryAgain);
  });

  test('with a creation date in another spelling, as ISO 8601 in UTC', async () => {
    shared.fake.on('DescribeImages', page([imageItem('ami-1', { created: '2026-11-23T10:00:00+01:00' })]));
    expect((await images().describe('ami-1')).createdAt).toBe('2026-11-23T09:00:00.000Z');
  });
});

describe('images of a run', () => {
  const tags = { 'assay:run': 'r1' };

  test('are read to the last page, over an empty one, and only our own and only that run’s', async () => {
    shared.fake.on(
      'DescribeImages',
      page([imageItem('ami-1', { tags })], 'two'),
      page([], 'three'),
      page([imageItem('ami-2', { tags }), imageItem('ami-x', { tags: { 'assay:run': 'r11' } })], 'four'),
      page([imageItem('ami-3', { tags, state: 'deregistered' }), imageItem('ami-4', { tags, state: 'disabled' })]),
    );
    expect((await images().ofRun('r1')).map(({ id }) => id)).toEqual(['ami-1', 'ami-2', 'ami-4']);
    const asked = shared.fake.of('DescribeImages').map(({ form }) => form);
    expect(asked.map((form) => form['NextToken'])).toEqual([undefined, 'two', 'three', 'four']);
    for (const form of asked)
      expect(form).toMatchObject({
        'Owner.1': 'self',
        'Filter.1.Name': 'tag:assay:run',
        'Filter.1.Value.1': 'r1',
        IncludeDisabled: 'true',
      });
  });

  test('are not given as a whole when the pages go in a circle', async () => {
    shared.fake.on('DescribeImages', page([imageItem('ami-1', { tags })], 'again'));
    await expect(images().ofRun('r1')).rejects.toBeInstanceOf(TryAgain);
    expect(shared.fake.of('DescribeImages')).toHaveLength(2);
  });

  test('are read anew when a page token has expired', async () => {
    shared.fake.on('DescribeImages', page([imageItem('ami-1', { tags })], 'two'), ec2Error('InvalidNextToken'));
    await expect(images().ofRun('r1')).rejects.toBeInstanceOf(TryAgain);
  });
});

describe('snapshots', () => {
  test('that still exist are asked by filter, since a request by ids fails when one is gone', async () => {
    shared.fake.on(
      'DescribeSnapshots',
      snapshotPage([], 'two'),
      snapshotPage([snapshotItem('snap-2'), snapshotItem('snap-9')]),
    );
    expect(await images().existingSnapshots(['snap-1', 'snap-2', 'snap-2'])).toEqual(['snap-2']);
    const { form } = shared.fake.of('DescribeSnapshots')[0] as { form: Record<string, string> };
    expect(form).toMatchObject({ 'Owner.1': 'self', 'Filter.1.Name': 'snapshot-id' });
    expect([form['Filter.1.Value.1'], form['Filter.1.Value.2'], form['Filter.1.Value.3']]).toEqual([
      'snap-1',
      'snap-2',
      undefined,
    ]);
    expect(Object.keys(form).some((name) => name.startsWith('SnapshotId'))).toBe(false);
  });

  test('that still exist: none of none, without asking', async () => {
    expect(await images().existingSnapshots([])).toEqual([]);
    expect(shared.fake.asked).toHaveLength(0);
  });

  test('are asked in groups that fit into a filter', async () => {
    shared.fake.on('DescribeSnapshots', ({ form }) => snapshotPage([snapshotItem(form['Filter.1.Value.1'] ?? '')]));
    const ids = Array.from({ length: 201 }, (_, n) => `snap-${n}`);
    expect(await images().existingSnapshots(ids)).toEqual(['snap-0', 'snap-200']);
  });

  test('of a run are those with its tag', async () => {
    shared.fake.on(
      'DescribeSnapshots',
      snapshotPage([snapshotItem('snap-1', { 'assay:run': 'r1' }), snapshotItem('snap-2', { 'assay:run': 'R1' })]),
    );
    expect(await images().snapshotsOfRun('r1')).toEqual(['snap-1']);
  });
});

describe('a removal', () => {
  test('is asked for by id, and asks for nothing else', async () => {
    shared.fake.on('DeregisterImage', xml('DeregisterImage', '<return>true</return>'));
    shared.fake.on('DeleteSnapshot', xml('DeleteSnapshot', '<return>true</return>'));
    await images().deregister('ami-1');
    await images().deleteSnapshot('snap-1');
    expect(shared.fake.of('DeregisterImage')[0]?.form).toMatchObject({ ImageId: 'ami-1' });
    expect(shared.fake.of('DeregisterImage')[0]?.form).not.toHaveProperty('DeleteAssociatedSnapshots');
    expect(shared.fake.of('DeleteSnapshot')[0]?.form).toMatchObject({ SnapshotId: 'snap-1' });
  });

  test.each(['InvalidAMIID.NotFound', 'InvalidAMIID.Unavailable'])(
    'of an image is done already on %s',
    async (code) => {
      shared.fake.on('DeregisterImage', ec2Error(code));
      await expect(images().deregister('ami-1')).resolves.toBeUndefined();
    },
  );

  test('of a snapshot is done already when there is none, and waits while an image uses it', async () => {
    shared.fake.on('DeleteSnapshot', ec2Error('InvalidSnapshot.NotFound'));
    await expect(images().deleteSnapshot('snap-1')).resolves.toBeUndefined();
    shared.fake.on('DeleteSnapshot', ec2Error('InvalidSnapshot.InUse'));
    await expect(images().deleteSnapshot('snap-1')).rejects.toBeInstanceOf(TryAgain);
  });

  test('of a protected image fails for good and says so', async () => {
    shared.fake.on('DeregisterImage', ec2Error('OperationNotPermitted', 400, 'deregistration protection is on'));
    const failure = images().deregister('ami-1');
    await expect(failure).rejects.toBeInstanceOf(Final);
    await expect(failure).rejects.toThrow('ec2:DeregisterImage in eu-central-1: OperationNotPermitted: deregistration');
  });
});

test('tags are set on an id; none are set without a request', async () => {
  shared.fake.on('CreateTags', xml('CreateTags', '<return>true</return>'));
  await images().tag('ami-1', { 'assay:run': 'r1', 'assay:state': 'candidate' });
  await images().tag('ami-1', {});
  expect(shared.fake.asked.map(({ form }) => form)).toEqual([
    expect.objectContaining({
      'ResourceId.1': 'ami-1',
      'Tag.1.Key': 'assay:run',
      'Tag.1.Value': 'r1',
      'Tag.2.Key': 'assay:state',
      'Tag.2.Value': 'candidate',
    }),
  ]);
});

test('tagging what is not visible yet is not found', async () => {
  shared.fake.on('CreateTags', ec2Error('InvalidSnapshot.NotFound'));
  await expect(images().tag('snap-1', { a: 'b' })).rejects.toBeInstanceOf(NotFound);
});

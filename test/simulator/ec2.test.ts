import {
  CopyImageCommand,
  CreateImageCommand,
  CreateTagsCommand,
  DeleteSnapshotCommand,
  DeleteTagsCommand,
  DeleteVolumeCommand,
  DeregisterImageCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  paginateDescribeImages,
  RegisterImageCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
  type Instance,
  type RunInstancesCommandInput,
} from '@aws-sdk/client-ec2';
import { eventually } from '../setup/helpers';
import { errorName, openWorld, type Outside } from './world';

const order = (imageId: string, more: Partial<RunInstancesCommandInput> = {}): RunInstancesCommandInput => ({
  ImageId: imageId,
  MinCount: 1,
  MaxCount: 1,
  ClientToken: 'token-1',
  ...more,
});

async function launch({ ec2 }: Outside, input: RunInstancesCommandInput): Promise<string> {
  const { Instances } = await ec2.send(new RunInstancesCommand(input));
  return Instances?.[0]?.InstanceId ?? '';
}

async function describe1({ ec2 }: Outside, id: string): Promise<Instance | undefined> {
  const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
  return Reservations?.[0]?.Instances?.[0];
}

const inState = (world: Outside, id: string, state: string): Promise<Instance> =>
  eventually(async () => {
    const found = await describe1(world, id);
    return found?.State?.Name === state ? found : undefined;
  });

describe('instances', () => {
  test('the same client token launches one instance, and other parameters under it are refused', async () => {
    const world = await openWorld();
    const { id } = world.simulator.seed.image();
    const first = await launch(world, order(id));
    expect(await launch(world, order(id))).toBe(first);
    expect(await errorName(world.ec2.send(new RunInstancesCommand(order(id, { InstanceType: 't3.large' }))))).toBe(
      'IdempotentParameterMismatch',
    );
    expect(world.simulator.state().instances).toHaveLength(1);
  });

  test('a new one is not found at first, by its own code, and then it is', async () => {
    const world = await openWorld({ behaviour: { hiddenReads: 2, hiddenSeconds: 0 } });
    const { id } = world.simulator.seed.image();
    const instance = await launch(world, order(id));
    const read = (): Promise<string> => errorName(describe1(world, instance));
    expect([await read(), await read(), await read()]).toEqual([
      'InvalidInstanceID.NotFound',
      'InvalidInstanceID.NotFound',
      'no error',
    ]);
  });

  test('while it is hidden by time, lists do not show it either', async () => {
    const world = await openWorld({ speed: 1, behaviour: { hiddenSeconds: 60 } });
    const { id } = world.simulator.seed.image();
    const instance = await launch(world, order(id));
    const { Reservations } = await world.ec2.send(new DescribeInstancesCommand({}));
    expect(Reservations ?? []).toEqual([]);
    expect(
      await errorName(
        world.ec2.send(new CreateTagsCommand({ Resources: [instance], Tags: [{ Key: 'a', Value: 'b' }] })),
      ),
    ).toBe('InvalidInstanceID.NotFound');
  });

  test('it boots, is found by its tags, and once terminated it stays visible while its volumes go, but for the kept one', async () => {
    const world = await openWorld();
    const { id } = world.simulator.seed.image();
    const instance = await launch(
      world,
      order(id, {
        TagSpecifications: [
          { ResourceType: 'instance', Tags: [{ Key: 'assay:run', Value: 'r-1' }] },
          { ResourceType: 'volume', Tags: [{ Key: 'assay:run', Value: 'r-1' }] },
        ],
        BlockDeviceMappings: [{ DeviceName: '/dev/sdf', Ebs: { VolumeSize: 1, DeleteOnTermination: false } }],
      }),
    );
    const running = await inState(world, instance, 'running');
    expect(running.BlockDeviceMappings?.map(({ Ebs }) => Ebs?.DeleteOnTermination)).toEqual([true, false]);
    expect(running.LaunchTime).toBeInstanceOf(Date);
    const Filters = [
      { Name: 'tag:assay:run', Values: ['r-1'] },
      { Name: 'instance-state-name', Values: ['pending', 'running'] },
    ];
    const found = await world.ec2.send(new DescribeInstancesCommand({ Filters }));
    expect(found.Reservations?.[0]?.Instances?.[0]?.InstanceId).toBe(instance);

    await world.ec2.send(new TerminateInstancesCommand({ InstanceIds: [instance] }));
    const gone = await inState(world, instance, 'terminated');
    expect(gone.Tags).toEqual([{ Key: 'assay:run', Value: 'r-1' }]);
    const { Volumes = [] } = await world.ec2.send(
      new DescribeVolumesCommand({ Filters: [{ Name: 'tag:assay:run', Values: ['r-1'] }] }),
    );
    expect(Volumes.map(({ State }) => State)).toEqual(['available']);
    await world.ec2.send(new DeleteVolumeCommand({ VolumeId: Volumes[0]?.VolumeId }));
    expect(world.simulator.state().alive).toMatchObject({ instances: 0, volumes: 0, images: 1 });
    // Terminating again is fine.
    await world.ec2.send(new TerminateInstancesCommand({ InstanceIds: [instance] }));
  });

  test('an attached volume cannot be deleted', async () => {
    const world = await openWorld();
    const { id } = world.simulator.seed.image();
    const instance = await describe1(world, await launch(world, order(id)));
    const VolumeId = instance?.BlockDeviceMappings?.[0]?.Ebs?.VolumeId;
    expect(await errorName(world.ec2.send(new DeleteVolumeCommand({ VolumeId })))).toBe('VolumeInUse');
  });

  test.each([
    ['an image that there is not', { ImageId: 'ami-00000000000000000' }, 'InvalidAMIID.NotFound'],
    ['an id that is none', { ImageId: 'nonsense' }, 'InvalidAMIID.Malformed'],
    ['a permission check', { DryRun: true }, 'DryRunOperation'],
    [
      'a tag of AWS',
      { TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'aws:x', Value: '' }] }] },
      'InvalidParameterValue',
    ],
  ] as const)('%s launches nothing', async (_what, more, code) => {
    const world = await openWorld();
    const { id } = world.simulator.seed.image();
    const input = order(id, more as Partial<RunInstancesCommandInput>);
    expect(await errorName(world.ec2.send(new RunInstancesCommand(input)))).toBe(code);
    expect(world.simulator.state().instances).toEqual([]);
  });
});

describe('images', () => {
  test('pages are smaller than the result, and may be empty', async () => {
    const world = await openWorld({ pageSize: 2, behaviour: { emptyPages: true } });
    for (let i = 0; i < 5; i += 1) world.simulator.seed.image({ name: `image-${i}` });
    const sizes: number[] = [];
    for await (const page of paginateDescribeImages({ client: world.ec2 }, { Owners: ['self'] })) {
      sizes.push(page.Images?.length ?? 0);
    }
    expect(sizes).toEqual([0, 2, 2, 1]);
  });

  test('filters take tags and wildcards, and unknown ones are refused', async () => {
    const world = await openWorld();
    const { id } = world.simulator.seed.image({ name: 'golden-one', tags: { 'assay:run': 'r-1' } });
    world.simulator.seed.image({ name: 'other', tags: { 'assay:run': 'r-2' } });
    const find = async (name: string, value: string): Promise<string[]> => {
      const Filters = [{ Name: name, Values: [value] }];
      const { Images = [] } = await world.ec2.send(new DescribeImagesCommand({ Filters }));
      return Images.map(({ ImageId = '' }) => ImageId);
    };
    expect(await find('tag:assay:run', 'r-1')).toEqual([id]);
    expect(await find('name', 'golden-*')).toEqual([id]);
    expect(await errorName(find('no-such-filter', 'x'))).toBe('InvalidParameterValue');
  });

  test('images of another region are not found', async () => {
    const world = await openWorld();
    const { id } = world.simulator.seed.image({ region: 'eu-west-1' });
    expect(await errorName(world.ec2.send(new DescribeImagesCommand({ ImageIds: [id] })))).toBe(
      'InvalidAMIID.NotFound',
    );
  });

  test('a name is taken until its image is deregistered, and snapshots are in use as long', async () => {
    const world = await openWorld();
    const seeded = world.simulator.seed.image();
    const InstanceId = await launch(world, order(seeded.id));
    const create = () => world.ec2.send(new CreateImageCommand({ InstanceId, Name: 'golden' }));
    const { ImageId } = await create();
    expect(await errorName(create())).toBe('InvalidAMIName.Duplicate');

    const { Images } = await world.ec2.send(new DescribeImagesCommand({ ImageIds: [ImageId as string] }));
    const SnapshotId = Images?.[0]?.BlockDeviceMappings?.[0]?.Ebs?.SnapshotId;
    expect(Images?.[0]?.CreationDate).toMatch(/T\d\d:\d\d:\d\d\.000Z$/);
    const remove = () => world.ec2.send(new DeleteSnapshotCommand({ SnapshotId }));
    expect(await errorName(remove())).toBe('InvalidSnapshot.InUse');
    await world.ec2.send(new DeregisterImageCommand({ ImageId }));
    await remove();
    expect(await errorName(remove())).toBe('InvalidSnapshot.NotFound');
    expect(await errorName(world.ec2.send(new DescribeImagesCommand({ ImageIds: [ImageId as string] })))).toBe(
      'InvalidAMIID.NotFound',
    );
    expect(await errorName(world.ec2.send(new DeregisterImageCommand({ ImageId })))).toBe('InvalidAMIID.Unavailable');
    expect((await create()).ImageId).not.toBe(ImageId);
  });

  test.each([
    ['unavailable', 'InvalidAMIID.Unavailable'],
    ['empty', 'no error'],
    ['not-found', 'InvalidAMIID.NotFound'],
  ] as const)('a deregistered image may answer %s', async (deregistered, code) => {
    const world = await openWorld({ behaviour: { deregistered } });
    const { id } = world.simulator.seed.image();
    await world.ec2.send(new DeregisterImageCommand({ ImageId: id, DeleteAssociatedSnapshots: true }));
    expect(await errorName(world.ec2.send(new DescribeImagesCommand({ ImageIds: [id] })))).toBe(code);
    expect(world.simulator.state().alive).toMatchObject({ images: 0, snapshots: 0 });
  });

  test('a new one is pending, and available after a while', async () => {
    const world = await openWorld({ speed: 20 });
    const seeded = world.simulator.seed.image({ tags: { team: 'a' } });
    const copy = new CopyImageCommand({
      Name: 'copy',
      SourceImageId: seeded.id,
      SourceRegion: 'us-east-1',
      Encrypted: true,
      CopyImageTags: true,
      ClientToken: 'copy-1',
    });
    const { ImageId = '' } = await world.ec2.send(copy);
    expect((await world.ec2.send(copy)).ImageId).toBe(ImageId);
    const read = async () => (await world.ec2.send(new DescribeImagesCommand({ ImageIds: [ImageId] }))).Images?.[0];
    expect(await read()).toMatchObject({ State: 'pending', Tags: [{ Key: 'team', Value: 'a' }] });
    await eventually(async () => (await read())?.State === 'available');
    expect((await read())?.BlockDeviceMappings?.[0]?.Ebs?.Encrypted).toBe(true);
  });

  test('one is registered from a snapshot that is there', async () => {
    const world = await openWorld();
    const { snapshotIds } = world.simulator.seed.image();
    const register = (SnapshotId: string) =>
      world.ec2.send(
        new RegisterImageCommand({
          Name: 'registered',
          BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { SnapshotId } }],
        }),
      );
    expect(await errorName(register('snap-00000000000000000'))).toBe('InvalidSnapshotID.NotFound');
    expect((await register(snapshotIds[0] as string)).ImageId).toMatch(/^ami-/);
  });

  test('tags are added, taken away and counted', async () => {
    const world = await openWorld();
    const { id } = world.simulator.seed.image({ tags: { a: '1' } });
    await world.ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: 'b', Value: '2' }] }));
    await world.ec2.send(new DeleteTagsCommand({ Resources: [id], Tags: [{ Key: 'a' }] }));
    expect(world.simulator.state().images[0]?.tags).toEqual({ b: '2' });
    const many = Array.from({ length: 50 }, (_, index) => ({ Key: `key-${index}`, Value: '' }));
    expect(await errorName(world.ec2.send(new CreateTagsCommand({ Resources: [id], Tags: many })))).toBe(
      'TagLimitExceeded',
    );
    const { Snapshots } = await world.ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] }));
    expect(Snapshots?.[0]?.Tags).toEqual([{ Key: 'a', Value: '1' }]);
  });
});

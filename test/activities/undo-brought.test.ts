import { EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2';
import type { UndoBroughtInput } from '../../src/activities/undo-deploy';
import { TAG } from '../../src/domain/names';
import { alive, openBench, POLL, REGION, RUN, type Bench } from './harness';

async function given(imageTags: Record<string, string> = {}, instanceTags: Record<string, string> = {}) {
  const bench = await openBench();
  const image = bench.simulator.seed.image({ tags: imageTags });
  const instance = bench.simulator.seed.instance({ imageId: image.id, tags: instanceTags });
  return { bench, image, instance };
}
const undo = async (bench: Bench, instanceId: string, amiId: string, change: Partial<UndoBroughtInput> = {}) => {
  await giveAway(bench, instanceId, amiId);
  return bench.run('undoBrought', {
    run: RUN,
    region: REGION,
    instanceId,
    amiId,
    absence: null,
    pollSeconds: POLL,
    ...change,
  });
};
const giveAway = (bench: Bench, id: string, amiId: string) =>
  bench.seal({ request: { image: { id: amiId, region: REGION, destroy: false }, instance: { id, destroy: true } } });

test.each([
  ['was adopted', { [TAG.run]: RUN }],
  ['was not adopted yet', {}],
])('a brought instance that %s goes with its volumes', async (_, tags) => {
  const { bench, image, instance } = await given({}, tags);
  await undo(bench, instance.id, image.id);
  expect(alive(bench)).toMatchObject({ instances: [], volumes: [], images: [image.id] });
});

test('its volumes go too where they would outlive it', async () => {
  const { bench, image } = await given();
  const ec2 = new EC2Client({ region: REGION, endpoint: bench.simulator.url });
  const { Instances } = await ec2.send(
    new RunInstancesCommand({
      ...{ ImageId: image.id, MinCount: 1, MaxCount: 1 },
      BlockDeviceMappings: [{ DeviceName: '/dev/xvdb', Ebs: { DeleteOnTermination: false } }],
    }),
  );
  ec2.destroy();
  const before = alive(bench).volumes.length;
  await undo(bench, Instances?.[0]?.InstanceId ?? '', image.id);
  expect(alive(bench).volumes).toHaveLength(before - 2);
});

test('one that is gone already is believed to be only after some looks', async () => {
  const { bench, image } = await given();
  const id = 'i-0123456789abcdef0';
  await giveAway(bench, id, image.id);
  await expect(
    bench.run(
      'undoBrought',
      { run: RUN, region: REGION, instanceId: id, amiId: image.id, absence: null, pollSeconds: POLL },
      { attempts: 1 },
    ),
  ).rejects.toThrow('not visible');
  await undo(bench, id, image.id, { absence: { since: new Date(Date.now() - 60_000).toISOString(), looks: 4 } });
});

describe('what was refused is not touched', () => {
  const untouched = async ({ bench, instance }: Awaited<ReturnType<typeof given>>, amiId: string) => {
    const before = bench.simulator.state().events.length;
    await undo(bench, instance.id, amiId);
    expect(alive(bench).instances).toEqual([instance.id]);
    expect(bench.simulator.state().events.slice(before)).toEqual([]);
  };

  test('an instance of another image', async () => {
    const world = await given();
    const other = world.bench.simulator.seed.image();
    await untouched(world, other.id);
  });

  test('an instance of another run', async () => {
    const world = await given({}, { [TAG.run]: 'other' });
    await untouched(world, world.image.id);
  });

  test.each([
    ['is approved already', { [TAG.state]: 'approved', [TAG.run]: 'other' }],
    ['belongs to an open run', { [TAG.state]: 'candidate', [TAG.run]: 'other' }],
  ])('an instance whose image %s', async (_, tags) => {
    const world = await given(tags);
    world.bench.standing.set('other', 'open');
    await untouched(world, world.image.id);
  });
});

test('an instance that tested an image of this run goes, also once that is approved', async () => {
  const { bench, image, instance } = await given({ [TAG.state]: 'approved', [TAG.run]: RUN });
  await undo(bench, instance.id, image.id);
  expect(alive(bench)).toMatchObject({ instances: [], images: [image.id] });
});

import { CreateTagsCommand, DeleteTagsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { NOTHING_TO_REMOVE, type RemovalPlan } from '../../src/domain/image';
import { TAG } from '../../src/domain/names';
import type { PlanInput } from '../../src/activities/undo-image';
import { alive, openBench, POLL, REGION, RUN, type Bench } from './harness';

const OURS = { [TAG.managed]: 'true', [TAG.run]: RUN, [TAG.state]: 'candidate' };
const START = new Date().toISOString();
const DAY_MS = 24 * 3_600_000;

const input = (change: Partial<PlanInput> = {}): PlanInput => ({
  ...{ run: RUN, regions: [REGION], named: [], kept: [], tagged: false },
  ...{ before: NOTHING_TO_REMOVE, absence: null, pollSeconds: POLL },
  ...change,
});
const remove = (bench: Bench, plan: RemovalPlan, attempts?: number) =>
  bench.run(
    'removeImages',
    { run: RUN, regions: [REGION], plan, pollSeconds: POLL },
    attempts === undefined ? {} : { attempts },
  );
const at = (amiId: string) => ({ region: REGION, amiId });
/** As the end of the bake is sealed. */
const baked = ({ documents }: Bench, amiId: string) =>
  documents.store({ kind: 'bake', run: RUN, executionId: 'B1', images: [at(amiId)] });
const imageOf = (bench: Bench, id: string) => bench.simulator.state().images.find((image) => image.id === id);

describe('snapshots go with their image', () => {
  test.each([
    ['a refusal', { kind: 'error', code: 'UnauthorizedOperation', status: 403, count: 1 }],
    ['throttling past the end of the round', { kind: 'throttle', count: 3 }],
  ] as const)('also where %s let a round end when the image was gone already', async (_, fault) => {
    const bench = await openBench();
    const { snapshotIds } = bench.simulator.seed.image({ tags: OURS });
    // Known by the plan alone, as where a Packer template tags only the image.
    const ec2 = new EC2Client({ region: REGION, endpoint: bench.simulator.url });
    await ec2.send(new DeleteTagsCommand({ Resources: [...snapshotIds], Tags: [{ Key: TAG.run }] }));
    ec2.destroy();
    bench.simulator.faults.add({ service: 'ec2', operation: 'DeleteSnapshot', ...fault });
    const before = await bench.run('planRemoval', input());
    await expect(remove(bench, before, 5)).rejects.toThrow();
    expect(alive(bench)).toMatchObject({ images: [], snapshots: [expect.anything()] });

    const plan = await bench.run('planRemoval', input({ before }));
    await remove(bench, plan);
    expect(alive(bench)).toMatchObject({ images: [], snapshots: [] });
  });

  test('also where a sweep that knows of no plan comes after', async () => {
    const bench = await openBench();
    bench.simulator.seed.image({ tags: OURS });
    bench.simulator.faults.add({
      service: 'ec2',
      operation: 'DeleteSnapshot',
      kind: 'error',
      code: 'UnauthorizedOperation',
      status: 403,
    });
    await expect(remove(bench, await bench.run('planRemoval', input()))).rejects.toThrow('UnauthorizedOperation');
    await remove(bench, await bench.run('planRemoval', input()));
    expect(alive(bench)).toMatchObject({ images: [], snapshots: [] });
  });

  test('and stay with an image that stays', async () => {
    const bench = await openBench();
    const approved = bench.simulator.seed.image({ tags: { ...OURS, [TAG.state]: 'approved' } });
    const brought = bench.simulator.seed.image({ tags: OURS });
    await bench.seal({ request: { image: { id: brought.id, region: REGION, destroy: false } } });
    const plan = await bench.run('planRemoval', input({ named: [at(brought.id)], tagged: true }));
    await remove(bench, plan);
    expect(alive(bench)).toMatchObject({
      images: [approved.id, brought.id],
      snapshots: [...approved.snapshotIds, ...brought.snapshotIds],
    });
    expect(imageOf(bench, brought.id)?.tags[TAG.state]).toBe('denied');
    expect(imageOf(bench, approved.id)?.tags[TAG.state]).toBe('approved');
  });

  test('and are marked with the candidate, also by who comes after a crash between the two', async () => {
    const bench = await openBench();
    const { id, snapshotIds } = bench.simulator.seed.image();
    const candidate = {
      run: RUN,
      line: 'golden',
      region: REGION,
      amiId: id,
      baked: true,
      bake: await baked(bench, id),
      siblings: [],
      instanceId: null,
      startedAt: START,
      pollSeconds: POLL,
    };
    bench.simulator.faults.add({
      service: 'ec2',
      operation: 'CreateTags',
      kind: 'throttle',
      contains: snapshotIds[0] as string,
    });
    await expect(bench.run('tagCandidate', candidate, { attempts: 1 })).rejects.toThrow('RequestLimitExceeded');
    expect(imageOf(bench, id)?.tags[TAG.state]).toBe('candidate');
    await bench.run('tagCandidate', candidate);
    expect(bench.simulator.state().snapshots.map(({ tags }) => tags[TAG.run])).toEqual([RUN]);
  });

  test('and are marked where an untagged image is ours', async () => {
    const bench = await openBench();
    const { id } = bench.simulator.seed.image();
    expect(await bench.run('planRemoval', input({ named: [at(id)] }))).toMatchObject({ deny: [at(id)] });
    expect(bench.simulator.state().snapshots.map(({ tags }) => tags[TAG.run])).toEqual([RUN]);
  });
});

describe('what EC2 does not show yet is waited for', () => {
  test('a cancel right after the bake ended: the image that the execution names goes too', async () => {
    const bench = await openBench({ speed: 1, behaviour: { bakeSeconds: 0.1, hiddenSeconds: 0.7, hiddenReads: 2 } });
    await bench.spinnaker.start({ run: RUN, step: 'bake', n: 1 }, 'bake-golden', { assayRegion: REGION });
    const bake = { run: RUN, pipeline: 'bake-golden', executionId: null, pollSeconds: 0.02, unreachableMinutes: 1 };
    const until = Date.now() + 5_000;
    while (bench.simulator.state().images.length === 0 && Date.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 10));
    const left = await bench.run('undoBake', { ...bake, gate: { awaySince: null } });
    const [made] = bench.simulator.state().images;
    expect(left).toEqual({ late: false, images: [{ region: REGION, amiId: made?.id }] });

    const said: string[] = [];
    const plan = await bench.run('planRemoval', input({ named: left.images }), {
      between: (message) => said.push(message),
    });
    expect(said).toContain(`image ${made?.id} is not visible`);
    await remove(bench, plan);
    expect(alive(bench)).toMatchObject({ images: [], snapshots: [] });
  });

  test('tags that were just written to a brought image', async () => {
    const bench = await openBench();
    const { id } = bench.simulator.seed.image();
    const ec2 = new EC2Client({ region: REGION, endpoint: bench.simulator.url });
    await bench.seal({ request: { image: { id, region: REGION, destroy: false } } });
    const plan = await bench.run('planRemoval', input({ named: [at(id)], tagged: true }), {
      between: async (message) => {
        expect(message).toBe(`the tags of ${id} are not visible`);
        const Tags = Object.entries(OURS).map(([Key, Value]) => ({ Key, Value }));
        await ec2.send(new CreateTagsCommand({ Resources: [id], Tags }));
      },
    });
    ec2.destroy();
    expect(plan).toEqual({ remove: [], deny: [at(id)] });
  });

  test('for some looks and some seconds, and not again in every round', async () => {
    const bench = await openBench();
    const named = [at('ami-0123456789abcdef0')];
    const absence = { since: new Date(Date.now() - 60_000).toISOString(), looks: 0 };
    const said: string[] = [];
    await bench.run('planRemoval', input({ named, absence, pollSeconds: 0.01 }), {
      between: (message) => said.push(message),
    });
    expect(said).toHaveLength(4);
    const known = { ...NOTHING_TO_REMOVE, deny: named };
    expect(await bench.run('planRemoval', input({ named, before: known }), { attempts: 1 })).toEqual(known);
    // A few quick looks are not enough.
    const soon = { since: new Date().toISOString(), looks: 1000 };
    await expect(bench.run('planRemoval', input({ named, absence: soon }), { attempts: 1 })).rejects.toThrow(
      'not visible',
    );
  });
});

describe('an image from before the run', () => {
  const creationDate = new Date(Date.parse(START) - DAY_MS).toISOString();

  test('that was handed out as new is denied and kept', async () => {
    const bench = await openBench();
    const { id, snapshotIds } = bench.simulator.seed.image({ creationDate });
    await bench.run('tagCandidate', {
      run: RUN,
      line: 'golden',
      region: REGION,
      amiId: id,
      baked: true,
      bake: await baked(bench, id),
      siblings: [],
      instanceId: null,
      startedAt: START,
      pollSeconds: POLL,
    });
    const plan = await bench.run('planRemoval', input({ named: [at(id)], tagged: true }));
    expect(plan).toEqual({ remove: [], deny: [at(id)] });
    await remove(bench, plan);
    expect(alive(bench)).toMatchObject({ images: [id], snapshots: snapshotIds });
    expect(imageOf(bench, id)?.tags[TAG.state]).toBe('denied');
  });

  test('that was brought to be destroyed goes', async () => {
    const bench = await openBench();
    const { id } = bench.simulator.seed.image({ creationDate, tags: OURS });
    await bench.seal({ request: { image: { id, region: REGION, destroy: true } } });
    await remove(bench, await bench.run('planRemoval', input({ named: [at(id)], tagged: true })));
    expect(alive(bench)).toMatchObject({ images: [], snapshots: [] });
  });
});

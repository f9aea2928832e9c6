import { ApplicationFailure } from '@temporalio/common';
import { testTemporal } from '../setup/temporal';
import { untilPasses } from '../setup/helpers';
import type { PublicationResult } from '../../src/domain/evidence';
import { MESSAGE, QUEUE, WORKFLOW, workflowId } from '../../src/domain/names';
import type { StatusDocument } from '../../src/domain/status';
import { openWorld, quickSettings, stubActivities, waiting, type Stubs, type World } from './stub-world';

let world: World;
beforeAll(async () => {
  world = await openWorld(await testTemporal());
});
afterAll(() => world.close());

const broken = (text: string) => async (): Promise<never> => {
  throw ApplicationFailure.nonRetryable(text, 'Final');
};
const image = ['planRemoval', 'removeImages'];
const bake = ['undoBake', ...image];
const deploy = ['undoDeploy', ...bake];

const quick = quickSettings();
const AUTO = { ...quick, line: { ...quick.line, approval: { ...quick.line.approval, auto: true } } };

const FAILURES: readonly { what: string; change: Partial<Stubs>; error: string; undone: readonly string[] }[] = [
  {
    what: 'a request that is not ours',
    change: { openRun: broken('bad seal') },
    error: 'baking: bad seal',
    undone: [],
  },
  { what: 'a bake that fails', change: { awaitBake: broken('packer') }, error: 'baking: packer', undone: bake },
  {
    what: 'an image that is not ours',
    change: { tagCandidate: broken('foreign') },
    error: 'tagging: foreign',
    undone: bake,
  },
  {
    what: 'a deploy that cannot start',
    change: { startDeploy: broken('no pipeline') },
    error: 'deploying: no pipeline',
    undone: deploy,
  },
  {
    what: 'a deploy that fails',
    change: { awaitInstance: broken('capacity') },
    error: 'deploying: capacity',
    undone: deploy,
  },
  {
    what: 'evidence that changed',
    change: { evaluate: broken('tampered') },
    error: 'evaluating: tampered',
    undone: deploy,
  },
];

test.each(FAILURES)('$what ends FAILED and is undone', async ({ change, error, undone }) => {
  const { activities, calls } = stubActivities({}, change);
  await world.during(activities, async () => {
    const run = await world.start();
    expect(await run.result()).toMatchObject({ status: 'FAILED', error });
    const failing = Object.keys(change)[0] as string;
    expect(calls.slice(calls.lastIndexOf(failing) + 1)).toEqual([...undone, 'closeRun']);
  });
});

test('a start that provably never reached Gate needs no watch for a late image, one that may have does', async () => {
  const late = async (reached: boolean): Promise<string[]> => {
    const start = async (): Promise<never> => {
      throw ApplicationFailure.create({
        type: 'Final',
        message: 'refused',
        nonRetryable: true,
        details: [{ reached }],
      });
    };
    const { activities, calls } = stubActivities(
      {},
      { startBake: start, undoBake: async () => ({ late: true, images: [] }) },
    );
    return world.during(activities, async () => {
      const run = await world.start();
      const { reasons } = (await run.result()) as StatusDocument;
      if (reached) await untilPasses(() => expect(calls).toContain('awaitLateImage'));
      expect(calls.includes('undoBake')).toBe(reached);
      return [...reasons];
    });
  };
  expect(await late(false)).toEqual([]);
  expect(await late(true)).toEqual([expect.stringMatching(/^a late image of the given-up bake is watched for until /)]);
});

test('where a bake may have a twin, an approved run looks for it and keeps what it published', async () => {
  const published = { region: 'us-east-1', amiId: 'ami-0123456789abcdef0' };
  for (const repeated of [false, true]) {
    const kept: unknown[] = [];
    const { activities, calls } = stubActivities(
      { settings: AUTO, verdict: 'approve' },
      {
        startBake: async () => ({ executionId: 'B1', ...(repeated ? { repeated } : {}) }),
        undoBake: async () => ({ late: true, images: [published] }),
        planRemoval: async (input) => {
          kept.push(input.kept);
          return { remove: [], deny: [] };
        },
        awaitLateImage: async (input) => {
          kept.push(input.kept);
          return null;
        },
      },
    );
    await world.during(activities, async () => {
      const run = await world.start();
      expect(await run.result()).toMatchObject({ status: 'SUCCEEDED' });
      if (repeated) await untilPasses(() => expect(calls).toContain('awaitLateImage'));
    });
    expect(calls.includes('undoBake')).toBe(repeated);
    expect(kept).toEqual(repeated ? [[published], [published]] : []);
  }
});

test('a deploy that was given up is watched after the run has ended, with what the undo remembers of Gate', async () => {
  const watched: string[] = [];
  const gate = { awaySince: null, waits: { E1: '2026-01-01T00:00:00Z' } };
  const given: unknown[] = [];
  const { activities } = stubActivities(
    {},
    {
      awaitInstance: async () => {
        throw ApplicationFailure.nonRetryable('no capacity', 'Final');
      },
      undoDeploy: async (input) => {
        given.push(input.gate);
        if (given.length > 1) return { late: true };
        throw ApplicationFailure.create({ type: 'Final', message: 'no', nonRetryable: true, details: [gate] });
      },
      watchLateDeploy: async ({ run, until, gate: remembered }) => {
        watched.push(`${run} ${until}`);
        given.push(remembered);
        // Each round of the watch is bounded; a refusal ends only the round.
        if (watched.length === 1) throw ApplicationFailure.nonRetryable('UnauthorizedOperation', 'Forbidden');
      },
    },
  );
  await world.during(activities, async () => {
    const run = await world.start();
    const { reasons } = (await run.result()) as StatusDocument;
    const until = /^a late server group of the given-up deploy is watched for until (.+)$/.exec(reasons.join())?.[1];
    const id = workflowId.run.parse(run.workflowId) as string;
    await world.client.workflow.getHandle(workflowId.lateDeploy.of(id)).result();
    expect(watched).toEqual([`${id} ${until}`, `${id} ${until}`]);
    expect(given).toEqual([{ awaySince: null }, gate, gate, gate]);
  });
}, 60_000);

test('a bake that outlives its time limit fails with what it last waited for', async () => {
  const settings = quickSettings({
    bake: { pipeline: 'bake-golden', regions: ['us-east-1'], parameters: {}, timeoutMinutes: 0.5 / 60 },
  });
  const { activities, calls } = stubActivities(
    { settings },
    {
      awaitBake: async () => {
        throw waiting('stage Bake is RUNNING');
      },
    },
  );
  await world.during(activities, async () => {
    const run = await world.start();
    const { error } = (await run.result()) as StatusDocument;
    expect(error).toMatch(/^baking: the bake was not done within \d+ seconds; its time limit ran out/);
    expect(error).toContain('stage Bake is RUNNING');
    expect(calls).toContain('undoBake');
  });
});

test('a scan that is never done is incomplete and one that breaks is failed; both are judged, not skipped', async () => {
  const settings = quickSettings({ assess: [{ kind: 'inspector2', timeoutMinutes: 0.5 / 60, agentMinutes: 1 }] });
  const outcomes: string[] = [];
  const record: Stubs['recordUnassessed'] = async ({ status, reason }) => {
    outcomes.push(`${status}: ${reason}`);
    return { assessor: 'inspector2', status, ref: 'sha256:a' };
  };
  const scans: Stubs['assess'][] = [
    async () => {
      throw waiting('PENDING_INITIAL_SCAN');
    },
    broken('Inspector is not enabled'),
  ];
  for (const assess of scans) {
    const { activities } = stubActivities({ settings, verdict: 'deny' }, { assess, recordUnassessed: record });
    await world.during(activities, async () => {
      const run = await world.start();
      expect(await run.result()).toMatchObject({ status: 'DENIED' });
    });
  }
  expect(outcomes).toEqual([
    expect.stringMatching(/^incomplete: its time limit ran out.*PENDING_INITIAL_SCAN/),
    'failed: Inspector is not enabled',
  ]);
});

test.each([
  {
    result: { kind: 'superseded', by: 'ami-0fedcba9876543210' } as const,
    status: 'SUCCEEDED',
    reason: 'superseded by ami-0fedcba9876543210',
  },
  { result: { kind: 'failed', error: 'AccessDenied' } as const, status: 'FAILED', reason: '' },
])('a publication that is $result.kind ends $status', async ({ result, status, reason }) => {
  const settings = quickSettings();
  const approval = { ...settings.line.approval, auto: true };
  const { activities, calls } = stubActivities(
    { settings: { ...settings, line: { ...settings.line, approval } }, verdict: 'approve' },
    { readPublication: async () => result },
  );
  await world.during(activities, async () => {
    const run = await world.start();
    const ending = (await run.result()) as StatusDocument;
    expect(ending).toMatchObject({ status, published: [] });
    if (reason) expect(ending.reasons).toContain(reason);
    else expect(ending.error).toBe('publication: AccessDenied');
    expect(calls.includes('removeImages')).toBe(status === 'FAILED');
  });
});

test('an undo that cannot finish keeps the run open and says what is stuck; the other steps are still done', async () => {
  let release = false;
  const { activities, calls } = stubActivities(
    { verdict: 'deny' },
    {
      undoDeploy: async () => {
        if (!release) throw ApplicationFailure.nonRetryable('i-1 does not terminate: DisableApiTermination', 'Final');
        return { late: false };
      },
    },
  );
  await world.during(activities, async () => {
    const run = await world.start();
    await untilPasses(async () =>
      expect(await world.status(run)).toMatchObject({
        status: 'RUNNING',
        stage: 'cleaning-up',
        reasons: expect.arrayContaining(['instance: i-1 does not terminate: DisableApiTermination']),
      }),
    );
    expect(calls).toContain('removeImages');
    release = true;
    const status = (await run.result()) as StatusDocument;
    expect(status).toMatchObject({ status: 'DENIED' });
    expect(status.reasons.join()).not.toContain('DisableApiTermination');
  });
}, 90_000);

test('a line that can neither publish nor take back is asked again later, not at once, and the run says why', async () => {
  let result: PublicationResult | null = null;
  const { activities, calls } = stubActivities(
    { settings: AUTO, verdict: 'approve' },
    { readPublication: async () => result },
  );
  await world.during(activities, async () => {
    const run = await world.start();
    await untilPasses(() => expect(calls).toContain('readPublication'));
    await run.signal(MESSAGE.published, 'AccessDenied: ssm:GetParameter');
    await untilPasses(async () =>
      expect((await world.status(run)).progress).toContain('tries again: AccessDenied: ssm:GetParameter'),
    );
    expect(calls.filter((call) => call === 'enqueuePublication')).toHaveLength(1);
    result = { kind: 'published', published: [] };
    await run.signal(MESSAGE.published);
    expect(await run.result()).toMatchObject({ status: 'SUCCEEDED' });
  });
});

test('an evidence store that refuses for a while fails no run: the last act is tried until it is done', async () => {
  let refusals = 2;
  const { activities } = stubActivities(
    { verdict: 'deny' },
    {
      closeRun: async () => {
        if (refusals-- > 0)
          throw ApplicationFailure.create({ type: 'Forbidden', message: 'EACCES', nextRetryDelay: 20 });
      },
    },
  );
  await world.during(activities, async () => {
    expect(await (await world.start()).result()).toMatchObject({ status: 'DENIED' });
    expect(refusals).toBe(-1);
  });
});

test('a sweep does not mind that the watch for a late image is on already', async () => {
  const { activities, calls } = stubActivities(
    {},
    {
      undoBake: async () => ({ late: true, images: [] }),
      awaitLateImage: async () => {
        throw waiting('no late image so far');
      },
    },
  );
  await world.during(activities, async () => {
    const start = (type: string, workflowId: string, input: object) =>
      world.client.workflow.start(type, { taskQueue: QUEUE.main, workflowId, args: [input] });
    const watch = await start(WORKFLOW.lateBake, workflowId.lateBake.of('swept'), {
      ...{ run: 'swept', region: 'us-east-1', startedAt: '', until: '', pollSeconds: 0.05 },
    });
    const sweep = await start(WORKFLOW.sweep, workflowId.sweep.of('swept'), { run: 'swept' });
    expect(await sweep.result()).toMatchObject({ cleaned: expect.arrayContaining(['bake: clean', 'image: clean']) });
    expect(calls).toContain('undoDeploy');
    await watch.terminate();
  });
});

test('a brought instance is neither deployed nor, unless given away, destroyed', async () => {
  const request = {
    image: { id: 'ami-0123456789abcdef0', region: 'us-east-1', destroy: false },
    instance: { id: 'i-0123456789abcdef0', destroy: false },
  };
  for (const destroy of [false, true]) {
    const { activities, calls } = stubActivities({
      verdict: 'deny',
      request: { ...request, instance: { ...request.instance, destroy } },
    });
    await world.during(activities, async () => {
      const run = await world.start();
      expect(await run.result()).toMatchObject({ status: 'DENIED', instanceId: 'i-0123456789abcdef0' });
      expect(calls).not.toContain('startBake');
      expect(calls).not.toContain('startDeploy');
      expect(calls).not.toContain('undoDeploy');
      expect(calls.includes('undoBrought')).toBe(destroy);
    });
  }
});

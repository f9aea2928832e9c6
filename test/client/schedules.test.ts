import { generateKeyPair } from '../../src/adapters/evidence/keys';
import { createDirectoryStore } from '../../src/adapters/evidence/directory';
import { createSealer, createSignatures, createSigner } from '../../src/adapters/evidence/seal';
import { createScheduleActivities } from '../../src/activities/schedule';
import { createDocuments, type Deps } from '../../src/activities';
import { createArchive } from '../../src/client/archive';
import { connectTemporal, type Temporal } from '../../src/client/connect';
import { createRunsPort } from '../../src/client/lines';
import { createRuns } from '../../src/client/runs';
import { createSchedules, type SchedulesApi, type ScheduleView } from '../../src/client/schedules';
import { createRequestsPort } from '../../src/client/start';
import { attended } from '../../src/activities/attempt';
import { BadInput } from '../../src/domain/errors';
import { parseScheduledKey, scheduleId, WORKFLOW, workflowId } from '../../src/domain/names';
import type { ScheduleSettings } from '../../src/domain/schedule';
import type { LineSettings } from '../../src/domain/settings';
import { eventually, tempDir, untilPasses } from '../setup/helpers';
import { testTemporal } from '../setup/temporal';
import { openWorld, quickSettings, stubActivities, waiting, type World } from '../workflows/stub-world';

const DAILY: ScheduleSettings = {
  cron: '30 2 * * *',
  timezone: 'UTC',
  overlap: 'skip',
  jitterMinutes: 0,
  paused: null,
  catchupHours: 24,
  parameters: {},
};

const opened: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

interface Scene {
  readonly temporal: Temporal;
  readonly schedules: SchedulesApi;
  readonly lines: Map<string, LineSettings>;
  set(line: string, change?: Partial<ScheduleSettings>): void;
  one(line: string): Promise<ScheduleView>;
}

/** Schedules in a namespace of their own. */
async function scene(place?: Awaited<ReturnType<typeof testTemporal>>): Promise<Scene> {
  const { address, namespace } = place ?? (await testTemporal());
  const temporal = connectTemporal({ connection: { address }, namespace });
  opened.push(() => temporal.close());
  const lines = new Map<string, LineSettings>();
  const schedules = createSchedules({ temporal, lines: () => lines });
  return {
    ...{ temporal, schedules, lines },
    set: (name, change = {}) =>
      void lines.set(name, { ...quickSettings({ schedule: { ...DAILY, ...change } }).line, name }),
    async one(line) {
      const view = (await schedules.list()).find((each) => each.line === line);
      if (!view) throw new Error(`${line} is not listed`);
      return view;
    },
  };
}

/** Times that Temporal itself reckons for a schedule. */
const times = async ({ temporal }: Scene, line: string, from: string, to: string): Promise<string[]> => {
  const { startTime } = await temporal.client.workflowService.listScheduleMatchingTimes({
    namespace: temporal.namespace,
    scheduleId: scheduleId.of(line),
    startTime: { seconds: (Date.parse(from) / 1000) as never },
    endTime: { seconds: (Date.parse(to) / 1000) as never },
  });
  return startTime.map(({ seconds }) => new Date(Number(seconds) * 1000).toISOString().slice(0, 16));
};

test('apply makes, leaves alone, changes and removes; a dry run says the same and does nothing', async () => {
  const at = await scene();
  const { schedules, lines, set } = at;
  set('golden');
  set('silver', { overlap: 'bufferOne', jitterMinutes: 5, paused: true, cron: '*/20 4 1-7 jan,jul *' });
  lines.set('plain', quickSettings().line);
  const created = [
    { line: 'golden', change: 'created', what: [] },
    { line: 'silver', change: 'created', what: [] },
  ];
  expect(await schedules.apply({ dryRun: true })).toEqual(created);
  expect((await schedules.list()).map(({ state }) => state)).toEqual(['missing', 'missing']);
  expect(await schedules.apply()).toEqual(created);
  expect(await schedules.apply()).toEqual(created.map(({ line }) => ({ line, change: 'unchanged', what: [] })));
  expect(await at.one('golden')).toMatchObject({ state: 'active', cron: '30 2 * * *', running: [], last: null });
  expect(await at.one('silver')).toMatchObject({ state: 'paused', next: [] });

  set('golden', { cron: '0 5 * * mon', timezone: 'Europe/Berlin', catchupHours: 1, overlap: 'allowAll' });
  const updated = { line: 'golden', change: 'updated', what: ['cron', 'timezone', 'overlap', 'catchupHours'] };
  expect(await schedules.apply({ dryRun: true })).toContainEqual(updated);
  expect(await at.one('golden')).toMatchObject({ state: 'different' });
  expect(await schedules.apply()).toContainEqual(updated);
  expect((await schedules.apply()).map(({ change }) => change)).toEqual(['unchanged', 'unchanged']);

  lines.delete('silver');
  await untilPasses(async () => expect(await at.one('silver')).toMatchObject({ state: 'unwanted', cron: null }));
  expect(await schedules.apply({ dryRun: true })).toContainEqual({ line: 'silver', change: 'deleted', what: [] });
  expect(await schedules.apply()).toContainEqual({ line: 'silver', change: 'deleted', what: [] });
  expect((await schedules.apply()).map(({ line }) => line)).toEqual(['golden']);
  await expect(schedules.pause('silver', '')).rejects.toThrow('the line silver has no schedule');
});

test('what somebody changed at Temporal is put right, but a pause by hand stays until the config says otherwise', async () => {
  const { temporal, schedules, set, one } = await scene();
  set('golden');
  await schedules.apply();
  const handle = temporal.client.schedule.getHandle(scheduleId.of('golden'));
  await handle.update((before) => ({
    ...before,
    spec: { intervals: [{ every: '1 minute' }] },
    policies: { ...before.policies, pauseOnFailure: true },
  }));
  await schedules.pause('golden', 'freeze');
  expect(await schedules.apply()).toEqual([{ line: 'golden', change: 'updated', what: ['cron', 'action'] }]);
  expect(await one('golden')).toMatchObject({ state: 'paused', note: 'freeze' });
  expect(await schedules.apply()).toMatchObject([{ change: 'unchanged' }]);
  set('golden', { paused: false });
  expect(await schedules.apply()).toEqual([{ line: 'golden', change: 'updated', what: ['paused'] }]);
  expect(await one('golden')).toMatchObject({ state: 'active' });
  await schedules.pause('golden', 'freeze');
  await schedules.resume('golden', 'thaw');
  expect(await one('golden')).toMatchObject({ state: 'active', note: 'thaw' });
});

test('several who apply at once make one schedule, and schedules of others are not touched', async () => {
  const { temporal, schedules, set } = await scene();
  await temporal.client.schedule.create({
    scheduleId: 'schedule/theirs',
    spec: { intervals: [{ every: '1 day' }] },
    action: { type: 'startWorkflow', workflowType: 'other', taskQueue: 'other' },
  });
  set('golden');
  const answers = await Promise.all(Array.from({ length: 5 }, () => schedules.apply()));
  expect(answers.flat().filter(({ line }) => line === 'golden')).toHaveLength(5);
  await untilPasses(async () => {
    const listed: string[] = [];
    for await (const { scheduleId: id } of temporal.client.schedule.list()) listed.push(id);
    expect(listed.sort()).toEqual(['schedule/golden', 'schedule/theirs']);
  });
  expect(await schedules.apply()).toEqual([{ line: 'golden', change: 'unchanged', what: [] }]);
});

test('times are those of the zone, through both changes of the clock', async () => {
  const at = await scene();
  at.set('utc');
  at.set('berlin', { timezone: 'Europe/Berlin' });
  at.set('new-york', { timezone: 'America/New_York', cron: '30 1 * * *' });
  at.set('morning', { timezone: 'Europe/Berlin', cron: '0 4 * * *' });
  await at.schedules.apply();
  // 2027-03-28: Berlin has no 02:30.
  expect(await times(at, 'berlin', '2027-03-27T00:00:00Z', '2027-03-30T00:00:00Z')).toEqual([
    '2027-03-27T01:30',
    '2027-03-29T00:30',
  ]);
  // 2027-10-31: it has two; 2027-11-07: New York has two 01:30. Temporal takes one of them or both (Go's time.Date leaves it open).
  const doubled = await times(at, 'berlin', '2027-10-30T12:00:00Z', '2027-10-31T12:00:00Z');
  expect(doubled.length).toBeGreaterThan(0);
  expect(['2027-10-31T00:30', '2027-10-31T01:30']).toEqual(expect.arrayContaining(doubled));
  expect(await times(at, 'new-york', '2027-11-07T00:00:00Z', '2027-11-08T00:00:00Z')).toEqual([
    '2027-11-07T05:30',
    '2027-11-07T06:30',
  ]);
  // Outside the hours that are left out or doubled each day has its one time.
  expect(await times(at, 'morning', '2027-03-27T00:00:00Z', '2027-03-29T12:00:00Z')).toEqual([
    '2027-03-27T03:00',
    '2027-03-28T02:00',
    '2027-03-29T02:00',
  ]);
  expect(await times(at, 'utc', '2027-03-28T00:00:00Z', '2027-03-29T00:00:00Z')).toEqual(['2027-03-28T02:30']);
  const [next] = (await at.one('utc')).next;
  expect(next).toMatch(/T02:30:00Z$/);
  expect(Date.parse(next ?? '') - Date.now()).toBeGreaterThan(0);
  expect(Date.parse(next ?? '') - Date.now()).toBeLessThanOrEqual(86_400_000);
});

test('a cron expression means what crontab means by it', async () => {
  const at = await scene();
  at.set('either', { cron: '0 4 13 * fri' });
  at.set('sunday', { cron: '0 4 * * 5-7' });
  at.set('steps', { cron: '5/25 0-1 1 1 *' });
  at.set('late', { cron: '0 0 * * *', jitterMinutes: 60 });
  await at.schedules.apply();
  expect(await times(at, 'either', '2026-11-01T00:00:00Z', '2026-11-21T00:00:00Z')).toEqual(
    ['06', '13', '20'].map((day) => `2026-11-${day}T04:00`),
  );
  expect(await times(at, 'either', '2026-12-09T00:00:00Z', '2026-12-15T00:00:00Z')).toEqual(
    ['11', '13'].map((day) => `2026-12-${day}T04:00`),
  );
  expect(await times(at, 'sunday', '2026-11-02T00:00:00Z', '2026-11-09T00:00:00Z')).toEqual(
    ['06', '07', '08'].map((day) => `2026-11-${day}T04:00`),
  );
  expect(await times(at, 'steps', '2027-01-01T00:00:00Z', '2027-01-02T00:00:00Z')).toEqual(
    ['00:05', '00:30', '00:55', '01:05', '01:30', '01:55'].map((time) => `2027-01-01T${time}`),
  );
  const late = await at.one('late');
  // Each is put off by a part of an hour of its own.
  expect(new Set(late.next.map((time) => time.slice(11))).size).toBeGreaterThan(1);
  expect(late.next.every((time) => time.slice(11, 13) === '00')).toBe(true);
});

const ledger = generateKeyPair();
const decisions = generateKeyPair();

interface Served extends Scene {
  readonly world: World;
  /** Runs of the line that are there. */
  runs(): Promise<readonly { readonly id: string; readonly status: string; readonly key: string }[]>;
  request(run: string): Promise<unknown>;
  /** While a worker serves: the real activities of schedules, and a run that goes on until it is let go. */
  serving<T>(work: (letGo: () => void) => Promise<T>): Promise<T>;
}

async function served(): Promise<Served> {
  const place = await testTemporal();
  const at = await scene(place);
  const { temporal, lines } = at;
  const world = await openWorld(place);
  opened.unshift(() => world.close());
  const evidence = createDirectoryStore({ directory: tempDir() });
  const sealer = createSealer({ privateKey: () => ledger.privateKey, publicKeys: () => [] });
  const signatures = createSignatures({
    publicKeys: () => [decisions.publicKey],
    ledgerKeys: () => [ledger.publicKey],
    access: () => ({ keys: [], revoked: [] }),
  });
  const archive = createArchive({ evidence, sealer, request: (token) => signatures.request(token) });
  const settings = (line: string) => {
    const found = lines.get(line);
    return found && { ...quickSettings(), line: found };
  };
  const starting = { temporal, archive, settings, lines: () => [...lines.keys()] };
  const activities = createScheduleActivities({
    settings: { forLine: settings },
    requests: createRequestsPort({
      ...starting,
      sign: (statement) => sealer.seal({ ...statement, kind: 'scheduled' }),
    }),
    runs: createRunsPort(temporal, archive),
    documents: createDocuments(evidence, sealer),
  } as unknown as Deps);
  const api = createRuns({
    ...starting,
    sign: createSigner({ privateKey: () => decisions.privateKey }),
    urls: () => ({ publicUrl: 'http://x', temporalUi: null, namespace: '' }),
  });
  return {
    ...at,
    world,
    runs: async () => (await api.list({})).runs,
    async request(run) {
      const { events } = await temporal.client.workflow.getHandle(workflowId.run.of(run)).fetchHistory();
      const data = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data;
      const { token } = JSON.parse(Buffer.from(data ?? []).toString()) as { token: string };
      return signatures.request(token);
    },
    serving: (work) => {
      let open = true;
      const stub = stubActivities(
        { verdict: 'deny' },
        {
          ...(attended(activities) as unknown as Partial<ReturnType<typeof stubActivities>['activities']>),
          assess: async () => {
            if (open) throw waiting('scanning');
            return { assessor: 'inspector2', status: 'complete', ref: 'sha256:a' };
          },
        },
      );
      return world.during(stub.activities, () => work(() => (open = false)));
    },
  };
}

const scheduled = async ({ temporal }: Scene): Promise<{ id: string; status: string; events: number }[]> => {
  const found: { id: string; status: string; events: number }[] = [];
  for await (const one of temporal.client.workflow.list({ query: `WorkflowType = '${WORKFLOW.scheduled}'` }))
    found.push({ id: one.workflowId, status: one.status.name, events: one.historyLength });
  return found;
};

test('a trigger asks once, in the schedule’s name, and while that run is open the next time is skipped', async () => {
  const at = await served();
  at.set('golden', { parameters: { channel: 'weekly' } });
  await at.schedules.apply();
  await at.serving(async (letGo) => {
    await at.schedules.trigger('golden');
    const run = await eventually(async () => (await at.runs())[0]);
    expect(parseScheduledKey(run.key)).toMatchObject({ line: 'golden' });
    expect(await at.request(run.id)).toMatchObject({
      kind: 'request',
      run: run.key,
      credential: 'schedule:golden',
      subject: null,
      request: {
        line: 'golden',
        parameters: { channel: 'weekly' },
        requestedBy: 'schedule:golden',
        source: { kind: 'schedule' },
      },
    });
    await untilPasses(async () => expect(await at.one('golden')).toMatchObject({ running: [run.id] }));

    // A person is told; Temporal itself, when a time comes, passes it over.
    await expect(at.schedules.trigger('golden')).rejects.toThrow(`the run ${run.id} is still open`);
    const handle = at.temporal.client.schedule.getHandle(scheduleId.of('golden'));
    await handle.trigger('SKIP');
    await untilPasses(async () => expect(await at.one('golden')).toMatchObject({ skipped: 1, running: [run.id] }));
    expect(await at.runs()).toHaveLength(1);

    letGo();
    await untilPasses(async () => expect(await scheduled(at)).toMatchObject([{ status: 'COMPLETED' }]));
    expect(await at.runs()).toMatchObject([{ id: run.id, status: 'DENIED' }]);
    // However long the run took.
    expect((await scheduled(at))[0]?.events).toBeLessThan(20);
    await untilPasses(async () => expect(await at.one('golden')).toMatchObject({ running: [] }));
    await at.schedules.trigger('golden');
    await untilPasses(async () => expect(await at.runs()).toHaveLength(2));
  });
}, 120_000);

test('a paused schedule asks for nothing by itself, and for one run when it is triggered', async () => {
  const at = await served();
  at.set('golden', { cron: '* * * * *', paused: true });
  await at.schedules.apply();
  await at.serving(async (letGo) => {
    letGo();
    await at.schedules.trigger('golden');
    await untilPasses(async () => expect(await at.runs()).toHaveLength(1));
    expect(await at.one('golden')).toMatchObject({ state: 'paused', next: [] });
  });
}, 60_000);

test('a backfill makes up for each time once, the second time for none, and not for more than a hundred', async () => {
  const at = await served();
  at.set('golden', { cron: '0 4 * * *' });
  await at.schedules.apply();
  const order = { from: new Date('2026-01-01T04:00:00Z'), to: new Date('2026-01-03T04:00:00Z') };
  const keys = ['20260101T040000Z', '20260102T040000Z', '20260103T040000Z'].map((time) => `golden-${time}`);
  await at.serving(async (letGo) => {
    letGo();
    expect(await at.schedules.backfill('golden', { ...order, overlap: 'bufferAll' }, true)).toEqual(keys);
    expect(await at.runs()).toEqual([]);
    expect(await at.schedules.backfill('golden', { ...order, overlap: 'bufferAll' })).toEqual(keys);
    await untilPasses(
      async () =>
        expect((await at.runs()).map(({ id, status }) => `${id} ${status}`).sort()).toEqual(
          keys.map((key) => `${key} DENIED`),
        ),
      { timeoutMs: 40_000 },
    );
    await untilPasses(async () => expect(await at.one('golden')).toMatchObject({ running: [] }));
    await at.schedules.backfill('golden', { ...order, overlap: 'allowAll' });
    await untilPasses(async () => expect(await scheduled(at)).toHaveLength(6), { timeoutMs: 20_000 });
    await untilPasses(async () =>
      expect(new Set((await scheduled(at)).map(({ status }) => status))).toEqual(new Set(['COMPLETED'])),
    );
    expect(await at.runs()).toHaveLength(3);
  });
  const backfill = (from: string, to: string) =>
    at.schedules.backfill('golden', { from: new Date(from), to: new Date(to), overlap: 'skip' });
  await expect(backfill('2026-01-01T05:00:00Z', '2026-01-01T06:00:00Z')).rejects.toThrow('no time of the schedule');
  await expect(backfill('2026-01-01T00:00:00Z', '2026-04-30T00:00:00Z')).rejects.toThrow('at most 100');
}, 120_000);

test('a backfill of times with jitter takes those whose time of the clock lies in between, and names their runs by it', async () => {
  const at = await served();
  at.set('golden', { cron: '0 0 * * *', timezone: 'America/New_York', jitterMinutes: 600 });
  await at.schedules.apply();
  const order = {
    from: new Date('2026-01-01T05:00:00Z'),
    to: new Date('2026-01-04T05:00:00Z'),
    overlap: 'allowAll',
  } as const;
  const keys = ['01', '02', '03', '04'].map((day) => `golden-202601${day}T050000Z`);
  await at.serving(async (letGo) => {
    letGo();
    expect(await at.schedules.backfill('golden', order, true)).toEqual(keys);
    expect(await at.schedules.backfill('golden', order)).toEqual(keys);
    await untilPasses(async () => expect((await at.runs()).map(({ id }) => id).sort()).toEqual(keys), {
      timeoutMs: 40_000,
    });
  });
}, 120_000);

test('to cancel what a schedule started cancels its run, and waits until that is over', async () => {
  const at = await served();
  at.set('golden');
  await at.schedules.apply();
  await at.serving(async () => {
    await at.schedules.trigger('golden');
    const run = await eventually(async () => (await at.runs())[0]);
    const [workflow] = await scheduled(at);
    await at.temporal.client.workflow.getHandle(workflow?.id ?? '').cancel();
    await untilPasses(async () => expect(await scheduled(at)).toMatchObject([{ status: 'CANCELLED' }]));
    expect((await at.runs()).find(({ id }) => id === run.id)).toMatchObject({ status: 'CANCELED' });
  });
}, 60_000);

test('with cancelOther the earlier run makes place for the next', async () => {
  const at = await served();
  at.set('golden', { overlap: 'cancelOther' });
  await at.schedules.apply();
  await at.serving(async () => {
    await at.schedules.trigger('golden');
    const first = await eventually(async () => (await at.runs())[0]);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await at.schedules.trigger('golden');
    await untilPasses(async () => expect(await at.runs()).toHaveLength(2), { timeoutMs: 30_000 });
    expect((await at.runs()).find(({ id }) => id === first.id)).toMatchObject({ status: 'CANCELED' });
  });
}, 60_000);

test('only a time that has come, of a line that has a schedule, is asked for', async () => {
  const at = await served();
  at.set('golden');
  at.lines.set('plain', { ...quickSettings().line, name: 'plain' });
  await at.serving(async () => {
    const start = (id: string) =>
      at.temporal.client.workflow
        .execute(WORKFLOW.scheduled, { workflowId: id, taskQueue: 'assay', args: [] })
        .catch(
          (error: Error & { cause?: Error & { cause?: Error } }) => error.cause?.cause?.message ?? error.cause?.message,
        );
    expect(await start('scheduled/golden-2999-01-01T00:00:00Z')).toContain('still to come');
    expect(await start('scheduled/golden-2026-13-41T00:00:00Z')).toContain('still to come');
    expect(await start('scheduled/plain-2026-01-01T00:00:00Z')).toContain('has no schedule');
    expect(await start('scheduled/nobody-2026-01-01T00:00:00Z')).toContain('has no schedule');
    expect(await start('something-else')).toContain('is not the id');
  });
  expect(await at.runs()).toEqual([]);
}, 60_000);

test('a line that Temporal does not know yet is told apart from one without a schedule', async () => {
  const { schedules, set } = await scene();
  set('golden');
  for (const ask of [() => schedules.trigger('golden'), () => schedules.resume('golden', '')])
    await expect(ask()).rejects.toThrow('run assay schedule apply');
  await expect(schedules.trigger('silver')).rejects.toThrow(BadInput);
});

import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createActivities, type Activities, type Deps } from '../../src/activities';
import type { Report } from '../../src/client/api';
import type { StatusDocument } from '../../src/domain/status';
import type { SeedPipeline } from '../../src/simulator/seed';
import { eventually } from '../setup/helpers';
import { openAssay, type Assay, type Program } from './assay';
import { APPROVED, ended, leftOf, NOTHING } from './left';

type Name = keyof Activities;
/** See `worker-that-dies.js`. */
type When = 'before' | 'first' | 'after';

interface Story {
  /** What the run must end as. */
  readonly ends: Partial<StatusDocument>;
  readonly left: object;
  /** Names of the executions that it starts, each once. */
  readonly starts: readonly string[];
  /** Where the worker is killed: by workflow, with the run's id in the place of `*`. */
  readonly kills: Readonly<Record<string, readonly Name[]>>;
  /** Id of its run; default: the story's name. */
  readonly run?: string;
  /** Sets the outside up, and answers with the request; null where the story asks in another way. */
  begin(assay: Assay, run: string): object | null;
  /** What people do. */
  drive?(assay: Assay, run: string): Promise<unknown>;
}

const TOPIC = { name: 'images', arn: 'arn:aws:sns:us-east-1:111122223333:images' };
/** Pipelines that follow a publication, by their kind in the simulator. */
const FOLLOWING = { tag: 'tag-golden', plain: 'after-golden' };
const GOLDEN = {
  notify: [{ sns: { topicArn: TOPIC.arn } }],
  spinnaker: { imageTags: { pipeline: FOLLOWING.tag }, afterDecision: { pipeline: FOLLOWING.plain } },
};
const ALONE = { groups: { security: 1 } };
/** One of the times of the line's schedule, as Temporal appends it to the workflow's id. */
const PLANNED = 'planned-2026-01-05T04:00:00Z';
const launching = (timeoutMinutes: number) => ({
  bake: undefined,
  deploy: {
    ec2: {
      ...{ subnetIds: ['subnet-0aaaaaaaaaaaaaaa0'], securityGroupIds: ['sg-0123456789abcdef0'] },
      ...{ instanceType: 't3.small', instanceProfile: 'golden-test', timeoutMinutes },
    },
  },
  approval: { ...ALONE, auto: true },
});
const LINES = {
  silver: GOLDEN,
  plain: {},
  planned: { schedule: { cron: '0 4 * * 1' } },
  launching: launching(10),
  unheard: launching(0.2),
  unscanned: { assess: [{ inspector2: { timeoutMinutes: 0.05 } }] },
  signalled: {
    approval: { ...ALONE, unsigned: 'allow' },
    spinnaker: { afterDecision: { manualJudgment: 'Promote?' } },
  },
  untaken: { approval: ALONE },
};

const asked = (assay: Assay, run: string) =>
  assay.until(run, ({ status }) => status === 'AWAITING_APPROVAL', PATIENCE_MS);
/** The kill may come between: a decision is then recorded, and counts when a worker is back. */
async function decide(assay: Assay, run: string, verdict: 'approve' | 'deny', ...people: ('alice' | 'bob')[]) {
  await asked(assay, run);
  for (const who of people) expect([200, 202]).toContain((await assay.decide(who, run, verdict)).code);
}
/** A Spinnaker execution whose stage asks for the run. */
function askedByStage(assay: Assay) {
  const execution = assay.simulator.outside.start({ stages: [{ refId: '3', status: 'RUNNING' }] });
  return { execution, source: { kind: 'spinnaker', executionId: execution.id, stageRefId: '3' } };
}

/** One that is through, with a judgment behind it that waits for the decision. */
function askedByPatientStage({ outside }: Assay['simulator'], run: string) {
  const statusEndpoint = `https://assay.example.com/v1/runs/${run}`;
  const execution = outside.start({
    stages: [
      { refId: '3', status: 'SUCCEEDED', context: { statusEndpoint, webhook: { statusEndpoint } } },
      { refId: '4', type: 'manualJudgment', name: 'Promote?', status: 'RUNNING' },
    ],
  });
  return { kind: 'spinnaker', executionId: execution.id, stageRefId: '3' };
}

const BAKED = ['bake-golden', 'deploy-candidate', 'destroy-candidate'];

/** Killed in two runs, one for each half of it, so that the deaths of one do not have to wait for those of the other. */
const approved = (line: string, kills: Story['kills']): Story => ({
  ends: { status: 'SUCCEEDED', error: null },
  left: APPROVED,
  starts: [...BAKED, ...Object.values(FOLLOWING)],
  kills,
  begin: (assay) => ({ line, source: askedByStage(assay).source }),
  drive: (assay, run) => decide(assay, run, 'approve', 'alice', 'bob'),
});

/** The run's end, and that of the watch for what it gave up. */
const watched =
  (watch: 'late-bake' | 'late-deploy' | 'late-launch') =>
  async (assay: Assay, run: string): Promise<void> => {
    await assay.until(run, ended, PATIENCE_MS);
    await assay.temporalCommand('workflow', 'result', '--workflow-id', `${watch}/${run}`);
  };

/** The runs in which every activity has its place. */
const STORIES: Readonly<Record<string, Story>> = {
  approved: approved('golden', {
    'run/*': [
      ...(['openRun', 'startBake', 'awaitBake', 'tagCandidate', 'startDeploy', 'awaitInstance', 'assess'] as const),
      ...(['evaluate', 'checkSource', 'openApproval'] as const),
    ],
  }),
  published: approved('silver', {
    'run/*': [
      ...(['notify', 'verifyDecision', 'enqueuePublication', 'readPublication', 'undoDeploy'] as const),
      ...(['startTagging', 'awaitTagging', 'startAfter', 'closeRun'] as const),
    ],
    'line/silver': ['publish'],
  }),
  denied: {
    ends: { status: 'DENIED', verdict: 'review' },
    left: NOTHING,
    starts: BAKED,
    kills: { 'run/*': ['recordUnassessed', 'undoBake', 'planRemoval', 'removeImages'] },
    begin(assay, run) {
      assay.simulator.behave({ scanSeconds: null }, run);
      return { line: 'unscanned' };
    },
    drive: (assay, run) => decide(assay, run, 'deny', 'alice'),
  },
  brought: {
    ends: { status: 'SUCCEEDED', error: null },
    left: APPROVED,
    starts: [],
    kills: { 'run/*': ['adoptInstance', 'takePlainDecision', 'undoBrought', 'giveJudgment'] },
    begin({ simulator }, run) {
      const image = simulator.seed.image({ name: run });
      const instance = simulator.seed.instance({ imageId: image.id });
      return {
        ...{ line: 'signalled', image: { id: image.id, region: 'us-east-1' } },
        ...{ instance: { id: instance.id, destroy: true }, source: askedByPatientStage(simulator, run) },
      };
    },
    async drive(assay, run) {
      const { evidenceDigest } = await asked(assay, run);
      const input = JSON.stringify({ by: 'alice@example.com', verdict: 'approve', evidenceDigest });
      await assay.temporalCommand(
        ...['workflow', 'signal', '--workflow-id', `run/${run}`, '--name', 'decide', '--input', input],
      );
    },
  },
  late: {
    ends: { status: 'FAILED', amiId: null },
    left: NOTHING,
    starts: ['bake-golden'],
    kills: { 'late-bake/*': ['awaitLateImage'] },
    begin(assay, run) {
      assay.simulator.behave({ bake: 'fails-late', lateImageSeconds: 60 }, run);
      return { line: 'plain' };
    },
    drive: watched('late-bake'),
  },
  untaken: {
    ends: { status: 'FAILED', published: [] },
    left: NOTHING,
    starts: BAKED,
    kills: { 'line/untaken': ['unpublish'] },
    begin(assay, run) {
      assay.simulator.behave({ validation: 'fails' }, run);
      return { line: 'untaken' };
    },
    drive: (assay, run) => decide(assay, run, 'approve', 'alice'),
  },
  'stage-ends': {
    ends: { status: 'CANCELED', error: null },
    left: NOTHING,
    starts: BAKED,
    kills: { 'run/*': ['watchSource'] },
    begin(assay, run) {
      assay.simulator.behave({ scanSeconds: null }, run);
      const { execution, source } = askedByStage(assay);
      stages.set(run, () => execution.update({ stages: [{ refId: '3', status: 'TERMINAL' }] }));
      return { line: 'plain', source };
    },
    async drive(assay, run) {
      await assay.until(run, ({ stage }) => stage === 'assessing', PATIENCE_MS);
      stages.get(run)?.();
    },
  },
  'late-deploy': {
    ends: { status: 'FAILED', published: [] },
    left: NOTHING,
    starts: BAKED,
    kills: { 'late-deploy/*': ['watchLateDeploy'] },
    begin(assay, run) {
      assay.simulator.behave({ deploy: 'fails-late' }, run);
      return { line: 'plain' };
    },
    drive: watched('late-deploy'),
  },
  launched: {
    ends: { status: 'SUCCEEDED', error: null },
    left: APPROVED,
    starts: [],
    kills: { 'run/*': ['checkProfile', 'launchInstance', 'awaitLaunched', 'undoLaunch'] },
    begin({ simulator }, run) {
      const { id } = simulator.seed.image({ name: run, profile: 'debian-13-slim' });
      return { line: 'launching', image: { id, region: 'us-east-1' } };
    },
  },
  'late-launch': {
    ends: { status: 'FAILED', published: [] },
    left: { ...APPROVED, state: 'denied' },
    starts: [],
    kills: { 'late-launch/*': ['watchLateLaunch'] },
    begin({ simulator }, run) {
      simulator.faults.add({
        ...{ service: 'ec2', operation: 'RunInstances', kind: 'accept-then-drop', count: 'always', contains: run },
      });
      // Past the time limit of the launch, so that no attempt finds it.
      simulator.behave({ hiddenSeconds: 400 }, run);
      const { id } = simulator.seed.image({ name: run });
      return { line: 'unheard', image: { id, region: 'us-east-1' } };
    },
    drive: watched('late-launch'),
  },
  scheduled: {
    run: 'planned-20260105T040000Z',
    ends: { status: 'DENIED' },
    left: NOTHING,
    starts: BAKED,
    kills: { [`scheduled/${PLANNED}`]: ['askScheduled', 'awaitRun'] },
    begin: () => null,
    async drive(assay, run) {
      const of = ['--workflow-id', `scheduled/${PLANNED}`];
      // As a schedule of Temporal starts it.
      await assay.temporalCommand('workflow', 'start', '--type', 'scheduledRun', '--task-queue', 'assay', ...of);
      await decide(assay, run, 'deny', 'alice');
      await assay.temporalCommand('workflow', 'result', ...of);
    },
  },
  swept: {
    ends: { status: 'FAILED' },
    left: NOTHING,
    starts: BAKED,
    kills: { 'sweep/*': ['openSweep'] },
    begin(assay, run) {
      assay.simulator.behave({ scanSeconds: null }, run);
      return { line: 'plain' };
    },
    async drive(assay, run) {
      await assay.until(run, ({ stage }) => stage === 'assessing', PATIENCE_MS);
      await assay.temporalCommand('workflow', 'terminate', '--workflow-id', `run/${run}`, '--reason', 'a test');
      await assay.operate('sweep', '--run', run);
    },
  },
};
const stages = new Map<string, () => void>();
/** A machine that is busy otherwise may take half a minute for a death. */
const PATIENCE_MS = 900_000;

/** What acts and then throws, to look again later: killed there too, since a kill after the last look finds nothing undone. */
const POLLS: readonly Name[] = [
  ...(['awaitBake', 'tagCandidate', 'awaitInstance', 'assess', 'publish', 'unpublish'] as const),
  ...([
    'undoBake',
    'undoDeploy',
    'undoBrought',
    'removeImages',
    'awaitLateImage',
    'watchSource',
    'awaitTagging',
  ] as const),
];

/**
 * Plays every story at once on one worker that is killed, and started again, at each place in turn; then looks at what each
 * run left. Two files, one for each set of places, run side by side.
 */
export function describeKills(...whens: readonly When[]): void {
  let assay: Assay;
  let deaths: Deaths | undefined;
  const told = new Map<string, Promise<StatusDocument>>();
  const idOf = (story: string): string => STORIES[story]?.run ?? story;

  beforeAll(async () => {
    assay = await openAssay({ line: GOLDEN, lines: LINES });
    assay.simulator.seed.topic({ name: TOPIC.name });
    assay.simulator.seed.profile({ name: 'golden-test' });
    for (const [kind, name] of Object.entries(FOLLOWING)) assay.simulator.seed.pipeline({ kind, name } as SeedPipeline);
    const orders = Object.entries(STORIES).flatMap(([name, { kills }]) => ordersOf(kills, idOf(name), whens));
    deaths = await watchOver(assay, orders);
    for (const [name, story] of Object.entries(STORIES)) told.set(name, tell(assay, idOf(name), story));
    // Each test awaits its own.
    for (const one of told.values()) one.catch(() => undefined);
  }, 120_000);
  afterAll(async () => {
    await deaths?.over();
    await assay.close();
  });

  test.each(Object.keys(STORIES))(
    `%s: a worker killed ${whens.join(', ')} loses and doubles nothing`,
    async (name) => {
      const run = idOf(name);
      const story = STORIES[name] as Story;
      const status = await (told.get(name) as Promise<StatusDocument>);
      expect(status).toMatchObject(story.ends);
      expect(leftOf(assay, run)).toEqual(story.left);
      await onceOf(assay, story, status);
    },
    PATIENCE_MS + 20_000,
  );

  test('the worker was killed in every place, and ended in no other way', () => {
    expect(deaths?.done().sort()).toEqual([...(deaths?.orders ?? [])].sort());
    expect(deaths?.others).toEqual([]);
  });

  test('no activity is left out', () => {
    const killed = new Set(Object.values(STORIES).flatMap(({ kills }) => Object.values(kills).flat()));
    // Only the names are wanted, so that nothing is asked of what is not there.
    expect([...killed].sort()).toEqual(Object.keys(createActivities({} as Deps)).sort());
  });
}

const ordersOf = (kills: Story['kills'], run: string, whens: readonly When[]): string[] =>
  Object.entries(kills).flatMap(([workflow, names]) =>
    names.flatMap((name) =>
      whens
        .filter((when) => when !== 'first' || POLLS.includes(name))
        .map((when) => `${workflow.replace('*', run)} ${name} ${when}`),
    ),
  );

async function tell(assay: Assay, run: string, { begin, drive }: Story): Promise<StatusDocument> {
  const request = begin(assay, run);
  if (request) await assay.start(request, run);
  await drive?.(assay, run);
  return assay.until(run, ended, PATIENCE_MS);
}

/** One bake, one deploy, one scan, one publication: of nothing that a run does are there two. */
async function onceOf(
  assay: Assay,
  { starts }: Story,
  { id: run, line, status, amiId, findings }: StatusDocument,
): Promise<void> {
  const { executions, instances, parameters } = assay.simulator.state();
  expect(instances.filter(({ tags }) => tags['assay:run'] === run).length).toBeLessThanOrEqual(1);
  const started = executions.filter((one) => one.parameters['assayRun'] === run).map(({ name }) => name);
  expect(started.sort()).toEqual([...starts].sort());
  const written = parameters.find(({ name }) => name === `/golden-ami/${line}/latest`)?.versions ?? [];
  const published = written.filter(({ value, state }) => value === amiId && state === 'applied');
  expect(published).toHaveLength(status === 'SUCCEEDED' ? 1 : 0);
  const { body } = await assay.call('alice', 'GET', `/v1/lines/${line}/images`);
  expect((body['images'] as { run: string }[]).filter((one) => one.run === run)).toHaveLength(published.length);
  if (findings === null) return;
  const report = (await assay.call('alice', 'GET', `/v1/runs/${run}/report`)).body as unknown as Report;
  expect(report.assessments).toHaveLength(1);
  expect(new Set(report.findings.map(({ key }) => key)).size).toBe(findings.total);
  expect(report.findings).toHaveLength(findings.total);
}

interface Deaths {
  readonly orders: readonly string[];
  done(): string[];
  /** Ends that nobody ordered. */
  readonly others: unknown[];
  over(): Promise<void>;
}

/**
 * Has the worker die by these orders, each once, and lets the next one live each time. That one is loaded and waits already,
 * which takes seconds otherwise.
 */
async function watchOver({ worker, folder }: Assay, orders: readonly string[]): Promise<Deaths> {
  const [marks, loaded] = [join(folder, 'deaths'), join(folder, 'loaded')];
  for (const made of [marks, loaded]) mkdirSync(made);
  const others: unknown[] = [];
  let over = false;
  const next = (): Program => {
    const one = worker.twin();
    const env = { DIE_AT: JSON.stringify(orders), DIE_MARKS: marks, DIE_LOADED: loaded };
    one.start(env, join(__dirname, 'worker-that-dies.js'));
    return one;
  };
  await worker.stop();
  let living = next();
  let waiting = next();
  const live = async (one: Program): Promise<void> => {
    await eventually(() => over || existsSync(join(loaded, String(one.pid))), { timeoutMs: 120_000, everyMs: 20 });
    one.signal('SIGUSR2');
  };
  const watching = (async () => {
    for (let lives = 0; lives <= orders.length && !over; lives++) {
      await live(living);
      const end = await living.ended();
      if (over) return;
      if (end.signal !== 'SIGKILL') others.push(end);
      living = waiting;
      waiting = next();
    }
  })();
  watching.catch((error: unknown) => others.push(error));
  return {
    orders,
    others,
    done: () => readdirSync(marks).map(decodeURIComponent),
    async over() {
      over = true;
      await Promise.all([living.stop(), waiting.stop()]);
      await watching.catch(() => undefined);
    },
  };
}

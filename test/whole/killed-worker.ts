import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createActivities, type Activities, type Deps } from '../../src/activities';
import type { Report } from '../../src/client/api';
import type { StatusDocument } from '../../src/domain/status';
import type { SeedPipeline } from '../../src/simulator/seed';
import { openAssay, type Assay } from './assay';
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
  /** Sets the outside up, and answers with the request. */
  begin(assay: Assay, run: string): object;
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
const LINES = {
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
function askedByPatientStage({ outside }: Assay['simulator']) {
  const execution = outside.start({
    stages: [
      { refId: '3', status: 'SUCCEEDED' },
      { refId: '4', type: 'manualJudgment', name: 'Promote?', status: 'RUNNING' },
    ],
  });
  return { kind: 'spinnaker', executionId: execution.id, stageRefId: '3' };
}

const BAKED = ['bake-golden', 'deploy-candidate', 'destroy-candidate'];

/** The runs in which every activity has its place. */
const STORIES: Readonly<Record<string, Story>> = {
  approved: {
    ends: { status: 'SUCCEEDED', error: null },
    left: APPROVED,
    starts: [...BAKED, ...Object.values(FOLLOWING)],
    kills: {
      'run/*': [
        ...(['openRun', 'startBake', 'awaitBake', 'tagCandidate', 'startDeploy', 'awaitInstance', 'assess'] as const),
        ...(['evaluate', 'checkSource', 'openApproval', 'notify', 'verifyDecision', 'enqueuePublication'] as const),
        ...(['readPublication', 'undoDeploy', 'startTagging', 'awaitTagging', 'startAfter', 'closeRun'] as const),
      ],
      'line/golden': ['publish'],
    },
    begin: (assay) => ({ source: askedByStage(assay).source }),
    drive: (assay, run) => decide(assay, run, 'approve', 'alice', 'bob'),
  },
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
        ...{ instance: { id: instance.id, destroy: true }, source: askedByPatientStage(simulator) },
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
      return {};
    },
    async drive(assay, run) {
      await assay.until(run, ended, PATIENCE_MS);
      await assay.temporalCommand('workflow', 'result', '--workflow-id', `late-bake/${run}`);
    },
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
      return { source };
    },
    async drive(assay, run) {
      await assay.until(run, ({ stage }) => stage === 'assessing', PATIENCE_MS);
      stages.get(run)?.();
    },
  },
  swept: {
    ends: { status: 'FAILED' },
    left: NOTHING,
    starts: BAKED,
    kills: { 'sweep/*': ['openSweep'] },
    begin(assay, run) {
      assay.simulator.behave({ scanSeconds: null }, run);
      return {};
    },
    async drive(assay, run) {
      await assay.until(run, ({ stage }) => stage === 'assessing', PATIENCE_MS);
      await assay.temporalCommand('workflow', 'terminate', '--workflow-id', `run/${run}`, '--reason', 'a test');
      await assay.operate('sweep', '--run', run);
    },
  },
};
const stages = new Map<string, () => void>();
const PATIENCE_MS = 400_000;

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
  const idOf = (story: string): string => `${story}-${whens[0]}`;

  beforeAll(async () => {
    assay = await openAssay({ line: GOLDEN, lines: LINES });
    assay.simulator.seed.topic({ name: TOPIC.name });
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
  await assay.start(begin(assay, run), run);
  await drive?.(assay, run);
  return assay.until(run, ended, PATIENCE_MS);
}

/** One bake, one deploy, one scan, one publication: of nothing that a run does are there two. */
async function onceOf(
  assay: Assay,
  { starts }: Story,
  { id: run, line, status, amiId, findings }: StatusDocument,
): Promise<void> {
  const { executions, parameters } = assay.simulator.state();
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

/** Has the worker die by these orders, each once, and starts it again each time. */
async function watchOver({ worker, folder }: Assay, orders: readonly string[]): Promise<Deaths> {
  const marks = join(folder, 'deaths');
  mkdirSync(marks);
  const others: unknown[] = [];
  let over = false;
  const begin = (): void =>
    worker.start({ DIE_AT: JSON.stringify(orders), DIE_MARKS: marks }, join(__dirname, 'worker-that-dies.js'));
  await worker.stop();
  begin();
  const watching = (async () => {
    for (let lives = 0; lives <= orders.length; lives++) {
      const end = await worker.ended();
      if (over) return;
      if (end.signal !== 'SIGKILL') others.push(end);
      begin();
    }
  })();
  return {
    orders,
    others,
    done: () => readdirSync(marks).map(decodeURIComponent),
    async over() {
      over = true;
      await worker.stop();
      await watching;
    },
  };
}

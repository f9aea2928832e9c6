import { playWebhookStage } from '../../src/contract/webhook-stage';
import type { StatusDocument } from '../../src/domain/status';
import type { Behaviour } from '../../src/simulator';
import { untilPasses } from '../setup/helpers';
import { KEYS, openAssay, type Assay } from './assay';

const CLEAN = { pipeline: 'bake-golden', parameters: { baseOs: 'debian-13-slim' }, timeoutMinutes: 10 };
const AUTO = { groups: { security: 1 }, auto: true };
/** Longer than any clean-up: a judgment may begin only after its run has ended. */
const JUDGED = { afterDecision: { manualJudgment: 'Promote?', timeoutMinutes: 2 } };
const REGIONS = ['us-east-1', 'eu-west-1'];

let assay: Assay;
beforeAll(async () => {
  const after = { pipeline: 'after-golden', parameters: { channel: 'beta' } };
  assay = await openAssay({
    spinnaker: { unreachableMinutes: 0.1 },
    line: { approval: { groups: { security: 1 } } },
    lines: {
      clean: { bake: CLEAN, approval: AUTO },
      tasks: {
        ...{ bake: CLEAN, approval: AUTO, deploy: { pipeline: 'deploy-candidate', timeoutMinutes: 10 } },
        spinnaker: { imageTags: true },
      },
      told: {
        ...{ bake: CLEAN, approval: AUTO },
        spinnaker: { imageTags: { pipeline: 'tag-golden', timeoutMinutes: 0.1 }, afterDecision: after },
      },
      regions: { bake: { ...CLEAN, regions: REGIONS }, approval: { groups: { security: 1 } } },
      judged: {
        approval: { groups: { security: 1 } },
        spinnaker: JUDGED,
      },
      unjudged: {
        approval: { groups: { security: 1 } },
        spinnaker: { afterDecision: { ...JUDGED.afterDecision, timeoutMinutes: 0.1 } },
      },
      'at-once': { bake: CLEAN, approval: AUTO, spinnaker: JUDGED },
      hopeless: { bake: { ...CLEAN, parameters: { baseOs: 'centos-7' } }, spinnaker: JUDGED },
      brief: { bake: { ...CLEAN, timeoutMinutes: 0.05 }, approval: AUTO },
    },
  });
  assay.simulator.seed.pipeline({ name: 'tag-golden', kind: 'tag' });
  assay.simulator.seed.pipeline({ name: 'after-golden', kind: 'plain' });
}, 120_000);
afterAll(() => assay.close());
afterEach(() => assay.simulator.faults.clear());

const ended = ({ status }: StatusDocument) => status !== 'RUNNING' && status !== 'AWAITING_APPROVAL';
const asking = ({ status }: StatusDocument) => status === 'AWAITING_APPROVAL';

/** Executions that were started for a run, by their kind. */
function started(run: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { parameters, kind, stages } of assay.simulator.state().executions)
    if (parameters['assayRun'] === run) {
      const what = kind === 'task' ? `task ${stages[0]?.type}` : kind;
      counts[what] = (counts[what] ?? 0) + 1;
    }
  return counts;
}

/** What is alive of a run, in every region. */
function left(run: string) {
  const { instances, images, snapshots, volumes, autoScalingGroups } = assay.simulator.state();
  const ours = <T extends { readonly tags: Readonly<Record<string, string>> }>(all: readonly T[]): readonly T[] =>
    all.filter(({ tags }) => tags['assay:run'] === run);
  return {
    instances: ours(instances).filter(({ state }) => state !== 'terminated').length,
    volumes: ours(volumes).filter(({ state }) => state !== 'deleted').length,
    groups: ours(autoScalingGroups).filter(({ deletedAt }) => deletedAt === null).length,
    snapshots: ours(snapshots).filter(({ state }) => state !== 'deleted').length,
    images: ours(images)
      .filter(({ deregisteredAt }) => deregisteredAt === null)
      .map(({ region, tags }) => `${region} ${tags['assay:state']}`)
      .sort(),
  };
}
/** The reasons of a run of which everything could be told. */
const UNTOLD = ['no rule fired'];
const NOTHING = { instances: 0, volumes: 0, groups: 0, snapshots: 0, images: [] };

const begin = (
  line: string,
  key: string,
  habits: Partial<Behaviour> = {},
  source?: { readonly executionId: string; readonly stageRefId: string },
): Promise<StatusDocument> => {
  assay.simulator.behave(habits, key);
  return assay.start({ line, ...(source && { source: { kind: 'spinnaker', ...source } }) }, key);
};
const endOf = (run: string): Promise<StatusDocument> => assay.until(run, ended, 90_000);

describe('ad-hoc tasks', () => {
  test('a line without a destroy pipeline destroys by one task, also when its answer is lost, and has the tags told', async () => {
    assay.simulator.faults.add({ service: 'gate', operation: 'startTask', kind: 'accept-then-drop', count: 2 });
    const { id } = await begin('tasks', 'by-tasks');
    expect(await endOf(id)).toMatchObject({ status: 'SUCCEEDED', reasons: UNTOLD });
    expect(started(id)).toEqual({ bake: 1, deploy: 1, 'task destroyServerGroup': 1, 'task upsertImageTags': 1 });
    expect(left(id)).toEqual({ ...NOTHING, snapshots: 1, images: ['us-east-1 approved'] });
    const task = assay.simulator.requests().find(({ params }) => params.includes('"upsertImageTags"'));
    expect(task?.params).toContain('"assay:state":"approved"');
  }, 120_000);

  test('a destroy that fails, and one that only says it destroyed, are asked for again until the group is gone', async () => {
    const lies = await begin('tasks', 'task-lies', { destroy: 'lies' });
    const fails = await begin('tasks', 'task-fails', { destroy: 'fails' });
    const tasks = ({ id }: StatusDocument): number => started(id)['task destroyServerGroup'] ?? 0;
    for (const run of [lies, fails])
      await untilPasses(() => expect(tasks(run)).toBeGreaterThan(1), { timeoutMs: 60_000 });
    assay.simulator.behave({ destroy: 'succeeds' }, lies.id);
    assay.simulator.behave({ destroy: 'succeeds' }, fails.id);
    for (const { id } of [lies, fails]) {
      expect(await endOf(id)).toMatchObject({ status: 'SUCCEEDED' });
      expect(left(id)).toMatchObject({ instances: 0, groups: 0 });
    }
  }, 120_000);

  test('tags that Spinnaker never shows, and a pipeline that fails, are reasons and change no ending', async () => {
    const unseen = await begin('told', 'tags-unseen', { imageCacheSeconds: null });
    const status = await endOf(unseen.id);
    expect(status).toMatchObject({ status: 'SUCCEEDED', published: [expect.anything()] });
    expect(status.reasons).toContainEqual(
      expect.stringMatching(
        /^telling Spinnaker the image's tags was not done within .*cache does not show assay:managed/,
      ),
    );
    expect(started(unseen.id)).toMatchObject({ tag: 1, plain: 1 });
  }, 120_000);
});

test('a second bake that a slow Orca took beside the first goes when the run is approved', async () => {
  assay.simulator.faults.add({
    ...{ service: 'gate', operation: 'startPipeline', kind: 'accept-then-drop', contains: '"assayRun":"twins"' },
  });
  const { id } = await begin('clean', 'twins', { registerSeconds: 60 });
  const status = await endOf(id);
  expect(status).toMatchObject({ status: 'SUCCEEDED', published: [expect.anything()] });
  expect(started(id)).toMatchObject({ bake: 2, deploy: 1 });
  expect(left(id)).toEqual({ ...NOTHING, snapshots: 1, images: ['us-east-1 approved'] });
}, 120_000);

describe('what follows a decision', () => {
  test('the named pipeline is started once, with what was decided, also when the answer is lost', async () => {
    assay.simulator.faults.add({
      ...{ service: 'gate', operation: 'startPipeline', kind: 'accept-then-drop', contains: '/after-golden' },
    });
    const { id } = await begin('told', 'followed');
    const status = await endOf(id);
    expect(status).toMatchObject({ status: 'SUCCEEDED', reasons: UNTOLD });
    const after = assay.simulator
      .state()
      .executions.filter(({ name, parameters }) => name === 'after-golden' && parameters['assayRun'] === id);
    expect(after).toHaveLength(1);
    expect(after[0]).toMatchObject({
      correlationId: `${id}/after/1`,
      parameters: {
        ...{ assayRun: id, assayLine: 'told', assayRegion: 'us-east-1', channel: 'beta' },
        ...{ amiId: status.amiId, assayImages: `us-east-1=${status.amiId}` },
        ...{ assayStatus: 'SUCCEEDED', assayVerdict: 'approve', assayEvidence: status.evidenceDigest },
      },
    });
  }, 120_000);

  test('it is started for a failed run too, and one that cannot be started is a reason', async () => {
    const failed = await begin('told', 'after-failed', { bake: 'fails' });
    expect(await endOf(failed.id)).toMatchObject({ status: 'FAILED' });
    expect(
      assay.simulator.state().executions.find(({ correlationId }) => correlationId === `${failed.id}/after/1`),
    ).toMatchObject({ parameters: { assayStatus: 'FAILED', amiId: '', assayVerdict: '', assayImages: '' } });
    assay.simulator.faults.add({
      ...{ service: 'gate', operation: 'startPipeline', kind: 'error', status: 404, contains: '/after-golden' },
    });
    const { id } = await begin('told', 'after-missing', { bake: 'fails' });
    const status = await endOf(id);
    expect(status.status).toBe('FAILED');
    expect(status.reasons).toContainEqual(expect.stringContaining('Gate knows no pipeline "after-golden"'));
  }, 120_000);
});

/** An execution with a stage that asks, and one that waits for the decision. */
function asker(stage = 'Promote?') {
  const execution = assay.simulator.outside.start({
    name: 'golden-image',
    stages: [
      { refId: '1', name: 'Golden AMI', status: 'RUNNING' },
      { refId: '2', name: stage, type: 'manualJudgment' },
    ],
  });
  return { ...execution, run: `${execution.id}-1` };
}
const stageOf = (execution: string, refId: string) =>
  assay.simulator
    .state()
    .executions.find(({ id }) => id === execution)
    ?.stages.find((one) => one.refId === refId);

/** The non-blocking style: the stage succeeds while people are asked, and the pipeline goes on to its manual judgment. */
async function ask(
  execution: ReturnType<typeof asker>,
  judge = true,
  line = 'judged',
  end: 'SUCCEEDED' | 'TERMINAL' = 'SUCCEEDED',
): Promise<string> {
  const result = await playWebhookStage({
    url: `${assay.url}/v1/runs`,
    headers: { Authorization: `Bearer ${KEYS.ci}` },
    payload: { line, source: { kind: 'spinnaker', executionId: execution.id, stageRefId: '1' } },
    statusUrlResolution: 'locationHeader',
    statusJsonPath: '$.status',
    progressJsonPath: '$.progress',
    successStatuses: 'AWAITING_APPROVAL,SUCCEEDED',
    canceledStatuses: 'CANCELED',
    terminalStatuses: 'DENIED,FAILED',
    cancelEndpoint: `${assay.url}/v1/runs/by-key/${execution.run}/cancel`,
    pollMs: 200,
    signal: execution.signal,
    onProgress: ({ status, context }) => execution.update({ stages: [{ refId: '1', status, context }] }),
  });
  expect(result).toMatchObject({ status: end, cancelCalled: end === 'TERMINAL', expressions: [] });
  if (judge) execution.update({ stages: [{ refId: '2', status: 'RUNNING' }] });
  return execution.run;
}

/** What the workflow said that answers a judgment after its run has ended. */
const lateJudgment = (run: string): Promise<string> =>
  assay.temporalCommand('workflow', 'result', '--workflow-id', `late-judgment/${run}`, '-o', 'json');

describe('a manual judgment that waits for the decision', () => {
  test('is told to continue on approval and to stop on denial, and a stage that succeeded cancels nothing', async () => {
    const [good, bad, byHand] = [asker(), asker(), asker()];
    const [approved, denied, judged] = await Promise.all([ask(good), ask(bad), ask(byHand)]);
    byHand.update({ stages: [{ refId: '2', status: 'SUCCEEDED', context: { judgmentStatus: 'continue' } }] });
    // Longer than some looks at the stage that asked.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    for (const run of [approved, denied, judged])
      expect(await assay.status(run)).toMatchObject({ status: 'AWAITING_APPROVAL' });
    await assay.decide('alice', approved, 'approve');
    await assay.decide('alice', denied, 'deny');
    await assay.decide('alice', judged, 'deny');
    expect(await endOf(approved)).toMatchObject({
      status: 'SUCCEEDED',
      reasons: expect.not.arrayContaining([expect.stringContaining('stage')]),
    });
    expect(await endOf(denied)).toMatchObject({ status: 'DENIED' });
    expect(stageOf(good.id, '2')).toMatchObject({ status: 'SUCCEEDED' });
    expect(stageOf(bad.id, '2')).toMatchObject({ status: 'TERMINAL' });
    // What somebody said by hand stays said.
    const left = await endOf(judged);
    expect(left.reasons).toContainEqual(expect.stringMatching(/was told "continue" by somebody else; it is left so$/));
    expect(stageOf(byHand.id, '2')).toMatchObject({ status: 'SUCCEEDED' });
  }, 180_000);

  test('is told after the run has ended when it begins only then, and told again when Gate swallowed it', async () => {
    const execution = asker();
    const run = await ask(execution, false);
    await assay.decide('alice', run, 'approve');
    const status = await endOf(run);
    expect(status).toMatchObject({ status: 'SUCCEEDED', published: [expect.anything()] });
    expect(status.reasons).toContainEqual(expect.stringContaining('it is told to continue when it has'));
    expect(stageOf(execution.id, '2')).toMatchObject({ status: 'NOT_STARTED' });
    assay.simulator.faults.add({ service: 'gate', operation: 'patchStage', kind: 'empty-200', count: 2 });
    execution.update({ stages: [{ refId: '2', status: 'RUNNING' }] });
    expect(await lateJudgment(run)).toContain('told the stage \\"Promote?\\" to continue');
    expect(stageOf(execution.id, '2')).toMatchObject({ status: 'SUCCEEDED' });
    expect(assay.simulator.requests().filter(({ operation }) => operation === 'patchStage').length).toBeGreaterThan(2);
  }, 120_000);

  test.each([
    ['at-once', 'SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED', 'told the stage'],
    ['hopeless', 'DENIED', 'TERMINAL', 'NOT_STARTED', 'never began'],
  ] as const)(
    'of a run that asks nobody (%s) does not keep the stage before it waiting for the run',
    async (line, ending, stage, judgment, late) => {
      const execution = asker();
      const run = await ask(execution, false, line, stage);
      expect(await endOf(run)).toMatchObject({ status: ending });
      if (stage === 'SUCCEEDED') execution.update({ stages: [{ refId: '2', status: 'RUNNING' }] });
      else execution.update({ status: 'TERMINAL' });
      expect(await lateJudgment(run)).toContain(late);
      expect(stageOf(execution.id, '2')).toMatchObject({ status: judgment });
    },
    120_000,
  );

  test('is not answered in an execution that asked for another run, or for none', async () => {
    const execution = asker();
    await ask(execution);
    const { id } = await begin('at-once', 'not-theirs', {}, { executionId: execution.id, stageRefId: '9' });
    const status = await endOf(id);
    expect(status.status).toBe('SUCCEEDED');
    expect(status.reasons).toContainEqual(expect.stringContaining(`asked for run ${id}; its judgments are left`));
    expect(stageOf(execution.id, '2')).toMatchObject({ status: 'RUNNING' });
  }, 120_000);

  test.each([
    [
      'that never takes it',
      { patch: 'swallowed' },
      'Promote?',
      /was not done within 6 seconds.*may Assay's user judge it/,
    ],
    ['that is not there', {}, 'Other', /failed: execution \S+ has 0 manual judgments named "Promote\?", not one/],
  ] as const)(
    '%s is a reason, and the image stays approved',
    async (_, habits, name, reason) => {
      const execution = asker(name);
      assay.simulator.behave(habits);
      try {
        const run = await ask(execution, true, 'unjudged');
        await assay.decide('alice', run, 'approve');
        const status = await endOf(run);
        expect(status.status).toBe('SUCCEEDED');
        expect(status.reasons).toContainEqual(expect.stringMatching(reason));
        expect(left(run)).toMatchObject({ instances: 0, images: ['us-east-1 approved'] });
      } finally {
        assay.simulator.behave({ patch: 'done' });
      }
    },
    120_000,
  );
});

describe('a bake in several regions', () => {
  test('gives one candidate: approved together, denied together', async () => {
    const [good, bad] = [await begin('regions', 'regions-good'), await begin('regions', 'regions-bad')];
    for (const { id } of [good, bad]) {
      const asked = await assay.until(id, (status) => asking(status) || ended(status));
      expect(asked.images.map(({ region }) => region)).toEqual(REGIONS);
      expect(asked.images[0]?.amiId).toBe(asked.amiId);
      expect(left(id).images).toEqual(['eu-west-1 candidate', 'us-east-1 candidate']);
    }
    await assay.decide('alice', good.id, 'approve');
    await assay.decide('alice', bad.id, 'deny');
    expect(await endOf(good.id)).toMatchObject({
      status: 'SUCCEEDED',
      published: [expect.objectContaining({ region: 'us-east-1' })],
    });
    expect(left(good.id)).toEqual({ ...NOTHING, snapshots: 2, images: ['eu-west-1 approved', 'us-east-1 approved'] });
    expect(await endOf(bad.id)).toMatchObject({ status: 'DENIED' });
    expect(left(bad.id)).toEqual(NOTHING);
  }, 180_000);

  test('what is no sibling ends the run with every fault at once, is not touched, and the rest goes', async () => {
    const old = '2020-01-01T00:00:00.000Z';
    const odd = assay.simulator.seed.image({
      region: 'eu-west-1',
      name: 'odd',
      creationDate: old,
      tags: { 'assay:run': 'x' },
    });
    const { id } = await begin('regions', 'regions-odd', { handOutIn: { 'eu-west-1': odd.id } });
    const { status, error } = await endOf(id);
    expect(status).toBe('FAILED');
    expect(error).toContain(`${odd.id} names the run x, which is not known here`);
    expect(error).toContain(`${odd.id} in eu-west-1 is named odd, not golden-`);
    expect(error).toContain(`${odd.id} in eu-west-1 is older than the run`);
    expect(left(id)).toEqual(NOTHING);
    expect(assay.simulator.state().images.find((image) => image.id === odd.id)).toMatchObject({
      deregisteredAt: null,
      tags: { 'assay:run': 'x' },
    });
  }, 120_000);

  test('one that fails elsewhere, names too few, or bakes where nobody asked, leaves nothing anywhere', async () => {
    const [partly, few, more] = [
      await begin('regions', 'regions-partly', { bake: 'fails-elsewhere', bakeTags: false }),
      await begin('regions', 'regions-few', { bakeRegions: ['eu-west-1'], bakeTags: false }),
      await begin('regions', 'regions-more', { bakeRegions: [...REGIONS, 'ap-south-1'] }),
    ];
    expect(await endOf(partly.id)).toMatchObject({
      status: 'FAILED',
      error: expect.stringContaining('Bake in eu-west-1'),
    });
    expect(await endOf(few.id)).toMatchObject({
      status: 'FAILED',
      error: expect.stringMatching(/names no image in us-east-1$/),
    });
    const asked = await assay.until(more.id, asking);
    expect(asked.images).toHaveLength(3);
    expect(left(more.id).images).toEqual(['ap-south-1 candidate', 'eu-west-1 candidate', 'us-east-1 candidate']);
    await assay.decide('alice', more.id, 'deny');
    await endOf(more.id);
    for (const { id } of [partly, few, more]) expect(left(id)).toEqual(NOTHING);
    // Without the template's tag they are known by the execution's word only.
    expect(
      assay.simulator
        .state()
        .images.filter(
          ({ tags, deregisteredAt }) =>
            deregisteredAt === null && tags['assay:run'] === undefined && tags['appversion'],
        ),
    ).toEqual([]);
  }, 180_000);

  test('a late image is found and removed in every region', async () => {
    const { id } = await begin('regions', 'regions-late', { bake: 'never-ends', lateImage: true });
    await assay.until(id, ({ progress }) => progress.startsWith('baking in'));
    await assay.call('ci', 'POST', `/v1/runs/${id}/cancel`);
    expect(await endOf(id)).toMatchObject({
      status: 'CANCELED',
      reasons: expect.arrayContaining([expect.stringContaining('late image')]),
    });
    await untilPasses(
      () => {
        const made = assay.simulator.state().images.filter(({ tags }) => tags['assay:run'] === id);
        expect(made.map(({ region }) => region).sort()).toEqual([...REGIONS].sort());
        expect(left(id)).toEqual(NOTHING);
      },
      { timeoutMs: 30_000 },
    );
  }, 120_000);
});

describe('a Gate that fails', () => {
  test.each([
    ['429', { retryAfter: 1 }],
    ['accept-then-drop', {}],
    ['empty-200', {}],
    ['login-redirect', {}],
  ] as const)(
    '%s on every route makes neither a second bake nor a second deploy, and leaves nothing',
    async (kind, more) => {
      for (const operation of ['startPipeline', 'searchExecutions', 'getPipeline', 'getServerGroup'])
        assay.simulator.faults.add({ service: 'gate', operation, kind, ...more });
      const { id } = await begin('clean', `fault-${kind}`);
      expect(await endOf(id)).toMatchObject({ status: 'SUCCEEDED' });
      expect(started(id)).toEqual({ bake: 1, deploy: 1, destroy: 1 });
      expect(left(id)).toMatchObject({ instances: 0, groups: 0, volumes: 0, images: ['us-east-1 approved'] });
    },
    120_000,
  );

  test('away for minutes while it bakes: the run waits; away for hours at the end: AWS removes the group', async () => {
    const { id } = await begin('clean', 'gate-away', { bakeSeconds: 60, scanSeconds: 100 });
    await assay.until(id, ({ progress }) => progress.startsWith('baking in'));
    assay.simulator.faults.add({ service: 'gate', operation: '*', kind: 'reset', count: 4 });
    await assay.until(id, ({ stage }) => stage === 'assessing');
    assay.simulator.faults.add({ service: 'gate', operation: '*', kind: '503', count: 'always' });
    expect(await endOf(id)).toMatchObject({ status: 'SUCCEEDED' });
    expect(started(id)).toEqual({ bake: 1, deploy: 1 });
    expect(left(id)).toMatchObject({ instances: 0, groups: 0, volumes: 0 });
  }, 120_000);

  test('an execution that is not found for a while is waited for; one that stays away ends the run, which cleans up', async () => {
    assay.simulator.faults.add({ service: 'gate', operation: 'getPipeline', kind: 'error', status: 404, count: 3 });
    const back = await begin('clean', 'not-found-yet');
    expect(await endOf(back.id)).toMatchObject({ status: 'SUCCEEDED' });
    expect(started(back.id)).toEqual({ bake: 1, deploy: 1, destroy: 1 });
    const gone = await begin('brief', 'not-found-ever', { vanishing: ['bake'] });
    const status = await endOf(gone.id);
    expect(status).toMatchObject({
      status: 'FAILED',
      error: expect.stringContaining('the bake was not done within 3 seconds'),
    });
    expect(started(gone.id)).toEqual({ bake: 1 });
    await untilPasses(() => expect(left(gone.id)).toEqual(NOTHING), { timeoutMs: 30_000 });
  }, 120_000);

  test('a bake past its time limit is cancelled, and its late image is removed', async () => {
    const { id } = await begin('brief', 'late-bake', { bakeSeconds: 100, lateImage: true, lateImageSeconds: 1 });
    const status = await endOf(id);
    expect(status).toMatchObject({
      status: 'FAILED',
      error: expect.stringContaining('the bake was not done within 3 seconds'),
    });
    expect(assay.simulator.state().executions.find(({ parameters }) => parameters['assayRun'] === id)).toMatchObject({
      status: 'CANCELED',
      cancellationReason: `run ${id} ends`,
    });
    await untilPasses(
      () => {
        expect(assay.simulator.state().images.filter(({ tags }) => tags['assay:run'] === id)).toHaveLength(1);
        expect(left(id)).toEqual(NOTHING);
      },
      { timeoutMs: 30_000 },
    );
  }, 120_000);

  test('a cancel waits until the execution is really over before anything is removed', async () => {
    const { id } = await begin('clean', 'slow-cancel', { deploy: 'waits', cancelSeconds: 40 });
    await assay.until(id, ({ progress }) => progress.startsWith('deploying in'));
    await untilPasses(() => expect(left(id).groups).toBe(1));
    await assay.call('ci', 'POST', `/v1/runs/${id}/cancel`);
    expect(await endOf(id)).toMatchObject({ status: 'CANCELED' });
    expect(left(id)).toEqual(NOTHING);
    const { events } = assay.simulator.state();
    const deploy = assay.simulator
      .state()
      .executions.find(({ name, parameters }) => name === 'deploy-candidate' && parameters['assayRun'] === id);
    const over = (deploy?.endTime ?? 0) + 40_000 / 20;
    const image = events.find(
      ({ what, tags }) => what === 'image.deregistered' && (tags as Record<string, string>)['assay:run'] === id,
    );
    const destroy = events.find(
      ({ what, kind, run }) => what === 'execution.started' && kind === 'destroy' && run === id,
    );
    expect(destroy?.at).toBeGreaterThanOrEqual(over);
    expect(image?.at).toBeGreaterThanOrEqual(over);
  }, 120_000);
});

describe('the stage that asked', () => {
  const WAYS: readonly [string, (execution: ReturnType<typeof asker>) => void][] = [
    ['timed out', ({ update }) => update({ stages: [{ refId: '1', status: 'TERMINAL' }] })],
    [
      'was skipped by hand',
      ({ update }) => update({ stages: [{ refId: '1', status: 'SKIPPED', context: { manualSkip: true } }] }),
    ],
    [
      'failed and its pipeline went on',
      ({ update }) => update({ stages: [{ refId: '1', status: 'FAILED_CONTINUE' }] }),
    ],
    ['was stopped', ({ update }) => update({ stages: [{ refId: '1', status: 'STOPPED' }] })],
    [
      'was cancelled while it asked',
      ({ update }) => update({ stages: [{ refId: '1', status: 'CANCELED' }], status: 'CANCELED' }),
    ],
    [
      'never began, as far as Orca knows',
      ({ update }) => update({ stages: [{ refId: '1', status: 'NOT_STARTED' }], status: 'CANCELED' }),
    ],
    ['is stuck in an execution that was cancelled', ({ update }) => update({ status: 'CANCELED' })],
    ['was deleted with its execution', ({ update }) => update({ vanished: true })],
  ];

  test('ends in each way that calls nobody, and each run is cancelled and cleans up', async () => {
    const all = await Promise.all(
      WAYS.map(async ([way, end]) => {
        const execution = asker();
        const source = { kind: 'spinnaker', executionId: execution.id, stageRefId: '1' };
        const { id } = await assay.start({ line: 'golden', source });
        return { way, end, execution, id };
      }),
    );
    for (const { id } of all) await assay.until(id, ({ stage }) => stage !== 'baking');
    for (const { end, execution } of all) end(execution);
    for (const { way, id } of all) {
      expect({ way, ...(await endOf(id)) }).toMatchObject({
        way,
        status: 'CANCELED',
        reasons: expect.arrayContaining([expect.stringMatching(/^canceled by Spinnaker execution /)]),
      });
      expect({ way, ...left(id) }).toEqual({ way, ...NOTHING });
    }
  }, 240_000);

  test('goes on while Gate cannot say, and one that Gate never showed ends nothing', async () => {
    const [execution, hidden] = [asker(), asker()];
    hidden.update({ vanished: true });
    const runs = await Promise.all(
      [execution, hidden].map(({ id }) =>
        assay.start({ line: 'golden', source: { kind: 'spinnaker', executionId: id, stageRefId: '1' } }),
      ),
    );
    for (const { id } of runs) await assay.until(id, asking);
    assay.simulator.faults.add({
      service: 'gate',
      operation: 'getPipeline',
      kind: '503',
      count: 'always',
      contains: execution.id,
    });
    // Longer than `unreachableMinutes`.
    await new Promise((resolve) => setTimeout(resolve, 8_000));
    for (const { id } of runs) expect(await assay.status(id)).toMatchObject({ status: 'AWAITING_APPROVAL' });
    // What is found going again, and then not at all, was deleted.
    assay.simulator.faults.clear();
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    execution.update({ vanished: true });
    expect(await endOf(runs[0]?.id ?? '')).toMatchObject({
      status: 'CANCELED',
      reasons: expect.arrayContaining([`canceled by Spinnaker execution ${execution.id} was deleted`]),
    });
    await assay.decide('alice', runs[1]?.id ?? '', 'deny');
    await endOf(runs[1]?.id ?? '');
  }, 180_000);
});

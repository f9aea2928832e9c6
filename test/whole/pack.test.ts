/** The webhook stages and the job of the integration pack, as they stand, against the shipped server. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { playWebhookStage, type WebhookStage } from '../../src/contract/webhook-stage';
import type { StatusDocument } from '../../src/domain/status';
import {
  json,
  PACK,
  pipeline,
  preconfigured,
  PRECONFIGURED,
  webhookStages,
  type Json,
  type Stage,
} from '../integrations/pack';
import { KEYS, openAssay, type Assay } from './assay';

const LINE = 'ubuntu-24-base';
const ROOT = join(__dirname, '..', '..');
const JUDGMENT = pipeline('golden-image-non-blocking').stages.find(({ type }) => type === 'manualJudgment')?.name ?? '';

let assay: Assay;
beforeAll(async () => {
  const one = { approval: { groups: { security: 1 } } };
  assay = await openAssay({
    lines: { [LINE]: one, judged: { ...one, spinnaker: { afterDecision: { manualJudgment: JUDGMENT } } } },
  });
}, 120_000);
afterAll(() => assay.close());

const decided = async (run: string, verdict: 'approve' | 'deny'): Promise<void> => {
  await assay.until(run, ({ status }) => status === 'AWAITING_APPROVAL');
  await assay.decide('alice', run, verdict);
};
const ended = ({ status }: StatusDocument): boolean => status !== 'RUNNING' && status !== 'AWAITING_APPROVAL';

/** An execution of somebody's pipeline, in which the stage stands. */
const execution = (stage: Stage, more: readonly Stage[] = []) =>
  assay.simulator.outside.start({
    name: 'golden',
    stages: [
      { refId: stage.refId, name: stage.name, status: 'RUNNING' },
      ...more.map(({ refId, name, type }) => ({ refId, name, type })),
    ],
  });

type Outside = ReturnType<typeof execution>;

/** A stage's JSON as Orca takes it: only the host of the example is another. */
function asPlayed(stage: Json, outside: Outside, own: Json, parameters: Json): WebhookStage {
  const here = JSON.parse(
    JSON.stringify(stage)
      .replaceAll('https://assay.example.com', assay.url)
      // What the player's part of SpEL has no word for.
      .replaceAll("#stage('Bake')", 'stageBake'),
  ) as Json & { customHeaders: Readonly<Record<string, string | readonly string[]>> };
  const { customHeaders, sensitiveHeaders, waitBeforeMonitor = 0, ...rest } = here;
  const headers = { ...customHeaders, ...(sensitiveHeaders as Json | undefined) };
  return {
    ...(rest as unknown as WebhookStage),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join()])),
    waitBeforeMonitorMs: Number(waitBeforeMonitor) * 1_000,
    roots: { execution: { id: outside.id }, trigger: { user: 'eve@example.com' }, parameters, ...own },
    pollMs: 200,
    createBackoffMs: 500,
    signal: outside.signal,
    onProgress: ({ status, context }) =>
      outside.update({ stages: [{ refId: String((stage as unknown as Stage).refId ?? '1'), status, context }] }),
  };
}

const PARAMETERS = { line: LINE, reason: 'monthly patch', assayKey: KEYS.ci };

describe.each(webhookStages().filter(({ stage }) => !String(stage['successStatuses']).includes('AWAITING')))(
  'the stage in $where, which waits',
  ({ stage }) => {
    test.each([
      ['approve', 'SUCCEEDED', 'SUCCEEDED'],
      ['deny', 'TERMINAL', 'DENIED'],
    ] as const)(
      'ends as people %s',
      async (verdict, stageEnds, runEnds) => {
        const outside = execution(stage);
        const run = `${outside.id}-${stage.refId}`;
        const ami = assay.simulator.seed.image({ name: `baked-${run}` }).id;
        const own = { stageBake: { outputs: { deploymentDetails: [{ ami, region: 'us-east-1' }] } } };
        const played = playWebhookStage(asPlayed(stage, outside, own, PARAMETERS));
        await decided(run, verdict);
        const result = await played;
        expect(result).toMatchObject({ status: stageEnds, expressions: [], creates: 1 });
        expect(result.body).toMatchObject({ id: run, line: LINE, status: runEnds });
      },
      120_000,
    );
  },
);

/** Typed by somebody who would like to approve what he asked for. */
const REASON = 'the "May" patch\n", "requestedBy": "mallory@example.com", "reason": "';

test.each(PRECONFIGURED)(
  'the stage of %s starts a run, reads it, and cancels it',
  async (file) => {
    const stage = { ...preconfigured(file), refId: '7', name: 'Golden image' };
    const placed = json<{ parameterValues: Json }>('stages/preconfigured.json');
    const outside = execution({ ...stage, type: stage.type, requisiteStageRefIds: [] });
    const controller = new AbortController();
    const secret = { ...stage.customHeaders, ...stage.sensitiveHeaders, 'X-API-Key': [KEYS.ci] };
    const played = playWebhookStage({
      ...asPlayed(
        { ...stage, customHeaders: secret, sensitiveHeaders: {} },
        outside,
        { parameterValues: { ...placed.parameterValues, reason: REASON }, stage: { refId: '7' } },
        {},
      ),
      signal: controller.signal,
    });
    const run = `${outside.id}-7`;
    expect(await assay.until(run, ({ status }) => status === 'AWAITING_APPROVAL')).toMatchObject({
      line: LINE,
      key: run,
    });
    const { body } = await assay.call('ci', 'GET', `/v1/runs/${run}/request`);
    expect(body).toMatchObject({ reason: REASON, requestedBy: 'eve@example.com' });
    controller.abort();
    expect(await played).toMatchObject({ status: 'CANCELED', cancelCalled: true, cancelAnswer: 200, expressions: [] });
    expect(await assay.until(run, ended)).toMatchObject({ status: 'CANCELED' });
  },
  120_000,
);

test('the non-blocking pipeline goes on when Assay answers its manual judgment', async () => {
  const { stages } = pipeline('golden-image-non-blocking');
  const [stage, judgment] = stages;
  if (!stage || !judgment) throw new Error('the pipeline has two stages at least');
  const outside = execution(stage, [judgment]);
  const played = await playWebhookStage(asPlayed(stage, outside, {}, { ...PARAMETERS, line: 'judged' }));
  expect(played).toMatchObject({
    status: 'SUCCEEDED',
    body: { status: 'AWAITING_APPROVAL', amiId: expect.stringMatching(/^ami-/) },
  });
  outside.update({ stages: [{ refId: judgment.refId, status: 'RUNNING' }] });
  const run = `${outside.id}-${stage.refId}`;
  await assay.decide('alice', run, 'approve');
  expect(await assay.until(run, ended)).toMatchObject({ status: 'SUCCEEDED' });
  const seen = assay.simulator.state().executions.find(({ id }) => id === outside.id)?.stages;
  expect(seen?.find(({ refId }) => refId === judgment.refId)).toMatchObject({ status: 'SUCCEEDED' });
}, 120_000);

describe('the job', () => {
  const job = (env: Readonly<Record<string, string>>) =>
    promisify(execFile)('sh', [join(PACK, 'jobs', 'assay-job.sh')], {
      timeout: 100_000,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: assay.folder,
        ASSAY_CLI: join(ROOT, 'dist', 'cli.js'),
        ASSAY_URL: assay.url,
        ASSAY_KEY: KEYS.ci,
        ASSAY_LINE: LINE,
        ...env,
      },
    });
  /** What Clouddriver finds in a job's log (clouddriver-kubernetes, PropertyParser): it makes names of properties lower-case. */
  const properties = (log: string): Json =>
    Object.assign(
      {},
      ...log.split('\n').map((line): Json => {
        const [, name, value] = /SPINNAKER_PROPERTY_([^=]*)=(.+)/.exec(line) ?? [];
        if (name !== undefined) return { [name.toLowerCase()]: value };
        const [, content] = /^\s*SPINNAKER_CONFIG_JSON=(.*)/.exec(line) ?? [];
        return content === undefined ? {} : (JSON.parse(content) as Json);
      }),
    ) as Json;

  test('that publishes waits for the approval, and prints the image for later stages', async () => {
    const running = job({ ASSAY_DO: 'publish', JOB_NAME: 'assay-publish-x7k2p' });
    await decided('assay-publish-x7k2p', 'approve');
    const { stdout } = await running;
    const { body } = await assay.call('ci', 'GET', `/v1/lines/${LINE}/approved`);
    const { amiId, region, run, approvedAt } = body;
    const image = { amiId, region, run, approvedAt, amiid: amiId, approvedat: approvedAt };
    expect(properties(stdout)).toEqual(image);
    expect(run).toBe('assay-publish-x7k2p');
    expect(stdout).not.toContain(KEYS.ci);
    expect(properties((await job({})).stdout)).toEqual(image);
  }, 120_000);

  test('that is told to stop cancels its run', async () => {
    const key = 'assay-publish-stop1';
    const running = job({ ASSAY_DO: 'publish', JOB_NAME: key });
    await assay.until(key, ({ status }) => status === 'AWAITING_APPROVAL');
    running.child.kill('SIGTERM');
    await expect(running).rejects.toMatchObject({ code: 143, stdout: '' });
    expect(await assay.until(key, ended)).toMatchObject({
      status: 'CANCELED',
      reasons: expect.arrayContaining([expect.stringContaining('job was stopped')]),
    });
  }, 120_000);

  test('that is started once more goes on with its run, and makes none again that was denied', async () => {
    const key = 'assay-publish-lost1';
    const lost = job({ ASSAY_DO: 'publish', JOB_NAME: key });
    await assay.until(key, ({ status }) => status === 'AWAITING_APPROVAL');
    lost.child.kill('SIGKILL');
    const second = job({ ASSAY_DO: 'publish', JOB_NAME: key });
    // What the first had started outlives it here, as nothing does in a container: it is gone with the run.
    const both = Promise.all([
      expect(lost).rejects.toMatchObject({ signal: 'SIGKILL' }),
      expect(second).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('DENIED') }),
    ]);
    await decided(key, 'deny');
    await both;
    await expect(job({ ASSAY_DO: 'publish', JOB_NAME: key })).rejects.toMatchObject({ code: 1, stdout: '' });
    expect((await assay.call('ci', 'GET', `/v1/runs/${key}~2`)).code).toBe(404);
  }, 120_000);

  test('asks for nothing where it cannot know whether its run is there', async () => {
    const away = { ASSAY_DO: 'publish', JOB_NAME: 'assay-publish-away1', ASSAY_URL: 'http://127.0.0.1:1' };
    // A start that got no answer would say that whether a run began is not known.
    await expect(job(away)).rejects.toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/^(?![^]*Whether the run)[^]*cannot be reached/),
    });
  }, 60_000);

  test('fails, and says why, where there is no such line, no key, or nothing sensible to do', async () => {
    await expect(job({ ASSAY_LINE: 'nowhere' })).rejects.toMatchObject({ code: 1 });
    await expect(job({ ASSAY_KEY: '' })).rejects.toMatchObject({ stderr: expect.stringContaining('ASSAY_KEY') });
    await expect(job({ ASSAY_DO: 'anything' })).rejects.toMatchObject({ code: 2 });
  }, 60_000);
});

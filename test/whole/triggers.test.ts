import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { github } from '../http/deliveries';
import { builtProgram, runProgram } from '../cli/program';
import { eventually } from '../setup/helpers';
import { openAssay, type Assay } from './assay';

const SECRET = randomBytes(24).toString('hex');
const BODY = JSON.stringify({ action: 'published', release: { tag_name: '1.4' } });

let assay: Assay;
let dist: string;
beforeAll(async () => {
  dist = builtProgram();
  assay = await openAssay({
    line: { schedule: { cron: '0 4 1 1 *', parameters: { channel: 'weekly' } } },
    secrets: { 'hook.txt': SECRET },
    hooks: {
      ci: {
        github: {
          github: { secrets: ['${file:hook.txt}'] },
          when: { event: 'release', '$.action': 'published' },
          line: 'golden',
          parameters: { packageVersion: '$.release.tag_name' },
        },
      },
    },
  });
}, 120_000);
afterAll(() => assay.close());

const deliver = async (): Promise<{ code: number; id: string }> => {
  const answer = await fetch(`${assay.url}/v1/hooks/ci/github`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...github(BODY, { secret: SECRET }) },
    body: BODY,
  });
  return { code: answer.status, id: ((await answer.json()) as { id: string }).id };
};
const listed = async (): Promise<readonly { readonly id: string; readonly key: string }[]> =>
  (await assay.call('ci', 'GET', '/v1/runs')).body['runs'] as { id: string; key: string }[];

const schedule = (...args: readonly string[]) =>
  runProgram({
    dist,
    args: ['schedule', ...args],
    env: {
      ASSAY_CONFIG: join(assay.folder, 'assay.yaml'),
      TEMPORAL_ADDRESS: assay.temporal.address,
      TEMPORAL_NAMESPACE: assay.temporal.namespace,
    },
  });

test('a delivery is published once approved, and is one run though it comes again, at once and after a restart', async () => {
  const first = await Promise.all(Array.from({ length: 20 }, deliver));
  const ids = new Set(first.map(({ id }) => id));
  expect([new Set(first.map(({ code }) => code)), ids.size]).toEqual([new Set([202]), 1]);
  const [id = ''] = ids;
  await assay.server.stop('SIGKILL');
  assay.server.start();
  await eventually(async () => (await fetch(`${assay.url}/readyz`)).ok, { timeoutMs: 30_000 });
  expect(await deliver()).toEqual({ code: 202, id });
  await assay.approve(id);
  expect(await assay.until(id, ({ status }) => status === 'SUCCEEDED')).toMatchObject({ amiId: expect.any(String) });
  // Its end is known: the key still begins no second attempt.
  expect(await deliver()).toEqual({ code: 202, id });
  expect(await listed()).toHaveLength(1);
  expect((await assay.call('ci', 'GET', `/v1/runs/${id}/request`)).body).toMatchObject({
    requestedBy: 'ci:github',
    parameters: { packageVersion: '1.4' },
  });
}, 180_000);

test('a schedule’s run is asked for by the worker, and is published with approvals as any other', async () => {
  expect(await schedule('apply')).toMatchObject({ code: 0, stdout: 'golden: created\n' });
  expect(await schedule('apply')).toMatchObject({ code: 0, stdout: 'golden: unchanged\n' });
  expect(await schedule('trigger', 'golden')).toMatchObject({ code: 0, stdout: 'golden: triggered\n' });
  const run = await eventually(async () => (await listed()).find(({ key }) => key.startsWith('golden-')), {
    timeoutMs: 30_000,
  });
  await assay.approve(run.id);
  await assay.until(run.id, ({ status }) => status === 'SUCCEEDED');
  expect((await assay.call('ci', 'GET', `/v1/runs/${run.id}/report`)).body).toMatchObject({
    request: { requestedBy: 'schedule:golden', parameters: { channel: 'weekly' }, source: { kind: 'schedule' } },
  });
  const list = await schedule('list', '--json');
  expect(JSON.parse(list.stdout)).toMatchObject({
    schedules: [{ line: 'golden', state: 'active', last: { run: run.id } }],
  });
}, 180_000);

test('the other commands do as they say, and say what they refuse', async () => {
  expect(await schedule('pause', 'golden', '--reason', 'freeze')).toMatchObject({
    code: 0,
    stdout: 'golden: paused\n',
  });
  expect((await schedule('list')).stdout).toMatch(/golden +paused +0 4 1 1 \*/);
  expect(await schedule('resume', 'golden', '--json')).toMatchObject({
    code: 0,
    stdout: '{"line":"golden","paused":false}\n',
  });
  const range = ['--from', '2024-12-31T00:00:00Z', '--to', '2026-01-02T00:00:00Z', '--dry-run'];
  expect(await schedule('backfill', 'golden', ...range)).toMatchObject({
    code: 0,
    stdout: 'golden-20250101T040000Z\ngolden-20260101T040000Z\n',
  });
  expect((await schedule('backfill', 'golden', '--from', 'yesterday', '--to', 'now')).code).toBe(2);
  const unknown = await schedule('trigger', 'silver');
  expect([unknown.code, unknown.stdout]).toEqual([2, '']);
  expect(unknown.stderr).toContain('the line silver has no schedule');
}, 60_000);

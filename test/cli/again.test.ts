import { awaitingDocument, problem, publishedDocument, statusDocument } from './given';
import { builtProgram, fakeApi, runProgram, type FakeApi, type Ran } from './program';

const AMI = 'ami-0123456789abcdef0';
let dist: string;
const open: FakeApi[] = [];

beforeAll(() => {
  dist = builtProgram();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((api) => api.close()));
});

const DENIED = statusDocument({ status: 'DENIED', stage: 'done', progress: 'denied' });
const REQUEST = {
  line: 'ubuntu-24-base',
  parameters: { packageVersion: '1.4', channel: 'stable' },
  requestedBy: 'carol@example.com',
  source: { kind: 'spinnaker', executionId: '01H', stageRefId: '3' },
  reason: 'monthly patch',
};

/** `assay run --again nightly-1 …` against an API that knows that run; the body that was posted, if any was. */
async function again(
  options: readonly string[],
  { run = DENIED, request = REQUEST, gone }: { run?: object; request?: object; gone?: true } = {},
): Promise<{ ran: Ran; body: unknown; asked: string[] }> {
  const api = await fakeApi(({ method, url }) => {
    if (method === 'POST') return { status: 202, body: statusDocument({ id: 'again-1' }) };
    if (url.endsWith('/request')) return gone ? problem(404, 'not-found') : { status: 200, body: request };
    return { status: 200, body: run };
  });
  open.push(api);
  const env = { ASSAY_URL: api.url, ASSAY_KEY: 'secret-key' };
  const ran = await runProgram({ dist, args: ['run', '--again', 'nightly-1', ...options], env });
  const asked = api.asked.map(({ method, url }) => `${method} ${url}`);
  return { ran, asked, body: api.asked.find(({ method }) => method === 'POST')?.body };
}

test('the request is made once more under a key of its own, without the stage that asked, and tells of the run before', async () => {
  const { ran, body, asked } = await again([]);
  expect(ran).toMatchObject({ code: 0, stdout: 'again-1\n' });
  expect(asked).toEqual(['GET /v1/runs/nightly-1', 'GET /v1/runs/nightly-1/request', 'POST /v1/runs']);
  expect(body).toEqual({
    line: 'ubuntu-24-base',
    parameters: { packageVersion: '1.4', channel: 'stable' },
    requestedBy: 'carol@example.com',
    reason: 'monthly patch (again, after nightly-1, which ended DENIED)',
  });
});

test('options say what is different', async () => {
  const { body } = await again([
    ...['--parameter', 'packageVersion=1.5', '--parameter', 'new=x', '--reason', 'openssh patched'],
    ...['--requested-by', 'bob@example.com', '--line', 'ubuntu-26-base'],
  ]);
  expect(body).toEqual({
    line: 'ubuntu-26-base',
    parameters: { packageVersion: '1.5', channel: 'stable', new: 'x' },
    requestedBy: 'bob@example.com',
    reason: 'openssh patched (again, after nightly-1, which ended DENIED)',
  });
});

test('a brought image is brought again with its instance, and another image without it', async () => {
  const image = { id: 'ami-0fedcba9876543210', region: 'us-east-1', destroy: true };
  const instance = { id: 'i-0fedcba9876543210', destroy: false };
  const request = { line: 'x', parameters: {}, image, instance };
  expect((await again([], { request })).body).toMatchObject({ image, instance });
  const other = (await again(['--image', AMI, '--region', 'us-east-1'], { request })).body;
  expect(other).toMatchObject({ image: { id: AMI, region: 'us-east-1', destroy: false } });
  expect(other).not.toHaveProperty('instance');
  const both = (await again(['--instance', 'i-0abc1234'], { request })).body;
  expect(both).toMatchObject({ image, instance: { id: 'i-0abc1234', destroy: false } });
});

test('a run that is still open is refused with a word, and nothing is asked for', async () => {
  const { ran, body } = await again([], { run: awaitingDocument() });
  expect([ran.code, ran.stdout, body]).toEqual([2, '', undefined]);
  expect(ran.stderr).toContain('the run nightly-1 is still open (AWAITING_APPROVAL)');
  expect(ran.stderr).toContain('assay cancel nightly-1');
});

test('one that was published may be asked for again: a patched image of the line', async () => {
  const { body } = await again([], { run: publishedDocument(), request: { line: 'x', parameters: {} } });
  expect(body).toEqual({
    line: 'x',
    parameters: {},
    reason: 'again, after nightly-1, which ended SUCCEEDED',
  });
});

test('a long reason is cut, and the way here is not', async () => {
  const { body } = await again([], { request: { ...REQUEST, reason: `${'x'.repeat(1_943)}${'😀'.repeat(20)}` } });
  const { reason } = body as { reason: string };
  expect(reason.length).toBeLessThanOrEqual(2_000);
  expect(reason).toMatch(/… \(again, after nightly-1, which ended DENIED\)$/);
  expect(/\p{Surrogate}/u.test(reason)).toBe(false);
});

test('a run whose request nobody knows any more is told', async () => {
  const { ran, body } = await again([], { gone: true });
  expect([ran.code, body]).toEqual([2, undefined]);
  expect(ran.stderr).toContain('About not-found');
});

test('without a line and without a run there is nothing to ask for', async () => {
  const api = await fakeApi(() => ({ status: 500 }));
  open.push(api);
  const ran = await runProgram({ dist, args: ['run'], env: { ASSAY_URL: api.url, ASSAY_KEY: 'k' } });
  expect([ran.code, api.asked]).toEqual([2, []]);
  expect(ran.stderr).toContain('--line');
});

import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, tempDir } from '../setup/helpers';
import { awaitingDocument, problem, publishedDocument, reportDocument, statusDocument } from './given';
import { builtProgram, fakeApi, runProgram, type Asked, type FakeApi, type Ran, type Reply } from './program';

const AMI = 'ami-0123456789abcdef0';
let dist: string;
const open: FakeApi[] = [];

beforeAll(() => {
  dist = builtProgram();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((api) => api.close()));
});

async function given(answer: (asked: Asked, nth: number) => Reply): Promise<{
  readonly api: FakeApi;
  readonly assay: (...args: readonly string[]) => Promise<Ran>;
}> {
  const api = await fakeApi(answer);
  open.push(api);
  const env = { ASSAY_URL: api.url, ASSAY_KEY: 'secret-key' };
  return { api, assay: (...args) => runProgram({ dist, args, env }) };
}

const ok = (body: unknown, status = 200): Reply => ({ status, body });

describe('assay run', () => {
  test('asks for an image and prints the id of the run', async () => {
    const { api, assay } = await given(() => ok(statusDocument(), 202));
    const ran = await assay(
      ...['run', '--line', 'ubuntu-24-base', '--reason', 'monthly patch', '--requested-by', 'carol@example.com'],
      ...['--parameter', 'a=1', '--parameter', 'b=x=y', '--key', 'nightly-1'],
    );
    expect(ran).toMatchObject({ code: 0, stdout: 'nightly-1\n' });
    expect(ran.stderr).toContain('http://assay.test/runs/nightly-1');
    expect(api.asked).toHaveLength(1);
    expect(api.asked[0]).toMatchObject({
      method: 'POST',
      url: '/v1/runs',
      headers: { authorization: 'Bearer secret-key', 'idempotency-key': 'nightly-1' },
      body: {
        line: 'ubuntu-24-base',
        parameters: { a: '1', b: 'x=y' },
        reason: 'monthly patch',
        requestedBy: 'carol@example.com',
      },
    });
  });

  test('brings an image and an instance', async () => {
    const { api, assay } = await given(() => ok(statusDocument(), 202));
    await assay(
      ...['run', '--line', 'x', '--image', AMI, '--region', 'us-east-1', '--instance', 'i-0abc1234'],
      '--destroy-instance',
    );
    expect(api.asked[0]?.body).toEqual({
      line: 'x',
      parameters: {},
      image: { id: AMI, region: 'us-east-1', destroy: false },
      instance: { id: 'i-0abc1234', destroy: true },
    });
  });

  test('names every fault of options that do not go together, and sends nothing', async () => {
    const { api, assay } = await given(() => ok(statusDocument(), 202));
    const ran = await assay('run', '--line', 'x', '--instance', 'i-0abc1234', '--region', 'us-east-1');
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain('--instance needs --image');
    expect(ran.stderr).toContain('--region is the region of --image');
    expect(api.asked).toEqual([]);
  });

  test('sends a start whose answer was lost again under the same key, made up once', async () => {
    const { api, assay } = await given((_asked, nth) => (nth === 1 ? 'reset' : ok(statusDocument(), 202)));
    const ran = await assay('run', '--line', 'ubuntu-24-base');
    expect(ran).toMatchObject({ code: 0, stdout: 'nightly-1\n' });
    const keys = api.asked.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(2);
    expect(keys[0]).toMatch(/^ubuntu-24-base-\d{8}t\d{6}z-[0-9a-f]{6}$/);
    expect(keys[1]).toBe(keys[0]);
  });

  test('shows every fault that the server names', async () => {
    const { assay } = await given(() =>
      problem(400, 'bad-request', {
        errors: [
          { detail: 'not a line’s name', pointer: '#/line' },
          { detail: 'holds an expression', pointer: '#/parameters/a~1b' },
          { detail: 'must be 1 to 100', header: 'Idempotency-Key' },
        ],
      }),
    );
    const ran = await assay('run', '--line', 'NO');
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain('Title of bad-request');
    expect(ran.stderr).toContain('  - line: not a line’s name');
    expect(ran.stderr).toContain('  - parameters.a/b: holds an expression');
    expect(ran.stderr).toContain('  - Idempotency-Key: must be 1 to 100');
  });

  test.each([
    ['SUCCEEDED', 0],
    ['DENIED', 1],
    ['FAILED', 1],
    ['CANCELED', 1],
  ] as const)('--follow ends a run that is %s with %d', async (status, code) => {
    const { assay } = await given(({ method }, nth) =>
      method === 'POST'
        ? ok(statusDocument(), 202)
        : ok(nth === 2 ? statusDocument() : publishedDocument({ status, error: status === 'FAILED' ? 'why' : null })),
    );
    const ran = await assay('run', '--line', 'ubuntu-24-base', '--follow', '--json');
    expect(ran.code).toBe(code);
    expect(JSON.parse(ran.stdout)).toMatchObject({ id: 'nightly-1', status });
    expect(ran.stderr).toContain('RUNNING  baking  baking in Spinnaker');
  });
});

describe('assay watch', () => {
  test('says each change once, and how the run ended', async () => {
    const documents = [statusDocument(), statusDocument(), awaitingDocument(), publishedDocument()];
    const { assay } = await given((_asked, nth) => ok(documents[nth - 1]));
    const ran = await assay('watch', 'nightly-1');
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain(`SUCCEEDED  nightly-1  ${AMI} in us-east-1  published in 1 place`);
    expect(ran.stderr.match(/RUNNING/g)).toHaveLength(1);
    expect(ran.stderr).toContain('waiting for 2 of 2 approvals');
    expect(ran.stderr + ran.stdout).not.toContain('\u001b');
  });

  test('outlives a restart of the server', async () => {
    const port = await freePort();
    const first = await fakeApi(() => ok(statusDocument()), port);
    let second: Promise<FakeApi> | undefined;
    const ran = await runProgram({
      dist,
      args: ['watch', 'nightly-1'],
      env: { ASSAY_URL: first.url, ASSAY_KEY: 'k' },
      onOutput: ({ stderr }) => {
        if (stderr.includes('RUNNING') && !stderr.includes('refused')) void first.close();
        if (stderr.includes('refused')) second ??= fakeApi(() => ok(publishedDocument()), port);
      },
    });
    open.push((await second) as FakeApi);
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.stderr).toContain('the connection was refused; trying again');
    expect(ran.stdout).toContain('SUCCEEDED');
  });

  test('goes on through answers that say: not now', async () => {
    const { assay } = await given((_asked, nth) => {
      if (nth === 2) return problem(503, 'unavailable');
      if (nth === 3) return { status: 502, body: '<html>', type: 'text/html' };
      return ok(nth === 1 ? statusDocument() : publishedDocument());
    });
    const ran = await assay('watch', 'nightly-1');
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('About unavailable; trying again');
  });

  test('ends at once where there is no such run', async () => {
    const { assay } = await given(() => problem(404, 'not-found'));
    expect(await assay('watch', 'nobody')).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('assay show', () => {
  test('shows the run with its report', async () => {
    const { api, assay } = await given(({ url }) =>
      ok(url.endsWith('/report') ? reportDocument() : awaitingDocument()),
    );
    const ran = await assay('show', 'nightly-1');
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toContain('✓ baking             2m 05s');
    expect(ran.stdout).toContain('CVE-2026-3000');
    expect(api.asked.map(({ url }) => url)).toEqual(['/v1/runs/nightly-1', '/v1/runs/nightly-1/report']);
  });

  test('does without a report that cannot be had', async () => {
    const { assay } = await given(({ url }) =>
      url.endsWith('/report') ? problem(409, 'not-yet') : ok(awaitingDocument()),
    );
    const ran = await assay('show', 'nightly-1');
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('AWAITING_APPROVAL');
    expect(ran.stderr).toContain('The report cannot be shown: About not-yet');
  });

  test('with --json prints what the server said, new fields too', async () => {
    const { assay } = await given(() => ok({ ...statusDocument(), later: { more: [1] } }));
    expect(JSON.parse((await assay('show', 'nightly-1', '--json')).stdout)).toEqual({
      ...statusDocument(),
      later: { more: [1] },
    });
  });

  test('an id is a part of the path, whatever is in it', async () => {
    const { api, assay } = await given(() => problem(404, 'not-found'));
    await assay('show', '../../admin?x=1');
    expect(api.asked[0]?.url).toBe('/v1/runs/..%2F..%2Fadmin%3Fx%3D1');
  });
});

describe('assay list', () => {
  test('passes the filters on and says that there is more', async () => {
    const { api, assay } = await given(() => ok({ runs: [awaitingDocument()], cursor: 'next' }));
    const ran = await assay(
      ...['list', '--line', 'ubuntu-24-base', '--status', 'AWAITING_APPROVAL', '--image', AMI, '--limit', '5'],
    );
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/^RUN .*\nnightly-1 .*\n$/);
    expect(ran.stderr).toContain("--cursor 'next'");
    expect(api.asked[0]?.url).toBe(`/v1/runs?line=ubuntu-24-base&status=AWAITING_APPROVAL&image=${AMI}&limit=5`);
  });

  test('--all reads every page', async () => {
    const { api, assay } = await given(({ url }) =>
      url.includes('cursor=two')
        ? ok({ runs: [statusDocument({ id: 'b' })], cursor: null })
        : ok({ runs: [statusDocument({ id: 'a' })], cursor: 'two' }),
    );
    const ran = await assay('list', '--all', '--json');
    expect(JSON.parse(ran.stdout)).toMatchObject({ runs: [{ id: 'a' }, { id: 'b' }], cursor: null });
    expect(api.asked).toHaveLength(2);
  });

  test('prints nothing on stdout for no runs', async () => {
    const { assay } = await given(() => ok({ runs: [], cursor: null }));
    expect(await assay('list')).toMatchObject({ code: 0, stdout: '', stderr: 'No runs.\n' });
  });

  test.each([
    ['--status', 'DONE'],
    ['--limit', '101'],
    ['--limit', '0'],
  ])('refuses %s %s', async (...args) => {
    const { api, assay } = await given(() => ok({}));
    expect(await assay('list', ...args)).toMatchObject({ code: 2, stdout: '' });
    expect(api.asked).toEqual([]);
  });
});

describe('a decision', () => {
  test.each(['approve', 'deny'] as const)(
    '%s shows the image and names the evidence that was shown',
    async (verdict) => {
      const { api, assay } = await given(({ method, url }) => {
        if (method === 'POST') return ok(awaitingDocument({ approval: { ...approval, given: 1, by: ['bob'] } }));
        return ok(url.endsWith('/report') ? reportDocument() : awaitingDocument());
      });
      const ran = await assay(verdict, 'nightly-1', '--comment', 'as agreed');
      expect(ran).toMatchObject({ code: 0 });
      expect(ran.stdout).toContain(`${verdict}: counted; 1 of 2 approvals given`);
      for (const part of [AMI, 'CVE-2026-3000', `sha256:${'a'.repeat(64)}`]) expect(ran.stderr).toContain(part);
      expect(api.asked.at(-1)).toMatchObject({
        method: 'POST',
        url: '/v1/runs/nightly-1/decisions',
        body: { verdict, comment: 'as agreed', evidenceDigest: `sha256:${'a'.repeat(64)}` },
      });
    },
  );

  test('sends the digest that was seen elsewhere, and says when it is another', async () => {
    const { api, assay } = await given(({ method, url }) => {
      if (method === 'POST') return problem(409, 'stale-evidence');
      return ok(url.endsWith('/report') ? reportDocument() : awaitingDocument());
    });
    const ran = await assay('approve', 'nightly-1', '--yes', '--evidence-digest', 'sha256:old');
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toContain('The evidence shown is not what --evidence-digest names.');
    expect(ran.stderr).toContain('About stale-evidence');
    expect(api.asked.at(-1)?.body).toMatchObject({ evidenceDigest: 'sha256:old' });
  });

  test('that no worker has verified yet is recorded', async () => {
    const { assay } = await given(({ method }) =>
      method === 'POST' ? ok({ counted: null, reason: 'recorded' }, 202) : ok(statusDocument()),
    );
    const ran = await assay('deny', 'nightly-1');
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('recorded');
  });

  test.each([
    [403, 'not-entitled', 4],
    [403, 'requester', 4],
    [404, 'not-found', 2],
    [409, 'closed', 1],
    [409, 'already-decided', 1],
    [409, 'not-yet', 1],
    [503, 'unavailable', 3],
  ])('refused with %d %s ends with %d', async (status, name, code) => {
    const { assay } = await given(({ method }) => (method === 'POST' ? problem(status, name) : ok(statusDocument())));
    const ran = await assay('approve', 'nightly-1');
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(ran.stderr).toContain(`About ${name}`);
  });
});

const approval = { needed: 2, given: 0, by: [], refused: [], deadline: '2026-11-27T10:00:00.000Z' };

describe('assay cancel', () => {
  test.each([
    [200, true, 'canceled: because', 0],
    [202, null, 'recorded: because', 0],
    [200, false, 'not canceled: because', 1],
  ])('answered %d, canceled %s', async (status, canceled, said, code) => {
    const { api, assay } = await given(() => ok({ canceled, reason: 'because' }, status));
    expect(await assay('cancel', 'nightly-1', '--reason', 'wrong base')).toMatchObject({ code, stdout: `${said}\n` });
    expect(api.asked[0]).toMatchObject({ url: '/v1/runs/nightly-1/cancel', body: { reason: 'wrong base' } });
  });

  test('by key', async () => {
    const { api, assay } = await given(() => ok({ canceled: true, reason: '' }));
    expect(await assay('cancel', '--key', '01H-3', '--json')).toMatchObject({ code: 0 });
    expect(api.asked[0]).toMatchObject({ url: '/v1/runs/by-key/01H-3/cancel', body: {} });
  });

  test.each([[['cancel']], [['cancel', 'a', '--key', 'b']]])(
    '%j names nothing to cancel, or two things',
    async (args) => {
      const { assay } = await given(() => ok({}));
      expect(await assay(...args)).toMatchObject({ code: 2, stdout: '' });
    },
  );
});

describe('assay report', () => {
  test('is printed', async () => {
    const { api, assay } = await given(() => ok(reportDocument()));
    const ran = await assay('report', 'nightly-1');
    expect(JSON.parse(ran.stdout)).toEqual(reportDocument());
    expect(api.asked[0]?.url).toBe('/v1/runs/nightly-1/report?format=json');
  });

  test('or written to a file, whole', async () => {
    const { assay } = await given(() => ok(reportDocument()));
    const directory = tempDir();
    writeFileSync(join(directory, 'report.json'), 'old');
    const ran = await assay('report', 'nightly-1', '--output', join(directory, 'report.json'));
    expect(ran).toMatchObject({ code: 0, stdout: '' });
    expect(JSON.parse(readFileSync(join(directory, 'report.json'), 'utf8'))).toEqual(reportDocument());
    expect(readdirSync(directory)).toEqual(['report.json']);
  });

  test('that does not exist yet leaves no file', async () => {
    const { assay } = await given(() => problem(409, 'not-yet'));
    const path = join(tempDir(), 'report.json');
    expect(await assay('report', 'nightly-1', '--output', path)).toMatchObject({ code: 1 });
    expect(existsSync(path)).toBe(false);
  });

  test('cannot be written where there is no folder', async () => {
    const { assay } = await given(() => ok(reportDocument()));
    const ran = await assay('report', 'nightly-1', '--output', join(tempDir(), 'none', 'report.json'));
    expect(ran).toMatchObject({ code: 2 });
    expect(ran.stderr).toContain('cannot be written');
  });

  test('in a form that is not there is refused', async () => {
    const { assay } = await given(() => ok(reportDocument()));
    expect(await assay('report', 'nightly-1', '--format', 'pdf')).toMatchObject({ code: 2 });
  });
});

describe('assay approved', () => {
  test('prints the image alone', async () => {
    const { api, assay } = await given(() => ok({ line: 'x', region: 'us-east-1', amiId: AMI }));
    expect(await assay('approved', 'x', '--region', 'us-east-1')).toEqual({
      code: 0,
      signal: null,
      stdout: `${AMI}\n`,
      stderr: '',
    });
    expect(api.asked[0]?.url).toBe('/v1/lines/x/approved?region=us-east-1');
  });

  test('ends with 1 and an empty stdout where there is none', async () => {
    const { assay } = await given(() => problem(404, 'not-found'));
    expect(await assay('approved', 'x')).toMatchObject({ code: 1, stdout: '' });
  });
});

describe('assay line', () => {
  const line = { line: 'x', region: 'us-east-1', parameter: '/golden-ami/x/latest', approved: null };
  const image = {
    run: 'nightly-1',
    amiId: AMI,
    region: 'us-east-1',
    createdAt: '2026-11-24T10:02:00.000Z',
    state: 'approved',
    approvedAt: '2026-11-24T10:12:00.000Z',
    published: [],
    findingKeys: [],
  };

  test('without a name lists the lines', async () => {
    const { assay } = await given(() => ok({ lines: [line, { ...line, line: 'y', approved: image }] }));
    const { stdout } = await assay('line');
    expect(stdout).toMatch(/^LINE +REGION +APPROVED .*\nx +us-east-1 +- .*\ny +us-east-1 +ami-0123456789abcdef0 .*\n$/);
  });

  test('with a name shows its images', async () => {
    const { api, assay } = await given(({ url }) =>
      ok(url.endsWith('/images') ? { images: [image] } : { ...line, approved: image }),
    );
    const { stdout } = await assay('line', 'x');
    expect(stdout).toContain(`approved: ${AMI} by run nightly-1`);
    expect(stdout).toContain('superseded');
    expect(api.asked.map(({ url }) => url)).toEqual(['/v1/lines/x', '/v1/lines/x/images']);
  });
});

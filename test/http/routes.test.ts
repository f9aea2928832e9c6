import { Unreachable } from '../../src/client/errors';
import { TryAgain } from '../../src/domain/errors';
import * as replies from '../../src/http/replies';
import type { DecisionAnswer } from '../../src/client/api';
import type { RefusalReason } from '../../src/domain/approval';
import { BadInput, EvidenceChanged } from '../../src/domain/errors';
import { DIGEST, doors, KEYS, PUBLIC_URL, reportOf, statusOf, waiting } from './door';

const open = doors();
const DECISION = { verdict: 'approve', comment: 'looks good', evidenceDigest: DIGEST };
const ended = (id: string) =>
  statusOf(id, { status: 'DENIED', stage: 'done', progress: 'denied', closedAt: '2026-11-24T01:00:00.000Z' });

describe('a run', () => {
  test('is its status document, and reading it while it goes on marks nothing', async () => {
    const door = await open();
    const answer = await door.get('/v1/runs/r-1~2', KEYS.ci);
    expect(answer.status).toBe(200);
    expect(replies.statusReply.parse(await answer.json())).toMatchObject({ id: 'r-1~2', progress: 'baking' });
    expect(door.calls).toEqual([['status', 'r-1~2']]);
  });

  test('that is shown ended is marked as read for the credential, but not by HEAD, lists or pages', async () => {
    const door = await open({
      runs: { status: async (id) => ended(id), list: async () => ({ runs: [ended('r-1')], cursor: null }) },
    });
    await fetch(`${door.url}/v1/runs/r-1`, { method: 'HEAD', headers: { 'x-api-key': KEYS.ci } });
    await door.get('/v1/runs', KEYS.ci);
    expect(door.calls.some(([name]) => name === 'endRead')).toBe(false);
    expect((await door.get('/v1/runs/r-1', KEYS.ci)).status).toBe(200);
    expect(door.calls).toContainEqual(['endRead', 'r-1', 'ci']);
  });

  test.each(['unknown', 'a b', '~', 'a~1', 'x'.repeat(300)])('%s is 404', async (id) => {
    const door = await open();
    for (const path of ['', '/report', '/request']) {
      const answer = await door.get(`/v1/runs/${encodeURIComponent(id)}${path}`, KEYS.ci);
      expect(answer.status).toBe(404);
      expect(await answer.json()).toMatchObject({ type: `${PUBLIC_URL}/problems/not-found` });
    }
    expect((await door.post(`/v1/runs/${encodeURIComponent(id)}/decisions`, DECISION, KEYS.alice)).status).toBe(404);
  });
});

test('what a run was asked for is told to who may read, and to nobody else', async () => {
  const door = await open();
  const answer = await door.get('/v1/runs/r-1/request', KEYS.reader);
  expect(replies.requestReply.parse(await answer.json())).toEqual({ line: 'golden', parameters: { a: '1' } });
  expect((await door.get('/v1/runs/r-1/request')).status).toBe(401);
  expect((await door.get('/v1/runs/r-1/request', KEYS.admin)).status).toBe(403);
  expect((await door.get('/v1/runs/r-1/request?x=1', KEYS.reader)).status).toBe(400);
});

describe('the list', () => {
  test('passes its filter on', async () => {
    const door = await open();
    const query = 'line=golden&status=DENIED&image=ami-01234567&cursor=abc&limit=7';
    const answer = await door.get(`/v1/runs?${query}`, KEYS.reader);
    replies.runsReply.parse(await answer.json());
    expect(door.calls).toEqual([
      ['list', { line: 'golden', status: 'DENIED', image: 'ami-01234567', cursor: 'abc', limit: 7 }],
    ]);
  });

  test('names every fault of a query', async () => {
    const door = await open();
    const answer = await door.get(
      `/v1/runs?line=A&status=done&image=x&limit=101&colour=red&cursor=${'c'.repeat(4001)}`,
      KEYS.reader,
    );
    expect(answer.status).toBe(400);
    const { errors } = (await answer.json()) as { errors: { parameter: string }[] };
    expect(errors.map(({ parameter }) => parameter).sort()).toEqual([
      'colour',
      'cursor',
      'image',
      'limit',
      'line',
      'status',
    ]);
    expect((await door.get('/v1/runs?line=a&line=b', KEYS.reader)).status).toBe(400);
    expect(door.calls).toEqual([]);
  });
});

describe('a decision', () => {
  test('that counted answers 200 with the status document', async () => {
    const door = await open();
    const answer = await door.post('/v1/runs/r-1/decisions', DECISION, KEYS.alice);
    expect(answer.status).toBe(200);
    replies.statusReply.parse(await answer.json());
    const actor = { credential: 'alice-laptop', subject: 'alice@example.com', groups: ['security'] };
    expect(door.calls).toEqual([['decide', 'r-1', DECISION, actor]]);
  });

  test('that no worker has looked at yet answers 202', async () => {
    const door = await open({ runs: { decide: async (): Promise<DecisionAnswer> => ({ kind: 'recorded' }) } });
    const answer = await door.post('/v1/runs/r-1/decisions', DECISION, KEYS.alice);
    expect(answer.status).toBe(202);
    replies.recordedReply.parse(await answer.json());
  });

  test.each<[RefusalReason, number]>([
    ['requester', 403],
    ['not-entitled', 403],
    ['revoked', 403],
    ['bad-signature', 403],
    ['stale-evidence', 409],
    ['already-decided', 409],
    ['closed', 409],
    ['not-yet', 409],
  ])('refused as %s answers %i with that type', async (reason, status) => {
    const door = await open({ runs: { decide: async (): Promise<DecisionAnswer> => ({ kind: 'refused', reason }) } });
    const answer = await door.post('/v1/runs/r-1/decisions', DECISION, KEYS.alice);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ status, type: expect.stringMatching(new RegExp(`/${reason}$`)) });
  });

  test.each(['deny', 'withdraw'])('to %s needs neither a comment nor the evidence', async (verdict) => {
    const door = await open();
    expect((await door.post('/v1/runs/r-1/decisions', { verdict }, KEYS.alice)).status).toBe(200);
    expect(door.calls[0]?.[2]).toEqual({ verdict, comment: '', evidenceDigest: null });
  });

  test('of a revoked person is refused at the door, whatever the case of the name', async () => {
    const door = await open();
    const answer = await door.post('/v1/runs/r-1/decisions', DECISION, KEYS.gone);
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ type: `${PUBLIC_URL}/problems/revoked` });
    expect(door.calls).toEqual([]);
  });

  test.each([
    [{}, ['#/verdict']],
    [{ verdict: 'approve' }, ['#/evidenceDigest']],
    [{ verdict: 'approve', comment: 5, by: 'bob' }, ['#/comment', '#/by', '#/evidenceDigest']],
    [{ ...DECISION, verdict: 'yes', comment: 'x'.repeat(2001), by: 'bob' }, ['#/verdict', '#/comment', '#/by']],
    [{ ...DECISION, breakGlass: true, accounts: ['1'] }, ['#/breakGlass', '#/accounts']],
    [null, ['#']],
  ])('%j is refused with every fault', async (body, pointers) => {
    const door = await open();
    const answer = await door.post('/v1/runs/r-1/decisions', body, KEYS.alice);
    expect(answer.status).toBe(400);
    const { errors } = (await answer.json()) as { errors: { pointer: string }[] };
    expect(errors.map(({ pointer }) => pointer)).toEqual(pointers);
    expect(door.calls).toEqual([]);
  });
});

describe('cancel', () => {
  test('answers 200 with what became of it, and 202 when that is open', async () => {
    const door = await open({ runs: { cancelByKey: async () => ({ canceled: null, reason: 'no worker is there' }) } });
    const byId = await door.post('/v1/runs/r-1/cancel', { reason: 'enough' }, KEYS.ci);
    expect([byId.status, await byId.json()]).toEqual([200, { canceled: true, reason: 'asked for' }]);
    const byKey = await door.post('/v1/runs/by-key/r-1/cancel', {}, KEYS.ci);
    expect([byKey.status, await byKey.json()]).toEqual([202, { canceled: null, reason: 'no worker is there' }]);
    const actor = { credential: 'ci', subject: 'ci', groups: [] };
    expect(door.calls).toEqual([
      ['cancel', 'r-1', actor, 'enough'],
      ['cancelByKey', 'r-1', actor, ''],
    ]);
  });

  test('takes whatever body a webhook stage sends, and none', async () => {
    const door = await open();
    const send = (headers: Record<string, string>, body?: string): Promise<Response> =>
      fetch(`${door.url}/v1/runs/by-key/k/cancel`, {
        method: 'POST',
        headers: { 'x-api-key': KEYS.ci, ...headers },
        ...(body !== undefined && { body }),
      });
    expect((await send({})).status).toBe(200);
    expect((await send({ 'content-type': 'application/json' }, '')).status).toBe(200);
    expect((await send({ 'content-type': 'text/plain;charset=ISO-8859-1' }, 'spinnaker')).status).toBe(200);
    expect((await send({ 'content-type': 'application/x-www-form-urlencoded' }, 'a=b')).status).toBe(200);
  });

  test.each([
    ['{"reason":"x","user":"y"}', 'x'],
    ['{"reason":5,"why":"x"}', ''],
    ['{"reason":null}', ''],
    ['[]', ''],
    ['"stop"', ''],
    ['null', ''],
    ['{"reason":', ''],
    [JSON.stringify({ reason: 'x'.repeat(3_000) }), 'x'.repeat(2_000)],
  ])('counts with the body %.40s', async (body, reason) => {
    const door = await open();
    for (const path of ['/v1/runs/r-1/cancel', '/v1/runs/by-key/r-1/cancel'])
      expect((await door.post(path, body, KEYS.ci)).status).toBe(200);
    expect(door.calls.map(([, , , said]) => said)).toEqual([reason, reason]);
  });

  test('counts when polls have used up the credential’s rate, and has a rate of its own', async () => {
    const door = await open({ rateLimit: { perSecond: 0.001, burst: 2 } });
    const poll = async (): Promise<number> => (await door.get('/v1/runs/r-1', KEYS.ci)).status;
    const cancel = async (): Promise<number> => (await door.post('/v1/runs/r-1/cancel', {}, KEYS.ci)).status;
    expect([await poll(), await poll(), await poll()]).toEqual([200, 200, 429]);
    expect([await cancel(), await cancel(), await cancel()]).toEqual([200, 200, 429]);
  });

  test('says 404 to what can be no run', async () => {
    const door = await open();
    const raw = await door.post(`/v1/runs/by-key/${encodeURIComponent('${execution.id}-1')}/cancel`, {}, KEYS.ci);
    expect(raw.status).toBe(404);
    expect(await raw.text()).not.toContain('${');
    expect(door.calls).toEqual([]);
  });
});

test('evidence that is not what was stored is a problem of its own, which names the run', async () => {
  const damaged = (): never => {
    throw new EvidenceChanged('the evidence of run r-1 is damaged: its ending is that of run r-2');
  };
  const door = await open({ runs: { status: async () => damaged(), report: async () => damaged() } });
  for (const path of ['/v1/runs/r-1', '/v1/runs/r-1/report']) {
    const answer = await door.get(path, KEYS.reader);
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject({
      type: `${PUBLIC_URL}/problems/evidence-changed`,
      detail: 'the evidence of run r-1 is damaged: its ending is that of run r-2',
    });
  }
  expect(door.logged()).toContain('its ending is that of run r-2');
});

describe('the report', () => {
  test('is JSON; there is none before a judgement, and no other form yet', async () => {
    const door = await open({ runs: { report: async (id) => (id === 'early' ? 'not-yet' : reportOf(waiting(id))) } });
    for (const query of ['', '?format=json'])
      replies.reportReply.parse(await (await door.get(`/v1/runs/r-1/report${query}`, KEYS.reader)).json());
    const early = await door.get('/v1/runs/early/report', KEYS.reader);
    expect(early.status).toBe(409);
    expect(await early.json()).toMatchObject({ type: `${PUBLIC_URL}/problems/not-yet` });
    const csv = await door.get('/v1/runs/r-1/report?format=csv', KEYS.reader);
    expect(csv.status).toBe(400);
    expect(await csv.text()).toContain('csv is not supported yet');
    expect((await door.get('/v1/runs/r-1/report?format=pdf', KEYS.reader)).status).toBe(400);
  });
});

describe('lines', () => {
  test('are listed, each with what is approved', async () => {
    const door = await open();
    const of = async (path: string): Promise<unknown> => (await door.get(path, KEYS.reader)).json();
    replies.linesReply.parse(await of('/v1/lines'));
    replies.lineReply.parse(await of('/v1/lines/golden'));
    replies.imagesReply.parse(await of('/v1/lines/golden/images'));
    replies.approvedReply.parse(await of('/v1/lines/golden/approved'));
    replies.approvedReply.parse(await of('/v1/lines/golden/approved?region=us-east-1'));
  });

  test.each([
    ['/v1/lines/none', 404],
    ['/v1/lines/none/images', 404],
    ['/v1/lines/NONE/approved', 404],
    ['/v1/lines/golden/approved?region=eu-west-1', 404],
    ['/v1/lines/golden/approved?region=europe', 400],
    ['/v1/lines?x=1', 400],
  ])('%s is %i', async (path, status) => {
    const door = await open();
    expect((await door.get(path, KEYS.reader)).status).toBe(status);
  });
});

describe('operations', () => {
  test('livez knows nothing of Temporal; readyz names what is missing, and asks only now and then', async () => {
    let now = 1_000_000;
    let asked = 0;
    let faults: string[] = ['search attribute AssayLine is missing'];
    const setup = {
      faults: async () => {
        asked += 1;
        return faults;
      },
      setup: async () => [],
    };
    const door = await open({ setup, now: () => now });
    expect((await door.get('/livez')).status).toBe(200);
    expect(asked).toBe(0);
    for (let n = 0; n < 5; n += 1) {
      const answer = await door.get('/readyz');
      expect(answer.status).toBe(503);
      expect(await answer.json()).toMatchObject({
        detail: expect.stringContaining('assay setup'),
        errors: [{ detail: 'search attribute AssayLine is missing' }],
      });
    }
    expect(asked).toBe(1);
    faults = [];
    now += 2_000;
    expect((await door.get('/readyz')).status).toBe(200);
  });

  test('metrics count by route, and need a key', async () => {
    const door = await open();
    await door.get('/assay/v1/runs/r-1', KEYS.reader);
    await door.get('/v1/runs/unknown', KEYS.reader);
    await door.get('/no/such/place');
    const answer = await door.get('/metrics', KEYS.admin);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
    const text = await answer.text();
    expect(text).toMatch(
      /assay_http_request_duration_seconds_count\{method="GET",route="\/v1\/runs\/:id",status="200"\} 1/,
    );
    expect(text).toMatch(/_count\{method="GET",route="\/v1\/runs\/:id",status="404"\} 1/);
    expect(text).toMatch(/_count\{method="GET",route="unknown",status="404"\} 1/);
    expect(text).not.toContain('r-1');
  });
});

describe('when what is needed is away', () => {
  test.each([
    ['does not answer', async () => Promise.reject(new Unreachable('Temporal', 'connect ECONNREFUSED 10.1.2.3:7233'))],
    ['is busy', async () => Promise.reject(new TryAgain('evidence store: EMFILE'))],
    ['hangs', async () => new Promise<never>(() => undefined)],
  ])('an answer is 503 with Retry-After when it %s, and tells nothing of the inside', async (_how, status) => {
    const door = await open({ runs: { status }, deadlineMs: 100 });
    const answer = await door.get('/v1/runs/r-1', KEYS.ci);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('2');
    const text = await answer.text();
    expect(JSON.parse(text)).toMatchObject({ type: `${PUBLIC_URL}/problems/unavailable`, status: 503 });
    expect(text).not.toMatch(/10\.1\.2\.3|EMFILE/);
  });

  test('a readiness that cannot be asked is 503 too', async () => {
    const setup = { faults: async () => new Promise<never>(() => undefined), setup: async () => [] };
    const door = await open({ setup, deadlineMs: 50 });
    expect((await door.get('/readyz')).status).toBe(503);
    expect((await door.post('/v1/runs', { line: 'golden' }, KEYS.ci)).status).toBe(503);
  });

  test('an unknown fault is 500 without details, and in the log with the request’s id', async () => {
    const door = await open({ runs: { status: async () => Promise.reject(new Error('inner detail')) } });
    const answer = await door.get('/v1/runs/r-1', KEYS.ci, { 'x-request-id': 'trace-5' });
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('inner detail');
    expect(door.logged()).toMatch(/"reqId":"trace-5".*inner detail/);
  });
});

test('a parameter that is empty counts as not given, and what is wrong with a cursor is said of it', async () => {
  const door = await open({
    runs: {
      list: async ({ cursor }) => {
        if (cursor !== undefined) throw new BadInput(['cursor: is none that a list gave out', 'something else']);
        return { runs: [], cursor: null };
      },
    },
  });
  expect((await door.get('/v1/runs?line=&status=&image=&cursor=&limit=', KEYS.reader)).status).toBe(200);
  expect(door.calls).toEqual([['list', {}]]);
  expect((await door.get('/v1/runs/r-1/report?format=', KEYS.reader)).status).toBe(200);
  expect((await door.get('/v1/lines/golden/approved?region=', KEYS.reader)).status).toBe(200);
  const unknown = await door.get('/v1/runs?colour=', KEYS.reader);
  expect(await unknown.json()).toMatchObject({ status: 400, errors: [{ parameter: 'colour' }] });
  const bad = await door.get('/v1/runs?cursor=x', KEYS.reader);
  expect(await bad.json()).toMatchObject({
    status: 400,
    errors: [{ parameter: 'cursor', detail: 'is none that a list gave out' }, { detail: 'something else' }],
  });
});

test('an id longer than any run has is 404 like every other that is none', async () => {
  const door = await open();
  for (const path of [
    `/v1/runs/${'a'.repeat(1_200)}`,
    `/v1/runs/${'a'.repeat(900)}`,
    `/v1/lines/${'a'.repeat(1_200)}`,
  ]) {
    const answer = await door.get(path, KEYS.reader);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ type: `${PUBLIC_URL}/problems/not-found` });
  }
  expect(door.calls).toEqual([]);
});

test('every fault of a decision is named at once, what is not supported yet too', async () => {
  const door = await open();
  const body = { verdict: 'maybe', validDays: 3, breakGlass: true, colour: 'red' };
  const answer = await door.post('/v1/runs/r-1/decisions', body, KEYS.alice);
  expect(answer.status).toBe(400);
  const { errors } = (await answer.json()) as { errors: { pointer: string; detail: string }[] };
  expect(Object.fromEntries(errors.map(({ pointer, detail }) => [pointer, detail]))).toEqual({
    '#/verdict': 'must be one of approve, deny, withdraw',
    '#/validDays': 'is not supported yet',
    '#/breakGlass': 'is not supported yet',
    '#/colour': 'is not a known field',
  });
  expect(door.calls).toEqual([]);
});

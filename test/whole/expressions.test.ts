/** No text that a caller controls reaches Spinnaker as an expression, nor comes back as one. */
import fc from 'fast-check';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KEYS, openAssay, type Assay } from './assay';

/** Passes requests on to Gate, and keeps every byte of them. */
async function recording(): Promise<{ url: string; target: string; readonly bytes: string[]; close(): void }> {
  const bytes: string[] = [];
  const it = { url: '', target: '', bytes, close: () => void server.close() };
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks);
      bytes.push(`${incoming.method} ${incoming.url}\n${incoming.rawHeaders.join('\n')}\n\n${body.toString('utf8')}`);
      const { method, headers } = incoming;
      const passed = request(`${it.target}${incoming.url}`, { method, headers, agent: false }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      passed.on('error', () => response.destroy());
      passed.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  it.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return it;
}

/** Every way to read what was sent or answered: as it stands, URL-decoded, the base64 of searches, strings of JSON. */
function readings(text: string): readonly string[] {
  const decoded = text.replace(/%[0-9a-f]{2}/gi, (hex) => String.fromCharCode(parseInt(hex.slice(1), 16)));
  const base64 = [...decoded.matchAll(/trigger=([A-Za-z0-9+/=]+)/g)].map((found) =>
    Buffer.from(found[1] ?? '', 'base64').toString(),
  );
  const json = text.slice(text.indexOf('\n\n') + 2);
  return [text, decoded, ...base64, ...(/^[{[]/.test(json) ? stringsIn(JSON.parse(json)) : [])];
}
function stringsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, one]) => [name, ...stringsIn(one)])
    : [];
}

const bad = fc.oneof(
  fc.constantFrom(
    '${1+1}',
    '#{1+1}',
    '${${1}}',
    '$${a}',
    '$',
    '{1+1}',
    '$\u200b{1}',
    'x ${execution.id} y',
    '\\u0024{1}',
    '#{${a}}',
  ),
  fc.string({ unit: fc.constantFrom('$', '{', '}', '#', 'a', '${', '\u200b'), minLength: 1, maxLength: 8 }),
);
const or = (fine: string) => fc.oneof({ weight: 3, arbitrary: fc.constant(fine) }, { weight: 2, arbitrary: bad });
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const rarely = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 7, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });

const order = fc.record({
  key: fc.nat(1e9).map((n) => `expr-${n}`),
  hostileKey: rarely(bad),
  line: fc.oneof({ weight: 9, arbitrary: fc.constant('golden') }, { weight: 1, arbitrary: bad }),
  image: rarely(fc.record({ id: or('ami-00000000'), region: or('us-east-1') })),
  instance: rarely(fc.record({ id: or('i-00000000') })),
  parameters: fc.oneof(
    { weight: 5, arbitrary: fc.constant({ version: '1.4' } as Record<string, string>) },
    { weight: 1, arbitrary: fc.dictionary(or('version'), or('1'), { maxKeys: 3 }) },
    // The halves of one in two values that a pipeline may put side by side.
    { weight: 1, arbitrary: fc.constant({ a: 'x$', b: '{1+1}' } as Record<string, string>) },
  ),
  requestedBy: maybe(bad),
  reason: maybe(bad),
  source: maybe(
    fc.record({
      kind: or('spinnaker'),
      executionId: or('01H'),
      stageRefId: or('1'),
      url: fc.constantFrom('https://h.example/${a}', 'https://h.example/?q=#{1+1}'),
    }),
  ),
  cancelReason: bad,
  comment: bad,
});

describe('expressions', () => {
  let assay: Assay;
  let gate: Awaited<ReturnType<typeof recording>>;
  const answered: string[] = [];
  beforeAll(async () => {
    gate = await recording();
    const spinnaker = { imageTags: true, afterDecision: { pipeline: 'after-golden' } };
    assay = await openAssay({
      spinnaker: { gate: gate.url },
      lines: { told: { approval: { groups: { security: 1 } }, spinnaker } },
    });
    assay.simulator.seed.pipeline({ name: 'after-golden', kind: 'plain' });
    gate.target = assay.simulator.gateUrl;
  }, 120_000);
  afterAll(async () => {
    await assay.close();
    gate.close();
  });

  async function call(who: keyof typeof KEYS, method: string, path: string, body?: string, headers = {}) {
    const answer = await fetch(`${assay.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${KEYS[who]}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body }),
    });
    const text = await answer.text();
    answered.push(`${answer.status}\n${[...answer.headers].flat().join('\n')}\n\n${text}`);
    return { code: answer.status, body: JSON.parse(text) as Record<string, unknown> };
  }

  test('reach neither Gate nor an answer, in whatever field they are sent', async () => {
    let accepted = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(order, async ({ key, hostileKey, cancelReason, comment, ...given }) => {
        const sent = hostileKey === undefined ? key : encodeURIComponent(hostileKey) + '${';
        // JSON lets a character be written as its code: it is the same text.
        const json = JSON.stringify(given).replaceAll('$', () => (key.endsWith('7') ? '\\u0024' : '$'));
        const { code, body } = await call('ci', 'POST', '/v1/runs', json, { 'idempotency-key': sent });
        expect([202, 400]).toContain(code);
        if (
          Object.entries(given.parameters)
            .flat()
            .some((text) => /\$\{|\$$/.test(text))
        )
          expect(code).toBe(400);
        if (code === 400) return void (refused += 1);
        accepted += 1;
        const path = `/v1/runs/${String(body['id'])}`;
        await call('ci', 'GET', path);
        await call(
          'alice',
          'POST',
          `${path}/decisions`,
          JSON.stringify({ verdict: 'deny', comment, evidenceDigest: comment }),
        );
        await call('ci', 'POST', `${path}/cancel`, JSON.stringify({ reason: cancelReason }));
        await call('ci', 'GET', path);
        await call('ci', 'GET', `/v1/runs?${new URLSearchParams({ image: cancelReason })}`);
        await call('ci', 'GET', `/v1/runs/${encodeURIComponent(comment)}`);
      }),
      { numRuns: 60 },
    );
    // Half of them, give or take a few: far below that most of what is sent would test the refusals only.
    expect(accepted).toBeGreaterThan(12);
    expect(refused).toBeGreaterThan(10);
  }, 240_000);

  test.each([
    { line: 'golden', verdict: 'deny', status: 'DENIED' },
    { line: 'told', verdict: 'approve', status: 'SUCCEEDED' },
  ])(
    'of a run that goes all its way to $status come back from no call',
    async ({ line, verdict, status }) => {
      const evil = '${1+1} #{2} $${a} $';
      const run = `whole-way-${line}`;
      const source = { kind: 'spinnaker', executionId: evil, stageRefId: evil, url: 'https://h.example/${a}' };
      const given = { line, reason: evil, requestedBy: evil, source, parameters: { version: '{1}' } };
      await call('ci', 'POST', '/v1/runs', JSON.stringify(given), { 'idempotency-key': run });
      const { evidenceDigest } = await assay.until(run, (now) => now.status === 'AWAITING_APPROVAL');
      const decision = JSON.stringify({ verdict, comment: evil, evidenceDigest });
      expect(await call('alice', 'POST', `/v1/runs/${run}/decisions`, decision)).toMatchObject({ code: 200 });
      expect(await assay.until(run, ({ closedAt }) => closedAt !== null)).toMatchObject({ status });
      for (const path of [
        `/v1/runs/${run}`,
        `/v1/runs/${run}/report`,
        `/v1/runs/${run}/request`,
        '/v1/runs',
        '/v1/lines',
      ])
        expect(await call('ci', 'GET', path)).toMatchObject({ code: 200 });
    },
    120_000,
  );

  test('all that Gate was sent, and all that was answered, holds none', () => {
    // Both say something only when there is something to look at.
    for (const sent of ['POST /pipelines/goldenami/after-golden', 'POST /tasks'])
      expect(gate.bytes).toContainEqual(expect.stringContaining(sent));
    for (const text of [...gate.bytes, ...answered])
      for (const read of readings(text)) if (read.includes('${')) throw new Error(`an expression in: ${text}`);
  });
});

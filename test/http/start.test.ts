import { BadInput } from '../../src/domain/errors';
import { Conflict } from '../../src/client/errors';
import { requestFaults as requestFaultsOf, type RunRequest } from '../../src/domain/request';
import type { LineSettings } from '../../src/domain/settings';
import { doors, KEYS, PUBLIC_URL } from './door';

const open = doors();

const AMI = 'ami-0123456789abcdef0';

test('a start answers 202 with the status document and an absolute Location that is also in the body', async () => {
  const door = await open();
  const answer = await door.post('/v1/runs', { line: 'golden' }, KEYS.ci, { 'idempotency-key': 'k-1' });
  expect(answer.status).toBe(202);
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(answer.headers.get('location')).toBe(`${PUBLIC_URL}/v1/runs/k-1`);
  expect(await answer.json()).toMatchObject({ id: 'k-1', statusUrl: `${PUBLIC_URL}/v1/runs/k-1`, status: 'RUNNING' });
});

test('the order carries what was asked, filled up, and the id of the credential', async () => {
  const door = await open();
  const source = { kind: 'spinnaker', executionId: '01HX', stageRefId: '3', url: 'https://deck.example.com/#/x' };
  await door.post(
    '/v1/runs',
    {
      line: 'golden',
      image: { id: AMI, region: 'us-east-1' },
      instance: { id: 'i-0123456789abcdef0', destroy: true },
      parameters: { packageVersion: '1.4' },
      requestedBy: 'alice@example.com',
      source,
      reason: '',
    },
    KEYS.ci,
  );
  expect(door.calls).toEqual([
    [
      'start',
      {
        credential: 'ci',
        subject: null,
        request: {
          line: 'golden',
          image: { id: AMI, region: 'us-east-1', destroy: false },
          instance: { id: 'i-0123456789abcdef0', destroy: true },
          parameters: { packageVersion: '1.4' },
          requestedBy: 'alice@example.com',
          source,
          reason: '',
        },
      },
    ],
  ]);
});

interface Bad {
  readonly name: string;
  readonly body: unknown;
  readonly faults: readonly object[];
  readonly headers?: Record<string, string>;
}

const detail = expect.any(String);
const BAD: readonly Bad[] = [
  { name: 'no body', body: '', faults: [{ pointer: '#', detail }] },
  { name: 'a list', body: [], faults: [{ pointer: '#', detail: 'must be an object' }] },
  { name: 'no line', body: {}, faults: [{ pointer: '#/line', detail: 'is missing; it must be a string' }] },
  { name: 'a line that is none', body: { line: '../x' }, faults: [{ pointer: '#/line', detail }] },
  { name: 'a line of a wrong type', body: { line: 5 }, faults: [{ pointer: '#/line', detail: 'must be a string' }] },
  { name: 'null', body: { line: 'golden', image: null }, faults: [{ pointer: '#/image', detail }] },
  {
    name: 'malformed ids and two unknown fields',
    body: { line: 'golden', image: { id: 'ami-1', size: 1 }, instance: { id: 'x' }, colour: 'red' },
    faults: [
      { pointer: '#/image/id', detail: 'not an AMI id (ami- and 4 to 17 hexadecimal digits)' },
      { pointer: '#/image/size', detail: 'is not a known field' },
      { pointer: '#/instance/id', detail: 'not an instance id (i- and 4 to 17 hexadecimal digits)' },
      { pointer: '#/colour', detail: 'is not a known field' },
    ],
  },
  {
    name: 'parameters that are no strings',
    body: { line: 'golden', parameters: { a: 1, b: true, c: { d: 1 }, ok: 'x' } },
    faults: ['a', 'b', 'c'].map((name) => ({ pointer: `#/parameters/${name}`, detail: 'must be a string' })),
  },
  {
    name: 'texts that are too long',
    body: { line: 'golden', requestedBy: 'a'.repeat(321), reason: 'b'.repeat(2001) },
    faults: [
      { pointer: '#/requestedBy', detail: 'is too long: at most 320 characters' },
      { pointer: '#/reason', detail: 'is too long: at most 2000 characters' },
    ],
  },
  {
    name: 'a source with a script for a link',
    body: { line: 'golden', source: { kind: 'x', url: 'javascript:alert(1)' } },
    faults: [{ pointer: '#/source/url', detail: 'not an http or https URL' }],
  },
  {
    name: 'a source that makes no key',
    body: { line: 'golden', source: { kind: 'x', executionId: 'a b', stageRefId: '1' } },
    faults: [{ pointer: '#/source', detail }],
  },
  {
    name: 'a key that is none, beside a faulty body',
    body: { line: 7 },
    headers: { 'idempotency-key': 'a/b' },
    faults: [
      {
        header: 'Idempotency-Key',
        detail: expect.stringContaining('must be 1 to 100 of letters, digits, dot, underscore, hyphen'),
      },
      { pointer: '#/line', detail: 'must be a string' },
    ],
  },
  {
    name: 'a key that is too long',
    body: { line: 'golden' },
    headers: { 'idempotency-key': 'a'.repeat(101) },
    faults: [{ header: 'Idempotency-Key', detail }],
  },
  {
    name: 'a prototype',
    body: '{"line":"golden","__proto__":{"a":1}}',
    faults: [{ detail: 'a member is named __proto__, which is refused' }],
  },
  {
    name: 'a prototype further down',
    body: '{"line":"golden","parameters":[[{"\\u005f_proto__":1}]]}',
    faults: [{ detail: 'a member is named __proto__, which is refused' }],
  },
  {
    name: 'JSON that is nested deeper than any stack',
    body: `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
    faults: [{ pointer: '#', detail: 'must be an object' }],
  },
  {
    name: 'a key that is a folder',
    body: { line: 'golden' },
    headers: { 'idempotency-key': '..' },
    faults: [{ header: 'Idempotency-Key', detail: expect.stringContaining('neither . nor ..') }],
  },
  { name: 'broken JSON', body: '{"line":', faults: [{ detail: 'the body is not valid JSON' }] },
];

test.each(BAD)('$name is refused with every fault, and nothing is started', async ({ body, faults, headers }) => {
  const door = await open();
  const answer = await door.post('/v1/runs', body, KEYS.ci, headers);
  expect(answer.status).toBe(400);
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  const problem = (await answer.json()) as { errors: object[] };
  expect(problem).toMatchObject({ type: `${PUBLIC_URL}/problems/bad-request`, status: 400, title: detail, detail });
  expect(problem.errors).toEqual(faults);
  expect(door.calls).toEqual([]);
});

const requestFaults = (request: RunRequest): string[] =>
  request.line === 'golden' ? lineFaults(request) : ['line: there is no line of that name'];
const lineFaults = (request: RunRequest): string[] => requestFaultsOf(request, LINE, SPINNAKER);

test('a source may be without a kind, and an image without its region, which is then that of the line', async () => {
  const door = await open({ regionOf: (line) => (line === 'golden' ? 'us-east-1' : undefined), requestFaults });
  const body = { line: 'golden', image: { id: AMI }, source: { executionId: '01HX', stageRefId: '3' } };
  expect((await door.post('/v1/runs', body, KEYS.ci)).status).toBe(202);
  expect(door.calls[0]?.[1]).toMatchObject({
    request: {
      image: { id: AMI, region: 'us-east-1', destroy: false },
      source: { executionId: '01HX', stageRefId: '3' },
    },
  });
  const elsewhere = await door.post('/v1/runs', { ...body, line: 'silver', reason: 5 }, KEYS.ci);
  expect(await elsewhere.json()).toMatchObject({
    errors: [{ pointer: '#/reason' }, { pointer: '#/line', detail: 'there is no line of that name' }],
  });
});

test('a body of many faults is answered at once, with the first hundred and the number of the others', async () => {
  const door = await open({ requestFaults });
  const names = Array.from({ length: 18_000 }, (_, n) => `p${n}`);
  const parameters = Object.fromEntries(names.map((name, n) => [name, n % 2 ? '${x}' : 1]));
  const begun = performance.now();
  const answer = await door.post('/v1/runs', { line: 'golden', parameters, colour: 'red' }, KEYS.ci);
  expect(performance.now() - begun).toBeLessThan(3_000);
  const { detail: said, errors } = (await answer.json()) as { detail: string; errors: object[] };
  expect(errors).toHaveLength(100);
  expect(said).toBe('There are 9001 faults; 8901 of them are not listed');
});

test('texts at their limits are taken', async () => {
  const door = await open();
  const body = { line: 'golden', requestedBy: 'a'.repeat(320), reason: 'b'.repeat(2000) };
  const answer = await door.post('/v1/runs', body, KEYS.ci, { 'idempotency-key': 'k'.repeat(100) });
  expect(answer.status).toBe(202);
});

const LINE = {
  name: 'golden',
  region: 'us-east-1',
  bake: { pipeline: 'b', parameters: {}, timeoutMinutes: 1 },
  deploy: { kind: 'pipeline', pipeline: 'd', destroyPipeline: 'x', parameters: {}, timeoutMinutes: 1 },
} as unknown as LineSettings;
const SPINNAKER = { application: 'a', bakeLimitMinutes: 1, unreachableMinutes: 1, watchSeconds: 1 };

test('faults of the line are named together with those of the form, each once', async () => {
  const door = await open({ requestFaults: lineFaults });
  const body = {
    line: 'golden',
    image: { id: 'ami-1', region: 'eu-west-1' },
    parameters: { assayRun: 'x', bad: '${1+1}' },
    reason: 5,
  };
  const answer = await door.post('/v1/runs', body, KEYS.ci);
  const text = await answer.text();
  expect(text).not.toContain('${');
  expect(JSON.parse(text)).toMatchObject({
    errors: [
      { pointer: '#/image/id' },
      { pointer: '#/reason', detail: 'must be a string' },
      { pointer: '#/image/region', detail: 'the line golden works in us-east-1, not in eu-west-1' },
      { pointer: '#/parameters/assayRun', detail: 'is set by Assay' },
      { pointer: '#/parameters/bad' },
    ],
  });
  expect(door.calls).toEqual([]);
});

test('faults that only the client sees, and a key of another body, are answered as such', async () => {
  const door = await open({
    runs: {
      start: async ({ request }) => {
        if (request.line === 'taken') throw new Conflict('the key k belongs to another request');
        throw new BadInput(['line: there is no line of that name', 'something else']);
      },
    },
  });
  const bad = await door.post('/v1/runs', { line: 'other' }, KEYS.ci);
  expect(bad.status).toBe(400);
  expect(await bad.json()).toMatchObject({
    errors: [{ pointer: '#/line', detail: 'there is no line of that name' }, { detail: 'something else' }],
  });
  const taken = await door.post('/v1/runs', { line: 'taken' }, KEYS.ci);
  expect(taken.status).toBe(409);
  expect(await taken.json()).toMatchObject({ type: `${PUBLIC_URL}/problems/conflict` });
});

test('a body of 256 KiB is read, one byte more is 413, and another content type 415', async () => {
  const door = await open();
  const shell = JSON.stringify({ line: 'golden', parameters: { a: '' } });
  const fill = 256 * 1024 - shell.length;
  const sized = (bytes: number): string => shell.replace('""', `"${'x'.repeat(bytes)}"`);
  expect((await door.post('/v1/runs', sized(fill), KEYS.ci)).status).toBe(202);
  const tooLarge = await door.post('/v1/runs', sized(fill + 1), KEYS.ci);
  expect(tooLarge.status).toBe(413);
  expect(await tooLarge.json()).toMatchObject({ type: `${PUBLIC_URL}/problems/too-large`, status: 413 });
  const text = await door.post('/v1/runs', 'line: golden', KEYS.ci, { 'content-type': 'text/plain' });
  expect(text.status).toBe(415);
  expect(await text.json()).toMatchObject({ type: `${PUBLIC_URL}/problems/unsupported-media-type` });
});

test('where Assay is not set up, no run is accepted and the answer names `assay setup`', async () => {
  const setup = { faults: async () => ['search attribute AssayLine is missing'], setup: async () => [] };
  const door = await open({ setup });
  const answer = await door.post('/v1/runs', { line: 'golden' }, KEYS.ci);
  expect(answer.status).toBe(503);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect(await answer.text()).toContain('assay setup');
  expect(door.calls).toEqual([]);
});

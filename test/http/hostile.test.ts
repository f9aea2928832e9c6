import fc from 'fast-check';
import { DIGEST, doors, KEYS, PUBLIC_URL, reportOf, statusOf, waiting } from './door';
import { BadInput } from '../../src/domain/errors';
import { Conflict } from '../../src/client/errors';

const open = doors();
const EVIL = '${execution.application} #{1+1} $${x} ${${y}} <script>alert(1)</script>';

test('no text from inside or outside leaves as an expression, in any kind of answer', async () => {
  const run = waiting('r-1', { progress: EVIL, reasons: [EVIL], error: EVIL, amiId: EVIL, line: EVIL });
  const door = await open({
    runs: {
      status: async () => run,
      list: async () => ({ runs: [run], cursor: EVIL }),
      report: async () => reportOf(run, { request: { line: EVIL, parameters: { [EVIL]: EVIL }, reason: EVIL } }),
      start: async ({ key }) => {
        if (key === 'conflict') throw new Conflict(EVIL);
        if (key === 'bad') throw new BadInput([`line: ${EVIL}`, EVIL]);
        return statusOf('r-1', { progress: EVIL });
      },
      cancel: async () => ({ canceled: false, reason: EVIL }),
    },
  });
  const body = { line: 'golden', reason: EVIL };
  const answers = [
    await door.get('/v1/runs/r-1', KEYS.ci),
    await door.get('/v1/runs', KEYS.ci),
    await door.get('/v1/runs/r-1/report', KEYS.ci),
    await door.post('/v1/runs', body, KEYS.ci),
    await door.post('/v1/runs', body, KEYS.ci, { 'idempotency-key': 'conflict' }),
    await door.post('/v1/runs', body, KEYS.ci, { 'idempotency-key': 'bad' }),
    await door.post('/v1/runs', { [EVIL]: 1, line: 'golden' }, KEYS.ci),
    await door.post('/v1/runs', `{"line": ${EVIL}}`, KEYS.ci),
    await door.post('/v1/runs/r-1/cancel', { reason: EVIL }, KEYS.ci),
    await door.get(`/v1/runs?${encodeURIComponent(EVIL)}=1`, KEYS.ci),
    await door.get(`/${encodeURIComponent(EVIL)}`, KEYS.ci),
  ];
  for (const answer of answers) {
    const text = await answer.text();
    expect(text).not.toContain('${');
    expect(JSON.stringify(JSON.parse(text))).not.toContain('${');
    expect([...answer.headers.values()].join()).not.toContain('${');
  }
});

test('whatever is posted, the answer is 202 or a problem that repeats no expression, and never 5xx', async () => {
  const door = await open();
  const text = fc.oneof(fc.string(), fc.constantFrom('${1}', '$', '{', '$${a}', '#{a}', EVIL));
  const field = fc.oneof(text, fc.jsonValue(), fc.constant('golden'));
  const body = fc.record(
    {
      line: fc.oneof(fc.constant('golden'), field),
      image: fc.oneof(field, fc.record({ id: text, region: text, destroy: field }, { requiredKeys: [] })),
      parameters: fc.oneof(field, fc.dictionary(text, field)),
      requestedBy: field,
      reason: field,
      source: fc.oneof(field, fc.record({ kind: text, executionId: text, stageRefId: text, url: text })),
      extra: field,
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(body, async (given) => {
      const answer = await door.post('/v1/runs', given, KEYS.ci);
      const got = await answer.text();
      expect([202, 400]).toContain(answer.status);
      expect(got).not.toContain('${');
      if (answer.status === 400) expect(JSON.parse(got)).toMatchObject({ type: `${PUBLIC_URL}/problems/bad-request` });
    }),
    { numRuns: 150 },
  );
});

test('whatever is decided or cancelled, the answer is no 5xx', async () => {
  const door = await open();
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('decisions', 'cancel'), fc.jsonValue(), async (what, given) => {
      const answer = await door.post(`/v1/runs/r-1/${what}`, given, KEYS.alice);
      expect(answer.status).toBeLessThan(500);
      expect(await answer.text()).not.toContain('${');
    }),
    { numRuns: 80 },
  );
  expect(DIGEST).toMatch(/^sha256:/);
});

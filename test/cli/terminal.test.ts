/** What people see and do at a terminal. */
import { eventually } from '../setup/helpers';
import { awaitingDocument, publishedDocument, reportDocument, statusDocument } from './given';
import { builtProgram, fakeApi, type Asked, type FakeApi, type Reply } from './program';
import { describeAtTerminal, runAtTerminal, type Session, type SessionOrder } from './pty';

const SGR = '\u001b[3';

describeAtTerminal('at a terminal', () => {
  let dist: string;
  const open: FakeApi[] = [];
  const sessions: Session[] = [];
  beforeAll(() => {
    dist = builtProgram();
  });
  afterEach(async () => {
    for (const session of sessions.splice(0)) {
      session.hangUp();
      await session.ended;
    }
    await Promise.all(open.splice(0).map((api) => api.close()));
  });

  async function given(
    args: readonly string[],
    answer: (asked: Asked, nth: number) => Reply,
    more: Partial<SessionOrder> = {},
  ): Promise<{ readonly api: FakeApi; readonly session: Session }> {
    const api = await fakeApi(answer);
    open.push(api);
    const env = { ASSAY_URL: api.url, ASSAY_KEY: 'secret-key', ...more.env };
    const session = runAtTerminal({ dist, args, ...more, env });
    sessions.push(session);
    return { api, session };
  }
  const ok = (body: unknown, status = 200): Reply => ({ status, body });
  const times = (lines: readonly string[], wanted: RegExp): number => lines.filter((line) => wanted.test(line)).length;

  test('watch draws the run in one place, keeps its time going, says when the server is away, and ends as the run ends', async () => {
    let now: Reply = ok(statusDocument({ startedAt: new Date(Date.now() - 3_600_000).toISOString() }));
    const { session } = await given(['watch', 'nightly-1'], () => now);
    const first = await session.until(/RUNNING/);
    expect(first[0]).toMatch(/^ubuntu-24-base {2}nightly-1 {2}RUNNING {2}1h 00m$/);
    expect(times(first, /baking in Spinnaker/)).toBe(1);
    now = { status: 503, body: { title: 'not now' } };
    await session.until(/trying again/);
    now = ok(awaitingDocument());
    const asked = await session.until(/decide at http:\/\/assay\.test/);
    expect(times(asked, /nightly-1 {2}/)).toBe(1);
    expect(times(asked, /trying again|baking in Spinnaker/)).toBe(0);
    expect(asked.join('\n')).toMatch(/critical {2}high[^]*1 new, 3 fixed/);
    now = ok(publishedDocument());
    expect(await session.ended).toBe(0);
    const last = session.screen();
    // The block as it was drawn last, and the result.
    expect(times(last, /nightly-1 {2}/)).toBe(2);
    expect(last.join('\n')).toContain('published in 1 place');
    expect(session.written()).toContain(SGR);
  }, 60_000);

  test('watch stays within a small terminal, and without colour where none is wanted', async () => {
    let now = ok(awaitingDocument({ progress: 'a long progress, '.repeat(20) }));
    const small = { columns: 30, rows: 6, env: { NO_COLOR: '1' } };
    const { session } = await given(['watch', 'nightly-1'], () => now, small);
    await session.until(/ubuntu-24-base/);
    // Several drawings: one that wraps or scrolls leaves its first lines behind.
    await eventually(() => session.written().split('\u001b[J').length > 6);
    expect(times(session.screen(), /ubuntu-24-base/)).toBe(1);
    now = ok(publishedDocument());
    expect(await session.ended).toBe(0);
    expect(session.written()).not.toContain(SGR);
  }, 60_000);

  describe.each(['approve', 'deny'] as const)('%s', (verdict) => {
    const question = /this image\? Type yes:$/;
    const decide = () =>
      given([verdict, 'nightly-1'], ({ method, url }) =>
        ok(url.endsWith('/report') ? reportDocument() : method === 'POST' ? publishedDocument() : awaitingDocument()),
      );
    const posted = ({ asked }: FakeApi): unknown[] =>
      asked.filter(({ method }) => method === 'POST').map(({ body }) => body);

    test('asks, and a yes decides on the evidence that was shown', async () => {
      const { api, session } = await decide();
      const shown = await session.until(question);
      const { evidenceDigest } = awaitingDocument();
      expect(shown.join('\n')).toContain(evidenceDigest);
      session.type('yes\r');
      expect(await session.ended).toBe(0);
      expect(posted(api)).toEqual([{ verdict, comment: '', evidenceDigest }]);
      expect(session.screen().at(-1)).toBe(`${verdict}: counted; 2 of 2 approvals given`);
    });

    test.each([
      ['a no', 'no\r', 1],
      ['nothing', '\r', 1],
      ['Ctrl-D', '\u0004', 1],
      ['Ctrl-C', '\u0003', 130],
    ])('%s decides nothing', async (_what, keys, code) => {
      const { api, session } = await decide();
      await session.until(question);
      session.type(keys);
      expect(await session.ended).toBe(code);
      expect(posted(api)).toEqual([]);
    });
  });
});

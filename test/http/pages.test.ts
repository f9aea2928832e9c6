import type { DecisionAnswer } from '../../src/client/api';
import { SCRIPT, STYLE } from '../../src/http/pages/assets';
import { html } from '../../src/http/pages/html';
import { safeNext } from '../../src/http/pages/login';
import { cookieOf, field, form, page, signIn } from './page';
import { ACCESS_KEYS, DIGEST, doors, KEYS, PUBLIC_URL, reportOf, statusOf, waiting, type Door } from './door';

const open = doors();

describe('signing in', () => {
  test('takes a key and leads on, with a cookie that neither script nor other sites get', async () => {
    const door = await open();
    const { answer } = await signIn(door, KEYS.alice);
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe(`${PUBLIC_URL}/runs/r-1`);
    const cookie = cookieOf(answer, 'assay_session');
    for (const attribute of ['HttpOnly', 'SameSite=Strict', 'Secure', 'Path=/assay'])
      expect(cookie).toContain(attribute);
    expect(cookie).not.toContain(KEYS.alice);
    expect(door.logged()).not.toContain(KEYS.alice);
  });

  test.each([KEYS.old, 'nobody', ''])('refuses the key "%s"', async (key) => {
    const door = await open();
    const { answer } = await signIn(door, key);
    expect(answer.status).toBe(401);
    const text = await answer.text();
    expect(text).toContain('unknown or expired');
    if (key !== '') expect(text).not.toContain(key);
  });

  test('is refused when the form is not the browser’s own', async () => {
    const door = await open();
    const shown = await door.get('/login');
    const login = cookieOf(shown, 'assay_login').split(';')[0] as string;
    const csrf = field(await shown.text(), 'csrf');
    const fields = { csrf, key: KEYS.alice, next: '/' };
    expect((await form(door, '/login', fields, '')).status).toBe(403);
    expect((await form(door, '/login', { ...fields, csrf: 'x' }, login)).status).toBe(403);
    expect((await form(door, '/login', fields, login, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await form(door, '/login', fields, login)).status).toBe(303);
  });

  test.each(['//evil.example', 'https://evil.example', '/\\evil.example', 'javascript:alert(1)', '/a b', ['/x'], null])(
    'never leads to %j',
    (next) => expect(safeNext(next)).toBe('/'),
  );

  test('ends when the key is taken away, after 8 hours, and by signing out', async () => {
    let now = Date.parse('2026-11-24T00:00:00Z');
    let keys = ACCESS_KEYS;
    const door = await open({ access: () => ({ keys, revoked: [] }), now: () => now });
    const status = async (cookie: string): Promise<number> => (await door.get('/', undefined, { cookie })).status;
    const first = await signIn(door, KEYS.alice);
    expect(await status(first.cookie)).toBe(200);
    keys = [];
    expect(await status(first.cookie)).toBe(303);
    keys = ACCESS_KEYS;
    expect(await status(first.cookie)).toBe(200);
    now += 8 * 3_600_000;
    expect(await status(first.cookie)).toBe(303);
    const second = await signIn(door, KEYS.alice);
    const csrf = field(await page(door, '/', second.cookie), 'csrf');
    expect((await form(door, '/logout', { csrf: 'x' }, second.cookie)).status).toBe(403);
    expect((await form(door, '/logout', { csrf }, second.cookie)).status).toBe(303);
    expect(await status(second.cookie)).toBe(303);
  });
});

describe('pages', () => {
  test('lead to signing in, and API keys open none', async () => {
    const door = await open();
    for (const path of ['/', '/runs/r-1', '/lines/golden', '/assay/runs/r-1']) {
      const answer = await door.get(path, KEYS.alice);
      expect(answer.status).toBe(303);
      const next = encodeURIComponent(path.replace('/assay', ''));
      expect(answer.headers.get('location')).toBe(`${PUBLIC_URL}/login?next=${next}`);
    }
    expect(door.calls).toEqual([]);
  });

  test('reached by a link on another site take one step through ours, for the cookie', async () => {
    const door = await open();
    const answer = await door.get('/runs/r-1', undefined, { 'sec-fetch-site': 'cross-site' });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain(`content="0; url=${PUBLIC_URL}/runs/r-1"`);
  });

  test('need the scope runs:read', async () => {
    const door = await open();
    const { cookie } = await signIn(door, KEYS.admin);
    const answer = await door.get('/', undefined, { cookie });
    expect(answer.status).toBe(403);
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
    expect(await answer.text()).toContain('runs:read');
  });

  test('show runs, a line, and problems, and have neither inline script nor style', async () => {
    const door = await open();
    const { cookie } = await signIn(door, KEYS.reader);
    const shown = [
      await page(door, '/', cookie),
      await page(door, '/?line=&status=DENIED', cookie),
      await page(door, '/lines/golden', cookie),
      await page(door, '/runs/r-1', cookie),
      await page(door, '/login', ''),
      await page(door, '/problems/stale-evidence', ''),
    ];
    expect(shown[0]).toContain(`<a href="${PUBLIC_URL}/runs/r-1">r-1</a>`);
    expect(shown[2]).toContain('ami-0123456789abcdef0');
    expect(shown[5]).toContain('409');
    expect(door.calls).toContainEqual(['list', { status: 'DENIED' }]);
    for (const text of shown) {
      expect(text).toMatch(/<html lang="en">/);
      expect(text).toMatch(/<h1>/);
      expect(text).not.toMatch(/<script(?![^>]* src=)|<style|\sstyle=|\son\w+=/);
    }
  });

  test('the list is filtered by line, status and image, on its older pages too', async () => {
    const door = await open({ runs: { list: async () => ({ runs: [], cursor: 'next' }) } });
    const { cookie } = await signIn(door, KEYS.reader);
    const filter = { line: 'golden', status: 'DENIED', image: 'ami-0123456789abcdef0' };
    const text = await page(door, `/?${new URLSearchParams(filter).toString()}`, cookie);
    expect(door.calls).toContainEqual(['list', filter]);
    expect(field(text, 'image')).toBe(filter.image);
    const older = /href="([^"]*cursor=next)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    expect(Object.fromEntries(new URL(older).searchParams)).toEqual({ ...filter, cursor: 'next' });
  });

  test('of what is not there are 404 in HTML, and their faults 400', async () => {
    const door = await open();
    const { cookie } = await signIn(door, KEYS.reader);
    for (const [path, status] of [
      ['/runs/unknown', 404],
      ['/runs/a~1', 404],
      ['/lines/none', 404],
      ['/problems/none', 404],
      ['/?status=x', 400],
      ['/?limit=5', 400],
    ] as const) {
      const answer = await door.get(path, undefined, { cookie });
      expect([path, answer.status]).toEqual([path, status]);
      expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
    }
  });
});

describe('a run’s page', () => {
  const ready = (door: Door) => signIn(door, KEYS.alice);

  test('shows status, stages, findings, approval and the way to the workflow', async () => {
    const run = waiting('r-1', { reasons: ['2 high findings'], temporalUrl: 'http://temporal.example/x' });
    const door = await open({ runs: { status: async () => run, report: async () => reportOf(run) } });
    const { cookie } = await ready(door);
    const text = await page(door, '/runs/r-1', cookie);
    for (const part of [
      'AWAITING_APPROVAL',
      'aria-live="polite"',
      'CVE-2024-6387',
      'openssh 9.6 → 9.8',
      '2 high findings',
      '1 of 2 approvals',
      'bob@example.com',
      'carol@example.com',
      'http://temporal.example/x',
      DIGEST,
    ])
      expect(text).toContain(part);
    expect(text).toMatch(/aria-current="step">\s*awaiting-approval/);
    expect(door.calls.some(([name]) => name === 'endRead')).toBe(false);
  });

  test('names every image of a bake in several regions', async () => {
    const images = [
      { region: 'us-east-1', amiId: 'ami-0123456789abcdef0' },
      { region: 'eu-west-1', amiId: 'ami-0123456789abcdef1' },
    ];
    const door = await open({ runs: { status: async (id) => waiting(id, { images }) } });
    const text = await page(door, '/runs/r-1', (await ready(door)).cookie);
    for (const { region, amiId } of images) expect(text).toContain(`<code>${amiId}</code> in ${region}`);
  });

  test('says which stages an early end left out, and asks for nothing any more', async () => {
    const run = statusOf('r-1', {
      status: 'FAILED',
      stage: 'done',
      error: 'bake failed',
      closedAt: '2026-11-24T01:00:00Z',
    });
    const door = await open({ runs: { status: async () => run, report: async () => reportOf(run) } });
    const { cookie } = await ready(door);
    const text = await page(door, '/runs/r-1', cookie);
    expect(text).toMatch(/class="passed"\s*>\s*baking/);
    expect(text).toMatch(/class="not reached"\s*>\s*publishing/);
    expect(text).toContain('bake failed');
    expect(text).not.toMatch(/data-refresh=|name="verdict"|\/cancel"/);
    const unjudged = await open({ runs: { status: async () => run, report: async () => 'not-yet' } });
    const bare = await page(unjudged, '/runs/r-1', (await ready(unjudged)).cookie);
    expect(bare).toMatch(/class="passed"\s*>\s*done/);
    expect(bare).not.toMatch(/not reached|publishing/);
  });

  test('takes a decision on the evidence that it shows', async () => {
    const door = await open({ runs: { status: async (id) => waiting(id) } });
    const { cookie } = await ready(door);
    const text = await page(door, '/runs/r-1', cookie);
    expect(field(text, 'evidenceDigest')).toBe(DIGEST);
    const fields = { csrf: field(text, 'csrf'), evidenceDigest: DIGEST, comment: 'ok', verdict: 'approve' };
    const answer = await form(door, '/runs/r-1/decisions', fields, cookie);
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe(`${PUBLIC_URL}/runs/r-1?said=counted`);
    expect(door.calls).toContainEqual([
      'decide',
      'r-1',
      { verdict: 'approve', comment: 'ok', evidenceDigest: DIGEST },
      { credential: 'alice-laptop', subject: 'alice@example.com', groups: ['security'] },
    ]);
    expect(await page(door, '/runs/r-1?said=counted', cookie)).toContain('Your decision was counted');
  });

  test('refuses forms without its token, from elsewhere, without a session, and without the scope', async () => {
    const door = await open({ runs: { status: async (id) => waiting(id) } });
    const { cookie } = await ready(door);
    const csrf = field(await page(door, '/runs/r-1', cookie), 'csrf');
    const fields = { csrf, evidenceDigest: DIGEST, comment: '', verdict: 'approve' };
    expect((await form(door, '/runs/r-1/decisions', { ...fields, csrf: '' }, cookie)).status).toBe(403);
    expect((await form(door, '/runs/r-1/decisions', fields, '')).status).toBe(401);
    const elsewhere = { 'sec-fetch-site': 'cross-site' };
    expect((await form(door, '/runs/r-1/decisions', fields, cookie, elsewhere)).status).toBe(403);
    const reader = await signIn(door, KEYS.reader);
    const shown = await page(door, '/runs/r-1', reader.cookie);
    expect(shown).not.toContain('name="verdict"');
    const own = { ...fields, csrf: field(shown, 'csrf') };
    expect((await form(door, '/runs/r-1/decisions', own, reader.cookie)).status).toBe(403);
    expect((await form(door, '/runs/r-1/cancel', own, reader.cookie)).status).toBe(403);
    expect((await form(door, '/runs/r-1/decisions', { ...own, csrf }, reader.cookie)).status).toBe(403);
    expect(door.calls.some(([name]) => name === 'decide' || name === 'cancel')).toBe(false);
  });

  test('tells a refused decision in words, offers to withdraw one that stands, and cancels', async () => {
    const mine = { needed: 2, given: 1, by: ['Alice@example.com'], refused: [], deadline: '2026-11-30T09:00:00Z' };
    const door = await open({
      runs: {
        status: async (id) => waiting(id, { approval: mine }),
        decide: async (): Promise<DecisionAnswer> => ({ kind: 'refused', reason: 'requester' }),
      },
    });
    const { cookie } = await ready(door);
    const text = await page(door, '/runs/r-1', cookie);
    expect(text).toContain('value="withdraw"');
    expect(text).not.toContain('value="approve"');
    const fields = { csrf: field(text, 'csrf'), evidenceDigest: DIGEST, comment: '', verdict: 'approve' };
    const refused = await form(door, '/runs/r-1/decisions', fields, cookie);
    expect(refused.status).toBe(403);
    expect(await refused.text()).toContain('Who asked for a run may not decide on it');
    const cancel = await form(door, '/runs/r-1/cancel', { csrf: fields.csrf, reason: 'enough' }, cookie);
    expect(cancel.headers.get('location')).toBe(`${PUBLIC_URL}/runs/r-1?said=canceled`);
  });

  test('escapes whatever runs, scanners and callers say', async () => {
    const evil = `"'><img src=x onerror=alert(1)><script>alert(1)</script>\${7*7}`;
    const run = waiting('r-1', {
      progress: evil,
      reasons: [evil],
      error: evil,
      line: evil,
      amiId: evil,
      temporalUrl: 'javascript:alert(1)',
      approval: {
        needed: 1,
        given: 0,
        by: [evil],
        refused: [{ by: evil, reason: 'revoked', at: evil }],
        deadline: evil,
      },
    });
    const base = reportOf(run);
    const report = {
      ...base,
      request: {
        line: evil,
        parameters: {},
        requestedBy: evil,
        reason: evil,
        source: { kind: evil, url: 'javascript:alert(2)' },
      },
      findings: base.findings.map((one) => ({ ...one, id: evil, title: evil, url: `javascript:${evil}` })),
      assessments: [
        { assessor: evil, status: 'failed' as const, reason: evil, warnings: [evil], scannedAt: null, findings: [] },
      ],
      decisions: [{ by: evil, verdict: 'deny' as const, comment: evil, at: evil }],
      timeline: [{ at: evil, stage: evil, text: evil }],
    };
    const door = await open({
      runs: {
        status: async () => run,
        report: async () => report,
        list: async () => ({ runs: [run], cursor: evil }),
      },
    });
    const { cookie } = await ready(door);
    for (const path of ['/runs/r-1', '/', '/lines/golden', `/runs/r-1?said=${encodeURIComponent(evil)}`]) {
      const text = await page(door, path, cookie);
      expect(text).toContain('&lt;img');
      expect(text).not.toMatch(/<img|<script>|\$\{|href="javascript/);
    }
  });
});

test('the template escapes text and attributes, and joins lists', () => {
  const names = ['<a>', '"b"', "c'", '`d`', '&'];
  expect(html`<p title="${names[1]}">${names.map((name) => html`<i>${name}</i>`)}${null}${false}${0}</p>`.text).toBe(
    '<p title="&quot;b&quot;"><i>&lt;a&gt;</i><i>&quot;b&quot;</i><i>c&#39;</i><i>&#96;d&#96;</i><i>&amp;</i>0</p>',
  );
});

test('style and script are served as such, and the script is one', async () => {
  const door = await open();
  const style = await door.get('/assets/assay.css');
  expect([style.headers.get('content-type'), await style.text()]).toEqual(['text/css; charset=utf-8', STYLE]);
  const script = await door.get('/assets/assay.js');
  expect([script.headers.get('content-type'), await script.text()]).toEqual(['text/javascript; charset=utf-8', SCRIPT]);
  expect(() => new Function(SCRIPT)).not.toThrow();
});

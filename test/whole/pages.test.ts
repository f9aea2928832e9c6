/** The pages of the shipped server, in a real browser. */
import type { Page } from 'playwright-core';
import { barriers, describeInBrowser, startBrowser, type TestBrowser } from '../setup/browser';
import { KEYS, openAssay, type Assay } from './assay';
import { ended } from './left';

const LIMIT_MS = 120_000;

describeInBrowser('in a browser', () => {
  let assay: Assay;
  let browser: TestBrowser;
  beforeAll(async () => {
    [assay, browser] = await Promise.all([openAssay(), startBrowser()]);
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await assay.close();
  });
  afterEach(() => expect(browser.faults()).toEqual([]));

  /** Opens a window, is sent to sign in, and does so by keyboard alone. */
  async function signIn(who: keyof typeof KEYS, path: string, options = {}): Promise<Page> {
    const { page } = await browser.open({ baseURL: assay.url, ...options });
    await page.goto(path);
    await typeKey(page, who, path);
    return page;
  }
  async function typeKey(page: Page, who: keyof typeof KEYS, path: string): Promise<void> {
    // The field has the focus by itself.
    await page.locator('#key:focus').waitFor();
    await page.keyboard.type(KEYS[who]);
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.pathname === path);
  }
  const progress = (page: Page) => page.locator('#progress');
  const asked = (run: string) => assay.until(run, ({ status }) => status === 'AWAITING_APPROVAL');

  test(
    'a run is started, watched, and approved by two people; the page stays current by itself and takes nothing that was typed',
    async () => {
      const ci = await signIn('ci', '/lines/golden');
      await ci.getByRole('link', { name: 'Start a run' }).click();
      await ci.getByLabel('Why').fill('monthly patch');
      await ci.getByLabel('Parameters').fill('no equals sign');
      await ci.getByLabel('Image', { exact: true }).fill('ami-1');
      await ci.getByRole('button', { name: 'Start the run' }).click();
      await ci.getByRole('alert').getByRole('link', { name: 'Image' }).click();
      expect(await ci.evaluate<string | undefined>('document.activeElement?.id')).toBe('image-id');
      expect(await ci.getByLabel('Why').inputValue()).toBe('monthly patch');
      await ci.getByLabel('Parameters').fill('packageVersion=1.4');
      await ci.getByLabel('Image', { exact: true }).fill('');
      await ci.getByRole('button', { name: 'Start the run' }).click();
      await ci.waitForURL(/\/runs\/golden-/);
      expect(await ci.getByRole('status').textContent()).toContain('The run was accepted');
      const id = decodeURIComponent(new URL(ci.url()).pathname.split('/').at(-1) ?? '');

      // Nobody loads this page again: its script does.
      await progress(ci).getByText('AWAITING_APPROVAL').waitFor();
      const alice = await signIn('alice', `/runs/${id}`);
      const bob = await signIn('bob', `/runs/${id}`);
      await bob.getByLabel('Comment').fill('looked at all of it');
      await alice.getByRole('button', { name: 'Approve' }).press('Enter');
      expect(await alice.getByRole('status').textContent()).toContain('Your decision was counted');
      expect(await alice.getByRole('button', { name: 'Withdraw my approval' }).count()).toBe(1);

      // What changed while somebody typed is said, and the text stays.
      await bob.getByText('The run has changed since you began to type').waitFor();
      expect(await bob.getByLabel('Comment').inputValue()).toBe('looked at all of it');
      await bob.getByRole('button', { name: 'Approve' }).click();
      await bob.waitForURL(/said=counted/);
      await progress(alice).getByText('SUCCEEDED').waitFor();
      await progress(ci).getByText('SUCCEEDED').waitFor();
      expect(await alice.getByRole('heading', { name: 'Published' }).count()).toBe(1);
      const said = alice.getByRole('listitem').filter({ hasText: 'bob@example.com: approve' });
      expect(await said.first().textContent()).toContain('looked at all of it');
      const { parameters, reason } = (await assay.call('ci', 'GET', `/v1/runs/${id}/request`)).body;
      expect({ parameters, reason }).toEqual({ parameters: { packageVersion: '1.4' }, reason: 'monthly patch' });
    },
    LIMIT_MS,
  );

  test(
    'without script a person denies, and whoever asked asks again',
    async () => {
      const { id } = await assay.start({ reason: 'weekly' });
      await asked(id);
      const plain = { javaScriptEnabled: false };
      const alice = await signIn('alice', `/runs/${id}`, plain);
      await alice.getByLabel('Comment').fill('not today');
      await alice.getByRole('button', { name: 'Deny' }).click();
      await alice.waitForURL(/said=counted/);
      await assay.until(id, ended);
      const ci = await signIn('ci', `/runs/${id}`, plain);
      expect(await progress(ci).textContent()).toContain('DENIED');
      await ci.getByRole('link', { name: 'Ask for this image once more' }).click();
      expect(await ci.getByLabel('Why').inputValue()).toBe(`weekly (again, after ${id}, which ended DENIED)`);
    },
    LIMIT_MS,
  );

  test(
    'a page whose server is away for a while goes on when it is back, and one whose session is over leads to signing in',
    async () => {
      const { id } = await assay.start();
      const alice = await signIn('alice', `/runs/${id}`);
      await assay.server.stop();
      await alice.waitForEvent('requestfailed');
      assay.server.start();
      // Sessions live in the process.
      await alice.waitForURL((url) => url.pathname === '/login');
      // What Chromium itself says of a server that is not there is no fault of the page.
      browser.faults();
      await typeKey(alice, 'alice', `/runs/${id}`);
      await assay.cancel(id);
      await progress(alice).getByText('CANCELED').waitFor();
    },
    LIMIT_MS,
  );

  test(
    'no page has a barrier, by day or by night, nor is wider than a phone',
    async () => {
      const { id } = await assay.start();
      await asked(id);
      const options = { viewport: { width: 360, height: 640 } };
      const { page: outside } = await browser.open({ baseURL: assay.url, ...options });
      const alice = await signIn('alice', '/', options);
      const ci = await signIn('ci', `/runs/${id}`, options);
      const bars = async (page: Page): Promise<string[]> => {
        const found: string[] = [];
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          found.push(...(await barriers(page)));
        }
        return found;
      };
      const whole = async (page: Page, path: string): Promise<void> => {
        const status = (await page.goto(path))?.status();
        const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
        expect({ path, status, wide, barriers: await bars(page) }).toEqual({
          ...{ path, status: path.includes('none') ? 404 : 200, wide: 360, barriers: [] },
        });
      };
      await whole(outside, '/login');
      await whole(outside, '/problems/stale-evidence');
      for (const path of ['/', `/runs/${id}`, '/lines/golden', '/runs/none']) await whole(alice, path);
      await whole(ci, '/lines/golden/start');
      await ci.getByLabel('Image', { exact: true }).fill('ami-1');
      await ci.getByRole('button', { name: 'Start the run' }).click();
      await ci.getByRole('alert').waitFor();
      expect(await bars(ci)).toEqual([]);
      await assay.cancel(id);
      await assay.until(id, ended);
      await whole(ci, `/runs/${id}`);
    },
    LIMIT_MS,
  );
});

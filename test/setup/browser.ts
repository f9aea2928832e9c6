import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import axe from 'axe-core';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';
import { describeUnless } from './helpers';

/** Names under which Linux distributions, and others, ship it. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** `CHROMIUM_PATH`, else what the `PATH` has. Nothing is downloaded. */
function findChromium(): string | undefined {
  const given = process.env['CHROMIUM_PATH'];
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const places = given ? [given] : NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return places.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Like `describe`, for tests in a browser: where there is none they are skipped, loudly. */
export function describeInBrowser(name: string, body: () => void): void {
  const lacking = 'there is no Chromium in the PATH: install it, or set CHROMIUM_PATH';
  describeUnless(findChromium() === undefined ? lacking : undefined, name, body);
}

export interface TestBrowser {
  /** A person's own window. What goes wrong in it (script errors, refused resources) is told by `faults`. */
  open(options?: BrowserContextOptions): Promise<{ readonly context: BrowserContext; readonly page: Page }>;
  /** What the consoles of all windows said is wrong since it was last asked. */
  faults(): readonly string[];
  close(): Promise<void>;
}

export async function startBrowser(): Promise<TestBrowser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('there is no Chromium');
  // Containers often give Chromium no sandbox, and it is to speak to nobody but the test.
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'];
  const browser: Browser = await chromium.launch({
    executablePath,
    args: [...args, '--disable-component-update', '--disable-sync', '--no-first-run'],
  });
  const faults: string[] = [];
  return {
    faults: () => faults.splice(0),
    async open(options = {}) {
      const context = await browser.newContext(options);
      const page = await context.newPage();
      page.setDefaultTimeout(30_000);
      page.on('pageerror', ({ message }) => faults.push(message));
      page.on('console', (entry) => {
        const [text, { url }] = [entry.text(), entry.location()];
        // Chromium says so of pages too that answer as they should, with 404 or with a form's faults.
        const meant = /status of 4\d\d/.test(text) && !url.includes('/assets/');
        if (entry.type() === 'error' && !meant) faults.push(`${text} (${url})`);
      });
      return { context, page };
    },
    close: () => browser.close(),
  };
}

/** What keeps people from using a page, by axe's rules for WCAG 2.2 A and AA and its best practices; each with the place. */
export async function barriers(page: Page): Promise<string[]> {
  // In its own world: the page's policy lets in no foreign script.
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send('Page.getFrameTree');
  const { executionContextId } = await session.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id });
  const expression = `${axe.source}; axe.run(document).then(({ violations }) => violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => [id, target.join(' '), failureSummary].join(': '))))`;
  const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
    ...{ expression, contextId: executionContextId, awaitPromise: true, returnByValue: true },
  });
  await session.detach();
  if (exceptionDetails) throw new Error(`axe: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
  return result.value as string[];
}

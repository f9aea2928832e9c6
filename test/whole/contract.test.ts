import { runContract, type ContractCheck } from '../../src/contract/suite';
import { openAssay, KEYS, type Assay } from './assay';
import { startProxy, type Proxy } from './proxy';

const told = (checks: readonly ContractCheck[]): string =>
  checks
    .map(({ name, ok, detail }) => `${ok === true ? 'ok  ' : ok === false ? 'NOT ' : '?   '} ${name}: ${detail}`)
    .join('\n');

function expectKept(checks: readonly ContractCheck[], unseen: readonly string[] = []): void {
  const broken = checks.filter(({ ok, name }) => ok === false || (ok === null && !unseen.includes(name)));
  if (broken.length > 0) throw new Error(told(checks));
}

const ORDER = { key: KEYS.ci, line: 'golden', pollMs: 200, workerMs: 60_000 };

describe('Spinnaker’s contract', () => {
  let assay: Assay;
  let proxy: Proxy;
  beforeAll(async () => {
    proxy = await startProxy({ prefix: '/golden', strip: true });
    assay = await openAssay({ server: { publicUrl: `${proxy.url}/golden`, trustProxy: '127.0.0.1' } });
    proxy.target = assay.url;
  }, 120_000);
  afterAll(async () => {
    await assay.close();
    await proxy.close();
  });

  test('is kept by the server', async () => {
    const since = Date.now();
    const { checks, runs } = await runContract({ ...ORDER, url: `${proxy.url}/golden` });
    console.log(told(checks), runs, Date.now() - since);
    expectKept(checks);
  }, 120_000);
});

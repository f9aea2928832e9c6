import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { generateKeyPair } from '../../src/adapters/evidence/keys';
import { startSimulator } from '../../src/simulator';
import { freePort, tempDir } from '../setup/helpers';
import { testTemporal } from '../setup/temporal';
import { builtProgram, runProgram, type Ran } from './program';

type Simulator = Awaited<ReturnType<typeof startSimulator>>;

let dist: string;
let simulator: Simulator;
let temporal: { readonly address: string; readonly namespace: string };
beforeAll(async () => {
  dist = builtProgram();
  temporal = await testTemporal();
});
beforeEach(async () => {
  simulator = await startSimulator({ speed: 50 });
});
afterEach(() => simulator.stop());

interface Given {
  readonly publicUrl?: string;
  readonly gate?: string;
  readonly application?: string;
  readonly bake?: object;
  /** Added to the line. */
  readonly line?: object;
}

function config({
  publicUrl = 'https://assay.example.com',
  gate,
  application = 'goldenami',
  bake = {},
  line = {},
}: Given = {}): string {
  const folder = tempDir();
  mkdirSync(join(folder, 'evidence'));
  writeFileSync(join(folder, 'policy.yaml'), 'review: [{ always: true }]\n');
  for (const name of ['decisions', 'ledger']) {
    const pair = generateKeyPair();
    writeFileSync(join(folder, `${name}.pem`), pair.privateKey);
    writeFileSync(join(folder, `${name}.pub`), pair.publicKey);
  }
  const key = (name: string): object => ({ privateKey: `\${file:${name}.pem}`, publicKeys: [`${name}.pub`] });
  const path = join(folder, 'assay.yaml');
  writeFileSync(
    path,
    JSON.stringify({
      server: { publicUrl },
      evidence: { directory: 'evidence' },
      spinnaker: { gate: gate ?? simulator.gateUrl, application, auth: { user: 'assay@example.com' } },
      access: {
        keys: [{ id: 'ci', sha256: createHash('sha256').update('ci').digest('hex'), scopes: ['runs:read'] }],
        roles: { approver: ['security'] },
      },
      signing: { decisions: key('decisions'), ledger: key('ledger') },
      lines: {
        golden: {
          region: 'us-east-1',
          bake: { pipeline: 'bake-golden', parameters: { baseOs: 'ubuntu-24' }, ...bake },
          deploy: { pipeline: 'deploy-candidate', destroyPipeline: 'destroy-candidate' },
          assess: [{ inspector2: {} }],
          policy: 'policy.yaml',
          publish: { parameter: '/golden-ami/golden/latest' },
          ...line,
        },
      },
    }),
  );
  return path;
}

interface Finding {
  readonly area: string;
  readonly what: string;
  readonly health: string;
  readonly detail: string;
  readonly hint: string | null;
}

const env = () => ({ TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: temporal.namespace });
const doctor = (path: string, more: readonly string[] = [], over: Record<string, string> = {}): Promise<Ran> =>
  runProgram({ dist, args: ['doctor', '--config', path, ...more], env: { ...env(), ...over } });
async function findings(path: string, over: Record<string, string> = {}) {
  const { code, stdout, stderr } = await doctor(path, ['--json'], over);
  if (stdout === '') throw new Error(stderr);
  const all = (JSON.parse(stdout) as { findings: Finding[] }).findings;
  return { code, all, bad: all.filter(({ health }) => health !== 'ok') };
}

test('all is well: every look is ok, and nothing was done', async () => {
  const { code, all, bad } = await findings(config());
  expect(bad).toEqual([]);
  expect(code).toBe(0);
  expect(all.map(({ area }) => area)).toEqual(
    expect.arrayContaining(['evidence', 'server', 'temporal', 'gate', 'golden']),
  );
  expect(all).toContainEqual(expect.objectContaining({ what: 'knows us as', detail: 'assay@example.com, no roles' }));
  expect(simulator.requests().filter(({ operation }) => !/^(?:get|list)/.test(operation))).toEqual([]);
  expect(simulator.state().executions).toEqual([]);
});

test('people get a table, with hints under what is not right', async () => {
  const { code, stdout } = await doctor(config({ publicUrl: 'http://assay.example.internal' }));
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ok +evidence +directory is writable: /m);
  expect(stdout).toMatch(
    /^warning +server +publicUrl may be called by Spinnaker: assay\.example\.internal ends in \.internal$/m,
  );
  expect(stdout).toMatch(
    /^ +→ Use another name, or have Orca's user-configured-url-restrictions set to: excludedDomains without internal\.$/m,
  );
});

test.each([
  ['http://localhost:8080', 'rejectLocalhost: false'],
  ['http://10.0.0.8', 'rejectVerbatimIps: false'],
  ['http://assay', 'allowedHostnamesRegex'],
  ['http://assay.svc.cluster.local', 'excludedDomains without local'],
])('publicUrl %s: what the operator of Spinnaker has to relax', async (publicUrl, relax) => {
  const { bad } = await findings(config({ publicUrl }));
  expect(bad).toEqual([
    expect.objectContaining({ area: 'server', health: 'warning', hint: expect.stringContaining(relax) }),
  ]);
});

test('an evidence directory that cannot be written to', async () => {
  const path = config();
  writeFileSync(join(path, '..', 'file'), '');
  writeFileSync(path, readFileSync(path, 'utf8').replace('"directory":"evidence"', '"directory":"file"'));
  const { code, bad } = await findings(path);
  expect(code).toBe(1);
  expect(bad).toEqual([expect.objectContaining({ area: 'evidence', health: 'failed' })]);
});

test('secrets that are elsewhere are only told', async () => {
  const path = config();
  chmodSync(join(path, '..', 'decisions.pem'), 0o600);
  writeFileSync(join(path, '..', 'decisions.pem'), '');
  const { code, bad } = await findings(path);
  expect(code).toBe(0);
  expect(bad).toEqual([expect.objectContaining({ area: 'secrets', health: 'warning' })]);
});

test('a Temporal that is not there: 3; one that is not set up: 1, with the way to set it up', async () => {
  const away = await findings(config(), { TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}` });
  expect(away.code).toBe(3);
  expect(away.bad).toEqual([expect.objectContaining({ area: 'temporal', health: 'unreachable' })]);
  const bare = await findings(config(), { TEMPORAL_NAMESPACE: 'nobody-made-this' });
  expect(bare.code).toBe(1);
  expect(bare.bad).toEqual([expect.objectContaining({ health: 'failed', hint: 'Run `assay setup`.' })]);
});

test('a Gate that is not there: 3; one that wants a login: 1', async () => {
  const away = await findings(config({ gate: `http://127.0.0.1:${await freePort()}` }));
  expect(away.code).toBe(3);
  expect(away.bad).toEqual([expect.objectContaining({ area: 'gate', what: 'answers', health: 'unreachable' })]);
  simulator.behave({ gateToken: 'secret' });
  const login = await findings(config());
  expect(login.code).toBe(1);
  expect(login.bad).toEqual([
    expect.objectContaining({ what: 'lets us in', health: 'failed', hint: 'Check spinnaker.auth.' }),
  ]);
});

test.each([
  ['an ingress without a backend', '<html>404</html>', 'text/html', 1, '404 with a page'],
  ['a server that speaks otherwise', 'default backend - 404', 'text/plain', 3, 'not said by Gate itself'],
  ['another service of Spinnaker', '{"status":404,"error":"Not Found"}', 'application/json', 3, 'which every Gate has'],
] as const)('%s is not taken for Gate', async (_, body, type, code, told) => {
  const other = createServer((_request, response) => response.writeHead(404, { 'content-type': type }).end(body));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  try {
    const gate = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const found = await findings(config({ gate }));
    expect(found.code).toBe(code);
    expect(found.bad).toEqual([expect.objectContaining({ detail: expect.stringContaining(told) as string })]);
  } finally {
    other.close();
  }
});

describe('rights', () => {
  const bad = async (behaviour: object) => {
    simulator.behave(behaviour);
    return findings(config());
  };
  test('READ is missing: Fiat’s 403 is told, with what to grant', async () => {
    const { code, bad: found } = await bad({ gateRights: { READ: ['platform'] }, gateRoles: ['others'] });
    expect(code).toBe(1);
    expect(found).toEqual([
      expect.objectContaining({
        what: 'reads the application goldenami',
        detail: expect.stringContaining('required authorization: READ'),
        hint: expect.stringContaining('READ and EXECUTE'),
      }),
    ]);
  });
  test('EXECUTE is missing', async () => {
    const { code, bad: found } = await bad({
      gateRights: { READ: ['all'], EXECUTE: ['platform'] },
      gateRoles: ['all'],
    });
    expect(code).toBe(1);
    expect(found).toEqual([
      expect.objectContaining({ health: 'failed', detail: 'EXECUTE is granted to platform, and we are in all' }),
    ]);
  });
  test('EXECUTE is there', async () => {
    const { bad: found } = await bad({ gateRights: { READ: ['all'], EXECUTE: ['ALL'] }, gateRoles: ['all'] });
    expect(found).toEqual([]);
  });
  test('what cannot be known without acting is said to be so', async () => {
    const { code, bad: found } = await bad({ gateRights: { EXECUTE: ['platform'] }, gateRoles: [] });
    expect(code).toBe(0);
    expect(found).toEqual([
      expect.objectContaining({ health: 'unknown', hint: expect.stringContaining('without starting something') }),
    ]);
  });
  test('an application that is not there', async () => {
    const { code, bad: found } = await findings(config({ application: 'nosuch' }));
    expect(code).toBe(1);
    expect(found).toEqual([expect.objectContaining({ detail: 'Gate knows none of that name' })]);
  });
});

describe('pipelines', () => {
  const parameter = (name: string, more: object = {}): object => ({ name, required: true, ...more });
  const saved = (parameterConfig: readonly object[], more: object = {}): void =>
    simulator.seed.pipeline({ name: 'bake-golden', kind: 'bake', config: { parameterConfig, ...more } });
  const SENT = ['assayRun', 'assayLine', 'assayRegion', 'assayExpires', 'baseOs'];

  test('one that is not there', async () => {
    const { code, bad } = await findings(config({ bake: { pipeline: 'Bake-Golden' } }));
    expect(code).toBe(1);
    expect(bad).toEqual([
      expect.objectContaining({ area: 'golden', detail: 'there is none of that name in goldenami' }),
    ]);
  });
  test('one that takes exactly what it is sent', async () => {
    saved(SENT.map((name) => parameter(name)));
    expect(await findings(config())).toMatchObject({ code: 0, bad: [] });
  });
  test('one that requires more, unless it has a default', async () => {
    saved([...SENT, 'ticket', 'owner'].map((name) => parameter(name, name === 'owner' ? { default: 'me' } : {})));
    const { code, bad } = await findings(config());
    expect(code).toBe(1);
    expect(bad).toEqual([
      expect.objectContaining({
        health: 'failed',
        detail: 'it requires ticket, which the line does not send',
        hint: expect.stringContaining('lines.golden.bake.parameters'),
      }),
    ]);
  });
  test('one that declares some, but not all that it is sent', async () => {
    saved([parameter('assayRun'), parameter('baseOs', { required: false })]);
    const { code, bad } = await findings(config());
    expect(code).toBe(0);
    expect(bad).toEqual([
      expect.objectContaining({
        health: 'warning',
        detail: 'it declares parameters, but not assayLine, assayRegion, assayExpires, which it is given',
      }),
    ]);
  });
  test('one that is disabled', async () => {
    saved([], { disabled: true });
    const { code, bad } = await findings(config());
    expect(code).toBe(1);
    expect(bad).toEqual([expect.objectContaining({ detail: 'it is disabled' })]);
  });
});

describe('what follows a decision', () => {
  const waiting = (stageTimeoutMs?: number): object => ({ type: 'manualJudgment', name: 'Golden?', stageTimeoutMs });
  const line = { approval: { deadlineHours: 96 }, spinnaker: { afterDecision: { manualJudgment: 'Golden?' } } };
  const saved = (stages: readonly object[]): void =>
    simulator.seed.pipeline({ name: 'golden-image', kind: 'plain', config: { stages } });

  test('a manual judgment that waits longer than the deadline is fine', async () => {
    saved([waiting(97 * 3_600_000), { type: 'wait', name: 'Golden?' }]);
    expect(await findings(config({ line }))).toMatchObject({ code: 0, bad: [] });
  });
  test.each([
    ['no limit of its own', undefined, "259200000 ms, Orca's default"],
    ['the same limit', 96 * 3_600_000, '345600000 ms'],
  ])('one with %s is not', async (_name, limit, told) => {
    saved([waiting(limit)]);
    const { code, bad } = await findings(config({ line }));
    expect(code).toBe(1);
    expect(bad).toEqual([
      expect.objectContaining({
        detail: `in golden-image it waits ${told}, and people have 345600000 ms to decide`,
        hint: expect.stringContaining('stageTimeoutMs above 345600000'),
      }),
    ]);
  });
  test('one that no pipeline has, and a pipeline that is not there', async () => {
    expect((await findings(config({ line }))).bad).toEqual([expect.objectContaining({ health: 'warning' })]);
    const after = { spinnaker: { imageTags: { pipeline: 'tag' }, afterDecision: { pipeline: 'promote' } } };
    expect((await findings(config({ line: after }))).bad.map(({ what }) => what)).toEqual([
      'tagging pipeline tag',
      'after pipeline promote',
    ]);
  });
});

describe('the contract', () => {
  const contract = (args: readonly string[], given: Record<string, string> = { ASSAY_KEY: 'k' }): Promise<Ran> =>
    runProgram({ dist, args: ['doctor', ...args], env: given });
  test('needs a line, a key and a URL', async () => {
    expect(await contract(['--spinnaker-contract', 'http://h.example'])).toMatchObject({ code: 2 });
    expect(await contract(['--spinnaker-contract', 'ftp://h.example', '--line', 'a'])).toMatchObject({ code: 2 });
    expect(await contract(['--spinnaker-contract', 'http://h.example', '--line', 'a'], {})).toMatchObject({ code: 2 });
    expect(await contract(['--line', 'a'])).toMatchObject({ code: 2 });
  });
  test('sends no key to a server that it is not for', async () => {
    const ran = await contract(['--spinnaker-contract', 'http://other.example', '--line', 'a'], {
      ASSAY_KEY: 'k',
      ASSAY_URL: 'http://own.example',
    });
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining('the key is for http://own.example') });
  });
  test('is 3 where nothing answers, and says beforehand what it does', async () => {
    const ran = await contract(['--spinnaker-contract', `http://127.0.0.1:${await freePort()}`, '--line', 'golden']);
    expect(ran).toMatchObject({ code: 3, stderr: expect.stringContaining('starts runs of the line golden') });
  });
});

test('a config that cannot be used is told with every fault', async () => {
  const path = config();
  writeFileSync(path, '{}');
  expect(await doctor(path)).toMatchObject({ code: 2, stdout: '' });
});

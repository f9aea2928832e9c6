import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { join } from 'node:path';
import { generateKeyPair } from '../../src/adapters/evidence/keys';
import { ConfigError, configJsonSchema, loadConfig, runSettings, secretFaults } from '../../src/config';
import { tempDir } from '../setup/helpers';

const HASH = 'a'.repeat(64);
const SMALL = `
server: { listen: 127.0.0.1:8080, publicUrl: http://127.0.0.1:8080 }
evidence: { directory: evidence }
spinnaker: { gate: http://127.0.0.1:8084, application: goldenami, auth: { none: {} } }
polling: { everySeconds: 1 }
access:
  keys:
    - { id: ci, sha256: "${HASH}", scopes: [runs:read, runs:write] }
    - { id: alice, sha256: "${'b'.repeat(64)}", scopes: [runs:read, decisions:write], subject: alice@example.com, groups: [security] }
  roles: { viewer: ["*"], approver: [security, platform] }
signing:
  decisions: { privateKey: "\${file:decisions.pem}", publicKeys: [decisions.pub] }
  ledger: { privateKey: "\${file:ledger.pem}", publicKeys: [ledger.pub] }
lines:
  golden:
    region: us-east-1
    bake: { pipeline: bake-golden, parameters: { baseOs: ubuntu-24 }, timeoutMinutes: 10 }
    deploy: { pipeline: deploy-candidate, destroyPipeline: destroy-candidate }
    assess: [ { inspector2: {} } ]
    policy: policies/default.yaml
    approval: { groups: { security: 1, platform: 1 }, deadlineHours: 0.002, remindHours: 24 }
    publish: { parameter: /golden-ami/golden/latest, regions: [us-east-1], share: { accounts: [], organizations: [] } }
`;
const POLICY = readFileSync(join(__dirname, '../../examples/policies/default.yaml'), 'utf8');

/** A folder with everything a config names. */
function folder(yaml: string, policy = POLICY): string {
  const directory = tempDir();
  mkdirSync(join(directory, 'policies'));
  writeFileSync(join(directory, 'policies', 'default.yaml'), policy);
  for (const name of ['decisions', 'ledger']) {
    const pair = generateKeyPair();
    writeFileSync(join(directory, `${name}.pem`), pair.privateKey);
    writeFileSync(join(directory, `${name}.pub`), pair.publicKey);
  }
  writeFileSync(join(directory, 'assay.yaml'), yaml);
  return directory;
}
const load = (yaml: string, env: Record<string, string> = {}, policy?: string) =>
  loadConfig({ path: join(folder(yaml, policy), 'assay.yaml'), env });
function faults(yaml: string, policy?: string): readonly string[] {
  try {
    load(yaml, {}, policy);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  throw new Error('the config was accepted');
}

test('a small config is accepted as it stands, with its defaults', () => {
  const config = load(SMALL);
  expect(config.server).toMatchObject({ host: '127.0.0.1', port: 8080, rateLimit: { perSecond: 200, burst: 1000 } });
  expect(config.spinnaker).toMatchObject({ bakeLimitMinutes: 30, unreachableMinutes: 60, watchSeconds: 120 });
  expect(runSettings(config, 'golden')).toMatchObject({
    pollSeconds: 1,
    approvers: ['security', 'platform'],
    line: {
      name: 'golden',
      bake: { timeoutMinutes: 10, parameters: { baseOs: 'ubuntu-24' } },
      deploy: { timeoutMinutes: 30, parameters: {} },
      assess: [{ kind: 'inspector2', timeoutMinutes: 90, agentMinutes: 15 }],
      approval: { deadlineHours: 0.002, auto: false, unsigned: 'refuse' },
      onIncomplete: 'review',
    },
  });
  expect(runSettings(config, 'constructor')).toBeUndefined();
  expect(secretFaults(config, 'worker')).toEqual([]);
  expect(secretFaults(config, 'server')).toEqual([]);
});

test('the example is accepted', () => {
  const yaml = readFileSync(join(__dirname, '../../examples/assay.yaml'), 'utf8');
  expect([...load(yaml).lines.keys()]).toEqual(['ubuntu-24-base']);
});

const change = (from: string, to: string): string => {
  expect(SMALL).toContain(from);
  return SMALL.replace(from, to);
};

test.each([
  { what: 'an unknown key', from: 'polling:', to: 'pollling:', fault: 'pollling: there is no such key' },
  {
    what: 'an unknown key deep down',
    from: 'timeoutMinutes: 10',
    to: 'timeout: 10',
    fault: 'lines.golden.bake.timeout: there is no such key',
  },
  { what: 'a missing part', from: 'evidence: { directory: evidence }\n', to: '', fault: 'evidence: is missing' },
  {
    what: 'a wrong type',
    from: 'everySeconds: 1',
    to: 'everySeconds: often',
    fault: /^polling\.everySeconds: expected number/,
  },
  { what: 'a duration of nothing', from: 'everySeconds: 1', to: 'everySeconds: 0', fault: /^polling\.everySeconds: / },
  {
    what: 'a region that is none',
    from: 'region: us-east-1',
    to: 'region: here',
    fault: 'lines.golden.region: is no AWS region',
  },
  {
    what: 'a line name that is none',
    from: '  golden:',
    to: '  Golden Image:',
    fault: /^lines\.Golden Image: is no line name/,
  },
  { what: 'a hash that is none', from: HASH, to: 'abc', fault: /^access\.keys\[0\]\.sha256: must be the SHA-256/ },
  {
    what: 'a scope that is none',
    from: 'runs:write]',
    to: 'runs:destroy]',
    fault: /^access\.keys\[0\]\.scopes\[1\]: /,
  },
  { what: 'a key id twice', from: 'id: alice', to: 'id: ci', fault: 'access.keys: the id ci is there twice' },
  {
    what: 'a plain secret',
    from: '"${file:ledger.pem}"',
    to: '"hunter2"',
    fault: 'signing.ledger.privateKey: must be ${env:NAME} or ${file:PATH}, not the secret itself',
  },
  {
    what: 'a missing public key',
    from: '[ledger.pub]',
    to: '[other.pub]',
    fault: /^signing\.ledger\.publicKeys\[0\]: there is no file .*other\.pub$/,
  },
  {
    what: 'a missing policy',
    from: 'policies/default.yaml',
    to: 'policies/none.yaml',
    fault: /^lines\.golden\.policy: there is no file .*none\.yaml$/,
  },
  {
    what: 'an expression in a parameter',
    from: 'baseOs: ubuntu-24',
    to: 'baseOs: "${#toJson(secret)}"',
    fault: 'lines.golden.bake.parameters.baseOs: holds an expression, which Spinnaker would evaluate',
  },
  {
    what: 'a group that may not approve',
    from: 'approver: [security, platform]',
    to: 'approver: [security]',
    fault: 'lines.golden.approval.groups.platform: is not in access.roles.approver, so nobody could approve',
  },
  {
    what: 'an address without a port',
    from: 'listen: 127.0.0.1:8080',
    to: 'listen: localhost',
    fault: 'server.listen: must be HOST:PORT',
  },
  {
    what: 'a public URL that is none',
    from: 'publicUrl: http://127.0.0.1:8080',
    to: 'publicUrl: assay',
    fault: /^server\.publicUrl: /,
  },
  {
    what: 'encryption',
    from: 'timeoutMinutes: 10',
    to: 'encrypt: { kmsKeyId: alias/golden }',
    fault: 'lines.golden.bake.encrypt: is not supported yet',
  },
  {
    what: 'another region',
    from: 'regions: [us-east-1]',
    to: 'regions: [us-east-1, eu-west-1]',
    fault: 'lines.golden.publish.regions: publication outside us-east-1 is not supported yet',
  },
  {
    what: 'sharing',
    from: 'accounts: []',
    to: 'accounts: ["111122223333"]',
    fault: 'lines.golden.publish.share.accounts: is not supported yet',
  },
  {
    what: 'another assessor',
    from: '{ inspector2: {} }',
    to: '{ inspector2: {} }, { cis: { level: 1 } }',
    fault: 'lines.golden.assess[1].cis: is not supported yet; use inspector2',
  },
  {
    what: 'a choice of assessors',
    from: '{ inspector2: {} }',
    to: '{ anyOf: [ { inspector2: {} } ] }',
    fault: 'lines.golden.assess[0].anyOf: is not supported yet; use inspector2',
  },
  {
    what: 'a schedule',
    from: '    policy:',
    to: '    schedule: { cron: "0 4 * * 1" }\n    policy:',
    fault: 'lines.golden.schedule: is not supported yet',
  },
  {
    what: 'a deploy by EC2',
    from: 'deploy: { pipeline: deploy-candidate, destroyPipeline: destroy-candidate }',
    to: 'deploy: { ec2: { subnetIds: [] } }',
    fault: 'lines.golden.deploy.ec2: is not supported yet; use a deploy pipeline',
  },
  {
    what: 'a bucket',
    from: '{ directory: evidence }',
    to: '{ bucket: evidence }',
    fault: 'evidence.bucket: is not supported yet; use evidence.directory',
  },
  {
    what: 'no Spinnaker',
    from: 'spinnaker: { gate: http://127.0.0.1:8084, application: goldenami, auth: { none: {} } }',
    to: '',
    fault: 'lines.golden.bake and deploy need spinnaker in the config',
  },
])('$what is refused, by its place', ({ from, to, fault }) => {
  expect(faults(change(from, to))).toEqual([typeof fault === 'string' ? fault : expect.stringMatching(fault)]);
});

test('every fault is named at once', () => {
  const yaml = change('region: us-east-1', 'region: here')
    .replace('everySeconds: 1', 'everySeconds: -1')
    .replace(HASH, 'x');
  expect(faults(yaml)).toHaveLength(3);
});

test('what is no YAML is refused with its line', () => {
  expect(faults('server: [\n  x: }')).toEqual([expect.stringMatching(/is no YAML: .*at line 2/)]);
  expect(faults('')).toEqual([expect.stringContaining('the file: ')]);
});

test.each([
  { policy: 'deny: [ { severity: huge } ]', fault: /^lines\.golden\.policy: .*default\.yaml\.deny\[0\]/ },
  { policy: 'review: [ { } ]', fault: /a rule needs a condition/ },
  { policy: 'allow: []', fault: /\.allow: there is no such key/ },
  { policy: 'deny: [', fault: /is no YAML/ },
])('a policy file with $policy is refused', ({ policy, fault }) => {
  expect(faults(SMALL, policy)).toEqual([expect.stringMatching(fault)]);
});

test('a missing secret is named by its place and reference, and only the process that uses it misses it', () => {
  const config = load(change('"${file:ledger.pem}"', '"${env:LEDGER_KEY}"'));
  expect(secretFaults(config, 'worker')).toEqual([
    'signing.ledger.privateKey: the environment variable LEDGER_KEY is not set',
  ]);
  expect(secretFaults(config, 'server')).toEqual([]);
});

test('nothing that prints a config prints a secret', () => {
  const yaml = change('"${file:ledger.pem}"', '"${env:LEDGER_KEY}"');
  const config = load(yaml, { LEDGER_KEY: 'hunter2' });
  expect(config.signing.ledger.privateKey?.read()).toBe('hunter2');
  for (const text of [inspect(config, { depth: 9 }), JSON.stringify(config), `${config.signing.ledger.privateKey}`])
    expect(text).not.toContain('hunter2');
});

test('there is a JSON Schema for editors', () => {
  expect(configJsonSchema()).toMatchObject({
    type: 'object',
    additionalProperties: false,
    properties: { lines: expect.anything(), signing: expect.anything() },
  });
});

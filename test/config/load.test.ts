import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { ConfigError, configJsonSchema, runSettings } from '../../src/config';
import { change, faults, HASH, load, SMALL } from './given';

const EXAMPLES = join(__dirname, '../../examples');

test('a small config is accepted as it stands, with its defaults', () => {
  const config = load(SMALL);
  expect(config.server).toEqual({
    host: '127.0.0.1',
    port: 8080,
    publicUrl: 'http://127.0.0.1:8080',
    trustProxy: false,
    rateLimit: { perSecond: 200, burst: 1000 },
  });
  expect(config.spinnaker).toMatchObject({ bakeLimitMinutes: 30, unreachableMinutes: 60, watchSeconds: 120 });
  expect(runSettings(config, 'golden')).toEqual({
    pollSeconds: 1,
    approvers: ['security', 'platform'],
    spinnaker: { application: 'goldenami', bakeLimitMinutes: 30, unreachableMinutes: 60, watchSeconds: 120 },
    line: {
      name: 'golden',
      region: 'us-east-1',
      bake: {
        ...{ pipeline: 'bake-golden', timeoutMinutes: 10, parameters: { baseOs: 'ubuntu-24' } },
        regions: ['us-east-1'],
      },
      deploy: {
        kind: 'pipeline',
        pipeline: 'deploy-candidate',
        destroyPipeline: 'destroy-candidate',
        timeoutMinutes: 30,
        parameters: {},
      },
      assess: [{ kind: 'inspector2', timeoutMinutes: 90, agentMinutes: 15 }],
      policy: {
        deny: [{ severity: 'critical', exploitAvailable: true }],
        review: [
          { severity: ['critical', 'high'] },
          { severity: 'medium', fixAvailable: true, moreThan: 10 },
          { always: true },
        ],
      },
      onIncomplete: 'review',
      approval: {
        groups: { security: 1, platform: 1 },
        deadlineHours: 0.002,
        remindHours: 24,
        auto: false,
        unsigned: 'refuse',
      },
      publish: { parameter: '/golden-ami/golden/latest' },
      notify: { topicArns: [] },
      spinnaker: { imageTags: null, afterDecision: null },
    },
  });
  expect(runSettings(config, 'constructor')).toBeUndefined();
});

test('what is left out has its default', () => {
  const yaml = change(
    '    approval: { groups: { security: 1, platform: 1 }, deadlineHours: 0.002, remindHours: 24 }\n',
    '',
  )
    .replace('polling: { everySeconds: 1 }\n', '')
    .replace('listen: 127.0.0.1:8080, ', '')
    .replace(', timeoutMinutes: 10', '')
    .replace('[ { inspector2: {} } ]', '[ { inspector2: } ]');
  const config = load(yaml);
  expect(config).toMatchObject({
    pollSeconds: 30,
    publicationsPerHistory: 200,
    server: { host: '127.0.0.1', port: 8080 },
  });
  expect(config.lines.get('golden')).toMatchObject({
    bake: { timeoutMinutes: 60 },
    assess: [{ kind: 'inspector2', timeoutMinutes: 90, agentMinutes: 15 }],
    approval: { groups: { '*': 1 }, deadlineHours: 72, remindHours: 24 },
  });
});

test('paths count from the folder of the file, times are told in UTC, numbers become texts for Spinnaker', () => {
  const yaml = change('baseOs: ubuntu-24', 'baseOs: 24, fips: true')
    .replace('id: alice', 'expires: 2027-01-31, id: alice')
    .replace('127.0.0.1:8080,', '"[::1]:0",')
    .replace(
      '    policy:',
      '    notify: [ { sns: { topicArn: "arn:aws:sns:us-east-1:111122223333:golden" } } ]\n    policy:',
    );
  const config = load(yaml);
  expect(config.evidence.directory).toBe(join(config.path, '../evidence'));
  expect(config.access.keys[1]).toMatchObject({ expires: '2027-01-31T00:00:00.000Z' });
  expect(config.server).toMatchObject({ host: '::1', port: 0 });
  const line = config.lines.get('golden');
  expect(line?.bake?.parameters).toEqual({ baseOs: '24', fips: 'true' });
  expect(line?.notify).toEqual({ topicArns: ['arn:aws:sns:us-east-1:111122223333:golden'] });
});

test('what Spinnaker is told, and a bake in several regions, with the line’s own first', () => {
  const yaml = change(
    '    assess:',
    '    spinnaker: { imageTags: true, afterDecision: { pipeline: after, parameters: { n: 1 } } }\n    assess:',
    change('timeoutMinutes: 10', 'timeoutMinutes: 10, regions: [eu-west-1, us-east-1]', SMALL),
  );
  const line = load(change(', destroyPipeline: destroy-candidate', '', yaml)).lines.get('golden');
  expect(line?.bake?.regions).toEqual(['us-east-1', 'eu-west-1']);
  expect(line?.deploy).toMatchObject({ destroyPipeline: null });
  expect(line?.spinnaker).toEqual({
    imageTags: { pipeline: null, timeoutMinutes: 15 },
    afterDecision: { kind: 'pipeline', pipeline: 'after', parameters: { n: '1' }, timeoutMinutes: 60 },
  });
  const judged = load(
    change(
      '    assess:',
      '    spinnaker: { imageTags: { pipeline: tag }, afterDecision: { manualJudgment: "Promote?" } }\n    assess:',
    ),
  ).lines.get('golden');
  expect(judged?.spinnaker).toEqual({
    imageTags: { pipeline: 'tag', timeoutMinutes: 15 },
    afterDecision: { kind: 'judgment', stage: 'Promote?', timeoutMinutes: 60 },
  });
  expect(load(SMALL).lines.get('golden')?.spinnaker).toEqual({ imageTags: null, afterDecision: null });
});

test('the example is accepted, and names the schema that editors use', () => {
  const yaml = readFileSync(join(EXAMPLES, 'assay.yaml'), 'utf8');
  expect([...load(yaml).lines.keys()]).toEqual(['ubuntu-24-base']);
  expect(yaml).toContain('$schema=assay.schema.json');
  expect(JSON.parse(readFileSync(join(EXAMPLES, 'assay.schema.json'), 'utf8'))).toEqual(configJsonSchema());
});

test.each([
  { what: 'an unknown key', from: 'polling:', to: 'roles: {}\npolling:', fault: 'roles: there is no such key' },
  {
    what: 'a mistyped key',
    from: 'polling:',
    to: 'pollling:',
    fault: 'pollling: there is no such key; did you mean polling?',
  },
  {
    what: 'a mistyped key deep down',
    from: 'timeoutMinutes: 10',
    to: 'timeoutMinute: 10',
    fault: 'lines.golden.bake.timeoutMinute: there is no such key; did you mean timeoutMinutes?',
  },
  {
    what: 'a mistyped key in a choice of forms',
    from: 'destroyPipeline: destroy-candidate',
    to: 'destroyPipeline: destroy-candidate, TimeoutMinutes: 3',
    fault: 'lines.golden.deploy.TimeoutMinutes: there is no such key; did you mean timeoutMinutes?',
  },
  {
    what: 'a mistyped key in a list',
    from: 'subject: alice',
    to: 'subjekt: alice',
    fault: 'access.keys[1].subjekt: there is no such key; did you mean subject?',
  },
  {
    what: 'a bake that leaves out the line’s own region',
    from: 'timeoutMinutes: 10',
    to: 'timeoutMinutes: 10, regions: [eu-west-1]',
    fault: "lines.golden.bake.regions: must name the line's own region us-east-1",
  },
  {
    what: 'a bake that names a region twice',
    from: 'timeoutMinutes: 10',
    to: 'timeoutMinutes: 10, regions: [us-east-1, us-east-1]',
    fault: 'lines.golden.bake.regions: us-east-1 is there twice',
  },
  {
    what: 'a parameter of the pipeline after the decision that Assay sets',
    from: '    assess:',
    to: '    spinnaker: { afterDecision: { pipeline: after, parameters: { assayStatus: x } } }\n    assess:',
    fault: 'lines.golden.spinnaker.afterDecision.parameters.assayStatus: is set by Assay',
  },
  {
    what: 'an expression in the name of a stage',
    from: '    assess:',
    to: '    spinnaker: { afterDecision: { manualJudgment: "${x}" } }\n    assess:',
    fault: 'lines.golden.spinnaker.afterDecision.manualJudgment: holds an expression, which Spinnaker would evaluate',
  },
  { what: 'a missing part', from: 'evidence: { directory: evidence }\n', to: '', fault: 'evidence: is missing' },
  {
    what: 'a wrong type',
    from: 'everySeconds: 1',
    to: 'everySeconds: often',
    fault: /^polling\.everySeconds: expected number/,
  },
  { what: 'a duration of nothing', from: 'everySeconds: 1', to: 'everySeconds: 0', fault: /^polling\.everySeconds: / },
  { what: 'an endless duration', from: 'everySeconds: 1', to: 'everySeconds: .inf', fault: /^polling\.everySeconds: / },
  {
    what: 'a duration of centuries',
    from: 'deadlineHours: 0.002',
    to: 'deadlineHours: 1.0e+9',
    fault: /^lines\.golden\.approval\.deadlineHours: /,
  },
  {
    what: 'a reminder every moment',
    from: 'deadlineHours: 0.002, remindHours: 24',
    to: 'deadlineHours: 72, remindHours: 0.01',
    fault: 'lines.golden.approval.remindHours: would remind more than 500 times before the deadline',
  },
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
    what: 'a key twice',
    from: 'b'.repeat(64),
    to: HASH.toUpperCase(),
    fault: 'access.keys: two entries have the same sha256',
  },
  {
    what: 'an expiry that is no date',
    from: 'id: alice',
    to: 'expires: 2027-02-30, id: alice',
    fault: 'access.keys[1].expires: must be a date, as 2027-01-31',
  },
  {
    what: 'an expiry that is a year',
    from: 'id: alice',
    to: 'expires: 2027, id: alice',
    fault: 'access.keys[1].expires: must be a date, as 2027-01-31',
  },
  {
    what: 'a missing public key',
    from: '[ledger.pub]',
    to: '[other.pub]',
    fault: /^signing\.ledger\.publicKeys\[0\]: there is no file .*other\.pub$/,
  },
  {
    what: 'a private key in a public place',
    from: '[ledger.pub]',
    to: '[ledger.pem]',
    fault: /^signing\.ledger\.publicKeys\[0\]: .*ledger\.pem holds a private key; give its public half$/,
  },
  {
    what: 'a public key that is none',
    from: '[ledger.pub]',
    to: '[policies/default.yaml]',
    fault: /^signing\.ledger\.publicKeys\[0\]: .*holds no Ed25519 public key in PEM form$/,
  },
  {
    what: 'no public key at all',
    from: '[ledger.pub]',
    to: '[]',
    fault: /^signing\.ledger\.publicKeys: must name at least one key/,
  },
  {
    what: 'no signing',
    from: 'signing:',
    to: 'sigs:',
    fault: 'sigs: there is no such key',
    more: 'signing: is missing',
  },
  {
    what: 'a missing policy',
    from: 'policies/default.yaml',
    to: 'policies/none.yaml',
    fault: /^lines\.golden\.policy: there is no file .*none\.yaml$/,
  },
  {
    what: 'a policy that is a folder',
    from: 'policies/default.yaml',
    to: 'policies',
    fault: /^lines\.golden\.policy: cannot read .*policies: EISDIR$/,
  },
  {
    what: 'an expression in a parameter',
    from: 'baseOs: ubuntu-24',
    to: 'baseOs: "${#toJson(secret)}"',
    fault:
      'lines.golden.bake.parameters.baseOs: holds an expression, or ends as one begins, which Spinnaker would evaluate',
  },
  {
    what: "an expression in a parameter's name",
    from: 'baseOs: ubuntu-24',
    to: '"${secret}": ubuntu-24',
    fault: 'lines.golden.bake.parameters.…: holds an expression, or ends as one begins, which Spinnaker would evaluate',
  },
  {
    what: "an expression in a pipeline's name",
    from: 'pipeline: bake-golden',
    to: 'pipeline: "${secret}"',
    fault: 'lines.golden.bake.pipeline: holds an expression, which Spinnaker would evaluate',
  },
  {
    what: "an expression in the application's name",
    from: 'application: goldenami',
    to: 'application: "a${secret}"',
    fault: 'spinnaker.application: holds an expression, which Spinnaker would evaluate',
  },
  {
    what: 'a parameter that Assay sets itself',
    from: 'baseOs: ubuntu-24',
    to: 'assayRun: mine',
    fault: 'lines.golden.bake.parameters.assayRun: is set by Assay',
  },
  {
    what: 'a parameter that is a list',
    from: 'baseOs: ubuntu-24',
    to: 'baseOs: [1]',
    fault: 'lines.golden.bake.parameters.baseOs: must be a text, a number, true or false',
  },
  {
    what: 'an SSM parameter that is none',
    from: '/golden-ami/golden/latest',
    to: '/aws/golden',
    fault: 'lines.golden.publish.parameter: is no SSM parameter name',
  },
  {
    what: 'a topic that is none',
    from: '    policy:',
    to: '    notify: [ { sns: { topicArn: golden } } ]\n    policy:',
    fault: 'lines.golden.notify[0].sns.topicArn: is no topic ARN',
  },
  {
    what: 'a group that may not approve',
    from: 'approver: [security, platform]',
    to: 'approver: [security]',
    fault: 'lines.golden.approval.groups.platform: is not in access.roles.approver, so nobody could approve',
  },
  {
    what: 'no approver at all',
    from: ', approver: [security, platform]',
    to: '',
    fault: 'lines.golden.approval: access.roles.approver names no group, so nobody could approve',
  },
  {
    what: 'an approval that asks nobody',
    from: '{ security: 1, platform: 1 }',
    to: '{}',
    fault: 'lines.golden.approval.groups: must ask somebody',
  },
  {
    what: 'an approval by a crowd',
    from: 'platform: 1 }',
    to: 'platform: 1000000000 }',
    fault: /^lines\.golden\.approval\.groups\.platform: /,
  },
  {
    what: 'an address without a port',
    from: 'listen: 127.0.0.1:8080',
    to: 'listen: localhost',
    fault: 'server.listen: must be HOST:PORT',
  },
  {
    what: 'a port that is none',
    from: 'listen: 127.0.0.1:8080',
    to: 'listen: 127.0.0.1:70000',
    fault: 'server.listen: must be HOST:PORT',
  },
  ...['assay', 'ftp://assay.example.com', '//assay.example.com'].map((to) => ({
    what: `the public URL ${to}`,
    from: 'http://127.0.0.1:8080',
    to,
    fault: 'server.publicUrl: must be a URL that begins with http:// or https://',
  })),
  {
    what: 'a public URL with a query',
    from: 'http://127.0.0.1:8080',
    to: 'http://assay/?a=b',
    fault: 'server.publicUrl: must have neither a query nor a fragment',
  },
  {
    what: 'a public URL that makes status documents too long',
    from: 'http://127.0.0.1:8080',
    to: `http://assay/${'a'.repeat(160)}`,
    fault: 'server.publicUrl: must not be longer than 160 characters',
  },
  {
    what: 'a password in a URL',
    from: 'http://127.0.0.1:8084',
    to: 'http://assay:hunter2@gate',
    fault: 'spinnaker.gate: must hold neither a user name nor a password',
  },
  {
    what: 'a proxy that is none',
    from: 'server: { ',
    to: 'server: { trustProxy: [ 10.0.0.0/8, 10.0.0.0/99 ], ',
    fault: /^server\.trustProxy\[1\]: must be addresses/,
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
    fault: "lines.golden.publish.regions: publication outside us-east-1, the line's own region, is not supported yet",
  },
  {
    what: "publication past the line's own region",
    from: 'regions: [us-east-1]',
    to: 'regions: []',
    fault: "lines.golden.publish.regions: must name the line's own region us-east-1",
  },
  {
    what: 'sharing with accounts',
    from: 'accounts: []',
    to: 'accounts: ["111122223333"]',
    fault: 'lines.golden.publish.share.accounts: is not supported yet',
  },
  {
    what: 'sharing with organizations',
    from: 'organizations: []',
    to: 'organizations: ["o-1"]',
    fault: 'lines.golden.publish.share.organizations: is not supported yet',
  },
  ...['cis', 'network', 'inspector2-ami'].map((assessor) => ({
    what: `the assessor ${assessor}`,
    from: '{ inspector2: {} }',
    to: `{ inspector2: {} }, { ${assessor}: { level: 1 } }`,
    fault: `lines.golden.assess[1].${assessor}: is not supported yet; use inspector2`,
  })),
  {
    what: 'a choice of assessors',
    from: '{ inspector2: {} }',
    to: '{ anyOf: [ { inspector2: {} } ] }',
    fault: 'lines.golden.assess[0].anyOf: is not supported yet; use inspector2',
  },
  { what: 'no assessor', from: '{ inspector2: {} }', to: '', fault: 'lines.golden.assess: must name an assessor' },
  {
    what: 'an assessor twice',
    from: '{ inspector2: {} }',
    to: '{ inspector2: {} }, { inspector2: {} }',
    fault: 'lines.golden.assess: inspector2 is there twice',
  },
  {
    what: 'two assessors in one',
    from: '{ inspector2: {} }',
    to: '{ inspector2: {}, cis: {} }',
    fault: 'lines.golden.assess[0]: must name one assessor',
  },
  {
    what: 'a limit of an assessor that is none',
    from: '{ inspector2: {} }',
    to: '{ inspector2: { agentMinuts: 3 } }',
    fault: 'lines.golden.assess[0].inspector2.agentMinuts: there is no such key; did you mean agentMinutes?',
  },
  {
    what: 'a bucket',
    from: '{ directory: evidence }',
    to: '{ bucket: evidence, kmsKeyId: k }',
    fault: 'evidence.bucket: is not supported yet; use evidence.directory',
  },
  {
    what: 'OpenID Connect',
    from: '  roles:',
    to: '  oidc: { issuer: https://example.com }\n  roles:',
    fault: 'access.oidc: is not supported yet',
  },
  {
    what: 'breaking the glass',
    from: 'viewer: ["*"]',
    to: 'breakGlass: [admins]',
    fault: 'access.roles.breakGlass: is not supported yet',
  },
  {
    what: 'no Spinnaker',
    from: 'spinnaker: { gate: http://127.0.0.1:8084, application: goldenami, auth: { none: {} } }',
    to: '',
    fault: 'lines.golden.bake and deploy need spinnaker in the config',
  },
])('$what is refused, by its place', ({ from, to, fault, ...rest }) => {
  const more = 'more' in rest ? [rest.more] : [];
  const expected = typeof fault === 'string' ? fault : expect.stringMatching(fault);
  const told = faults(change(from, to));
  expect([...told].sort()).toEqual([...more, expected].sort());
});

test('every fault is named at once, those of files and of what belongs together too', () => {
  const yaml = change('region: us-east-1', 'region: here')
    .replace('everySeconds: 1', 'everySeconds: -1')
    .replace(HASH, 'x')
    .replace('policies/default.yaml', 'policies/none.yaml')
    .replace('{ inspector2: {} }', '{ cis: {} }')
    .replace('security: 1,', 'finance: 1,')
    .replace('timeoutMinutes: 10', 'encrypt: {}');
  expect(faults(yaml).map((fault) => fault.split(':')[0])).toEqual([
    'polling.everySeconds',
    'access.keys[0].sha256',
    'lines.golden.region',
    'lines.golden.bake.encrypt',
    'lines.golden.assess[0].cis',
    'lines.golden.approval.groups.finance',
    'lines.golden.policy',
  ]);
});

test('a config of everything that is planned is refused for what is not there yet, and for nothing else', () => {
  const yaml = change('{ directory: evidence }', '{ bucket: b, prefix: p, kmsKeyId: k }')
    .replace('auth: { none: {} }', 'auth: { x509: { cert: c.pem, key: k.pem, ca: ca.pem } }')
    .replace('  roles:', '  oidc: { issuer: i, clientId: c, clientSecret: "${env:S}" }\n  revoked: []\n  roles:')
    .replace('viewer: ["*"]', 'viewer: ["*"], operator: [platform], breakGlass: [], admin: [admins]')
    .replace('timeoutMinutes: 10', 'timeoutMinutes: 60, encrypt: { kmsKeyId: alias/golden }')
    .replace('[ { inspector2: {} } ]', '[ { anyOf: [ { inspector2-ami: {} } ] }, { network: { allow: [22] } } ]')
    .replace('regions: [us-east-1]', 'regions: [us-east-1, eu-west-1]')
    .replace(
      '    policy:',
      '    onIncomplete: review\n    schedule: { cron: "0 4 * * 1", timezone: UTC }\n    policy:',
    );
  const told = faults(yaml);
  expect(told).toHaveLength(6);
  for (const fault of told) expect(fault).toContain('is not supported yet');
});

test('what is no YAML is refused with its line', () => {
  expect(faults('server: [\n  x: }')).toEqual([expect.stringMatching(/is no YAML: .*at line 2/)]);
  expect(faults('')).toEqual([expect.stringContaining('the file: ')]);
  expect(faults('a: 1\na: 2')).toEqual([expect.stringMatching(/is no YAML: Map keys must be unique at line 2/)]);
  expect(faults('a: *nowhere')).toEqual([expect.stringContaining('alias')]);
  const bomb = Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${Array(9).fill(`*a${n}`).join()}]`);
  expect(faults(`a0: &a0 [x]\n${bomb.join('\n')}`)).toEqual([expect.stringContaining('aliases')]);
});

test.each([
  { policy: 'deny: [ { severity: huge } ]', fault: /^lines\.golden\.policy: .*default\.yaml: deny\[0\]\.severity/ },
  { policy: 'review: [ { } ]', fault: /review\[0\]: a rule needs a condition/ },
  { policy: 'review: [ { severty: high } ]', fault: /severty: there is no such key; did you mean severity\?/ },
  { policy: 'allow: []', fault: /default\.yaml: allow: there is no such key/ },
  { policy: '{}', fault: /default\.yaml: the file: needs deny or review/ },
  { policy: '', fault: /default\.yaml: the file: expected object/ },
  { policy: 'deny: [', fault: /is no YAML/ },
])('a policy file with "$policy" is refused', ({ policy, fault }) => {
  expect(faults(SMALL, policy)[0]).toMatch(fault);
});

test('a name that would vanish in silence is refused, wherever it is', () => {
  expect(faults(change('lines:', 'lines:\n  __proto__: { region: us-east-1 }'))).toEqual([
    'lines.__proto__: is a name that cannot be used',
  ]);
  const parameters = '{ baseOs: ubuntu-24, "__proto__": x }';
  expect(faults(change('{ baseOs: ubuntu-24 }', parameters))).toEqual([
    'lines.golden.bake.parameters.__proto__: is a name that cannot be used',
  ]);
});

test('whatever the file holds, it is accepted or refused with its faults, and never repeats an expression', () => {
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.constant('${secret}'),
    fc.constant({ '${secret}': '${secret}' }),
  );
  const place = fc.constantFrom('server', 'evidence', 'spinnaker', 'polling', 'access', 'lines', 'more');
  fc.assert(
    fc.property(place, value, (part, given) => {
      const kept = SMALL.split(/^(?=\w)/m).filter((text) => !text.startsWith(`${part}:`));
      try {
        load([...kept, stringify({ [part]: given })].join(''));
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
        const { faults: told } = error as ConfigError;
        expect(told.length).toBeGreaterThan(0);
        expect(told.join()).not.toContain('${secret}');
      }
    }),
    { numRuns: 100 },
  );
});

test('there is a JSON Schema for editors', () => {
  expect(configJsonSchema()).toMatchObject({
    type: 'object',
    additionalProperties: false,
    properties: { lines: expect.anything(), signing: expect.anything() },
    required: expect.not.arrayContaining(['polling', 'spinnaker']),
  });
});

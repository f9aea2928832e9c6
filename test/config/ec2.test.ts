import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigError, loadConfig, runSettings, type Config } from '../../src/config';
import { plainSecrets } from '../../src/domain/user-data';
import { change, faults, load, SMALL, written } from './given';

const ROOT = join(__dirname, '../..');
const SCRIPT = join(ROOT, 'integrations/spinnaker/user-data.sh');
const PIPELINES = 'deploy: { pipeline: deploy-candidate, destroyPipeline: destroy-candidate }';
const EC2 =
  'subnetIds: [subnet-0123456789abcdef0, subnet-01234567], securityGroupIds: [sg-01234567], instanceType: t3.small, instanceProfile: golden-test';
/** The small config without Spinnaker, and so without a bake. */
const YAML = change(PIPELINES, `deploy: { ec2: { ${EC2} } }`)
  .replace(/^spinnaker:.*\n/m, '')
  .replace(/^ {4}bake:.*\n/m, '');

/** A config whose line has this user data. */
function withUserData(text: string | Buffer, yaml = YAML): Config {
  const path = written(change('golden-test', 'golden-test, userDataFile: boot/user-data.sh', yaml));
  mkdirSync(join(dirname(path), 'boot'));
  writeFileSync(join(dirname(path), 'boot/user-data.sh'), text);
  return loadConfig({ path, env: {} });
}
function faultsOf(read: () => unknown): readonly string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  throw new Error('the config was accepted');
}

test('a line that deploys with EC2 needs neither Spinnaker nor a bake', () => {
  const config = load(YAML);
  expect(config.spinnaker).toBeNull();
  expect(runSettings(config, 'golden')).toMatchObject({
    spinnaker: null,
    line: {
      bake: null,
      deploy: {
        kind: 'ec2',
        subnetIds: ['subnet-0123456789abcdef0', 'subnet-01234567'],
        securityGroupIds: ['sg-01234567'],
        instanceType: 't3.small',
        instanceProfile: 'golden-test',
        userData: null,
        timeoutMinutes: 30,
      },
    },
  });
});

test('a bake beside it still needs Spinnaker', () => {
  const yaml = change(PIPELINES, `deploy: { ec2: { ${EC2} } }`).replace(/^spinnaker:.*\n/m, '');
  expect(faults(yaml)).toEqual(['lines.golden.bake and deploy need spinnaker in the config']);
});

test('settings hold the hash of the user data, and the config its text, as it stands in the file', () => {
  const text = '#!/bin/sh\necho "é"\n';
  const config = withUserData(text);
  const deploy = config.lines.get('golden')?.deploy;
  expect(deploy).toMatchObject({ kind: 'ec2', userData: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) });
  expect([...config.userData.values()]).toEqual([text]);
  expect(deploy?.kind === 'ec2' && deploy.userData && config.userData.get(deploy.userData)).toBe(text);
  expect([...config.files.keys()].filter((file) => file.endsWith('boot/user-data.sh'))).toHaveLength(1);
});

const PLACE = 'lines.golden.deploy.ec2';
test.each([
  ['no subnet', 'subnet-0123456789abcdef0, subnet-01234567', '', [`${PLACE}.subnetIds: must name a subnet`]],
  ['no subnet id', ', subnet-01234567', ', vpc-01234567', [`${PLACE}.subnetIds[1]: is no subnet id`]],
  ['a subnet twice', 'subnet-0123456789abcdef0', 'subnet-01234567', [`${PLACE}.subnetIds: names one twice`]],
  ['no group', '[sg-01234567]', '[]', [`${PLACE}.securityGroupIds: must name a security group`]],
  ['a group by name', '[sg-01234567]', '[default]', [`${PLACE}.securityGroupIds[0]: is no security group id`]],
  ['no type', 't3.small', 'small', [`${PLACE}.instanceType: is no instance type, as t3.small`]],
  [
    'a role in place of a profile',
    'golden-test',
    '"arn:aws:iam::111122223333:role/golden"',
    [`${PLACE}.instanceProfile: is neither the name nor the ARN of an instance profile`],
  ],
  ['no profile', ', instanceProfile: golden-test', '', [`${PLACE}.instanceProfile: is missing`]],
  ['a key pair', 't3.small', 't3.small, keyName: x', [`${PLACE}.keyName: there is no such key`]],
  [
    'nothing but a mistyped key',
    EC2,
    'subnets: []',
    ['subnetIds', 'securityGroupIds', 'instanceType', 'instanceProfile']
      .map((name) => `${PLACE}.${name}: is missing`)
      .concat(`${PLACE}.subnets: there is no such key; did you mean subnetIds?`),
  ],
  ['a limit of days', 't3.small', 't3.small, timeoutMinutes: 2000', [expect.stringMatching(/timeoutMinutes: /)]],
])('%s is refused', (_, from, to, expected) => {
  const told = [...faults(change(from, to, YAML))];
  const wanted: readonly unknown[] = expected;
  expect(told).toHaveLength(wanted.length);
  expect(told).toEqual(expect.arrayContaining([...wanted]));
});

test.each([
  'golden-test',
  'arn:aws:iam::111122223333:instance-profile/golden-test',
  'arn:aws-us-gov:iam::111122223333:instance-profile/teams/images/golden-test',
])('the instance profile may be %s', (name) => {
  expect(load(change('golden-test', `"${name}"`, YAML)).lines.get('golden')?.deploy).toMatchObject({
    instanceProfile: name,
  });
});

test.each<[string, string | Buffer, RegExp]>([
  [
    'a plain secret',
    '#!/bin/sh\nset -e\nTOKEN=hunter2\n',
    /user-data\.sh:3 holds an assigned secret; give only the name of/,
  ],
  ['an access key', '#!/bin/sh\n# AKIAIOSFODNN7EXAMPLE\n', /user-data\.sh:2 holds an AWS access key/],
  ['a private key', '-----BEGIN PRIVATE KEY-----\n', /user-data\.sh:1 holds a private key/],
  ['more than EC2 takes', `#!/bin/sh\n${'#'.repeat(16_384)}`, /user-data\.sh has 16394 bytes; EC2 takes 16384$/],
  ['nothing', ' \n', /user-data\.sh is empty$/],
  ['a compressed script', Buffer.from([0x1f, 0x8b, 8, 0, 0xff]), /user-data\.sh is no plain UTF-8 text$/],
])('user data with %s is refused, and not repeated', (_, text, fault) => {
  const told = faultsOf(() => withUserData(text));
  expect(told).toEqual([expect.stringMatching(fault)]);
  expect(told[0]).toMatch(/^lines\.golden\.deploy\.ec2\.userDataFile: /);
  expect(told.join()).not.toMatch(/hunter2|AKIA/);
});

test('user data is looked through even where the rest of the deploy has a fault', () => {
  const told = faultsOf(() => withUserData('TOKEN=hunter2', YAML.replace('t3.small', 'small')));
  expect(told).toHaveLength(2);
});

test('a missing file is named', () => {
  const yaml = change(EC2, `${EC2}, userDataFile: none.sh`, YAML);
  expect(faults(yaml)).toEqual([expect.stringMatching(/userDataFile: there is no file .*none\.sh$/)]);
});

test('the example without Spinnaker is accepted, with the user data that is shipped', () => {
  const yaml = readFileSync(join(ROOT, 'examples/ec2.yaml'), 'utf8');
  expect(yaml).toContain('userDataFile: ../integrations/spinnaker/user-data.sh');
  const path = written(yaml.replace('../integrations/spinnaker/user-data.sh', 'user-data.sh'));
  copyFileSync(SCRIPT, join(dirname(path), 'user-data.sh'));
  const config = loadConfig({ path, env: {} });
  expect([...config.userData.values()]).toEqual([readFileSync(SCRIPT, 'utf8')]);
  expect(SMALL).not.toBe(yaml);
});

describe('the user data that is shipped', () => {
  const script = readFileSync(SCRIPT, 'utf8');

  test('is a script that bash can read', () => {
    expect(script).toMatch(/^#!\/bin\/bash\n/);
    execFileSync('bash', ['-n', SCRIPT]);
  });

  test('holds names, no secret, and room for more', () => {
    expect(plainSecrets(script)).toEqual([]);
    expect(Buffer.byteLength(script)).toBeLessThan(8_192);
  });

  test('reads each secret by its name with the role of the instance, and asks for metadata with a session', () => {
    expect(script).toMatch(/aws ssm get-parameter .*--with-decryption/);
    expect(script).toMatch(/aws secretsmanager get-secret-value/);
    expect(script).toContain('X-aws-ec2-metadata-token-ttl-seconds');
  });

  /** Runs it with made-up programs in place of the instance's own; gives back what it printed and what it started. */
  function boot(agents: boolean): { output: string; started: string; files: string } {
    const folder = dirname(written(SMALL));
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    const program = (path: string, body: string): void =>
      writeFileSync(path, `#!/bin/bash\n${body}\n`, { mode: 0o755 });
    program(
      join(bin, 'curl'),
      'case "$*" in *api/token*) echo a-session;; *--config*) read -r header; [[ $header == *a-session* ]] && echo us-east-1;; esac',
    );
    // The first look of each comes before the role's credentials.
    program(
      join(bin, 'aws'),
      `mark="${folder}/seen-$1"; [ -e "$mark" ] || { touch "$mark"; exit 255; }; echo "$*" >> "${folder}/aws"; echo "the-secret-of-$1"`,
    );
    program(join(bin, 'systemctl'), 'echo amazon-ssm-agent.service enabled');
    program(join(bin, 'sleep'), ':');
    for (const name of ['enroll', 'license'])
      if (agents) program(join(bin, name), `echo "${name}: $* $(cat)" >> "${folder}/started"; echo noise`);
    const text = script.replaceAll('/opt/agent/bin/', `${bin}/`);
    const path = join(folder, 'user-data.sh');
    writeFileSync(path, text);
    const output = execFileSync('bash', [path], { env: { PATH: `${bin}:${process.env['PATH']}` }, encoding: 'utf8' });
    const read = (name: string): string => {
      try {
        return readFileSync(join(folder, name), 'utf8');
      } catch {
        return '';
      }
    };
    return { output, started: read('started'), files: read('aws') };
  }

  test('boots: it gives the agents their secrets and nobody else', () => {
    const { output, started, files } = boot(true);
    expect(started).toBe('enroll: --stdin the-secret-of-ssm\nlicense: --stdin the-secret-of-secretsmanager\n');
    expect(output).toMatch(/agent enrolled[^]*agent licensed[^]*done\n$/);
    expect(output).not.toContain('the-secret');
    expect(files).toContain(
      'ssm get-parameter --region us-east-1 --name /golden-ami/agent/enrollment --with-decryption',
    );
    expect(files).toContain('secretsmanager get-secret-value --region us-east-1 --secret-id golden-ami/agent-license');
  });

  test('boots without agents, and asks for no secret', () => {
    const { output, files } = boot(false);
    expect(output).toMatch(/done\n$/);
    expect(files).toBe('');
  });
});

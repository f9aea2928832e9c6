import fc from 'fast-check';
import { plainSecrets } from '../../src/domain/user-data';

const kinds = (text: string): string[] => plainSecrets(text).map(({ what }) => what);

describe('a plain secret is found', () => {
  test.each([
    ['an AWS access key', 'aws configure set x AKIAIOSFODNN7EXAMPLE'],
    ['an AWS access key', 'export AWS_ID=ASIAIOSFODNN7EXAMPLE'],
    ['an assigned secret', 'AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'],
    ['an assigned secret', 'aws_secret_access_key = wJalrXUtnFEMI'],
    ['a private key', '-----BEGIN RSA PRIVATE KEY-----'],
    ['a private key', '  -----BEGIN PRIVATE KEY-----'],
    ['a private key', '-----BEGIN PGP PRIVATE KEY BLOCK-----'],
    ['a token of a known service', `git clone x ghp_${'a'.repeat(36)}`],
    ['a JSON Web Token', 'x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4'],
    ['a password hash', 'usermod -p $6$saltsalt$abcdefghijklmnop root'],
    ['a bearer token', 'curl -H "Authorization: Bearer abcdefghijklmnop1234" https://example.com'],
    ['a user with a password', 'curl -H "authorization: Basic dXNlcjpwYXNz" https://example.com'],
    ['a user with a password', 'curl -u admin:hunter2 https://example.com'],
    ['a user with a password', "curl --user 'admin:hunter2' https://example.com"],
    ['a URL with a password', 'pip install --index-url https://user:hunter2@pypi.example.com'],
    ['a URL with a password', 'redis-cli -h redis://:hunter2@10.0.0.1'],
    ['a URL with a token', 'git clone https://0123456789abcdef0123@git.example.com/x'],
    ['a password', 'echo root:hunter2 | chpasswd'],
    ['a password', 'echo "ubuntu:hunter2" | sudo chpasswd'],
    ['an assigned secret', 'PASSWORD=hunter2'],
    ['an assigned secret', 'export DB_PASSWORD="hunter2"'],
    ['an assigned secret', "agent_token='hunter2'"],
    ['an assigned secret', "agent_token='$a$b'"],
    ['an assigned secret', 'install.sh ACTIVATION_KEY=hunter2'],
    ['an assigned secret', 'agent --token hunter2'],
    ['an assigned secret', 'agent --enroll-token=hunter2 --quiet'],
    ['an assigned secret', 'password: hunter2'],
    ['an assigned secret', '  - passwd: correct horse battery'],
    ['an assigned secret', 'apiKey: "hunter2"'],
    ['an assigned secret', '{"apiKey": "hunter2"}'],
    ['an assigned secret', 'cat <<< \'{"client_secret":"hunter2"}\''],
    ['an assigned secret', '# password=hunter2'],
    ['a header with a secret', "curl -H 'X-Api-Key: hunter2' https://example.com"],
  ])('as %s in: %s', (what, text) => expect(kinds(text)).toContain(what));

  test('in the lines in which it stands, however they end', () => {
    expect(plainSecrets('#!/bin/sh\r\nTOKEN=hunter2\rx\nPASSWORD=a\n')).toEqual([
      { line: 2, what: 'an assigned secret' },
      { line: 4, what: 'an assigned secret' },
    ]);
  });

  test('once for a line', () => expect(kinds('TOKEN=a PASSWORD=b SECRET=c')).toEqual(['an assigned secret']));
});

describe('no secret is seen in', () => {
  test.each([
    '',
    'TOKEN=',
    'TOKEN=""',
    'TOKEN="$1"',
    'TOKEN=$AGENT',
    'TOKEN="${AGENT}"',
    "TOKEN='${AGENT}'",
    'TOKEN=$(aws ssm get-parameter --with-decryption --name /golden-ami/agent-token --query Parameter.Value)',
    'TOKEN=`cat /run/token`',
    'agent --token "$TOKEN"',
    'agent --token-file /run/agent-token',
    'agent --token --quiet',
    'aws secretsmanager get-secret-value --secret-id golden-ami/agent --query SecretString',
    'aws secretsmanager get-secret-value --secret-id arn:aws:secretsmanager:us-east-1:111122223333:secret:agent',
    'AGENT_TOKEN_PARAMETER=/golden-ami/agent-token',
    'AGENT_TOKEN=/golden-ami/agent-token',
    'AGENT_SECRET_ID=golden-ami/agent',
    'AGENT_SECRET=arn:aws:secretsmanager:us-east-1:111122223333:secret:agent',
    'curl -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" http://169.254.169.254/latest/api/token',
    'curl -H "X-aws-ec2-metadata-token: $token" http://169.254.169.254/latest/meta-data/',
    'curl -H "Authorization: Bearer $TOKEN" https://example.com',
    'HEADER_TOKEN="Bearer $TOKEN"',
    'curl -u "$USER:$PASSWORD" https://example.com',
    'git clone https://$USER:$PASSWORD@git.example.com/x',
    'git clone https://git.example.com/x',
    'ssh://git@git.example.com/x',
    'lock_passwd: true',
    'password: null',
    'token: |',
    'password: "{{ssm:/golden-ami/agent}}"',
    'if [ "$token" = yes ]; then',
    'if test "$password" == hunter2; then',
    '# the token: is read from the parameter store',
    '# every bearer of a token is welcome',
    'unset token password',
    'read -r token < "$file"',
    '-----BEGIN CERTIFICATE-----',
    '-----BEGIN PUBLIC KEY-----',
    'systemctl enable auditd',
    'passwd -l root',
    'mktemp -d /run/secrets.XXXX',
    'apt-get install -y libsecret-tools=0.20.5',
  ])('%s', (text) => expect(plainSecrets(text)).toEqual([]));
});

const NAMES = fc.constantFrom(
  'PASSWORD',
  'db_password',
  'AGENT_TOKEN',
  'apiKey',
  'client-secret',
  'auth_key',
  'Passphrase',
);
const LITERAL = fc
  .stringMatching(/^[a-z][a-z0-9+=._-]{3,30}$/)
  .filter((text) => !/^(true|false|null|none|no|yes)$/i.test(text));

test('a literal under a name of a secret is found however it is written, and is never repeated', () => {
  const forms = fc.constantFrom<(name: string, value: string) => string>(
    (name, value) => `${name}=${value}`,
    (name, value) => `export ${name}="${value}"`,
    (name, value) => `tool --${name} '${value}'`,
    (name, value) => `tool --${name}=${value} --quiet`,
    (name, value) => `${name}: ${value}`,
    (name, value) => `  "${name}": "${value}",`,
  );
  fc.assert(
    fc.property(NAMES, LITERAL, forms, fc.nat(5), (name, value, form, above) => {
      const found = plainSecrets(`${'#\n'.repeat(above)}${form(name, value)}`);
      expect(found.map(({ line }) => line)).toContain(above + 1);
      expect(found.map(({ what }) => what).join()).not.toContain(value);
    }),
  );
});

test('a reference under a name of a secret is no secret', () => {
  const reference = fc.oneof(
    fc.stringMatching(/^\$[A-Z_]{1,20}$/),
    fc.stringMatching(/^\$\{[A-Z_]{1,20}\}$/),
    fc.stringMatching(/^\/[a-z/._-]{1,30}$/),
    fc.stringMatching(/^\$\(secret [a-z/-]{1,20}\)$/).map((text) => `"${text}"`),
  );
  const forms = fc.constantFrom(
    (name: string, value: string) => `${name}=${value}`,
    (name, value) => `tool --${name} ${value}`,
  );
  fc.assert(
    fc.property(NAMES, reference, forms, (name, value, form) => expect(plainSecrets(form(name, value))).toEqual([])),
  );
});

test('any text is looked through, quickly', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 2_000 }), (text) => {
      for (const { line } of plainSecrets(text)) expect(line).toBeGreaterThan(0);
    }),
  );
  const started = Date.now();
  for (const text of ['a-'.repeat(8_000), 'x:'.repeat(8_000), '"'.repeat(16_000), ' token'.repeat(2_700)])
    plainSecrets(text);
  expect(Date.now() - started).toBeLessThan(5_000);
});

import { writeFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { join } from 'node:path';
import { generateKeyPair } from '../../src/adapters/evidence/keys';
import { ConfigError, loadConfig, secretFaults } from '../../src/config';
import { change, faults, load, SMALL, written } from './given';

const NONE = 'auth: { none: {} }';

test('the secrets of both processes are there', () => {
  const config = load(SMALL);
  expect(secretFaults(config, 'worker')).toEqual([]);
  expect(secretFaults(config, 'server')).toEqual([]);
});

test('a missing secret is named by its place and reference, and only the process that uses it misses it', () => {
  const config = load(change('"${file:ledger.pem}"', '"${env:LEDGER_KEY}"'));
  expect(secretFaults(config, 'worker')).toEqual([
    'signing.ledger.privateKey: the environment variable LEDGER_KEY is not set',
  ]);
  expect(secretFaults(config, 'server')).toEqual([]);
  const without = load(change('privateKey: "${file:decisions.pem}", ', ''));
  expect(secretFaults(without, 'server')).toEqual([
    'signing.decisions.privateKey: is missing, and the server signs with it',
  ]);
  expect(secretFaults(without, 'worker')).toEqual([]);
});

test("Gate's secrets are the worker's alone", () => {
  const config = load(change(NONE, 'auth: { x509: { cert: c.pem, key: "${env:GATE_KEY}", ca: "${file:ca.pem}" } }'));
  expect(secretFaults(config, 'server')).toEqual([]);
  expect(secretFaults(config, 'worker')).toEqual([
    expect.stringMatching(/^spinnaker\.auth\.x509\.cert: cannot read .*c\.pem: ENOENT$/),
    'spinnaker.auth.x509.key: the environment variable GATE_KEY is not set',
    expect.stringMatching(/^spinnaker\.auth\.x509\.ca: cannot read .*ca\.pem: ENOENT$/),
  ]);
});

test.each([
  { auth: '{ token: "${env:GATE}" }', read: { token: expect.any(Function) } },
  { auth: '{ bearer: "${env:GATE}" }', read: { bearer: expect.any(Function) } },
  {
    auth: '{ basic: { user: assay, password: "${env:GATE}" } }',
    read: { basic: { user: 'assay', password: expect.any(Function) } },
  },
  { auth: '{ user: assay }', read: { user: 'assay' } },
])('auth $auth is understood', ({ auth, read }) => {
  const { spinnaker } = load(change(NONE, `auth: ${auth}`), { GATE: 'hunter2' });
  expect(spinnaker?.auth).toEqual(read);
  for (const { secret } of spinnaker?.secrets ?? []) expect(secret.read()).toBe('hunter2');
  expect(spinnaker?.secrets).toHaveLength(auth.includes('env') ? 1 : 0);
});

test.each([
  { place: 'signing.ledger.privateKey', from: '"${file:ledger.pem}"', to: 'hunter2' },
  { place: 'spinnaker.auth.token', from: NONE, to: 'auth: { token: hunter2 }' },
  { place: 'spinnaker.auth.basic.password', from: NONE, to: 'auth: { basic: { user: u, password: hunter2 } }' },
  { place: 'spinnaker.auth.x509.key', from: NONE, to: 'auth: { x509: { cert: c, key: "-----BEGIN hunter2" } }' },
])('a plain secret in $place is refused, and not repeated', ({ place, from, to }) => {
  const told = faults(change(from, to));
  expect(told).toEqual([expect.stringMatching(`^${place}: must be .*not the .* itself$`)]);
  expect(told.join()).not.toContain('hunter2');
});

test('a private key must be one, and belong to a public one', () => {
  const key = (text: string): readonly string[] =>
    secretFaults(load(change('"${file:ledger.pem}"', '"${env:LEDGER_KEY}"'), { LEDGER_KEY: text }), 'worker');
  expect(key('hunter2')).toEqual([
    'signing.ledger.privateKey: ${env:LEDGER_KEY} is no Ed25519 private key in PEM form',
  ]);
  expect(key(generateKeyPair().publicKey)).toEqual([expect.stringContaining('is no Ed25519 private key')]);
  expect(key(generateKeyPair().privateKey)).toEqual([
    'signing.ledger.privateKey: ${env:LEDGER_KEY} has no public half in publicKeys, so what it signs would be refused',
  ]);
});

test('a secret is read when it is used, so that a renewed one counts; an empty one is none', () => {
  const config = load(SMALL);
  const renewed = generateKeyPair().privateKey;
  writeFileSync(join(config.path, '../ledger.pem'), `${renewed}\r\n`);
  expect(config.signing.ledger.privateKey?.read()).toBe(renewed);
  writeFileSync(join(config.path, '../ledger.pem'), '\n');
  expect(() => config.signing.ledger.privateKey?.read()).toThrow(/ledger\.pem is empty$/);
});

test('nothing that prints a config prints a secret', () => {
  const yaml = change('"${file:ledger.pem}"', '"${env:LEDGER_KEY}"').replace(
    NONE,
    'auth: { token: "${env:LEDGER_KEY}" }',
  );
  const config = load(yaml, { LEDGER_KEY: 'hunter2' });
  expect(config.signing.ledger.privateKey?.read()).toBe('hunter2');
  for (const text of [inspect(config, { depth: 9 }), JSON.stringify(config), `${config.signing.ledger.privateKey}`])
    expect(text).not.toContain('hunter2');
});

test('a process that starts is told of its missing secrets together with every other fault', () => {
  const told = (process: 'worker' | 'server'): readonly string[] => {
    const yaml = change(NONE, 'auth: { token: "${env:GATE}" }').replace('"${file:ledger.pem}"', '"${env:LEDGER_KEY}"');
    const path = written(yaml.replace('polling:', 'colour: red\npolling:'));
    try {
      loadConfig({ path, env: {}, process });
    } catch (error) {
      if (error instanceof ConfigError) return error.faults;
    }
    throw new Error('the config was accepted');
  };
  const unknown = 'colour: there is no such key';
  expect(told('server')).toEqual([unknown]);
  expect(told('worker')).toEqual([
    unknown,
    'signing.ledger.privateKey: the environment variable LEDGER_KEY is not set',
    'spinnaker.auth.token: the environment variable GATE is not set',
  ]);
});

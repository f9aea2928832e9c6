import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  apiAccess,
  ConfigError,
  configHome,
  configPath,
  logLevel,
  temporalConnection,
  temporalUi,
} from '../../src/config';
import { tempDir } from '../setup/helpers';

const HOME = { XDG_CONFIG_HOME: '/nowhere' };

test("Temporal's own variables say where it is; what is set to nothing is not set", () => {
  const env = { ...HOME, TEMPORAL_ADDRESS: 'temporal:7233', TEMPORAL_NAMESPACE: 'golden', TEMPORAL_API_KEY: '' };
  expect(temporalConnection(env)).toEqual({
    connection: expect.objectContaining({ address: 'temporal:7233', apiKey: undefined, tls: undefined }),
    namespace: 'golden',
  });
  expect(temporalConnection({ ...HOME, TEMPORAL_ADDRESS: '' })).toMatchObject({
    connection: { address: undefined },
    namespace: 'default',
  });
  expect(temporalConnection({ ...HOME, TEMPORAL_API_KEY: 'k' }).connection.tls).toBe(true);
});

test('a profile is read from its file', () => {
  const file = join(tempDir(), 'temporal.toml');
  writeFileSync(file, '[profile.prod]\naddress = "prod:7233"\nnamespace = "p"\n');
  const env = { TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'prod' };
  expect(temporalConnection(env)).toMatchObject({ connection: { address: 'prod:7233' }, namespace: 'p' });
});

test.each([
  { env: { TEMPORAL_PROFILE: 'none' }, fault: /'none' not found/ },
  {
    env: { TEMPORAL_CONFIG_FILE: '/nowhere/temporal.toml' },
    fault: 'TEMPORAL_CONFIG_FILE: there is no file /nowhere/temporal.toml',
  },
  {
    env: { TEMPORAL_TLS_CLIENT_CERT_DATA: 'c' },
    fault: 'TLS: a client certificate needs its key, and a key its certificate',
  },
  {
    env: { TEMPORAL_TLS_CLIENT_CERT_PATH: '/nowhere/c', TEMPORAL_TLS_CLIENT_KEY_DATA: 'k' },
    fault: /ENOENT.*\/nowhere\/c/,
  },
  { env: { TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: 'true' }, fault: /^TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: / },
])('$env is refused instead of passed over', ({ env, fault }) => {
  let told: unknown;
  try {
    temporalConnection({ ...HOME, ...env });
  } catch (error) {
    told = error;
  }
  expect(told).toBeInstanceOf(ConfigError);
  expect((told as ConfigError).faults).toEqual([typeof fault === 'string' ? fault : expect.stringMatching(fault)]);
});

test("Assay's own variables have defaults", () => {
  expect(configPath({})).toBe('assay.yaml');
  expect(configPath({ ASSAY_CONFIG: '/etc/assay.yaml' })).toBe('/etc/assay.yaml');
  expect(logLevel({ ASSAY_LOG: '' })).toBe('info');
  expect(temporalUi({})).toBeNull();
  expect(apiAccess({ ASSAY_URL: 'u', ASSAY_KEY: 'k' })).toEqual({ url: 'u', key: 'k' });
  expect(configHome({ HOME: '/home/a' })).toBe('/home/a/.config');
  expect(configHome({ HOME: '/home/a', XDG_CONFIG_HOME: '/x' })).toBe('/x');
});

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKeyPair } from '../../src/adapters/evidence/keys';
import { ConfigError, loadConfig, type Config } from '../../src/config';
import { tempDir } from '../setup/helpers';

export const HASH = 'a'.repeat(64);
export const SMALL = `
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
export const POLICY = readFileSync(join(__dirname, '../../examples/policies/default.yaml'), 'utf8');

/** A folder with everything a config names; gives back the config's path. */
export function written(yaml: string, { policy = POLICY }: { readonly policy?: string } = {}): string {
  const directory = tempDir();
  mkdirSync(join(directory, 'policies'));
  writeFileSync(join(directory, 'policies', 'default.yaml'), policy);
  for (const name of ['decisions', 'ledger']) {
    const pair = generateKeyPair();
    writeFileSync(join(directory, `${name}.pem`), pair.privateKey);
    writeFileSync(join(directory, `${name}.pub`), pair.publicKey);
  }
  const path = join(directory, 'assay.yaml');
  writeFileSync(path, yaml);
  return path;
}

export const load = (yaml: string, env: Readonly<Record<string, string>> = {}, policy?: string): Config =>
  loadConfig({ path: written(yaml, policy === undefined ? {} : { policy }), env });

/** Why a config is refused. */
export function faults(yaml: string, policy?: string): readonly string[] {
  try {
    load(yaml, {}, policy);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  throw new Error('the config was accepted');
}

/** The small config with another text in place of one of its own. */
export function change(from: string, to: string, yaml = SMALL): string {
  expect(yaml).toContain(from);
  return yaml.replace(from, () => to);
}

/** The config of the demo and of `assay dev`, in a folder of its own with its policies and keys. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument, stringify } from 'yaml';
import { z } from 'zod';
import { usage } from '../exit';
import { makeKey, writeSigningKeys } from '../keys';
import { PERSONAS, type Personas } from './people';

export interface ConfigOrder {
  readonly directory: string;
  /** Port of the server on 127.0.0.1. */
  readonly port: number;
  /** Base URL of Gate. */
  readonly gate: string;
  readonly application: string;
}

/** Lines of the demo: base images that end in different ways. */
export const LINES = {
  /** Fixable highs: people are asked. */
  review: 'ubuntu-24-base',
  /** Nothing is found: published by itself. */
  clean: 'debian-13-base',
  /** Criticals with a known exploit: denied. */
  deny: 'centos-7-base',
  /** Inspector does not know it: people are asked, because nothing was examined. */
  unscannable: 'scratch-base',
} as const;

const DEFAULT_POLICY = `# Deny wins over review, review over approve.
deny:
  - { severity: critical, exploitAvailable: true }
review:
  - { severity: [critical, high] }
  - { severity: medium, fixAvailable: true, moreThan: 10 }
`;

/**
 * Writes what is not there yet: config, policy, signing keys, API keys. What is there stays as somebody may have changed it.
 * Gives back the config's path and the keys.
 */
export function writeConfig(order: ConfigOrder): { readonly path: string; readonly personas: Personas } {
  const { directory } = order;
  mkdirSync(join(directory, 'policies'), { recursive: true, mode: 0o700 });
  writeOnce(join(directory, 'policies', 'default.yaml'), DEFAULT_POLICY);
  if (!existsSync(join(directory, 'decisions.pem'))) writeSigningKeys(directory);
  const personas = keysOf(join(directory, 'keys.json'));
  const path = join(directory, 'assay.yaml');
  writeOnce(path, configText(order, personas));
  const faults = keptFaults(readFileSync(path, 'utf8'), order);
  if (faults.length > 0)
    throw usage(`${path} was kept from another time and does not fit; change it, or the options`, faults);
  return { path, personas };
}

const keptSchema = z.object({
  server: z.object({ listen: z.string() }),
  spinnaker: z.object({ gate: z.string() }).optional(),
});

/**
 * Where a config that was kept names other ports than those of now: the server would be waited for where it does not listen, and
 * would look for a simulated Gate that is not there. A Gate somewhere else is somebody's own.
 */
export function keptFaults(text: string, { port, gate }: Pick<ConfigOrder, 'port' | 'gate'>): string[] {
  const document = parseDocument(text);
  const kept = keptSchema.safeParse(document.errors.length > 0 ? null : document.toJS());
  // Of what else is wrong with it worker and server tell more.
  if (!kept.success) return [];
  const listens = /:(\d+)$/.exec(kept.data.server.listen)?.[1] ?? kept.data.server.listen;
  const simulated = /^http:\/\/127\.0\.0\.1:(\d+)\/gate$/;
  const [named, ours] = [kept.data.spinnaker?.gate ?? '', gate].map((url) => simulated.exec(url)?.[1]);
  return [
    ...(listens === String(port) ? [] : [`its server.listen has port ${listens}, --port is ${port}`]),
    ...(named === undefined || named === ours
      ? []
      : [`its spinnaker.gate has port ${named}, --simulator-port is ${ours}`]),
  ];
}

/** The config file. */
export function configText({ port, gate, application }: Omit<ConfigOrder, 'directory'>, personas: Personas): string {
  const line = (name: string, baseOs: string, more: object = {}): [string, object] => [
    name,
    {
      region: 'us-east-1',
      bake: { pipeline: 'bake-golden', parameters: { baseOs }, timeoutMinutes: 10 },
      deploy: { pipeline: 'deploy-candidate', destroyPipeline: 'destroy-candidate', timeoutMinutes: 10 },
      assess: [{ inspector2: { timeoutMinutes: 10, agentMinutes: 5 } }],
      policy: 'policies/default.yaml',
      approval: { groups: { security: 1, platform: 1 }, deadlineHours: 24 },
      publish: { parameter: `/golden-ami/${name}/latest` },
      ...more,
    },
  ];
  return stringify({
    server: { listen: `127.0.0.1:${port}`, publicUrl: `http://127.0.0.1:${port}` },
    evidence: { directory: 'evidence' },
    spinnaker: { gate, application, auth: { none: {} }, watchSeconds: 10 },
    polling: { everySeconds: 1 },
    access: {
      keys: Object.values(personas).map(({ entry }) => entry),
      roles: { viewer: ['*'], approver: ['security', 'platform'] },
    },
    signing: {
      decisions: { privateKey: '${file:decisions.pem}', publicKeys: ['decisions.pub'] },
      ledger: { privateKey: '${file:ledger.pem}', publicKeys: ['ledger.pub'] },
    },
    lines: Object.fromEntries([
      line(LINES.review, 'ubuntu-24'),
      line(LINES.clean, 'debian-13-slim', { approval: { groups: { security: 1 }, auto: true } }),
      line(LINES.deny, 'centos-7'),
      line(LINES.unscannable, 'scratch-linux'),
    ]),
  });
}

const persona = z.object({
  key: z.string(),
  entry: z.object({
    id: z.string(),
    sha256: z.string(),
    scopes: z.array(z.string()),
    subject: z.string().exactOptional(),
    groups: z.array(z.string()).exactOptional(),
  }),
});
const keysSchema = z.object({ spinnaker: persona, alice: persona, bob: persona });

function keysOf(path: string): Personas {
  if (existsSync(path)) {
    const kept = keysSchema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
    if (kept.success) return kept.data;
    throw usage(`${path} does not hold the keys that were made; remove the folder to begin anew`);
  }
  const { spinnaker, alice, bob } = PERSONAS;
  const personas: Personas = { spinnaker: makeKey(spinnaker), alice: makeKey(alice), bob: makeKey(bob) };
  writeFileSync(path, JSON.stringify(personas, null, 2), { flag: 'wx', mode: 0o600 });
  return personas;
}

function writeOnce(path: string, content: string): void {
  if (!existsSync(path)) writeFileSync(path, content, { flag: 'wx', mode: 0o600 });
}

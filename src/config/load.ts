import { dirname, resolve } from 'node:path';
import type { EvidenceRef } from '../domain/evidence';
import { hookSecretFault, parsePath, type HookMapping, type HookValue, type PayloadPath } from '../domain/hook';
import type { Policy } from '../domain/policy';
import type {
  AfterDecisionSettings,
  AssessorSettings,
  BakeSettings,
  DeploySettings,
  LineSettings,
  LineSpinnakerSettings,
  RunSettings,
} from '../domain/settings';
import { configFaults, linesOf } from './check';
import { fitting } from './faults';
import {
  ConfigError,
  type Config,
  type ConfigSecret,
  type GateAuthConfig,
  type HookConfig,
  type KeyPairConfig,
} from './config';
import type { Environment } from './environment';
import { privateKeyFault, publicKeyFault } from './keys';
import { policySchema } from './policy';
import { Reader } from './reader';
import {
  configSchema,
  IMAGE_TAGS,
  inspector2Schema,
  type ConfigFile,
  type GateAuthFile,
  type HookFile,
  type LineFile,
} from './schema';
import { fileSecret, secretOf, type Secret } from './secret';
import { refOf, userDataFaults } from './user-data';

/** Who uses secrets: each process its own. */
export type Process = 'worker' | 'server';

export interface LoadOrder {
  readonly path: string;
  readonly env: Environment;
  /** The process that will use it: its secrets are checked too. */
  readonly process?: Process | undefined;
}

/** Reads and checks the config file with everything it names. Throws ConfigError with every fault at once. */
export function loadConfig(order: LoadOrder): Config {
  return new Loader(resolve(order.path), order).load();
}

/** What secrets are named by. */
interface Secrets {
  readonly signing: Config['signing'] | undefined;
  readonly spinnaker: Pick<NonNullable<Config['spinnaker']>, 'secrets'> | null;
  readonly hooks: Config['hooks'];
}

/** Secrets that a process needs and cannot use, each with its place and its reference; empty when all are there. */
export function secretFaults(config: Secrets, process: Process): string[] {
  return [
    ...signingFaults(config.signing, process),
    ...gateSecrets(config, process).flatMap((one) => faultOf(one.place, one.secret)),
    ...hookFaults(config, process),
  ];
}

/** Only the worker speaks to Gate. */
const gateSecrets = ({ spinnaker }: Secrets, process: Process): readonly ConfigSecret[] =>
  process === 'worker' ? (spinnaker?.secrets ?? []) : [];

const signingName = (process: Process) => (process === 'server' ? 'decisions' : 'ledger');

function signingFaults(signing: Secrets['signing'], process: Process): string[] {
  if (!signing) return [];
  const name = signingName(process);
  const place = `signing.${name}.privateKey`;
  const { privateKey, publicKeys } = signing[name];
  return privateKey
    ? faultOf(place, privateKey, (pem) => privateKeyFault(pem, publicKeys))
    : [`${place}: is missing, and the ${process} signs with it`];
}

/** Only the server hears deliveries. */
function hookFaults({ hooks }: Secrets, process: Process): string[] {
  if (process !== 'server') return [];
  return [...hooks.values()].flatMap(({ kind, secrets }) =>
    secrets.flatMap((one) => faultOf(one.place, one.secret, (value) => hookSecretFault(kind, value))),
  );
}

function faultOf(place: string, secret: Secret, check: (value: string) => string | undefined = () => undefined) {
  try {
    const fault = check(secret.read());
    return fault === undefined ? [] : [`${place}: ${secret.reference} ${fault}`];
  } catch (error) {
    return [`${place}: ${(error as Error).message}`];
  }
}

/** The lines of the config of now, as whoever starts runs asks for them. */
export const linesOfNow = (config: () => Config) => ({
  settings: (line: string): RunSettings | undefined => runSettings(config(), line),
  lines: (): readonly string[] => [...config().lines.keys()],
});

/** The settings of a line for a run that begins now; `undefined`: no such line. */
export function runSettings(config: Config, line: string): RunSettings | undefined {
  const settings = config.lines.get(line);
  if (!settings) return undefined;
  const { spinnaker } = config;
  return {
    line: settings,
    spinnaker: spinnaker && {
      application: spinnaker.application,
      bakeLimitMinutes: spinnaker.bakeLimitMinutes,
      unreachableMinutes: spinnaker.unreachableMinutes,
      watchSeconds: spinnaker.watchSeconds,
    },
    pollSeconds: config.pollSeconds,
    approvers: config.access.approvers,
  };
}

class Loader {
  private readonly reader: Reader;

  private readonly env: Environment;
  private readonly process: Process | undefined;

  constructor(
    private readonly path: string,
    { env, process }: LoadOrder,
  ) {
    this.reader = new Reader(dirname(path));
    this.env = env;
    this.process = process;
  }

  load(): Config {
    const { reader } = this;
    const raw = reader.yaml(this.path, '');
    if (reader.faults.length > 0) throw this.error();
    const file = reader.parse(configSchema, raw);
    reader.tell(configFaults(raw));
    // Of a faulty file, too: what its lines name is looked at, so that one look tells everything.
    const policies = new Map(linesOf(raw).map(({ name, line }) => [name, this.policy(name, line)]));
    const assessors = new Map(linesOf(raw).map(({ name, line }) => [name, this.assessors(name, line)]));
    const userData = new Map(linesOf(raw).map(({ name, userDataFile }) => [name, this.userData(name, userDataFile)]));
    const config = file && this.config(file, policies, assessors, userData);
    if (this.process) this.checkSecrets(config ?? this.secretsOf(fitting(configSchema, raw)), this.process);
    if (!config || reader.faults.length > 0) throw this.error();
    return config;
  }

  private error(): ConfigError {
    return new ConfigError(this.path, this.reader.faults, this.reader.files);
  }

  private config(
    file: ConfigFile,
    policies: ReadonlyMap<string, Policy | undefined>,
    assessors: ReadonlyMap<string, AssessorSettings[]>,
    userData: ReadonlyMap<string, string | undefined>,
  ): Config {
    const { server, access, spinnaker } = file;
    const colon = server.listen.lastIndexOf(':');
    const lines = new Map<string, LineSettings>();
    for (const [name, line] of Object.entries(file.lines)) {
      const policy = policies.get(name);
      const text = userData.get(name);
      const ref = text === undefined ? null : refOf(text);
      if (policy) lines.set(name, lineSettings(name, line, policy, assessors.get(name) ?? [], ref));
    }
    return {
      path: this.path,
      server: {
        ...{ publicUrl: server.publicUrl, trustProxy: server.trustProxy, rateLimit: server.rateLimit },
        host: server.listen.slice(0, colon).replace(/^\[|\]$/g, ''),
        port: Number(server.listen.slice(colon + 1)),
      },
      evidence: { directory: 'directory' in file.evidence ? resolve(this.reader.folder, file.evidence.directory) : '' },
      spinnaker: spinnaker ? { ...spinnaker, ...this.gateAuth(spinnaker.auth) } : null,
      pollSeconds: file.polling.everySeconds,
      publicationsPerHistory: file.lineHistory.publications,
      access: {
        keys: access.keys.map((key) => ({ ...key, subject: key.subject ?? null, expires: key.expires ?? null })),
        approvers: access.roles.approver,
        revoked: access.revoked,
      },
      signing: {
        decisions: this.pair('decisions', file.signing.decisions),
        ledger: this.pair('ledger', file.signing.ledger),
      },
      lines,
      hooks: this.hooks(file.hooks),
      userData: new Map([...userData.values()].flatMap((text) => (text === undefined ? [] : [[refOf(text), text]]))),
      files: this.reader.files,
    };
  }

  private checkSecrets(secrets: Secrets, process: Process): void {
    const key = secrets.signing?.[signingName(process)].privateKey;
    // Watched as the other files are: a fault may be put right there.
    const hooks = process === 'server' ? [...secrets.hooks.values()].flatMap((hook) => hook.secrets) : [];
    for (const secret of [key, ...[...gateSecrets(secrets, process), ...hooks].map((one) => one.secret)])
      if (secret?.file) this.reader.watch(secret.file);
    this.reader.tell(secretFaults(secrets, process));
  }

  /** Of a faulty file the parts that are right. */
  private secretsOf({ signing, spinnaker, hooks }: Partial<ConfigFile>): Secrets {
    return {
      signing: signing && {
        decisions: this.pair('decisions', signing.decisions),
        ledger: this.pair('ledger', signing.ledger),
      },
      spinnaker: spinnaker ? this.gateAuth(spinnaker.auth) : null,
      hooks: this.hooks(hooks),
    };
  }

  private policy(name: string, { policy }: Partial<LineFile>): Policy | undefined {
    if (policy === undefined) return undefined;
    const place = `lines.${name}.policy: `;
    const raw = this.reader.yaml(policy, place);
    if (raw === undefined) return undefined;
    return this.reader.parse(policySchema, raw, [], `${place}${resolve(this.reader.folder, policy)}: `);
  }

  private assessors(name: string, { assess = [] }: Partial<LineFile>): AssessorSettings[] {
    return assess.flatMap((assessor, index): AssessorSettings[] => {
      if (!('inspector2' in assessor)) return [];
      const place = ['lines', name, 'assess', index, 'inspector2'];
      const limits = this.reader.parse(inspector2Schema, assessor['inspector2'] ?? {}, place);
      return limits ? [{ kind: 'inspector2', ...limits }] : [];
    });
  }

  /** The text of a line's user data; `undefined` where it has none, and after a fault. */
  private userData(name: string, file: string | undefined): string | undefined {
    if (file === undefined) return undefined;
    const place = `lines.${name}.deploy.ec2.userDataFile: `;
    const text = this.reader.text(file, place);
    if (text === undefined) return undefined;
    const path = resolve(this.reader.folder, file);
    const faults = userDataFaults(text).map((fault) => `${place}${path}${fault}`);
    this.reader.tell(faults);
    return faults.length > 0 ? undefined : text;
  }

  private pair(name: string, { privateKey, publicKeys }: ConfigFile['signing']['decisions']): KeyPairConfig {
    const pems = publicKeys.flatMap((file, index) => {
      const place = `signing.${name}.publicKeys[${index}]: `;
      const pem = this.reader.text(file, place);
      if (pem === undefined) return [];
      const fault = publicKeyFault(pem);
      if (fault !== undefined) this.reader.tell([`${place}${resolve(this.reader.folder, file)} ${fault}`]);
      return [pem];
    });
    return { privateKey: privateKey === undefined ? null : this.secret(privateKey), publicKeys: pems };
  }

  private hooks(hooks: ConfigFile['hooks'] | undefined): Config['hooks'] {
    return new Map(Object.entries(hooks?.ci ?? {}).map(([source, hook]) => [source, this.hook(source, hook)]));
  }

  private hook(source: string, { standardWebhooks, github, ...hook }: HookFile): HookConfig {
    const kind = github ? 'github' : 'standardWebhooks';
    const secrets = (github ?? standardWebhooks)?.secrets ?? [];
    return {
      kind,
      secrets: secrets.map((reference, index) => ({
        place: `hooks.ci.${source}.${kind}.secrets[${index}]`,
        secret: this.secret(reference),
      })),
      sameBodyAgain: github?.sameBodyAgain ?? 'refuse',
      mapping: hookMapping(hook),
    };
  }

  private gateAuth(auth: GateAuthFile): { auth: GateAuthConfig; secrets: ConfigSecret[] } {
    const secrets: ConfigSecret[] = [];
    const reading = (name: string, reference: string): (() => string) => {
      const secret = this.secret(reference);
      secrets.push({ place: `spinnaker.auth.${name}`, secret });
      return () => secret.read();
    };
    return { auth: gateAuth(auth, reading), secrets };
  }

  /** The schema lets no other form pass; a certificate may be a plain path. */
  private secret(given: string): Secret {
    return secretOf(given, this.reader.folder, this.env) ?? fileSecret(given, this.reader.folder);
  }
}

function hookMapping({
  when,
  line,
  parameters,
  reason,
}: Pick<HookFile, 'when' | 'line' | 'parameters' | 'reason'>): HookMapping {
  return {
    when: Object.entries(when).map(([shown, anyOf]) => ({
      ...{ shown, anyOf },
      what: shown === 'event' ? shown : pathOf(shown),
    })),
    line: typeof line === 'string' ? { name: line } : { from: pathOf(line.from), shown: line.from, map: line.map },
    parameters: Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, hookValue(value)])),
    reason: reason === undefined ? null : hookValue(reason),
  };
}

const hookValue = (text: string): HookValue => (text.startsWith('$') ? { path: pathOf(text), shown: text } : { text });

/** The schema lets nothing else pass. */
const pathOf = (text: string): PayloadPath => parsePath(text) ?? [];

function gateAuth(auth: GateAuthFile, reading: (name: string, reference: string) => () => string): GateAuthConfig {
  if ('x509' in auth) {
    const { cert, key, ca } = auth.x509;
    const pair = { cert: reading('x509.cert', cert), key: reading('x509.key', key) };
    return { x509: { ...pair, ...(ca !== undefined && { ca: reading('x509.ca', ca) }) } };
  }
  if ('token' in auth) return { token: reading('token', auth.token) };
  if ('bearer' in auth) return { bearer: reading('bearer', auth.bearer) };
  if ('basic' in auth)
    return { basic: { user: auth.basic.user, password: reading('basic.password', auth.basic.password) } };
  if ('user' in auth) return { user: auth.user };
  return { none: {} };
}

function lineSettings(
  name: string,
  line: LineFile,
  policy: Policy,
  assess: AssessorSettings[],
  userData: EvidenceRef | null,
): LineSettings {
  const { region, bake, onIncomplete, approval, publish, schedule } = line;
  return {
    ...{ name, region, assess, policy, onIncomplete, approval },
    bake: bake ? bakeSettings(region, bake) : null,
    deploy: deploySettings(line, userData),
    publish: { parameter: publish.parameter },
    notify: { topicArns: line.notify.map(({ sns }) => sns.topicArn) },
    spinnaker: lineSpinnaker(line.spinnaker),
    ...(schedule && { schedule: { ...schedule, paused: schedule.paused ?? null } }),
  };
}

function bakeSettings(home: string, { pipeline, regions = [], parameters, timeoutMinutes }: BakeFile): BakeSettings {
  return { pipeline, regions: [...new Set([home, ...regions])], parameters, timeoutMinutes };
}

function lineSpinnaker({ imageTags, afterDecision: after }: LineFile['spinnaker']): LineSpinnakerSettings {
  const tags = imageTags === true ? IMAGE_TAGS : imageTags;
  return {
    imageTags: tags ? { pipeline: tags.pipeline ?? null, timeoutMinutes: tags.timeoutMinutes } : null,
    afterDecision: after ? afterDecision(after) : null,
  };
}

function afterDecision(given: NonNullable<LineFile['spinnaker']['afterDecision']>): AfterDecisionSettings {
  if ('pipeline' in given) return { kind: 'pipeline', ...given };
  return { kind: 'judgment', stage: given.manualJudgment, timeoutMinutes: given.timeoutMinutes };
}

type BakeFile = NonNullable<LineFile['bake']>;

function deploySettings({ deploy }: LineFile, userData: EvidenceRef | null): DeploySettings | null {
  if (!deploy) return null;
  if ('pipeline' in deploy) return { kind: 'pipeline', ...deploy, destroyPipeline: deploy.destroyPipeline ?? null };
  const { userDataFile: _file, ...ec2 } = deploy.ec2;
  return { kind: 'ec2', ...ec2, userData };
}

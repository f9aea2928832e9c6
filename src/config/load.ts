import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import type { z } from 'zod';
import type { Policy } from '../domain/policy';
import type { AssessorSettings, LineSettings, RunSettings } from '../domain/settings';
import { configFaults } from './check';
import { ConfigError, type Config, type GateAuthConfig, type KeyPairConfig } from './config';
import type { Environment } from './environment';
import { faultsOf } from './faults';
import { policySchema } from './policy';
import { configSchema, inspector2Schema, type ConfigFile, type GateAuthFile, type LineFile } from './schema';
import { secretOf, type Secret } from './secret';

/** Reads and checks the config file with everything it names. Throws ConfigError with every fault at once. */
export function loadConfig({ path, env }: { readonly path: string; readonly env: Environment }): Config {
  return new Loader(resolve(path), env).load();
}

/** Secrets that a process needs and cannot read, each with its place and its reference; empty when all are there. */
export function secretFaults(config: Config, process: 'worker' | 'server'): string[] {
  const { decisions, ledger } = config.signing;
  const [name, pair] = process === 'server' ? (['decisions', decisions] as const) : (['ledger', ledger] as const);
  const faults: string[] = [];
  if (!pair.privateKey) faults.push(`signing.${name}.privateKey: is missing, and the ${process} signs with it`);
  else faults.push(...faultOf(`signing.${name}.privateKey`, pair.privateKey));
  return faults;
}

function faultOf(place: string, secret: Secret): string[] {
  try {
    secret.read();
    return [];
  } catch (error) {
    return [`${place}: ${(error as Error).message}`];
  }
}

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
  private readonly faults: string[] = [];
  private readonly files: string[];
  private readonly folder: string;

  constructor(
    private readonly path: string,
    private readonly env: Environment,
  ) {
    this.files = [path];
    this.folder = dirname(path);
  }

  load(): Config {
    const raw = this.yaml(this.path, '');
    const parsed = raw === undefined ? undefined : this.parse(configSchema, raw, '');
    if (parsed) this.faults.push(...configFaults(parsed));
    const config = parsed && this.config(parsed);
    if (!config || this.faults.length > 0) throw new ConfigError(this.path, this.faults);
    return config;
  }

  private config(file: ConfigFile): Config {
    const { server, access, spinnaker } = file;
    const colon = server.listen.lastIndexOf(':');
    const lines = new Map<string, LineSettings>();
    for (const [name, line] of Object.entries(file.lines)) {
      const settings = this.line(name, line);
      if (settings) lines.set(name, settings);
    }
    return {
      path: this.path,
      server: {
        ...{ publicUrl: server.publicUrl, trustProxy: server.trustProxy, rateLimit: server.rateLimit },
        host: server.listen.slice(0, colon).replace(/^\[|\]$/g, ''),
        port: Number(server.listen.slice(colon + 1)),
      },
      evidence: { directory: 'directory' in file.evidence ? resolve(this.folder, file.evidence.directory) : '' },
      spinnaker: spinnaker ? { ...spinnaker, auth: this.gateAuth(spinnaker.auth) } : null,
      pollSeconds: file.polling.everySeconds,
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
      files: this.files,
    };
  }

  private line(name: string, line: LineFile): LineSettings | undefined {
    const policy = this.policy(`lines.${name}.policy`, line.policy);
    const assess = line.assess.flatMap((assessor, index): AssessorSettings[] => {
      const place = `lines.${name}.assess[${index}].inspector2`;
      const limits =
        'inspector2' in assessor ? this.parse(inspector2Schema, assessor['inspector2'] ?? {}, place) : undefined;
      return limits ? [{ kind: 'inspector2', ...limits }] : [];
    });
    if (!policy) return undefined;
    const { region, bake, deploy, onIncomplete, approval, publish } = line;
    return {
      ...{ name, region, assess, policy, onIncomplete, approval },
      bake: bake ? { pipeline: bake.pipeline, parameters: bake.parameters, timeoutMinutes: bake.timeoutMinutes } : null,
      deploy: deploy && 'pipeline' in deploy ? deploy : null,
      publish: { parameter: publish.parameter },
      notify: { topicArns: line.notify.map(({ sns }) => sns.topicArn) },
    };
  }

  private policy(place: string, name: string): Policy | undefined {
    const path = resolve(this.folder, name);
    this.files.push(path);
    const raw = this.yaml(path, `${place}: `);
    return raw === undefined ? undefined : this.parse(policySchema, raw ?? {}, `${place}: ${path}`);
  }

  private pair(name: string, { privateKey, publicKeys }: ConfigFile['signing']['decisions']): KeyPairConfig {
    const pems = publicKeys.flatMap((file, index) => {
      const path = resolve(this.folder, file);
      this.files.push(path);
      const pem = this.read(path, `signing.${name}.publicKeys[${index}]: `);
      return pem === undefined ? [] : [pem];
    });
    return { privateKey: privateKey === undefined ? null : this.secret(privateKey), publicKeys: pems };
  }

  private gateAuth(auth: GateAuthFile): GateAuthConfig {
    if ('x509' in auth) {
      const { cert, key, ca } = auth.x509;
      const x509 = {
        cert: this.material(cert),
        key: this.material(key),
        ...(ca !== undefined && { ca: this.material(ca) }),
      };
      return { x509 };
    }
    if ('token' in auth) return { token: this.reader(auth.token) };
    if ('bearer' in auth) return { bearer: this.reader(auth.bearer) };
    if ('basic' in auth) return { basic: { user: auth.basic.user, password: this.reader(auth.basic.password) } };
    if ('user' in auth) return { user: auth.user };
    return { none: {} };
  }

  /** A certificate or its key: a path, or a secret's reference. */
  private material(given: string): () => string {
    const secret = secretOf(given, this.folder, this.env) ?? secretOf(`\${file:${given}}`, this.folder, this.env);
    return () => (secret as Secret).read();
  }

  private reader(reference: string): () => string {
    const secret = this.secret(reference);
    return () => secret.read();
  }

  private secret(reference: string): Secret {
    // The schema lets no other form pass.
    return secretOf(reference, this.folder, this.env) as Secret;
  }

  private parse<S extends z.ZodType>(schema: S, raw: unknown, place: string): z.output<S> | undefined {
    const result = schema.safeParse(raw);
    if (result.success) return result.data;
    this.faults.push(...faultsOf(result.error.issues, place === '' ? [] : [place]));
    return undefined;
  }

  private read(path: string, prefix: string): string | undefined {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      this.faults.push(
        `${prefix}${code === 'ENOENT' ? `there is no file ${path}` : `cannot read ${path}: ${code ?? 'unknown error'}`}`,
      );
      return undefined;
    }
  }

  private yaml(path: string, prefix: string): unknown {
    const text = this.read(path, prefix);
    if (text === undefined) return undefined;
    const document = parseDocument(text, { prettyErrors: true, uniqueKeys: true });
    if (document.errors.length > 0) {
      for (const { message } of document.errors)
        this.faults.push(`${prefix}${path} is no YAML: ${message.split('\n')[0]}`);
      return undefined;
    }
    // Aliases could make a small file enormous.
    return document.toJS({ maxAliasCount: 50 }) as unknown;
  }
}

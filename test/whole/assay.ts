import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { generateKeyPair } from '../../src/adapters/evidence/keys';
import type { StatusDocument } from '../../src/domain/status';
import { startSimulator } from '../../src/simulator';
import { eventually, freePort, tempDir } from '../setup/helpers';
import { temporalCli, testTemporal } from '../setup/temporal';

const DIST = join(__dirname, '..', '..', 'dist');
const execFileAsync = promisify(execFile);
/** Longest that a command of an operator may take, in milliseconds. */
const OPERATOR_MS = 300_000;
/** How much faster than life the simulated world goes. */
const SPEED = 20;

export const KEYS = { ci: 'ci-key', alice: 'alice-key', bob: 'bob-key' } as const;
type Who = keyof typeof KEYS;

export interface AssayOptions {
  /** Added to the line `golden`. */
  readonly line?: object;
  /** Lines besides `golden`, each the same but for this. */
  readonly lines?: Readonly<Record<string, object>>;
  readonly temporal?: { readonly address: string; readonly namespace: string };
  readonly pollSeconds?: number;
  /** Null: none. */
  readonly spinnaker?: object | null;
  /** Added to `server`, as a publicUrl behind a proxy. */
  readonly server?: object;
  /** Puts something before the simulated Gate and gives back its address. */
  readonly gate?: (url: string) => Promise<string>;
  /** Another program in the place of the shipped worker, with what is added to its environment. */
  readonly worker?: { readonly script: string; readonly env: Record<string, string> };
  /** Of the config, as it is. */
  readonly hooks?: object;
  /** Files beside the config, by name. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Files beside the config. */
  readonly files?: Readonly<Record<string, string>>;
}

type Simulator = Awaited<ReturnType<typeof startSimulator>>;

/** A whole Assay: real worker and server processes, a real Temporal, and the simulator in place of AWS and Spinnaker. */
export interface Assay {
  readonly url: string;
  readonly simulator: Simulator;
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly folder: string;
  readonly worker: Program;
  readonly server: Program;
  call(who: Who, method: string, path: string, body?: object, headers?: Record<string, string>): Promise<Answer>;
  start(body?: object, key?: string): Promise<StatusDocument>;
  status(run: string): Promise<StatusDocument>;
  /** Waits until a run shows what is wanted. */
  until(run: string, wanted: (status: StatusDocument) => boolean, timeoutMs?: number): Promise<StatusDocument>;
  decide(who: Who, run: string, verdict: 'approve' | 'deny'): Promise<Answer>;
  approve(run: string): Promise<void>;
  cancel(run: string): Promise<Answer['body']>;
  /** Runs `assay` as an operator does; gives back its stdout. Rejects when it fails. */
  operate(...args: readonly string[]): Promise<string>;
  /** Runs `temporal` on the namespace; gives back its stdout. Rejects when it fails. */
  temporalCommand(...args: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

export interface Answer {
  readonly code: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** A child process that can be killed and started again. */
export class Program {
  private child: ChildProcess | undefined;
  constructor(
    private readonly script: string,
    private readonly env: Record<string, string>,
    private readonly logFile: string,
  ) {}

  start(env: Record<string, string> = {}, script = join(DIST, this.script)): void {
    const log = openSync(this.logFile, 'a');
    this.child = spawn(process.execPath, [script], { env: { ...this.env, ...env }, stdio: ['ignore', log, log] });
  }

  /** The same program, not started yet. */
  twin(): Program {
    return new Program(this.script, this.env, this.logFile);
  }

  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  get log(): string {
    return readFileSync(this.logFile, 'utf8');
  }

  get pid(): number | undefined {
    return this.child?.exitCode === null && this.child.signalCode === null ? this.child.pid : undefined;
  }

  /** Resolves when the process has ended by itself. */
  async ended(): Promise<{ code: number | null; signal: string | null }> {
    const { child } = this;
    if (!child) throw new Error(`${this.script} was never started`);
    if (child.exitCode === null && child.signalCode === null)
      await new Promise((resolve) => child.once('exit', resolve));
    return { code: child.exitCode, signal: child.signalCode };
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.pid === undefined) return;
    this.child?.kill(signal);
    await this.ended();
  }
}

export async function openAssay(options: AssayOptions = {}): Promise<Assay> {
  const simulator = await startSimulator({ speed: SPEED });
  const temporal = options.temporal ?? (await testTemporal());
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const gate = options.gate ? await options.gate(simulator.gateUrl) : simulator.gateUrl;
  const folder = writeConfig(port, gate, options);
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    ASSAY_CONFIG: join(folder, 'assay.yaml'),
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    AWS_ENDPOINT_URL: simulator.url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'secret',
  };
  const worker = new Program('worker.js', env, join(folder, 'worker.log'));
  const server = new Program('server.js', env, join(folder, 'server.log'));
  worker.start(options.worker?.env, options.worker?.script);
  server.start();

  const call: Assay['call'] = async (who, method, path, body, headers = {}) => {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${KEYS[who]}`,
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return {
      code: answer.status,
      headers: answer.headers,
      body: text === '' ? {} : (JSON.parse(text) as Answer['body']),
    };
  };
  const status = async (run: string): Promise<StatusDocument> => {
    const { body } = await call('alice', 'GET', `/v1/runs/${encodeURIComponent(run)}`);
    return body as unknown as StatusDocument;
  };
  const until: Assay['until'] = async (run, wanted, timeoutMs = 90_000) => {
    let last: StatusDocument | undefined;
    try {
      await eventually(async () => wanted((last = await status(run))), { timeoutMs, everyMs: 200 });
    } catch (error) {
      throw new Error(`run ${run} shows ${JSON.stringify(last)}\n${worker.log.slice(-3000)}`, { cause: error });
    }
    return last as StatusDocument;
  };
  const decide: Assay['decide'] = async (who, run, verdict) => {
    const { evidenceDigest } = await status(run);
    return call(who, 'POST', `/v1/runs/${encodeURIComponent(run)}/decisions`, { verdict, comment: '', evidenceDigest });
  };
  const close = async (): Promise<void> => {
    await Promise.all([worker.stop(), server.stop()]);
    await simulator.stop();
  };
  try {
    await eventually(async () => (await fetch(`${url}/readyz`)).status === 200, { timeoutMs: 60_000, everyMs: 100 });
  } catch (error) {
    await close();
    throw new Error(`no Assay: ${server.log.slice(-2000)}\n${worker.log.slice(-2000)}`, { cause: error });
  }
  return {
    ...{ url, simulator, temporal, folder, worker, server, call, status, until, decide },
    async start(body = {}, key) {
      const answer = await call(
        'ci',
        'POST',
        '/v1/runs',
        { line: 'golden', ...body },
        key ? { 'idempotency-key': key } : {},
      );
      if (answer.code !== 202) throw new Error(`${answer.code} ${JSON.stringify(answer.body)}`);
      return answer.body as unknown as StatusDocument;
    },
    async approve(run) {
      await until(run, ({ status: now }) => now === 'AWAITING_APPROVAL');
      for (const who of ['alice', 'bob'] as const) {
        const answer = await decide(who, run, 'approve');
        if (answer.code !== 200) throw new Error(`${answer.code} ${JSON.stringify(answer.body)}`);
      }
    },
    cancel: async (run) =>
      (await call('ci', 'POST', `/v1/runs/${encodeURIComponent(run)}/cancel`, { reason: 'not needed' })).body,
    operate: async (...args) =>
      (await execFileAsync(process.execPath, [join(DIST, 'cli.js'), ...args], { env, timeout: OPERATOR_MS })).stdout,
    temporalCommand: async (...args) => {
      const { address, namespace } = temporal;
      const where = ['--address', address, '--namespace', namespace];
      return (await execFileAsync(temporalCli(), [...args, ...where], { timeout: OPERATOR_MS })).stdout;
    },
    close,
  };
}

function writeConfig(port: number, gate: string, options: AssayOptions): string {
  const folder = tempDir();
  mkdirSync(join(folder, 'policies'));
  writeFileSync(
    join(folder, 'policies', 'default.yaml'),
    JSON.stringify({
      deny: [{ severity: 'critical', exploitAvailable: true }],
      review: [{ severity: ['critical', 'high'] }],
    }),
  );
  for (const [name, text] of Object.entries(options.files ?? {})) writeFileSync(join(folder, name), text);
  for (const name of ['decisions', 'ledger']) {
    const pair = generateKeyPair();
    writeFileSync(join(folder, `${name}.pem`), pair.privateKey);
    writeFileSync(join(folder, `${name}.pub`), pair.publicKey);
  }
  const line = (name: string, change: object = {}): object => ({
    region: 'us-east-1',
    bake: { pipeline: 'bake-golden', parameters: { baseOs: 'ubuntu-24' }, timeoutMinutes: 10 },
    deploy: { pipeline: 'deploy-candidate', destroyPipeline: 'destroy-candidate', timeoutMinutes: 10 },
    assess: [{ inspector2: { timeoutMinutes: 10 } }],
    policy: 'policies/default.yaml',
    approval: { groups: { security: 1, platform: 1 } },
    publish: { parameter: `/golden-ami/${name}/latest` },
    ...change,
  });
  const config = {
    server: { listen: `127.0.0.1:${port}`, publicUrl: `http://127.0.0.1:${port}`, ...options.server },
    evidence: { directory: 'evidence' },
    ...(options.spinnaker !== null && {
      spinnaker: {
        gate,
        application: 'goldenami',
        auth: { none: {} },
        bakeLimitMinutes: 0.1,
        watchSeconds: 1,
        ...options.spinnaker,
      },
    }),
    polling: { everySeconds: options.pollSeconds ?? 0.3 },
    access: {
      keys: [
        { id: 'ci', sha256: hash('ci'), scopes: ['runs:read', 'runs:write'] },
        {
          id: 'alice',
          sha256: hash('alice'),
          scopes: ['runs:read', 'decisions:write'],
          subject: 'alice@example.com',
          groups: ['security'],
        },
        {
          id: 'bob',
          sha256: hash('bob'),
          scopes: ['runs:read', 'decisions:write'],
          subject: 'bob@example.com',
          groups: ['platform'],
        },
      ],
      roles: { viewer: ['*'], approver: ['security', 'platform'] },
    },
    signing: {
      decisions: { privateKey: '${file:decisions.pem}', publicKeys: ['decisions.pub'] },
      ledger: { privateKey: '${file:ledger.pem}', publicKeys: ['ledger.pub'] },
    },
    ...(options.hooks && { hooks: options.hooks }),
    lines: Object.fromEntries(
      Object.entries({ golden: options.line ?? {}, ...options.lines }).map(([name, change]) => [
        name,
        line(name, change),
      ]),
    ),
  };
  for (const [name, secret] of Object.entries(options.secrets ?? {})) writeFileSync(join(folder, name), secret);
  // JSON is YAML.
  writeFileSync(join(folder, 'assay.yaml'), JSON.stringify(config, null, 2));
  return folder;
}

const hash = (who: Who): string => createHash('sha256').update(KEYS[who]).digest('hex');

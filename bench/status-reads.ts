/**
 * How much a status read costs over Temporal's own `describe`: runs are opened and no worker is alive; then the shipped server
 * is asked for status documents, and Temporal for descriptions of the same workflows, by turns, with as many callers each.
 *
 *   npm run bench -- --runs 1000 --seconds 10 --rounds 3 --callers 16
 *
 * It starts the embedded Temporal, or takes TEMPORAL_ADDRESS.
 */
import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { generateKeyPair } from '../src/adapters/evidence/keys';
import { connectTemporal } from '../src/client/connect';
import { createSetup } from '../src/client/setup';
import { findTemporalCli } from '../src/dev/find-cli';
import { startTemporal } from '../src/dev/start';
import { workflowId } from '../src/domain/names';

export interface BenchOrder {
  readonly runs: number;
  /** Of each turn. */
  readonly seconds: number;
  readonly rounds: number;
  /** Callers at once. */
  readonly callers: number;
  /** Folder of the built server. */
  readonly dist: string;
  readonly temporal: { readonly address: string; readonly namespace: string };
}

export interface Measured {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

export interface BenchResult {
  readonly reads: Measured;
  readonly describes: Measured;
  /** Of throughput, reads over describes; at least 0.7 is wanted. */
  readonly throughput: number;
  /** Of p99, reads over describes; at most 2 is wanted. */
  readonly p99: number;
}

const KEY = 'bench';

export async function bench(order: BenchOrder, say: (line: string) => void): Promise<BenchResult> {
  const { address, namespace } = order.temporal;
  const temporal = connectTemporal({ connection: { address }, namespace });
  await createSetup(temporal).setup();
  await temporal.close();
  const folder = mkdtempSync(join(tmpdir(), 'assay-bench-'));
  const url = await freeUrl();
  writeConfig(folder, url);
  const server = spawn(process.execPath, [join(order.dist, 'server.js')], {
    env: {
      PATH: process.env['PATH'],
      ASSAY_CONFIG: join(folder, 'assay.yaml'),
      ASSAY_LOG: 'error',
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: namespace,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const connection = await Connection.connect({ address });
  const agent = new Agent({ keepAlive: true, maxSockets: order.callers });
  try {
    await until(async () => (await get(agent, `${url}/readyz`)) === 200);
    const ids = await openRuns(agent, url, order.runs);
    say(`${ids.length} runs are open, and no worker is alive`);
    const client = new Client({ connection, namespace });
    const turns = {
      describes: async (id: string) => void (await client.workflow.getHandle(workflowId.run.of(id)).describe()),
      reads: async (id: string) => {
        const status = await get(agent, `${url}/v1/runs/${id}`);
        if (status !== 200) throw new Error(`a status read was answered ${status}`);
      },
    };
    const took: Record<keyof typeof turns, { ms: number[]; elapsed: number }> = {
      describes: { ms: [], elapsed: 0 },
      reads: { ms: [], elapsed: 0 },
    };
    for (const one of Object.values(turns)) await turn(one, ids, order.callers, Math.min(1, order.seconds));
    for (let round = 0; round < order.rounds; round += 1)
      // By turns, so that whatever else the machine does meets both.
      for (const name of ['describes', 'reads'] as const) {
        const { ms, elapsed } = await turn(turns[name], ids, order.callers, order.seconds);
        took[name].ms.push(...ms);
        took[name].elapsed += elapsed;
      }
    const [reads, describes] = [measured(took.reads), measured(took.describes)];
    return { reads, describes, throughput: reads.perSecond / describes.perSecond, p99: reads.p99 / describes.p99 };
  } finally {
    server.kill('SIGKILL');
    agent.destroy();
    await connection.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function turn(call: (id: string) => Promise<void>, ids: readonly string[], callers: number, seconds: number) {
  const ms: number[] = [];
  const since = performance.now();
  const end = since + seconds * 1_000;
  let nth = 0;
  const caller = async (): Promise<void> => {
    while (performance.now() < end) {
      const began = performance.now();
      await call(ids[nth++ % ids.length] as string);
      ms.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return { ms, elapsed: performance.now() - since };
}

function measured({ ms, elapsed }: { readonly ms: readonly number[]; readonly elapsed: number }): Measured {
  const sorted = [...ms].sort((a, b) => a - b);
  const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
  return { perSecond: (ms.length / elapsed) * 1_000, p50: at(0.5), p99: at(0.99) };
}

function get(agent: Agent, url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent, headers: { Authorization: `Bearer ${KEY}` } }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
      answer.on('error', reject);
    });
    asked.on('error', reject);
    asked.end();
  });
}

async function openRuns(agent: Agent, url: string, many: number): Promise<string[]> {
  const prefix = `bench-${randomUUID().slice(0, 8)}`;
  const ids: string[] = [];
  const open = (id: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const headers = { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json', 'Idempotency-Key': id };
      const asked = request(`${url}/v1/runs`, { method: 'POST', agent, headers }, (answer) => {
        answer.resume();
        answer.on('end', () =>
          answer.statusCode === 202 ? resolve() : reject(new Error(`start: ${answer.statusCode}`)),
        );
      });
      asked.on('error', reject);
      asked.end(JSON.stringify({ line: 'golden' }));
    });
  for (let nth = 0; nth < many; nth += 8)
    await Promise.all(
      Array.from({ length: Math.min(8, many - nth) }, (_, index) => {
        const id = `${prefix}-${nth + index}`;
        ids.push(id);
        return open(id);
      }),
    );
  return ids;
}

function writeConfig(folder: string, url: string): void {
  writeFileSync(join(folder, 'policy.yaml'), 'review: [{ always: true }]\n');
  for (const name of ['decisions', 'ledger']) {
    const pair = generateKeyPair();
    writeFileSync(join(folder, `${name}.pem`), pair.privateKey, { mode: 0o600 });
    writeFileSync(join(folder, `${name}.pub`), pair.publicKey);
  }
  const pair = (name: string) => ({ privateKey: `\${file:${name}.pem}`, publicKeys: [`${name}.pub`] });
  const sha256 = createHash('sha256').update(KEY).digest('hex');
  const config = {
    server: { listen: new URL(url).host, publicUrl: url, rateLimit: { perSecond: 100_000, burst: 100_000 } },
    evidence: { directory: 'evidence' },
    spinnaker: { gate: 'http://127.0.0.1:9', application: 'goldenami', auth: { none: {} } },
    access: { keys: [{ id: 'bench', sha256, scopes: ['runs:read', 'runs:write'] }], roles: { approver: ['security'] } },
    signing: { decisions: pair('decisions'), ledger: pair('ledger') },
    lines: {
      golden: {
        region: 'us-east-1',
        bake: { pipeline: 'bake-golden' },
        deploy: { pipeline: 'deploy-candidate', destroyPipeline: 'destroy-candidate' },
        assess: [{ inspector2: {} }],
        policy: 'policy.yaml',
        publish: { parameter: '/golden-ami/golden/latest' },
      },
    },
  };
  writeFileSync(join(folder, 'assay.yaml'), JSON.stringify(config));
}

function freeUrl(): Promise<string> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0 }, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(`http://127.0.0.1:${port}`));
    });
  });
}

async function until(check: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await check().catch(() => false))) {
    if (Date.now() > end) throw new Error('the server is not ready after 60 s');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The figures as a table. */
export function table({ reads, describes, throughput, p99 }: BenchResult): string {
  const row = (name: string, { perSecond, p50, p99: slow }: Measured): string =>
    `${name.padEnd(24)}${perSecond.toFixed(0).padStart(10)}${p50.toFixed(1).padStart(10)}${slow.toFixed(1).padStart(10)}`;
  return [
    `${''.padEnd(24)}${'per s'.padStart(10)}${'p50 ms'.padStart(10)}${'p99 ms'.padStart(10)}`,
    row('describe (Temporal)', describes),
    row('GET /v1/runs/{id}', reads),
    `${'ratio'.padEnd(24)}${throughput.toFixed(2).padStart(10)}${''.padStart(10)}${p99.toFixed(2).padStart(10)}`,
    `wanted: at least 0.70 of the throughput, p99 at most 2.00 times`,
  ].join('\n');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '10' },
      rounds: { type: 'string', default: '3' },
      callers: { type: 'string', default: '16' },
    },
  });
  const say = (line: string): void => console.error(line);
  const env = process.env;
  const given = env['TEMPORAL_ADDRESS'];
  const temporal = given
    ? { address: given, namespace: env['TEMPORAL_NAMESPACE'] ?? 'default', stop: async () => undefined }
    : await startTemporal({ cli: await findTemporalCli({ env, log: say }), namespace: 'bench', ui: false });
  try {
    const numbers = { runs: +values.runs, seconds: +values.seconds, rounds: +values.rounds, callers: +values.callers };
    const result = await bench({ ...numbers, temporal, dist: join(__dirname, '..', 'dist') }, say);
    console.log(table(result));
    process.exitCode = result.throughput >= 0.7 && result.p99 <= 2 ? 0 : 1;
  } finally {
    await temporal.stop();
  }
}

if (require.main === module) void main();

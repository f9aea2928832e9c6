/** A door on a real socket, with stand-ins behind its ports that remember what they were asked. */
import { createHash } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import type { LinesApi, Report, RunsApi, SetupApi } from '../../src/client/api';
import type { CatalogueEntry } from '../../src/domain/evidence';
import type { StatusDocument } from '../../src/domain/status';
import { createApp } from '../../src/http/app';
import type { AccessKey } from '../../src/http/auth/access';
import type { AppOptions } from '../../src/http/options';

export const PUBLIC_URL = 'https://assay.example.com/assay';
export const DIGEST = `sha256:${'a'.repeat(64)}`;

export const KEYS = {
  ci: 'ci-secret-0001',
  alice: 'alice-secret-0002',
  reader: 'reader-secret-0003',
  old: 'old-secret-0004',
  gone: 'gone-secret-0005',
  admin: 'admin-secret-0006',
} as const;

const entry = (key: string, rest: Omit<AccessKey, 'sha256'>): AccessKey => ({
  ...rest,
  sha256: createHash('sha256').update(key).digest('hex'),
});

export const ACCESS_KEYS: readonly AccessKey[] = [
  entry(KEYS.ci, { id: 'ci', scopes: ['runs:read', 'runs:write'] }),
  entry(KEYS.alice, {
    id: 'alice-laptop',
    scopes: ['runs:read', 'runs:write', 'decisions:write'],
    subject: 'alice@example.com',
    groups: ['security'],
    expires: '2999-01-01',
  }),
  entry(KEYS.reader, { id: 'reader', scopes: ['runs:read'] }),
  entry(KEYS.old, { id: 'old', scopes: ['runs:read', 'runs:write'], expires: '2001-01-01' }),
  entry(KEYS.gone, { id: 'gone', scopes: ['runs:read', 'decisions:write'], subject: 'Mallory@example.com' }),
  entry(KEYS.admin, { id: 'admin', scopes: ['admin'] }),
];

export function statusOf(id: string, changes: Partial<StatusDocument> = {}): StatusDocument {
  return {
    id,
    key: id,
    line: 'golden',
    attempt: 1,
    status: 'RUNNING',
    stage: 'baking',
    progress: 'baking',
    amiId: null,
    region: 'us-east-1',
    images: [],
    instanceId: null,
    findings: null,
    verdict: null,
    reasons: [],
    approval: null,
    evidenceDigest: null,
    published: [],
    error: null,
    startedAt: '2026-11-24T00:00:00.000Z',
    closedAt: null,
    statusUrl: `${PUBLIC_URL}/v1/runs/${id}`,
    pageUrl: `${PUBLIC_URL}/runs/${id}`,
    reportUrl: `${PUBLIC_URL}/v1/runs/${id}/report`,
    temporalUrl: null,
    ...changes,
  };
}

export const waiting = (id: string, changes: Partial<StatusDocument> = {}): StatusDocument =>
  statusOf(id, {
    status: 'AWAITING_APPROVAL',
    stage: 'awaiting-approval',
    progress: '1 of 2 approvals',
    amiId: 'ami-0123456789abcdef0',
    verdict: 'review',
    findings: { critical: 0, high: 1, medium: 0, low: 0, info: 0, unknown: 0, total: 1, new: 1, fixed: 0, waived: 0 },
    approval: { needed: 2, given: 1, by: ['bob@example.com'], refused: [], deadline: '2026-11-30T09:00:00Z' },
    evidenceDigest: DIGEST,
    ...changes,
  });

export function reportOf(run: StatusDocument, changes: Partial<Report> = {}): Report {
  return {
    run,
    request: { line: run.line, parameters: {}, requestedBy: 'carol@example.com' },
    evidenceDigest: run.evidenceDigest,
    verdict: run.verdict,
    reasons: run.reasons,
    assessments: [],
    findings: [
      {
        key: 'package CVE-2024-6387 openssh',
        id: 'CVE-2024-6387',
        kind: 'package',
        title: 'regreSSHion',
        severity: 'high',
        packages: [{ name: 'openssh', version: '9.6', fixedIn: '9.8' }],
        fixAvailable: true,
        exploitAvailable: true,
        epss: 0.6,
        score: 8.1,
        suppressed: false,
        url: 'https://nvd.nist.gov/vuln/detail/CVE-2024-6387',
      },
    ],
    diff: { against: null, added: [], removed: [] },
    decisions: [],
    timeline: [{ at: run.startedAt, stage: 'baking', text: 'started' }],
    ...changes,
  };
}

export const CATALOGUE_ENTRY: CatalogueEntry = {
  run: 'r-1',
  amiId: 'ami-0123456789abcdef0',
  region: 'us-east-1',
  createdAt: '2026-11-23T00:00:00.000Z',
  state: 'approved',
  approvedAt: '2026-11-24T00:00:00.000Z',
  published: [
    {
      account: '111122223333',
      region: 'us-east-1',
      parameter: '/golden/latest',
      version: 7,
      amiId: 'ami-0123456789abcdef0',
    },
  ],
  findingKeys: [],
};

export type Call = readonly [name: keyof RunsApi, ...args: unknown[]];

/** Runs that all exist under any id but `unknown`; each answer can be replaced. */
export function stubRuns(calls: Call[], changes: Partial<RunsApi> = {}): RunsApi {
  const stub: RunsApi = {
    start: async ({ key }) => statusOf(key ?? 'made-up'),
    status: async (id) => (id === 'unknown' ? undefined : statusOf(id)),
    endRead: async () => undefined,
    list: async () => ({ runs: [statusOf('r-1')], cursor: null }),
    decide: async (id) => (id === 'unknown' ? undefined : { kind: 'counted', status: waiting(id) }),
    cancel: async () => ({ canceled: true, reason: 'asked for' }),
    cancelByKey: async () => ({ canceled: false, reason: 'no run has that key' }),
    request: async (id) => (id === 'unknown' ? undefined : { line: 'golden', parameters: { a: '1' } }),
    report: async (id) => (id === 'unknown' ? undefined : reportOf(waiting(id))),
    ...changes,
  };
  return Object.fromEntries(
    Object.entries(stub).map(([name, method]) => [
      name,
      (...args: unknown[]) => {
        calls.push([name as keyof RunsApi, ...args]);
        return (method as (...args: unknown[]) => unknown)(...args);
      },
    ]),
  ) as unknown as RunsApi;
}

const LINE = { line: 'golden', region: 'us-east-1', parameter: '/golden/latest', approved: CATALOGUE_ENTRY };

export const stubLines: LinesApi = {
  list: async () => [LINE],
  get: async (line) => (line === 'golden' ? LINE : undefined),
  images: async (line) => (line === 'golden' ? [CATALOGUE_ENTRY] : undefined),
  approved: async (line, region = 'us-east-1') =>
    line === 'golden' && region === 'us-east-1'
      ? {
          line,
          region,
          amiId: CATALOGUE_ENTRY.amiId,
          run: 'r-1',
          approvedAt: CATALOGUE_ENTRY.approvedAt,
          publication: CATALOGUE_ENTRY.published[0] as (typeof CATALOGUE_ENTRY.published)[number],
        }
      : undefined,
};

export const stubSetup: SetupApi = { faults: async () => [], setup: async () => [] };

export interface Door {
  readonly app: FastifyInstance;
  /** Without the public URL's path. */
  readonly url: string;
  readonly calls: Call[];
  /** Everything that was logged, as text. */
  readonly logged: () => string;
  readonly get: (path: string, key?: string, headers?: Record<string, string>) => Promise<Response>;
  readonly post: (path: string, body: unknown, key?: string, headers?: Record<string, string>) => Promise<Response>;
  readonly close: () => Promise<void>;
}

export interface DoorChanges extends Omit<Partial<AppOptions>, 'runs'> {
  readonly runs?: Partial<RunsApi>;
}

export async function openDoor({ runs = {}, ...changes }: DoorChanges = {}): Promise<Door> {
  const calls: Call[] = [];
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  const app = createApp({
    runs: stubRuns(calls, runs),
    lines: stubLines,
    setup: stubSetup,
    access: () => ({ keys: ACCESS_KEYS, revoked: ['mallory@example.com'] }),
    hooks: () => new Map(),
    publicUrl: PUBLIC_URL,
    trustProxy: false,
    rateLimit: { perSecond: 200, burst: 1000 },
    logger: pino({ level: 'debug' }, sink),
    ...changes,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const auth = (key: string | undefined): Record<string, string> =>
    key === undefined ? {} : { authorization: `Bearer ${key}` };
  return {
    app,
    url,
    calls,
    logged: () => lines.join(''),
    get: (path, key, headers = {}) =>
      fetch(`${url}${path}`, { headers: { ...auth(key), ...headers }, redirect: 'manual' }),
    post: (path, body, key, headers = {}) =>
      fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...auth(key), ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
        redirect: 'manual',
      }),
    close: () => app.close(),
  };
}

/** Opens doors and closes them after each test. */
export function doors(): (changes?: DoorChanges) => Promise<Door> {
  const opened: Door[] = [];
  afterEach(async () => {
    for (const door of opened.splice(0)) await door.close();
  });
  return async (changes) => {
    const door = await openDoor(changes);
    opened.push(door);
    return door;
  };
}

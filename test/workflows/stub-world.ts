import { randomUUID } from 'node:crypto';
import { NativeConnection, Worker, bundleWorkflowCode, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { Activities } from '../../src/activities';
import type { GoldenImageInput } from '../../src/workflows/messages';
import type { Decision } from '../../src/domain/approval';
import type { PublicationResult } from '../../src/domain/evidence';
import { MEMO_STATUS, MESSAGE, QUEUE, SEARCH, WORKFLOW, workflowId } from '../../src/domain/names';
import type { RunRequest } from '../../src/domain/request';
import type { RunSettings } from '../../src/domain/settings';
import type { StatusDocument } from '../../src/domain/status';

/** A run's settings, quick. */
export const quickSettings = (change: Partial<RunSettings['line']> = {}): RunSettings => ({
  line: {
    name: 'golden',
    region: 'us-east-1',
    bake: { pipeline: 'bake-golden', regions: ['us-east-1'], parameters: {}, timeoutMinutes: 1 },
    deploy: {
      kind: 'pipeline',
      pipeline: 'deploy-candidate',
      destroyPipeline: 'destroy-candidate',
      parameters: {},
      timeoutMinutes: 1,
    },
    assess: [{ kind: 'inspector2', timeoutMinutes: 1, agentMinutes: 1 }],
    policy: { deny: [], review: [{ always: true }] },
    onIncomplete: 'review',
    approval: {
      groups: { security: 1, platform: 1 },
      deadlineHours: 1,
      remindHours: 24,
      auto: false,
      unsigned: 'refuse',
    },
    publish: { parameter: '/golden-ami/golden/latest' },
    notify: { topicArns: [] },
    spinnaker: { imageTags: null, afterDecision: null },
    ...change,
  },
  spinnaker: { application: 'goldenami', bakeLimitMinutes: 0.01, unreachableMinutes: 1, watchSeconds: 0.1 },
  pollSeconds: 0.05,
  approvers: ['security', 'platform'],
});

export type Stubs = { [K in keyof Activities]: (...args: Parameters<Activities[K]>) => ReturnType<Activities[K]> };

/** Not done yet, as the real activities say it. */
export const waiting = (text: string, ms = 20): ApplicationFailure =>
  ApplicationFailure.create({ type: 'NotReady', message: text, category: 'BENIGN', nextRetryDelay: ms });

const never = (): Promise<never> => Promise.reject(waiting('still waiting'));

/**
 * Activities that answer at once and write down that they were called. What the workflow does with their answers is what is
 * tested here; the activities themselves are tested on the wire.
 */
export function stubActivities(
  options: { settings?: RunSettings; request?: Partial<RunRequest>; verdict?: 'approve' | 'review' | 'deny' } = {},
  change: Partial<Stubs> = {},
): { activities: Stubs; calls: string[] } {
  const calls: string[] = [];
  const settings = options.settings ?? quickSettings();
  let publication: PublicationResult | null = null;
  const request: RunRequest = { line: 'golden', parameters: {}, requestedBy: 'eve@example.com', ...options.request };
  const stubs: Stubs = {
    openRun: async () => ({ request, credential: 'ci', settings, settingsRef: 'sha256:s', subject: null }),
    openSweep: async () => ({
      ...{ request, credential: 'ci', settings, settingsRef: 'sha256:s', subject: null },
      at: '2026-01-01T00:00:00.000Z',
      image: null,
    }),
    startBake: async () => ({ executionId: 'B1' }),
    awaitBake: async () => ({
      image: { amiId: 'ami-0123456789abcdef0', region: 'us-east-1' },
      siblings: [],
      ref: 'sha256:b',
    }),
    tagCandidate: async () => ({ ref: 'sha256:c' }),
    startDeploy: async () => ({ executionId: 'D1' }),
    awaitInstance: async () => ({
      instanceId: 'i-0123456789abcdef0',
      volumeIds: ['vol-1'],
      server: { account: 'test', region: 'us-east-1', name: 'goldenami-v000' },
    }),
    checkProfile: async () => undefined,
    launchInstance: async () => ({ kind: 'launched', instanceId: 'i-0123456789abcdef0' }),
    awaitLaunched: async ({ instanceId }) => ({ instanceId, volumeIds: ['vol-1'], server: null }),
    adoptInstance: async ({ instanceId }) => ({ instanceId, volumeIds: [], server: null }),
    assess: async () => ({ assessor: 'inspector2', status: 'complete', ref: 'sha256:a' }),
    recordUnassessed: async ({ status }) => ({ assessor: 'inspector2', status, ref: 'sha256:a' }),
    evaluate: async () => ({
      verdict: options.verdict ?? 'review',
      reasons: ['needs review: always'],
      findings: {
        critical: 0,
        high: 2,
        medium: 0,
        low: 0,
        info: 0,
        unknown: 0,
        total: 2,
        new: null,
        fixed: null,
        waived: 0,
      },
      evidenceDigest: 'sha256:e',
      ref: 'sha256:v',
    }),
    verifyDecision: async ({ token }) => ({ decision: JSON.parse(token) as Decision, ref: `sha256:${token.length}` }),
    openApproval: async () => ({ at: new Date().toISOString() }),
    takePlainDecision: async ({ run, plain }) => ({
      decision: { ...plain, run, groups: ['security', 'platform'], credential: null },
      ref: 'sha256:p',
    }),
    enqueuePublication: async () => {
      publication ??= { kind: 'published', published: [] };
    },
    readPublication: async () => publication,
    publish: async () => ({ kind: 'published', published: [] }),
    unpublish: async ({ error }) => ({ kind: 'failed', error }),
    notify: async () => undefined,
    watchSource: never,
    checkSource: async () => ({ ended: null }),
    startTagging: async () => ({ executionId: 'T1' }),
    awaitTagging: async () => undefined,
    startAfter: async () => ({ executionId: 'A1' }),
    giveJudgment: async () => ({ begun: true, said: null }),
    undoBake: async () => ({ late: false, images: [] }),
    undoDeploy: async () => ({ late: false }),
    watchLateDeploy: async () => undefined,
    undoLaunch: async () => undefined,
    watchLateLaunch: async () => undefined,
    undoBrought: async () => undefined,
    planRemoval: async () => ({
      remove: [{ region: 'us-east-1', amiId: 'ami-0123456789abcdef0', snapshotIds: ['snap-1'] }],
      deny: [{ region: 'us-east-1', amiId: 'ami-0123456789abcdef0' }],
    }),
    awaitLateImage: async () => null,
    removeImages: async () => undefined,
    closeRun: async () => undefined,
    askScheduled: async () => ({ run: 'r', pollSeconds: 0.05 }),
    awaitRun: async () => ({ status: 'SUCCEEDED' }),
    ...change,
  };
  const activities = Object.fromEntries(
    Object.entries(stubs).map(([name, stub]) => [
      name,
      (...args: never[]) => {
        calls.push(name);
        return (stub as (...given: never[]) => Promise<unknown>)(...args);
      },
    ]),
  ) as unknown as Stubs;
  return { activities, calls };
}

/** A decision as the stub of `verifyDecision` reads it. */
export const token = (by: string, groups: string[], change: Partial<Decision> = {}): string =>
  JSON.stringify({
    id: randomUUID(),
    run: '',
    verdict: 'approve',
    comment: '',
    evidenceDigest: 'sha256:e',
    by,
    groups,
    credential: by,
    at: new Date().toISOString(),
    ...change,
  } satisfies Decision);

export interface World {
  readonly client: Client;
  /** Runs `test` while a worker serves `activities`. */
  during<T>(activities: Stubs, test: () => Promise<T>): Promise<T>;
  start(change?: Partial<GoldenImageInput>): Promise<WorkflowHandle>;
  status(handle: WorkflowHandle): Promise<StatusDocument>;
  close(): Promise<void>;
}

export async function openWorld({
  address,
  namespace,
  ...given
}: {
  readonly address: string;
  readonly namespace: string;
  /** Default: a plain one. */
  readonly client?: Client;
}): Promise<World> {
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const client = given.client ?? new Client({ connection, namespace });
  const bundle = await workflowBundle();
  const worker = (taskQueue: string, activities: Stubs, workflows: boolean): Promise<Worker> =>
    Worker.create({
      connection: native,
      namespace,
      taskQueue,
      activities,
      ...(workflows ? { workflowBundle: bundle } : {}),
      maxConcurrentActivityTaskExecutions: 20,
      shutdownGraceTime: '1s',
    });
  return {
    client,
    async during(stubs, test) {
      const activities: Stubs = {
        ...stubs,
        async enqueuePublication(order) {
          await stubs.enqueuePublication(order);
          await client.workflow.getHandle(workflowId.run.of(order.run)).signal(MESSAGE.published);
        },
      };
      const workers = [
        await worker(QUEUE.main, activities, true),
        await worker(QUEUE.poll, activities, false),
        await worker(QUEUE.launch, activities, false),
      ];
      const running = workers.map((one) => one.run());
      try {
        return await test();
      } finally {
        for (const one of workers) one.shutdown();
        await Promise.all(running);
      }
    },
    start(change = {}) {
      const id = change.id ?? randomUUID();
      const input: GoldenImageInput = {
        ...{ id, key: id, attempt: 1, line: 'golden', token: 't', bodyHash: 'h', credential: 'ci' },
        ...change,
      };
      return client.workflow.start(WORKFLOW.run, {
        taskQueue: QUEUE.main,
        workflowId: workflowId.run.of(id),
        args: [input],
        typedSearchAttributes: [{ key: defineSearchAttributeKey(SEARCH.line, 'KEYWORD'), value: input.line }],
      });
    },
    async status(handle) {
      const { memo } = await handle.describe();
      return (memo?.[MEMO_STATUS] ?? { status: 'RUNNING', stage: 'baking', progress: '' }) as StatusDocument;
    },
    async close() {
      await connection.close();
      await native.close();
    },
  };
}

/** Bundling tells much; only its errors matter. */
export const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error: console.error, log() {} };

let bundled: Promise<WorkflowBundleWithSourceMap> | undefined;

/** The workflow code, bundled once a test file. */
export function workflowBundle(): Promise<WorkflowBundleWithSourceMap> {
  bundled ??= bundleWorkflowCode({ workflowsPath: require.resolve('../../src/workflows/index.ts'), logger: SILENT });
  return bundled;
}

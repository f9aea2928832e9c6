/** Plays mixes against a whole Assay and tells what is not as it must be. */
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { StatusDocument } from '../../src/domain/status';
import type { SimState } from '../../src/simulator';
import { eventually } from '../setup/helpers';
import { openAssay, type Assay } from '../whole/assay';
import { LINES, type KindName, type Line, type Route } from './faults';
import { startGateProxy, type GateProxy } from './gate-proxy';
import { DENIED_LINE, type Mix } from './mixes';

/** What the worker gives Gate for an answer. */
const PATIENCE_MS = 3_000;
const RUNS_AT_ONCE = 24;
/** Name of the stage that waits for the decision. */
const JUDGMENT = 'Promote?';
/** The watch for a late image, and how long runs may take, faults and all. */
const WATCH_MINUTES = 0.2;
const RUN_MS = 300_000;
/** How long a look at the simulated account may be shared: it holds everything that ever was. */
const LOOK_MS = 2_000;

export interface Stage {
  readonly assay: Assay;
  readonly proxy: GateProxy;
  /** What the simulated account holds, as of a moment after the call. */
  look(): Promise<SimState>;
  close(): Promise<void>;
}

/** How one mix went. */
export interface Played {
  readonly mix: Mix;
  readonly run: string;
  readonly status: StatusDocument | null;
  /** Faults that it met. */
  readonly met: readonly { readonly route: Route; readonly kind: KindName }[];
  readonly seconds: number;
  /** What is not as it must be. */
  readonly wrong: readonly string[];
}

/** `limitMinutes` is far more than a run takes, since a busy machine must not end any. */
export async function openStage(limitMinutes = 5, spinnaker: object = {}): Promise<Stage> {
  let proxy: GateProxy | undefined;
  const limits = (baseOs: string) => ({
    bake: { pipeline: 'bake-golden', parameters: { baseOs }, timeoutMinutes: limitMinutes },
    deploy: { pipeline: 'deploy-candidate', destroyPipeline: 'destroy-candidate', timeoutMinutes: limitMinutes },
    assess: [{ inspector2: { timeoutMinutes: 5 } }],
  });
  const clean = {
    ...limits('debian-13-slim'),
    approval: { groups: { security: 1 }, auto: true },
  };
  const timeoutMinutes = limitMinutes;
  const settings: Record<(typeof LINES)[Line], object> = {
    plain: clean,
    judged: {
      ...clean,
      spinnaker: {
        imageTags: { pipeline: 'tag-golden', timeoutMinutes },
        afterDecision: { manualJudgment: JUDGMENT, timeoutMinutes },
      },
    },
    tasked: {
      ...{ ...clean, deploy: { pipeline: 'deploy-candidate', timeoutMinutes } },
      spinnaker: { imageTags: { timeoutMinutes }, afterDecision: { pipeline: 'after-golden', timeoutMinutes } },
    },
  };
  const lines = Object.entries(LINES).map(([name, kind]) => [name, settings[kind]]);
  const assay = await openAssay({
    lines: { ...Object.fromEntries(lines), [DENIED_LINE]: limits('centos-7') },
    pollSeconds: 0.5,
    spinnaker: { bakeLimitMinutes: WATCH_MINUTES, ...spinnaker },
    worker: { script: join(__dirname, 'impatient-worker.js'), env: { CHAOS_TIMEOUT_MS: String(PATIENCE_MS) } },
    gate: async (url) => {
      proxy = await startGateProxy(url);
      return proxy.url;
    },
  });
  if (!proxy) throw new Error('no Gate was asked for');
  const before = proxy;
  assay.simulator.seed.pipeline({ name: 'tag-golden', kind: 'tag' });
  assay.simulator.seed.pipeline({ name: 'after-golden', kind: 'plain' });
  // Bakes and deploys last longer than anything lags behind, as they do in life.
  assay.simulator.behave({ bakeSeconds: 40, deploySeconds: 30, cancelSeconds: 10 });
  let next: Promise<SimState> | undefined;
  return {
    assay,
    proxy: before,
    look() {
      next ??= new Promise((resolve) => {
        setTimeout(() => {
          next = undefined;
          resolve(assay.simulator.state());
        }, LOOK_MS);
      });
      return next;
    },
    async close() {
      await assay.close();
      await before.stop();
    },
  };
}

/** Plays all of them, some at once, and afterwards looks whether the watches for late images have ended. */
export async function play(stage: Stage, mixes: readonly Mix[], tell: (played: Played) => void): Promise<Played[]> {
  const left = mixes.map((mix, index) => ({ mix, run: `chaos-${index}` }));
  const played: Played[] = [];
  const one = async (): Promise<void> => {
    for (let next = left.shift(); next; next = left.shift()) {
      const result = await playOne(stage, next.mix, next.run);
      tell(result);
      played.push(result);
    }
  };
  await Promise.all(Array.from({ length: RUNS_AT_ONCE }, one));
  await watchesOver(stage.assay);
  // Again, now that nothing can come any more.
  const state = stage.assay.simulator.state();
  return played.map((result) => ({ ...result, wrong: [...new Set([...result.wrong, ...leftOf(state, result)])] }));
}

async function playOne({ assay, proxy, look }: Stage, mix: Mix, run: string): Promise<Played> {
  const began = Date.now();
  let canceled: Promise<boolean> = Promise.resolve(false);
  const cancel = (): void => {
    canceled = assay
      .call('ci', 'POST', `/v1/runs/${run}/cancel`, { reason: 'chaos' })
      .then(({ body }) => body['canceled'] === true);
  };
  const { faults, outage, lagMs, cancelOn } = mix;
  const source = assay.simulator.outside.start({
    stages: [
      // A webhook stage shows whose status it waits for.
      { refId: '1', status: 'RUNNING', context: { statusEndpoint: `${assay.url}/v1/runs/${run}` } },
      { refId: '2', type: 'manualJudgment', name: JUDGMENT, status: 'RUNNING' },
    ],
  });
  proxy.plan(run, { faults, outage, lagMs, source: source.id, hook: cancelOn && { ...cancelOn, call: cancel } });
  assay.simulator.behave(mix.behaviour, run);
  const wrong: string[] = [];
  let status: StatusDocument | null = null;
  try {
    // Runs of the plain lines are asked for by nobody in Spinnaker.
    const asks = LINES[mix.line] === 'plain' ? {} : { source: askedBy(source.id) };
    await assay.start({ line: mix.line, ...asks }, run);
    await eventually(async () => (status = await assay.status(run)).closedAt !== null, {
      timeoutMs: RUN_MS,
      everyMs: 1000,
    });
    wrong.push(...endingFaults(mix, status as unknown as StatusDocument, await canceled));
  } catch (error) {
    wrong.push(`did not end: ${String(error)}; ${JSON.stringify(status)}`);
  }
  proxy.forget(run);
  const met = proxy.seen(run).flatMap(({ route, kind }) => (kind === null ? [] : [{ route, kind }]));
  const result = { mix, run, status, met, seconds: (Date.now() - began) / 1000, wrong };
  return { ...result, wrong: [...wrong, ...leftOf(await look(), result)] };
}

const askedBy = (executionId: string) => ({ kind: 'spinnaker', executionId, stageRefId: '1' });

function endingFaults(mix: Mix, status: StatusDocument, canceled: boolean): string[] {
  const meant = {
    approved: 'SUCCEEDED',
    denied: 'DENIED',
    cancelled: 'SUCCEEDED',
    'bake fails': 'FAILED',
    'deploy fails': 'FAILED',
    refused: 'FAILED',
  };
  const wanted = canceled ? 'CANCELED' : meant[mix.ending];
  const told = `${status.status}, error ${status.error}, reasons ${status.reasons.join('; ')}`;
  if (status.status !== wanted) return [`ended ${told}, not ${wanted}`];
  const says: Partial<Record<Mix['ending'], RegExp>> = {
    'bake fails': /^baking: .*Timeout waiting for SSH/,
    'deploy fails': /^deploying: .*vCPU/,
    refused: /Gate (GET|POST) .*(401|403|404 with a page|a redirect to a login|as a login would be).*check spinnaker\./,
  };
  if (says[mix.ending]?.test(status.error ?? '') === false) return [`does not say why: ${told}`];
  const untold = status.reasons.filter((reason) => /^telling Spinnaker|judgment|has not begun/.test(reason));
  return untold.length > 0 && mix.ending !== 'refused' ? [`could not tell Spinnaker: ${told}`] : [];
}

/** How often Spinnaker was told of a run that is over, and how often it should have been. */
function tellingFaults(mix: Mix, status: StatusDocument, told: Readonly<Record<string, number>>): string[] {
  const kind = LINES[mix.line];
  const published = status.status === 'SUCCEEDED' ? 1 : 0;
  const meant: Record<string, number> = {
    'tag-golden': kind === 'judged' ? published : 0,
    upsertImageTags: kind === 'tasked' ? published : 0,
    'after-golden': kind === 'tasked' ? 1 : 0,
  };
  return Object.entries(meant)
    .filter(([name, times]) => (told[name] ?? 0) !== times)
    .map(([name, times]) => `${told[name] ?? 0} of ${name}, not ${times}`);
}

/** What a run made and left, as the simulated account tells it. */
function leftOf(state: SimState, { mix, run, status }: Pick<Played, 'mix' | 'run' | 'status'>): string[] {
  const { executions, images, instances, snapshots, volumes, autoScalingGroups } = state;
  const wrong: string[] = [];
  const ours = executions.filter(({ parameters }) => parameters['assayRun'] === run);
  const count = (name: string): number => ours.filter((one) => one.name === name).length;
  const [bakes, deploys] = [count('bake-golden'), count('deploy-candidate')];
  const cutShort = status?.status === 'CANCELED' || mix.ending === 'refused';
  const wanted = mix.ending === 'bake fails' ? [1, 0] : [1, 1];
  const ok = cutShort ? bakes <= 1 && deploys <= 1 : bakes === wanted[0] && deploys === wanted[1];
  if (!ok) wrong.push(`${bakes} bakes and ${deploys} deploys`);
  const jobs = ours.map(({ kind, name, stages }) => (kind === 'task' ? String(stages[0]?.type) : name));
  const tally: Record<string, number> = {};
  for (const job of jobs) tally[job] = (tally[job] ?? 0) + 1;
  if (status && status.closedAt !== null) wrong.push(...tellingFaults(mix, status, tally));
  const destroys = jobs.filter((job) => job === 'destroy-candidate' || job === 'destroyServerGroup');
  if (destroys.length > 1) wrong.push(`${destroys.length} destroys`);
  for (const { name, status: now } of ours) if (now === 'RUNNING') wrong.push(`${name} still runs`);

  const of = ({ tags }: { tags: Record<string, string> }): boolean => tags['assay:run'] === run;
  const left = {
    instances: instances.filter((one) => of(one) && one.state !== 'terminated'),
    volumes: volumes.filter((one) => of(one) && one.state !== 'deleted'),
    groups: autoScalingGroups.filter((one) => of(one) && one.deletedAt === null),
  };
  for (const [what, all] of Object.entries(left)) if (all.length > 0) wrong.push(`${all.length} ${what} left`);
  const alive = images.filter((one) => of(one) && one.deregisteredAt === null);
  const disks = snapshots.filter((one) => of(one) && one.state !== 'deleted');
  if (status?.status === 'SUCCEEDED') {
    const [image] = alive;
    if (alive.length !== 1 || image?.id !== status.amiId || image.tags['assay:state'] !== 'approved')
      wrong.push(`images ${alive.map(({ id, tags }) => `${id} ${tags['assay:state']}`).join()}, not the one approved`);
    if (disks.length !== image?.snapshotIds.length) wrong.push(`${disks.length} snapshots`);
  } else {
    // One that a given-up bake still made may be there for as long as the watch for it goes on.
    const late = (status?.reasons ?? [])
      .map((text) => /late image .* watched for until (\S+)/.exec(text)?.[1])
      .find(Boolean);
    const watched = late !== undefined && Date.now() < Date.parse(late) + 10_000;
    if (!watched && alive.length + disks.length > 0)
      wrong.push(`${alive.length} images and ${disks.length} snapshots left`);
    if (status && images.some((one) => of(one) && one.tags['assay:state'] === 'approved'))
      wrong.push('an image is approved');
  }
  return wrong;
}

/** Throws unless no watch for what is late is open within its time limit and a little. */
async function watchesOver({ temporal }: Assay): Promise<void> {
  const connection = await Connection.connect({ address: temporal.address });
  try {
    const client = new Client({ connection, namespace: temporal.namespace });
    const open = async (): Promise<number> =>
      (
        await client.workflow.count(
          `WorkflowType IN ('lateBake', 'lateDeploy', 'lateLaunch', 'lateJudgment') AND ExecutionStatus = 'Running'`,
        )
      ).count;
    await eventually(async () => (await open()) === 0, { timeoutMs: WATCH_MINUTES * 60_000 + 30_000, everyMs: 500 });
  } finally {
    await connection.close();
  }
}

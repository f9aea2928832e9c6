/** An execution as Orca stores it, in Assay's words. */
import { isImageId } from '../../domain/names';
import type { ServerGroup } from '../../domain/run';
import type { Execution, ExecutionStage, ExecutionStatus } from '../ports';
import { brief } from './answers';
import { failureOf } from './failure';
import { list, record, records, text, texts, type Json } from './json';

/** Every status of Orca (`ExecutionStatus`), and whether it is a last one. */
const STATUSES: Readonly<Record<ExecutionStatus, 'open' | 'over'>> = {
  NOT_STARTED: 'open',
  RUNNING: 'open',
  PAUSED: 'open',
  SUSPENDED: 'open',
  REDIRECT: 'open',
  BUFFERED: 'open',
  SUCCEEDED: 'over',
  FAILED_CONTINUE: 'over',
  TERMINAL: 'over',
  CANCELED: 'over',
  STOPPED: 'over',
  SKIPPED: 'over',
};

/** Stage statuses in which a task may still do something. Stages that never started stay so when an execution is cancelled. */
const AT_WORK: ReadonlySet<ExecutionStatus> = new Set(['RUNNING', 'PAUSED', 'SUSPENDED', 'REDIRECT', 'BUFFERED']);

/** Stages whose `deploy.server.groups` names what they made. Resizing, disabling and destroying ones name other people's groups. */
const CREATING = new Set(['deploy', 'createServerGroup', 'cloneServerGroup']);

/** `undefined` for what is no execution. A status that is not known is taken for one that is not over. */
export function executionOf(value: unknown): Execution | undefined {
  const given = record(value);
  const id = text(given.id);
  if (id === undefined || text(given.status) === undefined) return undefined;
  const status = statusOf(given.status);
  const raw = records(given.stages);
  const stages = raw.map(stageOf);
  return {
    id,
    status,
    // A cancelled execution is CANCELED at once, while the task that was running may go on for a while.
    over: STATUSES[status] === 'over' && !stages.some((stage) => AT_WORK.has(stage.status)),
    failure: failureOf(given, status),
    correlationId: given.trigger === undefined ? undefined : (text(record(given.trigger).correlationId) ?? null),
    images: imagesOf(raw),
    servers: serversOf(raw),
    account: accountsOf(raw)[0] ?? null,
    endedAt: timeOf(given.endTime),
    stages,
    progress: progressOf(given, id, status),
  };
}

function statusOf(value: unknown): ExecutionStatus {
  const word = String(value).toUpperCase();
  return word in STATUSES ? (word as ExecutionStatus) : 'RUNNING';
}

function stageOf(stage: Json): ExecutionStage {
  return {
    id: text(stage.id) ?? '',
    refId: text(stage.refId) ?? '',
    name: text(stage.name) ?? text(stage.type) ?? '',
    type: text(stage.type) ?? '',
    status: statusOf(stage.status),
    startedAt: timeOf(stage.startTime),
    manualSkip: record(stage.context).manualSkip === true,
    judgment: text(record(stage.context).judgmentStatus)?.toLowerCase() ?? null,
    // Orca's CreateWebhookTask stores it in both places.
    statusUrl: statusUrlOf(record(stage.context)),
  };
}

const statusUrlOf = ({ webhook, statusEndpoint }: Json): string | null =>
  text(record(webhook).statusEndpoint) ?? text(statusEndpoint) ?? null;

/** Milliseconds since 1970, as ISO 8601; null for what a Date cannot hold. */
const timeOf = (ms: unknown): string | null =>
  typeof ms === 'number' && !Number.isNaN(new Date(ms).getTime()) ? new Date(ms).toISOString() : null;

/**
 * What the bake made: `deploymentDetails` of the bake stages, and of each region's own. Where no stage is a bake (a pipeline may
 * bake in its own way) any stage's count, but those that only look for an image: they name the base, not the result.
 */
function imagesOf(stages: readonly Json[]): Execution['images'] {
  const baked = imagesIn(stages.filter(({ type }) => type === 'bake'));
  return baked.length > 0 ? baked : imagesIn(stages.filter(({ type }) => !/^findImage/.test(String(type))));
}

function imagesIn(stages: readonly Json[]): Execution['images'] {
  const found = new Map<string, { readonly region: string; readonly amiId: string }>();
  for (const stage of stages) {
    const context = record(stage.context);
    const own = stage.type === 'bake' ? [context] : [];
    const details = [record(stage.outputs), context].flatMap(({ deploymentDetails }) => records(deploymentDetails));
    for (const detail of [...details, ...own]) {
      const region = text(detail.region);
      const amiId = [text(detail.ami), text(detail.imageId)].find((id) => id !== undefined && isImageId(id));
      if (region !== undefined && amiId !== undefined) found.set(`${region} ${amiId}`, { region, amiId });
    }
  }
  return [...found.values()];
}

/** The server groups that the deploy made, also one that Clouddriver made before the stage failed (`kato.tasks`). */
function serversOf(stages: readonly Json[]): readonly ServerGroup[] {
  const found = new Map<string, ServerGroup>();
  for (const stage of stages.filter(({ type }) => CREATING.has(String(type)))) {
    const context = contextOf(stage);
    const account = accountOf(context) ?? accountsOf(stages)[0] ?? null;
    const named = Object.entries(record(context['deploy.server.groups'])).flatMap(([region, names]) =>
      texts(names).map((name) => ({ region, name })),
    );
    for (const { region, name } of [...named, ...madeByTasks(context)])
      found.set(`${account} ${region} ${name}`, { account, region, name });
  }
  return [...found.values()];
}

/** Where the deploy makes its groups: its stages say so from their start, the parent in its list of clusters. */
const accountsOf = (stages: readonly Json[]): readonly string[] =>
  stages
    .filter(({ type }) => CREATING.has(String(type)))
    .flatMap((stage) => accountOf(contextOf(stage)) ?? records(contextOf(stage).clusters).flatMap(accountOf))
    .filter((account) => account !== undefined);

const contextOf = (stage: Json): Json => ({ ...record(stage.outputs), ...record(stage.context) });

const accountOf = (context: Json): string | undefined =>
  text(context['deploy.account.name']) ?? text(context.account) ?? text(context.credentials);

/** Clouddriver's results: `serverGroupNames` with entries `<region>:<name>`. */
function madeByTasks(context: Json): { readonly region: string; readonly name: string }[] {
  const results = records(context['kato.tasks']).flatMap(({ resultObjects }) => records(resultObjects));
  return results
    .flatMap(({ serverGroupNames }) => texts(serverGroupNames))
    .flatMap((entry) => {
      const [region, name, ...rest] = entry.split(':');
      return region && name && rest.length === 0 ? [{ region, name }] : [];
    });
}

/** Which stages are at work, the innermost ones, for people. */
function progressOf(execution: Json, id: string, status: ExecutionStatus): string {
  const working = records(execution.stages).filter((stage) => AT_WORK.has(statusOf(stage.status)));
  const parents = new Set(working.map(({ parentStageId }) => parentStageId));
  const names = working.filter((stage) => !parents.has(stage.id)).map((stage) => stageOf(stage).name);
  const where = names.length > 0 ? `: ${[...new Set(names)].join(', ')}` : '';
  const queued = status === 'NOT_STARTED' || status === 'BUFFERED' ? ' (queued in Spinnaker)' : '';
  return brief(`${text(execution.name) ?? 'execution'} ${id} is ${status}${queued}${where}`, 200);
}

/** What a search has to know of an execution. */
export interface Listed {
  readonly execution: Execution;
  /** The pipeline's name. */
  readonly pipeline: string | undefined;
  /** `assayRun` of its parameters. */
  readonly run: string | undefined;
  /** When it was asked for, milliseconds since 1970. */
  readonly builtAt: number;
}

/** The executions of a search's answer. */
export const listedOf = (answer: unknown): readonly Listed[] =>
  list(answer).flatMap((value) => {
    const execution = executionOf(value);
    if (!execution) return [];
    const { name, buildTime, startTime, trigger } = record(value);
    const builtAt = [buildTime, startTime].find((time) => typeof time === 'number');
    const run = text(record(record(trigger).parameters).assayRun);
    return [{ execution, pipeline: text(name), run, builtAt: (builtAt as number | undefined) ?? 0 }];
  });

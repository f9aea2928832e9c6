/** Executions as Gate shows them: Orca's JSON. */
import type { World } from '../world';
import { COMPLETE, type SimExecution, type SimStage } from './model';
import { runOf } from './stages';

/** `expand` false leaves out what Orca leaves out of searches: contexts, outputs and tasks. */
export function showExecution(execution: SimExecution, expand = true): Record<string, unknown> {
  const { correlationId, parameters, type, user, ...extra } = execution.trigger;
  return {
    id: execution.id,
    type: execution.type,
    application: execution.application,
    name: execution.name,
    pipelineConfigId: execution.pipelineConfigId,
    buildTime: execution.buildTime,
    startTime: execution.startTime,
    endTime: execution.endTime,
    status: execution.status,
    canceled: execution.canceled,
    canceledBy: execution.canceledBy,
    cancellationReason: execution.cancellationReason,
    authentication: { user: user ?? 'anonymous', allowedAccounts: [] },
    paused: null,
    origin: 'api',
    trigger: {
      type,
      user: user ?? 'anonymous',
      parameters,
      artifacts: [],
      notifications: [],
      ...(correlationId === undefined ? {} : { correlationId }),
      ...extra,
    },
    stages: execution.stages.map((stage) => showStage(stage, expand)),
    notifications: [],
    initialConfig: {},
    systemNotifications: [],
    limitConcurrent: false,
    keepWaitingPipelines: false,
    spelEvaluator: 'v4',
  };
}

function showStage(stage: SimStage, expand: boolean): Record<string, unknown> {
  return {
    id: stage.id,
    refId: stage.refId,
    type: stage.type,
    name: stage.name,
    status: stage.status,
    startTime: stage.startTime,
    endTime: stage.endTime,
    requisiteStageRefIds: stage.requisiteStageRefIds,
    ...(stage.parentStageId === null
      ? {}
      : { parentStageId: stage.parentStageId, syntheticStageOwner: 'STAGE_BEFORE' }),
    ...(expand ? { context: stage.context, outputs: stage.outputs, tasks: stage.tasks } : {}),
  };
}

/** An ad-hoc task, as `GET /tasks/{id}` shows it. */
export const showTask = (execution: SimExecution): Record<string, unknown> => ({
  id: execution.id,
  name: execution.name,
  application: execution.application,
  status: execution.status,
  variables: execution.stages.flatMap(({ context }) => Object.entries(context).map(([key, value]) => ({ key, value }))),
  steps: execution.stages.flatMap(({ tasks }) => tasks),
  buildTime: execution.buildTime,
  startTime: execution.startTime,
  endTime: execution.endTime,
  execution: showExecution(execution),
});

/** An application's ad-hoc tasks, newest first (Orca, `TaskController.list`). */
export function listTasks(world: World, application: string, query: URLSearchParams): readonly SimExecution[] {
  const statuses = (query.get('statuses') ?? '').split(',').filter((word) => word !== '');
  const [page, limit] = [Number(query.get('page') ?? 1), Number(query.get('limit') ?? 3500)];
  const found = [...world.executions.values()].filter(
    (one) =>
      one.type === 'ORCHESTRATION' &&
      !one.vanished &&
      isRegistered(world, one) &&
      one.application === application &&
      (statuses.length === 0 || statuses.includes(one.status)),
  );
  const sorted = found.sort((a, b) => b.buildTime - a.buildTime || (a.id < b.id ? 1 : -1));
  return sorted.slice((page - 1) * limit, page * limit);
}

/** Executions by a search's query (Orca, `searchForPipelinesByTrigger`), newest first unless reversed. */
export function search(world: World, application: string, query: URLSearchParams): readonly SimExecution[] {
  const wanted = triggerOf(query.get('trigger'));
  const words = (name: string): readonly string[] => (query.get(name) ?? '').split(',').filter((word) => word !== '');
  const [types, statuses] = [words('triggerTypes'), words('statuses')];
  const [from, until] = [query.get('triggerTimeStartBoundary'), query.get('triggerTimeEndBoundary')];
  const found = [...world.executions.values()].filter(
    (one) =>
      one.type === 'PIPELINE' &&
      !one.vanished &&
      isRegistered(world, one) &&
      (application === '*' || one.application === application) &&
      (query.get('pipelineName') === null || one.name === query.get('pipelineName')) &&
      (types.length === 0 || types.includes(one.trigger.type)) &&
      (statuses.length === 0 || statuses.includes(one.status)) &&
      (query.get('eventId') === null || one.trigger['eventId'] === query.get('eventId')) &&
      (from === null || one.buildTime >= Number(from)) &&
      (until === null || one.buildTime <= Number(until)) &&
      contains(one.trigger, wanted),
  );
  const sorted = found.sort((a, b) => b.buildTime - a.buildTime || (a.id < b.id ? 1 : -1));
  if (query.get('reverse') === 'true') sorted.reverse();
  // `startIndex` counts within what one search has collected, so pages behind the first stay empty.
  return sorted.slice(0, Number(query.get('size') ?? 10)).slice(Number(query.get('startIndex') ?? 0));
}

/** Throws for what is no base64 of a JSON object. */
function triggerOf(encoded: string | null): unknown {
  return encoded === null ? {} : (JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')) as unknown);
}

/** Maps contain, lists have a match for each; texts are equal but for letter case, or match as a regular expression. */
function contains(value: unknown, wanted: unknown): boolean {
  if (typeof value === 'string' && typeof wanted === 'string')
    return value.toLowerCase() === wanted.toLowerCase() || new RegExp(`^(?:${wanted})$`).test(value);
  if (Array.isArray(wanted))
    return Array.isArray(value) && wanted.every((part) => value.some((one) => contains(one, part)));
  if (typeof wanted === 'object' && wanted !== null) {
    if (typeof value !== 'object' || value === null) return false;
    return Object.entries(wanted).every(([name, part]) => contains((value as Record<string, unknown>)[name], part));
  }
  return value === wanted;
}

/** Whether Orca has stored it by now. */
function isRegistered({ clock, behaviours }: World, execution: SimExecution): boolean {
  const { registerSeconds } = behaviours.of(runOf(execution));
  return clock.now() - execution.buildTime >= registerSeconds * clock.lasts(1);
}

/** The running execution of a correlation id: Orca answers a start with it. */
export const running = (
  world: World,
  correlationId: string | undefined,
  type: SimExecution['type'] = 'PIPELINE',
): SimExecution | undefined =>
  correlationId === undefined
    ? undefined
    : [...world.executions.values()].find(
        (one) =>
          one.type === type &&
          isRegistered(world, one) &&
          one.trigger.correlationId === correlationId &&
          !COMPLETE.has(one.status),
      );

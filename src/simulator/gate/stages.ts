/** How executions begin, move and end, by Orca's rules. */
import type { World } from '../world';
import {
  COMPLETE,
  type OrcaStatus,
  type SimExecution,
  type SimPipeline,
  type SimStage,
  type SimTrigger,
} from './model';

export function beginExecution(
  world: World,
  pipeline: Pick<SimPipeline, 'application' | 'name'> & {
    readonly id: string | null;
    readonly kind: SimExecution['kind'];
  },
  trigger: SimTrigger,
): SimExecution {
  const now = world.clock.now();
  const execution: SimExecution = {
    id: world.ids.ulid(),
    type: pipeline.kind === 'task' ? 'ORCHESTRATION' : 'PIPELINE',
    kind: pipeline.kind,
    application: pipeline.application,
    name: pipeline.name,
    pipelineConfigId: pipeline.id,
    buildTime: now,
    startTime: now,
    endTime: null,
    status: 'RUNNING',
    canceled: false,
    canceledBy: null,
    cancellationReason: null,
    trigger,
    stages: [],
    vanished: false,
    onCancel: [],
  };
  world.executions.set(execution.id, execution);
  const { id, name, kind } = execution;
  const { correlationId = null, parameters } = trigger;
  world.note('execution.started', { execution: id, name, kind, correlationId, run: parameters.assayRun ?? null });
  return execution;
}

export interface NewStage {
  readonly refId: string;
  readonly type: string;
  readonly name: string;
  readonly context?: Record<string, unknown>;
  readonly parent?: SimStage;
  /** Names of its tasks. */
  readonly tasks?: readonly string[];
  readonly status?: OrcaStatus;
}

export function addStage(world: World, execution: SimExecution, given: NewStage): SimStage {
  const status = given.status ?? 'RUNNING';
  const now = status === 'NOT_STARTED' ? null : world.clock.now();
  const stage: SimStage = {
    id: world.ids.ulid(),
    refId: given.refId,
    type: given.type,
    name: given.name,
    status,
    startTime: now,
    endTime: null,
    context: given.context ?? {},
    outputs: {},
    tasks: (given.tasks ?? []).map((name, index) => ({
      id: String(index + 1),
      name,
      implementingClass: `com.netflix.spinnaker.orca.${name}`,
      status: index === 0 ? status : 'NOT_STARTED',
      startTime: index === 0 ? now : null,
      endTime: null,
    })),
    requisiteStageRefIds: [],
    parentStageId: given.parent?.id ?? null,
  };
  execution.stages.push(stage);
  return stage;
}

/** Ends a stage and its tasks. */
export function endStage(world: World, stage: SimStage, status: OrcaStatus): void {
  const now = world.clock.now();
  stage.status = status;
  stage.endTime = now;
  const good = status === 'SUCCEEDED';
  stage.tasks = stage.tasks.map((task, index) => {
    if (!good && index > 0) return task;
    return {
      ...task,
      status: status === 'FAILED_CONTINUE' ? 'TERMINAL' : status,
      startTime: task.startTime ?? now,
      endTime: now,
    };
  });
}

/** Where Orca puts the reason of a task that threw. */
export function failWith(stage: SimStage, message: string): void {
  stage.context['exception'] = {
    exceptionType: 'RuntimeException',
    shouldRetry: false,
    operation: stage.type,
    timestamp: Date.now(),
    details: { error: 'Unexpected Task Failure', errors: [message], stackTrace: '' },
  };
}

/**
 * Ends an execution by its top-level stages (Orca, CompleteExecutionHandler): failures that were ignored leave it SUCCEEDED.
 * A cancelled one stays CANCELED.
 */
export function endExecution(world: World, execution: SimExecution): void {
  if (COMPLETE.has(execution.status) && execution.endTime !== null) return;
  const top = execution.stages.filter(({ parentStageId }) => parentStageId === null).map(({ status }) => status);
  const result = (['TERMINAL', 'CANCELED'] as const).find((status) => top.includes(status)) ?? 'SUCCEEDED';
  execution.status = execution.canceled ? 'CANCELED' : result;
  execution.endTime = world.clock.now();
  noteEnd(world, execution);
}

function noteEnd(world: World, { id, name, kind, status, trigger }: SimExecution): void {
  world.note('execution.ended', { execution: id, name, kind, status, run: trigger.parameters.assayRun ?? null });
}

/** Cancels at once; the stages at work end a little later. One that is over stays as it is. */
export function cancelExecution(world: World, execution: SimExecution, by: string, reason: string | null): void {
  if (COMPLETE.has(execution.status)) return;
  execution.status = 'CANCELED';
  execution.canceled = true;
  execution.canceledBy = by;
  execution.cancellationReason = reason;
  execution.endTime = world.clock.now();
  noteEnd(world, execution);
  for (const told of execution.onCancel) told();
  world.clock.after(world.behaviours.of(runOf(execution)).cancelSeconds, () => {
    for (const stage of execution.stages)
      if (!COMPLETE.has(stage.status) && stage.status !== 'NOT_STARTED') endStage(world, stage, 'CANCELED');
  });
}

/** The run that an execution was started for. */
export function runOf({ trigger }: SimExecution): string | undefined {
  const run = trigger.parameters.assayRun;
  return typeof run === 'string' ? run : undefined;
}

/** A parameter of the trigger as text. */
export function parameter({ trigger }: SimExecution, name: string): string | undefined {
  const value = trigger.parameters[name];
  return value === undefined || value === null || value === '' ? undefined : String(value);
}

/** The tags that pipelines put on what they make. */
export function runTags(execution: SimExecution): Record<string, string> {
  const given = {
    'assay:managed': 'true',
    'assay:run': parameter(execution, 'assayRun'),
    'assay:line': parameter(execution, 'assayLine'),
  };
  return Object.fromEntries(
    Object.entries(given).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

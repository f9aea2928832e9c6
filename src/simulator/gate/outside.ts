/** Executions that somebody else plays: a pipeline with the webhook stage that asks Assay for a run. */
import type { World } from '../world';
import { COMPLETE, type OrcaStatus, type SimExecution } from './model';
import { addStage, beginExecution, endExecution } from './stages';

export interface OutsideStage {
  readonly refId: string;
  readonly name?: string;
  /** Default `webhook`. */
  readonly type?: string;
  /** Default NOT_STARTED. */
  readonly status?: OrcaStatus;
  readonly context?: Readonly<Record<string, unknown>>;
}

export interface NewOutside {
  readonly application?: string;
  readonly name?: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly stages?: readonly OutsideStage[];
}

/** What changes; a stage is named by its refId, and one that is new is added. */
export interface OutsideChange {
  readonly stages?: readonly OutsideStage[];
  /** Default: what Orca makes of the stages once all of them have ended. */
  readonly status?: OrcaStatus;
  /** Gate forgets it. */
  readonly vanished?: boolean;
}

export function createOutside(world: World, given: NewOutside = {}): SimExecution {
  const { application = 'goldenami', name = 'golden-image', parameters = {}, stages = [] } = given;
  const execution = beginExecution(
    world,
    { application, name, id: null, kind: 'outside' },
    { type: 'manual', parameters },
  );
  changeOutside(world, execution, { stages });
  return execution;
}

export function changeOutside(
  world: World,
  execution: SimExecution,
  { stages = [], status, vanished }: OutsideChange,
): void {
  const now = world.clock.now();
  for (const change of stages) {
    const known = execution.stages.find(({ refId }) => refId === change.refId);
    const stage =
      known ??
      addStage(world, execution, { type: 'webhook', name: 'Golden AMI', status: 'NOT_STARTED', ...clean(change) });
    Object.assign(stage.context, known ? change.context : {});
    if (change.status === undefined) continue;
    stage.status = change.status;
    if (change.status !== 'NOT_STARTED') stage.startTime ??= now;
    if (COMPLETE.has(change.status)) stage.endTime ??= now;
    world.note('outside.stage', { execution: execution.id, refId: stage.refId, status: stage.status });
  }
  if (vanished !== undefined) execution.vanished = vanished;
  if (status !== undefined) {
    execution.status = status;
    if (COMPLETE.has(status)) execution.endTime ??= now;
  } else if (execution.stages.length > 0 && execution.stages.every((stage) => COMPLETE.has(stage.status))) {
    endExecution(world, execution);
  }
}

const clean = ({ context, ...rest }: OutsideStage) => ({ ...rest, context: { ...context } });

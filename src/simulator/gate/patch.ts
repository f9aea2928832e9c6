/** `PATCH /pipelines/{id}/stages/{stageId}`: values into a stage's context, after which its tasks run at once. */
import type { Json } from '../http';
import { text } from '../http';
import type { World } from '../world';
import { COMPLETE, type SimExecution, type SimStage } from './model';
import { endExecution, endStage, runOf } from './stages';

/** Orca swallows what goes wrong here (CompoundExecutionOperator): Gate's answer is the same then, but empty. */
export function patchStage(
  world: World,
  execution: SimExecution,
  stageId: string,
  body: Json,
): SimExecution | undefined {
  const { patch, judgmentSeconds } = world.behaviours.of(runOf(execution));
  const stage = execution.stages.find(({ id }) => id === stageId);
  if (!stage || patch === 'swallowed') return undefined;
  Object.assign(stage.context, body);
  world.note('stage.patched', { execution: execution.id, stage: stage.name, ...body });
  if (stage.status !== 'RUNNING') return execution;
  world.clock.after(judgmentSeconds, () => {
    if (COMPLETE.has(stage.status)) return;
    if (stage.context['manualSkip'] === true) return end(world, execution, stage, 'SKIPPED');
    if (stage.type !== 'manualJudgment') return;
    // A judgment by somebody without the stage's roles is taken back.
    if (patch === 'may-not-judge') stage.context['judgmentStatus'] = '';
    const said = text(stage.context['judgmentStatus'])?.toLowerCase();
    if (said === 'continue') end(world, execution, stage, 'SUCCEEDED');
    if (said === 'stop') end(world, execution, stage, 'TERMINAL');
  });
  return execution;
}

function end(
  world: World,
  execution: SimExecution,
  stage: SimStage,
  status: 'SKIPPED' | 'SUCCEEDED' | 'TERMINAL',
): void {
  endStage(world, stage, status);
  const top = execution.stages.filter(({ parentStageId }) => parentStageId === null);
  if (status === 'TERMINAL' || top.every((one) => COMPLETE.has(one.status))) endExecution(world, execution);
}

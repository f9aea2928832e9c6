import { QUEUE, WORKFLOW, workflowId } from '../domain/names';
import type { SweepResult } from '../workflows/messages';
import type { Temporal } from './connect';

/** Has a worker clean up after a run that can no longer do it itself, and waits for it. */
export async function sweepRun({ client }: Temporal, run: string): Promise<SweepResult> {
  return (await client.workflow.execute(WORKFLOW.sweep, {
    workflowId: workflowId.sweep.of(run),
    taskQueue: QUEUE.main,
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [{ run }],
    staticSummary: `cleans up after run ${run}`,
  })) as SweepResult;
}

/** How many events the history of a run has. */
export async function historyEvents({ client }: Temporal, run: string): Promise<number> {
  return (await client.workflow.getHandle(workflowId.run.of(run)).describe()).historyLength;
}

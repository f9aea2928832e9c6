import {
  ApplicationFailure,
  CancellationScope,
  getExternalWorkflowHandle,
  isCancellation,
  workflowInfo,
} from '@temporalio/workflow';
import { parseScheduled, workflowId } from '../domain/names';
import { isExpected } from './failures';
import type { ScheduledResult } from './messages';
import { HOUR, proxies } from './proxies';

const POLL_SECONDS = 5;

/**
 * What a line's schedule starts: asks for the run of this time, and is open as long as that run is, so that the schedule's overlap
 * policy sees it. Cancelled (by the policy, or by people), it cancels the run and waits until that has cleaned up.
 */
export async function scheduledRun(): Promise<ScheduledResult> {
  const id = workflowInfo().workflowId;
  const due = parseScheduled(id);
  if (!due)
    throw ApplicationFailure.nonRetryable(`${id} is not the id of a workflow that a schedule started`, 'BadInput');
  // A cancel in the meantime must not leave a run behind that nobody knows of.
  const asked = await CancellationScope.nonCancellable(() =>
    proxies(POLL_SECONDS)
      .act(24 * HOUR)
      .askScheduled(due),
  );
  const end = () => proxies(asked.pollSeconds).watch().awaitRun(asked);
  try {
    return { run: asked.run, ...(await end()) };
  } catch (error) {
    if (!isCancellation(error)) throw error;
    await CancellationScope.nonCancellable(async () => {
      await cancelRun(asked.run);
      await end();
    });
    throw error;
  }
}

/** As `temporal workflow cancel` does. One that has ended needs no cancelling. */
async function cancelRun(run: string): Promise<void> {
  try {
    await getExternalWorkflowHandle(workflowId.run.of(run)).cancel();
  } catch (error) {
    if (!isExpected(error) && !(error instanceof Error && error.name === 'ExternalWorkflowExecutionNotFound'))
      throw error;
  }
}

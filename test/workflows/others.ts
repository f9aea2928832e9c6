/** Plays of the workflows beside the run. */
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { MESSAGE, QUEUE, WORKFLOW, workflowId } from '../../src/domain/names';
import type { ImageLineInput } from '../../src/workflows/messages';
import { untilPasses } from '../setup/helpers';
import { stubActivities, type World } from './stub-world';

/** Starts the workflow of a line. */
export const startLine = (world: World, input: ImageLineInput) =>
  world.client.workflow.start(WORKFLOW.line, {
    taskQueue: QUEUE.main,
    workflowId: workflowId.line.of(input.line),
    args: [input],
  });

/** A line that publishes two images, the second not at the first try, and continues as new after them. */
export async function playLineUntilItContinues(world: World): Promise<WorkflowHandle> {
  let failures = 1;
  const { activities } = stubActivities(
    {},
    {
      publish: async ({ run }) => {
        if (run === 'two' && failures-- > 0) throw ApplicationFailure.nonRetryable('AccessDenied', 'Final');
        return { kind: 'published', published: [] };
      },
    },
  );
  return world.during(activities, async () => {
    const first = await startLine(world, { line: 'golden', entriesPerRun: 2 });
    for (const run of ['one', 'two']) await first.executeUpdate(MESSAGE.publish, { args: [{ run }] });
    const { firstExecutionRunId } = first;
    await untilPasses(async () =>
      expect((await world.client.workflow.getHandle(first.workflowId).describe()).runId).not.toBe(firstExecutionRunId),
    );
    await world.client.workflow.getHandle(first.workflowId).terminate();
    return world.client.workflow.getHandle(first.workflowId, firstExecutionRunId);
  });
}

/** A workflow that ends by itself, with activities that answer at once; the late bake finds one image, then none. */
export async function playOne(world: World, type: string, id: string, input: object): Promise<WorkflowHandle> {
  let images = 1;
  const { activities } = stubActivities(
    {},
    {
      awaitLateImage: async () => {
        if (images-- <= 0) return null;
        const late = { region: 'us-east-1', amiId: 'ami-0123456789abcdef0' };
        return {
          plan: { remove: [{ ...late, snapshotIds: ['snap-1'] }], deny: [late] },
          until: '2026-01-01T00:30:00.000Z',
          gate: { awaySince: null },
        };
      },
    },
  );
  return world.during(activities, async () => {
    const handle = await world.client.workflow.start(type, {
      taskQueue: QUEUE.main,
      workflowId: id,
      args: [input],
    });
    await handle.result();
    return handle;
  });
}

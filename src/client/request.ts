import { defaultPayloadConverter } from '@temporalio/common';
import { WorkflowNotFoundError } from '@temporalio/client';
import { workflowId } from '../domain/names';
import type { RunRequest } from '../domain/request';
import type { GoldenImageInput } from '../workflows/messages';
import type { Archive } from './archive';
import { grpcFault, type Temporal } from './connect';

/** gRPC: what is asked for is not there (any more). */
const NOT_FOUND = 5;

/**
 * What a run was asked for, by its signature: from the evidence, and of a run that got no further than its start from Temporal.
 * `undefined` where neither knows it.
 */
export async function requestOf(temporal: Temporal, archive: Archive, run: string): Promise<RunRequest | undefined> {
  const refs = await archive.refs(run);
  const token = refs?.settings
    ? (await archive.load(run, 'settings', refs.settings)).request
    : (await inputOf(temporal, run))?.token;
  if (token === undefined) return undefined;
  const statement = archive.request(token);
  return statement.run === run ? statement.request : undefined;
}

/** The input is in the first event of a history. */
async function inputOf(temporal: Temporal, run: string): Promise<GoldenImageInput | undefined> {
  try {
    const { history } = await temporal.ask(({ workflowService }) =>
      workflowService.getWorkflowExecutionHistory({
        namespace: temporal.namespace,
        execution: { workflowId: workflowId.run.of(run) },
        maximumPageSize: 1,
      }),
    );
    const payload = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
    return payload ? defaultPayloadConverter.fromPayload<GoldenImageInput>(payload) : undefined;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError || grpcFault(error)?.code === NOT_FOUND) return undefined;
    throw error;
  }
}

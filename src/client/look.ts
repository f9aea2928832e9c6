import { isGrpcServiceError, type WorkflowExecutionDescription } from '@temporalio/client';
import { rethrowKnownErrorTypes } from '@temporalio/client/lib/helpers';
import type { EvidenceRef } from '../domain/evidence';
import { MEMO_BODY, MEMO_CANCELED, MEMO_CREDENTIAL, MEMO_DECISIONS, workflowId } from '../domain/names';
import { isEnd, type Stage } from '../domain/run';
import type { StatusDocument } from '../domain/status';
import type { Archive } from './archive';
import type { Temporal } from './connect';
import { documentOf, executionOf } from './view';

/** An attempt of a key, as far as Temporal or the archive knows it. */
export interface Attempt {
  readonly document: StatusDocument;
  readonly bodyHash: string;
  /** Credential that asked. */
  readonly credential: string;
  /** A cancel was accepted. */
  readonly canceled: boolean;
  /** Evidence of the decisions that count so far. */
  readonly decisions: readonly EvidenceRef[];
}

/** Looks at a run: in Temporal, and where that has forgotten it, in the archive. `undefined`: no such run. */
export async function lookAt(temporal: Temporal, archive: Archive, run: string): Promise<Attempt | undefined> {
  const raw = await describe(temporal, run);
  const execution = raw && executionOf(raw);
  const document = execution && documentOf(execution);
  if (raw && execution && document) {
    const { memo } = execution;
    return {
      document,
      bodyHash: String(memo[MEMO_BODY] ?? ''),
      credential: String(memo[MEMO_CREDENTIAL] ?? ''),
      canceled:
        memo[MEMO_CANCELED] === true || (raw.workflowExtendedInfo?.cancelRequested === true && isOpen(document)),
      decisions: (memo[MEMO_DECISIONS] ?? []) as readonly EvidenceRef[],
    };
  }
  const ending = await archive.ending(run);
  if (!ending) return undefined;
  const { status, bodyHash, credential, refs } = ending;
  const canceled = status.status === 'CANCELED';
  return { document: status, bodyHash, credential, canceled, decisions: refs.decisions };
}

/** Stages in which the run accepts no cancel any more. */
const SEALED: readonly Stage[] = ['publishing', 'cleaning-up', 'done'];

/** Whether a cancel that Temporal has noted, and no worker has taken up yet, will be accepted. */
const isOpen = ({ status, stage }: StatusDocument): boolean => !isEnd(status) && !SEALED.includes(stage);

/** Whether the key of an attempt may begin another one: it was cancelled, or its end was read by who asked. */
export const isFollowable = async (archive: Archive, { document, canceled }: Attempt): Promise<boolean> =>
  canceled || (isEnd(document.status) && (await archive.endWasRead(document.id)));

/** gRPC's status code. */
const NOT_FOUND = 5;

async function describe(temporal: Temporal, run: string): Promise<WorkflowExecutionDescription['raw'] | undefined> {
  const { namespace } = temporal;
  const execution = { workflowId: workflowId.run.of(run) };
  return temporal.ask(async ({ workflowService }) => {
    try {
      return await workflowService.describeWorkflowExecution({ namespace, execution });
    } catch (error) {
      if (!isGrpcServiceError(error) || error.code !== NOT_FOUND) throw error;
      // Temporal says so of a namespace too; only the details tell.
      rethrowKnownErrorTypes(error);
      return undefined;
    }
  });
}

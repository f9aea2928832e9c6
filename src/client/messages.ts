import { randomUUID } from 'node:crypto';
import {
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import {
  approvalContext,
  foreseen,
  sameActor,
  type ApprovalContext,
  type Decision,
  type RefusalReason,
} from '../domain/approval';
import { MESSAGE, runId, workflowId } from '../domain/names';
import { isEnd, STAGES, type Status } from '../domain/run';
import type { StatusDocument } from '../domain/status';
import type { CancelArgument, CancelResult, DecideArgument, DecideResult } from '../workflows/messages';
import type { Actor, CancelAnswer, DecisionAnswer, DecisionOrder } from './api';
import type { Archive } from './archive';
import { grpcFault, type Temporal } from './connect';
import { Unreachable } from './errors';
import { lookAt } from './look';

/** How long a worker has to take up a message before it is left for later. */
const WORKER_MS = 5_000;

interface Asking {
  readonly temporal: Temporal;
  readonly archive: Archive;
}

/** Sends a decision; its status document has no URLs yet. `undefined`: no such run. */
export async function decide(
  { temporal, archive, sign }: Asking & { readonly sign: (decision: Decision) => string },
  run: string,
  order: DecisionOrder,
  { credential, subject, groups }: Actor,
): Promise<DecisionAnswer | undefined> {
  const known = await lookAt(temporal, archive, run);
  if (!known) return undefined;
  const at = new Date().toISOString();
  const decision: Decision = { ...order, id: randomUUID(), run, by: subject, groups, credential, at };
  const reason = standingOf(known.document) ?? (await foreseenBy(archive, known.document, decision));
  if (reason) return { kind: 'refused', reason };
  const argument: DecideArgument = { token: sign(decision) };
  try {
    const result = await update<DecideResult, DecideArgument>(temporal, run, MESSAGE.decide, argument);
    if (result === 'closed') return { kind: 'refused', reason: 'closed' };
    if (result === 'later') {
      // The same decision twice counts once.
      await temporal.ask((client) =>
        client.workflow.getHandle(workflowId.run.of(run)).signal(MESSAGE.decide, argument),
      );
      return { kind: 'recorded' };
    }
    return result.counted ? { kind: 'counted', status: result.status } : { kind: 'refused', reason: result.refused };
  } catch (error) {
    const refused = refusalOf(error);
    if (refused) return { kind: 'refused', reason: refused };
    if (error instanceof WorkflowNotFoundError) return { kind: 'refused', reason: 'closed' };
    throw error;
  }
}

/** Why no decision is taken at all; `undefined` while people are asked. */
function standingOf({ status, stage }: StatusDocument): 'not-yet' | 'closed' | undefined {
  if (isEnd(status)) return 'closed';
  const beyond = STAGES.indexOf(stage) - STAGES.indexOf('awaiting-approval');
  return beyond === 0 ? undefined : beyond < 0 ? 'not-yet' : 'closed';
}

/**
 * Temporal takes a bounded number of updates of a workflow (2,000 by default), refused ones too, and cancel is one of them. So
 * what is certain to be refused, and noted already, is refused here.
 */
async function foreseenBy(
  archive: Archive,
  { id, evidenceDigest, approval }: StatusDocument,
  decision: Decision,
): Promise<RefusalReason | undefined> {
  if (!approval) return undefined;
  const noted = approval.refused.some(({ by }) => sameActor(by, decision.by));
  return foreseen({ ...approval, evidenceDigest }, noted ? await contextOf(archive, id) : null, decision);
}

async function contextOf(archive: Archive, run: string): Promise<ApprovalContext | null> {
  const settings = (await archive.refs(run))?.settings;
  if (!settings) return null;
  const statement = await archive.load(run, 'settings', settings);
  return approvalContext(statement.settings, archive.request(statement.request));
}

/** What the workflow's validator refuses comes as a failed update. */
function refusalOf(error: unknown): RefusalReason | undefined {
  if (!(error instanceof WorkflowUpdateFailedError) || !(error.cause instanceof ApplicationFailure)) return undefined;
  const { type } = error.cause;
  return type === 'not-yet' || type === 'closed' ? type : undefined;
}

/** Asks for cancellation. Unknown and finished runs are fine. */
export async function cancel(
  { temporal, archive }: Asking,
  run: string,
  actor: Actor,
  reason: string,
): Promise<CancelAnswer> {
  const known = await lookAt(temporal, archive, run);
  if (!known) return { canceled: false, reason: `there is no run ${run}` };
  if (isEnd(known.document.status)) return ended(known.document.status);
  // How a run ended that was still open a moment ago, only another look can tell: often by the same cancel, sent twice.
  const endedMeanwhile = async () => ended((await lookAt(temporal, archive, run))?.document.status);
  try {
    const argument: CancelArgument = { by: actor.subject, reason };
    const result = await update<CancelResult, CancelArgument>(temporal, run, MESSAGE.cancel, argument);
    if (result === 'closed') return await endedMeanwhile();
    if (result !== 'later') return result;
    await temporal.ask((client) => client.workflow.getHandle(workflowId.run.of(run)).cancel());
    return { canceled: null, reason: 'recorded; no worker has taken it up yet' };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return endedMeanwhile();
    throw error;
  }
}

const ended = (status?: Status): CancelAnswer =>
  status === 'CANCELED'
    ? { canceled: true, reason: 'the run was canceled' }
    : { canceled: false, reason: `the run has ended${status && isEnd(status) ? ` ${status}` : ''}` };

/** The id of a key's latest attempt; `undefined` when there is none. */
export async function latestAttempt({ temporal, archive }: Asking, key: string): Promise<string | undefined> {
  let latest: string | undefined;
  for (let attempt = 1; ; attempt++) {
    const id = runId(key, attempt);
    if (!(await lookAt(temporal, archive, id))) return latest;
    latest = id;
  }
}

/** gRPC's FAILED_PRECONDITION: Temporal takes no more updates of this workflow. */
const NO_MORE_UPDATES = 9;

/** Sends an update and waits for a worker. `later`: none has taken it up in time, or none can. `closed`: the run is over. */
async function update<Result, Argument>(
  temporal: Temporal,
  run: string,
  name: string,
  argument: Argument,
): Promise<Result | 'later' | 'closed'> {
  try {
    return await temporal.ask(
      (client) =>
        client.workflow.getHandle(workflowId.run.of(run)).executeUpdate<Result, [Argument]>(name, { args: [argument] }),
      WORKER_MS,
    );
  } catch (error) {
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return 'later';
    // Whether no worker or no Temporal was slow, the next call shows.
    if (error instanceof Unreachable) return 'later';
    // Signals and Temporal's own cancel still get through.
    if (grpcFault(error)?.code === NO_MORE_UPDATES) return 'later';
    if (
      error instanceof WorkflowUpdateFailedError &&
      (error.cause as { type?: string }).type === 'AcceptedUpdateCompletedWorkflow'
    )
      return 'closed';
    throw error;
  }
}

import {
  ApplicationFailure,
  CancellationScope,
  condition,
  defineSignal,
  defineUpdate,
  isCancellation,
  setHandler,
  uuid4,
} from '@temporalio/workflow';
import type { PlainDecision, Verified } from '../activities/decide';
import {
  count,
  entitled,
  outcome,
  refuse,
  screen,
  type Approval,
  type ApprovalContext,
  type ApprovalOutcome,
  type Decision,
  type RefusalReason,
} from '../domain/approval';
import type { EvidenceRef } from '../domain/evidence';
import { MESSAGE } from '../domain/names';
import type { Proxies } from './proxies';
import type { DecideArgument, DecideResult } from './messages';
import type { RunRecord } from './record';

const decideUpdate = defineUpdate<DecideResult, [DecideArgument]>(MESSAGE.decide);
const decideSignal = defineSignal<[DecideArgument]>(MESSAGE.decide);

/** After so many refused decisions no more are looked at: each costs events, and a run must not die of them. */
const MOST_REFUSALS = 200;

/** Takes decisions, by update and by signal, from the run's first moment to its last. */
export class ApprovalDesk {
  private opened: { readonly context: ApprovalContext; readonly run: string; readonly proxies: Proxies } | null = null;
  /** Decisions that came in time and are still being verified. */
  private verifying = 0;
  /** The deadline has passed: nothing new is taken. */
  private expired = false;
  private refusals = 0;
  private result: ApprovalOutcome = { kind: 'open' };
  private closed = false;
  private readonly kept = new Map<string, EvidenceRef>();

  /** `onSettled` is called in the very moment in which the last needed decision counts. */
  constructor(
    private readonly record: RunRecord,
    private readonly onSettled: () => void,
  ) {
    // The validator is synchronous, as Temporal demands, and so can only say whether decisions are taken at all;
    // what it refuses leaves no trace in history.
    // A cancel of the run must not tear a decision that is being verified: a signal handler that throws fails the workflow.
    const take = (argument: DecideArgument) => CancellationScope.nonCancellable(() => this.take(argument));
    setHandler(decideUpdate, take, { validator: (_argument) => this.mustBeOpen() });
    setHandler(decideSignal, async (argument) => {
      await take(argument);
    });
  }

  /** Evidence of the decisions that stand, oldest first. */
  private get refs(): EvidenceRef[] {
    return (this.record.known.approval?.decisions ?? []).flatMap(({ id }) => this.kept.get(id) ?? []);
  }

  /** Waits for the last needed decision, or for the deadline. */
  async decided(
    run: string,
    context: ApprovalContext,
    proxies: Proxies,
    remind: { readonly everyMs: number; call(): void },
  ): Promise<Exclude<ApprovalOutcome, { kind: 'open' }> | 'expired'> {
    this.opened = { context, run, proxies };
    const until = this.deadline();
    for (;;) {
      const left = until - Date.now();
      if (left > 0) await this.settledWithin(Math.min(left, remind.everyMs));
      if (this.result.kind !== 'open' || Date.now() >= until) break;
      remind.call();
    }
    this.expired = true;
    // What was said in time counts, however long no worker was there to verify it.
    await this.verified();
    this.closed = true;
    return this.result.kind === 'open' ? 'expired' : this.result;
  }

  /** Nothing counts from here on. */
  close(): void {
    this.closed = true;
  }

  private deadline(): number {
    return Date.parse(this.record.known.approval?.deadline ?? '');
  }

  private settledWithin(ms: number): Promise<void> {
    return this.unlessSettled(condition(() => this.result.kind !== 'open', ms));
  }

  private verified(): Promise<void> {
    return this.unlessSettled(condition(() => this.verifying === 0 || this.result.kind !== 'open'));
  }

  private async unlessSettled(wait: Promise<unknown>): Promise<void> {
    try {
      await wait;
    } catch (error) {
      // A cancel that arrives together with the last needed decision comes too late.
      if (!isCancellation(error) || this.result.kind === 'open') throw error;
    }
  }

  private mustBeOpen(): void {
    const standing = this.expired || this.refusals >= MOST_REFUSALS ? 'closed' : this.standing();
    if (standing === 'open') return;
    const text =
      standing === 'closed' ? 'this run takes no more decisions' : 'this run does not ask for a decision yet';
    throw ApplicationFailure.nonRetryable(text, standing);
  }

  private standing(): 'not-yet' | 'open' | 'closed' {
    if (this.closed || this.result.kind !== 'open') return 'closed';
    return this.opened ? 'open' : 'not-yet';
  }

  private async take(argument: DecideArgument): Promise<DecideResult> {
    const { opened } = this;
    const approval = this.record.known.approval;
    if (!opened || !approval) return this.refusal('not-yet', nameOf(argument));
    if (this.expired || this.closed || this.refusals >= MOST_REFUSALS) return this.refusal('closed', nameOf(argument));
    this.verifying += 1;
    try {
      const verified = await this.verify(opened, argument);
      if ('refused' in verified) return this.refusal(verified.refused, verified.by);
      // The server's time, which is signed; a worker that takes it up later makes it no later.
      if (Date.parse(verified.decision.at) > this.deadline()) return this.refusal('closed', verified.decision.by);
      return this.countIn(opened.context, verified);
    } finally {
      this.verifying -= 1;
    }
  }

  private async verify(
    { proxies, run, context }: NonNullable<typeof this.opened>,
    argument: DecideArgument,
  ): Promise<Verified> {
    if (typeof argument === 'object' && argument !== null && 'token' in argument)
      return proxies.always().verifyDecision({ run, token: String(argument.token) });
    const plain = plainDecision(argument);
    if (!plain || context.settings.unsigned !== 'allow') return { refused: 'bad-signature', by: nameOf(argument) };
    return proxies.always().takePlainDecision({ run, plain });
  }

  /** Looked at after verification, not before: others may have decided meanwhile. */
  private countIn(
    context: ApprovalContext,
    { decision, ref }: Extract<Verified, { decision: Decision }>,
  ): DecideResult {
    const approval = this.record.known.approval;
    if (approval?.decisions.some(({ id }) => id === decision.id))
      return { counted: true, status: this.record.document() };
    const reason = screen(approval, this.standing(), decision) ?? entitled(context, decision);
    if (reason || !approval) return this.refusal(reason ?? 'closed', decision.by);
    this.kept.set(decision.id, ref);
    this.update(count(approval, decision));
    this.record.keep({ decisions: this.refs });
    const said = decision.comment ? `: ${decision.comment}` : '';
    this.record.note(`${decision.by} says ${decision.verdict}${said}`);
    this.result = outcome(context, this.record.known.approval as Approval);
    if (this.result.kind !== 'open') this.onSettled();
    this.record.show();
    return { counted: true, status: this.record.document() };
  }

  private refusal(refused: RefusalReason, by: string): DecideResult {
    const approval = this.record.known.approval;
    this.refusals += 1;
    this.record.note(`a decision by ${by} does not count: ${refused}`);
    if (approval) {
      this.update(refuse(approval, { by, reason: refused, at: new Date().toISOString() }));
      if (!this.closed) this.record.show();
    }
    return { counted: false, refused, status: this.record.document() };
  }

  private update(approval: Approval): void {
    // Every stage may carry an approval; the stage itself does not change here.
    this.record.state = { ...this.record.state, approval } as RunRecord['state'];
  }
}

const VERDICTS: readonly string[] = ['approve', 'deny', 'withdraw'];

/** A plain signal can hold anything. */
function plainDecision(argument: Exclude<DecideArgument, { token: string }>): PlainDecision | undefined {
  if (typeof argument !== 'object' || argument === null) return undefined;
  const { by, verdict, comment, evidenceDigest } = argument;
  if (typeof by !== 'string' || by === '' || !VERDICTS.includes(verdict)) return undefined;
  return {
    id: uuid4(),
    by: by.slice(0, 320),
    verdict,
    comment: typeof comment === 'string' ? comment.slice(0, 2000) : '',
    evidenceDigest: typeof evidenceDigest === 'string' ? evidenceDigest : null,
    at: new Date().toISOString(),
  };
}

const nameOf = (argument: DecideArgument): string =>
  typeof argument === 'object' && argument !== null && 'by' in argument && typeof argument.by === 'string'
    ? argument.by.slice(0, 320)
    : 'unknown';

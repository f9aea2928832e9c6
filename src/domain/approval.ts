/** Approval: who may decide, what has been decided, and what follows. Pure; signatures are checked before this is asked. */
import type { RequestStatement } from './evidence';
import type { ApprovalSettings, RunSettings } from './settings';

export type DecisionVerdict = 'approve' | 'deny' | 'withdraw';

/** What a person said, as signed by the server (or, where the line allows it, as claimed by a plain signal). */
export interface Decision {
  /** Unique; the same decision delivered twice counts once. */
  readonly id: string;
  readonly run: string;
  readonly verdict: DecisionVerdict;
  readonly comment: string;
  /** What the person saw. An approval must name it. */
  readonly evidenceDigest: string | null;
  readonly by: string;
  readonly groups: readonly string[];
  /** Id of the credential used; null for an unsigned decision. */
  readonly credential: string | null;
  readonly at: string;
}

export interface Refusal {
  readonly by: string;
  readonly reason: RefusalReason;
  readonly at: string;
}

/** Why a decision does not count. `requester`: four eyes. `not-entitled`: no approvers' group, or one this line does not ask. */
export type RefusalReason =
  | 'requester'
  | 'not-entitled'
  | 'stale-evidence'
  | 'already-decided'
  | 'closed'
  | 'not-yet'
  | 'bad-signature'
  | 'revoked';

/** An approval in progress. */
export interface Approval {
  readonly evidenceDigest: string;
  readonly deadline: string;
  /** Each person's last decision, a withdrawal too: it keeps what it took back from being counted again. */
  readonly decisions: readonly Decision[];
  readonly refused: readonly Refusal[];
}

/** What an approval needs to know of the run and its line. */
export interface ApprovalContext {
  readonly settings: ApprovalSettings;
  readonly approvers: readonly string[];
  readonly requestedBy: string | null;
  /** Whom the credential that asked speaks for. */
  readonly askedBy: string | null;
  /** Credential that asked for the run. */
  readonly credential: string | null;
}

export type ApprovalOutcome =
  | { readonly kind: 'open' }
  | { readonly kind: 'approved'; readonly by: readonly string[] }
  | { readonly kind: 'denied'; readonly by: string; readonly comment: string };

/** The context by a run's own settings, and by who asked for it. */
export const approvalContext = (
  { line, approvers }: Pick<RunSettings, 'line' | 'approvers'>,
  { request, subject, credential }: Pick<RequestStatement, 'request' | 'subject' | 'credential'>,
): ApprovalContext => ({
  settings: line.approval,
  approvers,
  requestedBy: request.requestedBy ?? null,
  askedBy: subject,
  credential,
});

/** Whether a decision may be looked at at all: what can be said of it without knowing whether the person is entitled. */
export function screen(
  approval: Approval | null,
  open: 'not-yet' | 'open' | 'closed',
  decision: Pick<Decision, 'by' | 'verdict' | 'evidenceDigest' | 'at'>,
): RefusalReason | undefined {
  if (open === 'not-yet') return 'not-yet';
  if (open === 'closed' || !approval) return 'closed';
  if (isStale(decision, approval)) return 'stale-evidence';
  const last = approval.decisions.find(({ by }) => sameActor(by, decision.by));
  if (decision.verdict === 'withdraw') return last && last.verdict !== 'withdraw' ? undefined : 'not-yet';
  if (!last) return undefined;
  // What was said before a withdrawal is withdrawn, even if it is delivered once more afterwards.
  return last.verdict === 'withdraw' && isAfter(decision.at, last.at) ? undefined : 'already-decided';
}

/** An approval must name the evidence; what else names it must name the right one. */
const isStale = (
  { verdict, evidenceDigest }: Pick<Decision, 'verdict' | 'evidenceDigest'>,
  asked: Pick<ShownApproval, 'evidenceDigest'>,
): boolean => (verdict === 'approve' || evidenceDigest !== null) && evidenceDigest !== asked.evidenceDigest;

const isAfter = (a: string, b: string): boolean => Date.parse(a) > Date.parse(b);

/** Whether the person may decide on this run. */
export function entitled(context: ApprovalContext, decision: Decision): RefusalReason | undefined {
  if (sameActor(decision.by, context.requestedBy) || sameActor(decision.by, context.askedBy)) return 'requester';
  if (decision.credential !== null && decision.credential === context.credential) return 'requester';
  const asked = Object.keys(context.settings.groups);
  const counts = decision.groups.some(
    (group) => context.approvers.includes(group) && (asked.includes('*') || asked.includes(group)),
  );
  return counts ? undefined : 'not-entitled';
}

/** An approval in progress as the status document shows it, whose lists may be cut there. */
export interface ShownApproval {
  readonly evidenceDigest: string | null;
  /** Whose approvals count. */
  readonly by: readonly string[];
  readonly refused: readonly Refusal[];
}

/**
 * Why the run is certain to refuse a decision and has nothing new to note: what it shows already says so. `undefined`: the run
 * has to look at it. Who may not decide is noted the first time, and not again for the same reason. `context` is null where it
 * is not known.
 */
export function foreseen(
  shown: ShownApproval,
  context: ApprovalContext | null,
  decision: Decision,
): RefusalReason | undefined {
  if (isStale(decision, shown)) return 'stale-evidence';
  if (decision.verdict !== 'withdraw' && shown.by.some((by) => sameActor(by, decision.by))) return 'already-decided';
  const reason = context === null ? undefined : entitled(context, decision);
  return shown.refused.some((one) => one.reason === reason && sameActor(one.by, decision.by)) ? reason : undefined;
}

/** Counts a decision that was screened, verified and found entitled: it takes the place of the person's one before. */
export function count(approval: Approval, decision: Decision): Approval {
  const others = approval.decisions.filter(({ by }) => !sameActor(by, decision.by));
  return { ...approval, decisions: [...others, decision] };
}

/** Records a decision that does not count. Only the newest 20 are kept. */
export function refuse(approval: Approval, refusal: Refusal): Approval {
  return { ...approval, refused: [...approval.refused, refusal].slice(-20) };
}

/** What the decisions so far amount to. One denial denies. Where nobody is asked, nobody can have approved. */
export function outcome(context: ApprovalContext, approval: Approval): ApprovalOutcome {
  const denial = approval.decisions.find(({ verdict }) => verdict === 'deny');
  if (denial) return { kind: 'denied', by: denial.by, comment: denial.comment };
  const progress = approvalProgress(context, approval.decisions);
  return progress.needed > 0 && progress.given >= progress.needed
    ? { kind: 'approved', by: progress.by }
    : { kind: 'open' };
}

/**
 * What counts of everything that was said, as {@link count} would have counted it in the order of signing: each person's last
 * decision, a withdrawal too, until enough was said. Two of one moment count in favour of the withdrawal.
 */
export function countAll(
  context: ApprovalContext,
  evidenceDigest: string,
  said: readonly Decision[],
): readonly Decision[] {
  let approval: Approval = { evidenceDigest, deadline: '', decisions: [], refused: [] };
  const late = ({ verdict }: Decision): number => Number(verdict === 'withdraw');
  const inOrder = [...said].sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || late(a) - late(b));
  for (const decision of inOrder) {
    if (outcome(context, approval).kind !== 'open') break;
    // Whoever may no longer decide may still take back what they said.
    const barred = decision.verdict === 'withdraw' ? undefined : entitled(context, decision);
    if ((screen(approval, 'open', decision) ?? barred) === undefined) approval = count(approval, decision);
  }
  return approval.decisions;
}

/** How many approvals are needed and given. A person fills one place of one group, whichever helps most. */
export function approvalProgress(
  { settings, approvers }: Pick<ApprovalContext, 'settings' | 'approvers'>,
  decisions: readonly Decision[],
): { readonly needed: number; readonly given: number; readonly by: string[] } {
  const places = Object.entries(settings.groups).flatMap(([group, n]) => Array.from({ length: n }, () => group));
  const approvals = decisions.filter(({ verdict }) => verdict === 'approve');
  const people = approvals.filter(({ by }, index) => approvals.findIndex((one) => sameActor(one.by, by)) === index);
  const holder = places.map(() => -1);
  const fits = (person: number, place: string): boolean => {
    const groups = (people[person] as Decision).groups.filter((group) => approvers.includes(group));
    return place === '*' ? groups.length > 0 : groups.includes(place);
  };
  // Kuhn's algorithm: an augmenting path may move an earlier person to another place.
  const seat = (person: number, tried: Set<number>): boolean =>
    places.some((place, index) => {
      if (tried.has(index) || !fits(person, place)) return false;
      tried.add(index);
      const seated = holder[index] as number;
      if (seated !== -1 && !seat(seated, tried)) return false;
      holder[index] = person;
      return true;
    });
  people.forEach((_, person) => seat(person, new Set()));
  return {
    needed: places.length,
    given: holder.filter((person) => person !== -1).length,
    by: people.map(({ by }) => by),
  };
}

/**
 * Whether two subjects are one person, as far as their names tell: letter case, outer space, invisible characters and Unicode's
 * compatibility forms make no difference, so that `Alice@…` cannot approve what `alice@…` asked for. Nobody is not the same as nobody.
 */
export const sameActor = (a: string | null, b: string | null): boolean =>
  a !== null && b !== null && plain(a) === plain(b);

const plain = (name: string): string =>
  name
    .normalize('NFKC')
    .replace(/[\p{Default_Ignorable_Code_Point}\p{Cc}]/gu, '')
    .trim()
    .toLowerCase();

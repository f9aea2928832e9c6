/** Approval: who may decide, what has been decided, and what follows. Pure; signatures are checked before this is asked. */
import type { ApprovalSettings } from './settings';

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
  readonly decisions: readonly Decision[];
  readonly refused: readonly Refusal[];
}

/** What an approval needs to know of the run and its line. */
export interface ApprovalContext {
  readonly settings: ApprovalSettings;
  readonly approvers: readonly string[];
  readonly requestedBy: string | null;
  /** Credential that asked for the run. */
  readonly credential: string | null;
}

export type ApprovalOutcome =
  | { readonly kind: 'open' }
  | { readonly kind: 'approved'; readonly by: readonly string[] }
  | { readonly kind: 'denied'; readonly by: string; readonly comment: string };

/** Whether a decision may be looked at at all, before anything is verified: what a synchronous update validator can say. */
export function screen(
  approval: Approval | null,
  open: 'not-yet' | 'open' | 'closed',
  decision: Pick<Decision, 'id' | 'by' | 'verdict' | 'evidenceDigest'>,
): RefusalReason | undefined {
  if (open === 'not-yet') return 'not-yet';
  if (open === 'closed' || !approval) return 'closed';
  if (decision.verdict === 'approve' && decision.evidenceDigest !== approval.evidenceDigest) return 'stale-evidence';
  if (decision.evidenceDigest !== null && decision.evidenceDigest !== approval.evidenceDigest) return 'stale-evidence';
  const standing = approval.decisions.some(({ by }) => by === decision.by);
  if (decision.verdict === 'withdraw') return standing ? undefined : 'not-yet';
  return standing ? 'already-decided' : undefined;
}

/** Whether the person may decide on this run. */
export function entitled(context: ApprovalContext, decision: Decision): RefusalReason | undefined {
  if (sameActor(decision.by, context.requestedBy)) return 'requester';
  if (decision.credential !== null && decision.credential === context.credential) return 'requester';
  const asked = Object.keys(context.settings.groups);
  const counts = decision.groups.some(
    (group) => context.approvers.includes(group) && (asked.includes('*') || asked.includes(group)),
  );
  return counts ? undefined : 'not-entitled';
}

/** Counts a decision that was screened, verified and found entitled. */
export function count(approval: Approval, decision: Decision): Approval {
  const others = approval.decisions.filter(({ by }) => by !== decision.by);
  return { ...approval, decisions: decision.verdict === 'withdraw' ? others : [...others, decision] };
}

/** Records a decision that does not count. Only the newest 20 are kept. */
export function refuse(approval: Approval, refusal: Refusal): Approval {
  return { ...approval, refused: [...approval.refused, refusal].slice(-20) };
}

/** What the decisions so far amount to. One denial denies. */
export function outcome(context: ApprovalContext, approval: Approval): ApprovalOutcome {
  const denial = approval.decisions.find(({ verdict }) => verdict === 'deny');
  if (denial) return { kind: 'denied', by: denial.by, comment: denial.comment };
  const progress = approvalProgress(context, approval.decisions);
  return progress.given >= progress.needed ? { kind: 'approved', by: progress.by } : { kind: 'open' };
}

/** How many approvals are needed and given. A person fills one place of one group, whichever helps most. */
export function approvalProgress(
  { settings, approvers }: Pick<ApprovalContext, 'settings' | 'approvers'>,
  decisions: readonly Decision[],
): { readonly needed: number; readonly given: number; readonly by: string[] } {
  const places = Object.entries(settings.groups).flatMap(([group, n]) => Array.from({ length: n }, () => group));
  const people = decisions.filter(({ verdict }) => verdict === 'approve');
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

/** Subjects are compared without regard to case or outer space, so that `Alice@…` cannot approve what `alice@…` asked for. */
export const sameActor = (a: string | null, b: string | null): boolean =>
  a !== null && b !== null && a.trim().toLowerCase() === b.trim().toLowerCase();

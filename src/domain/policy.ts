/** The policy: what the findings of an image mean for it. Deny wins over review, review over approve. */
import type { Assessment, Finding, Severity } from './findings';

/** A rule matches findings by all its conditions and fires when more than `moreThan` (default 0) match; `always` fires always. */
export type Rule =
  | { readonly always: true }
  | {
      readonly severity?: Severity | readonly Severity[];
      readonly fixAvailable?: boolean;
      readonly exploitAvailable?: boolean;
      readonly moreThan?: number;
    };

export interface Policy {
  readonly deny: readonly Rule[];
  readonly review: readonly Rule[];
}

export type Verdict = 'approve' | 'review' | 'deny';

export interface Judgement {
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
}

/** What a line says of an assessment that is not complete. */
export type OnIncomplete = 'review' | 'deny';

/** Judges an image. An assessment that is not complete is never clean: it gives at least `onIncomplete`. */
export function judge(
  policy: Policy,
  findings: readonly Finding[],
  assessments: readonly Assessment[],
  onIncomplete: OnIncomplete,
): Judgement {
  const gaps = assessments.filter(({ status }) => status !== 'complete').map(gapReason);
  // A scan that says itself that it did not see everything is not clean either.
  for (const { assessor, status, warnings } of assessments)
    if (status === 'complete' && warnings.length > 0) gaps.push(`${assessor} has gaps: ${warnings.join('; ')}`);
  if (assessments.length === 0) gaps.push('nothing assessed this image');
  const denied = [
    ...policy.deny.flatMap((rule) => fire(rule, findings, 'denied')),
    ...(onIncomplete === 'deny' ? gaps : []),
  ];
  const review = [
    ...policy.review.flatMap((rule) => fire(rule, findings, 'needs review')),
    ...(onIncomplete === 'review' ? gaps : []),
  ];
  const reasons = [...denied, ...review];
  if (denied.length > 0) return { verdict: 'deny', reasons };
  return review.length > 0 ? { verdict: 'review', reasons } : { verdict: 'approve', reasons: ['no rule fired'] };
}

function gapReason({ assessor, status, reason }: Assessment): string {
  return `${assessor} is ${status}${reason ? `: ${reason}` : ''}`;
}

function fire(rule: Rule, findings: readonly Finding[], effect: string): string[] {
  if ('always' in rule) return [`${effect}: always`];
  const matching = findings.filter((finding) => matches(rule, finding)).length;
  const limit = rule.moreThan ?? 0;
  if (matching <= limit) return [];
  const allowed = limit > 0 ? ` (at most ${limit} allowed)` : '';
  return [`${effect}: ${matching} ${describe(rule)}${allowed}`];
}

type Matcher = Exclude<Rule, { readonly always: true }>;

function matches(rule: Matcher, finding: Finding): boolean {
  return (
    (rule.severity === undefined || severities(rule.severity).includes(finding.severity)) &&
    (rule.fixAvailable === undefined || rule.fixAvailable === finding.fixAvailable) &&
    (rule.exploitAvailable === undefined || rule.exploitAvailable === finding.exploitAvailable)
  );
}

function describe({ severity, fixAvailable, exploitAvailable }: Matcher): string {
  const which = severity === undefined ? '' : `${severities(severity).join(' or ')} `;
  const fix = fixAvailable === undefined ? '' : fixAvailable ? ' with a fix' : ' without a fix';
  const exploit =
    exploitAvailable === undefined ? '' : exploitAvailable ? ' with a known exploit' : ' without a known exploit';
  return `${which}findings${fix}${exploit}`;
}

const severities = (given: Severity | readonly Severity[]): readonly Severity[] =>
  typeof given === 'string' ? [given] : given;

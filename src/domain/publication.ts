/** Whether a run may publish: everything an approval rests on, looked at once more, from evidence alone. */
import { approvalContext, entitled, outcome, sameActor, type Approval, type Decision } from './approval';
import type {
  AskedStatement,
  AssessmentStatement,
  BakeStatement,
  CandidateStatement,
  EvaluationStatement,
  EvidenceRef,
  RequestStatement,
  SettingsStatement,
} from './evidence';
import { uniteFindings } from './findings';
import { judge } from './policy';

/** What the evidence store holds of a run, opened and its seals verified. */
export interface PublicationEvidence {
  readonly run: string;
  readonly line: string;
  readonly request: RequestStatement;
  readonly settings: SettingsStatement;
  readonly settingsRef: EvidenceRef;
  readonly bake: BakeStatement | null;
  readonly candidate: CandidateStatement;
  readonly assessments: readonly { readonly ref: EvidenceRef; readonly statement: AssessmentStatement }[];
  readonly evaluation: EvaluationStatement;
  /** Digest of `evaluation.basis`, computed anew. */
  readonly digest: string;
  /** When people were asked; null when they were not, or are just about to be. */
  readonly asked: AskedStatement | null;
  /** Each person's last decision, of those that still stand by the config of now. */
  readonly decisions: readonly Decision[];
}

/** How far after the deadline a decision's time may lie: clocks differ. */
const CLOCK_SKEW_MS = 5 * 60_000;

/** Why this run may not publish; empty when it may. */
export function publicationFaults(evidence: PublicationEvidence): string[] {
  return [...bindingFaults(evidence), ...assessmentFaults(evidence), ...approvalFaults(evidence)];
}

function bindingFaults({ run, line, request, settings, bake, candidate, evaluation }: PublicationEvidence): string[] {
  const faults: string[] = [];
  const image = candidate.image;
  const bound = [settings.run, request.run, candidate.run, evaluation.run, evaluation.basis.run, bake?.run ?? run];
  if (bound.some((name) => name !== run)) faults.push('a document belongs to another run');
  if ([settings.line, settings.settings.line.name, request.request.line].some((name) => name !== line))
    faults.push('a document belongs to another line');
  if (image.region !== settings.settings.line.region)
    faults.push(`the image is in ${image.region}, not in the line's region`);
  if (evaluation.basis.amiId !== image.id) faults.push('what was evaluated is another image');
  const isImage = (id: string, region: string): boolean => id === image.id && region === image.region;
  const brought = request.request.image;
  // A run that was asked to examine a brought image bakes none, whatever a bake's statement says.
  const origin = candidate.baked
    ? !brought && bake?.images.some(({ amiId, region }) => isImage(amiId, region))
    : brought && isImage(brought.id, brought.region);
  if (!origin) faults.push('the image is neither the one that was baked nor the one that was brought');
  const strangers = candidate.siblings.filter(
    ({ id, region }) => !bake?.images.some((made) => made.amiId === id && made.region === region),
  );
  if (strangers.length > 0 || (!candidate.baked && candidate.siblings.length > 0))
    faults.push('an image of another region is none of this bake');
  return faults;
}

function assessmentFaults({
  request,
  settings,
  settingsRef,
  assessments,
  candidate,
  evaluation,
  digest,
}: PublicationEvidence): string[] {
  const faults: string[] = [];
  const { run, basis } = evaluation;
  if (assessments.some(({ statement }) => statement.run !== run || statement.amiId !== candidate.image.id))
    faults.push('an assessment belongs to another run or image');
  const brought = request.request.instance?.id;
  if (brought !== undefined && assessments.some(({ statement }) => statement.instanceId !== brought))
    faults.push('what was assessed is not the instance that was brought');
  const wanted = settings.settings.line.assess.map(({ kind }) => kind).sort();
  const got = assessments.map(({ statement }) => statement.assessment.assessor).sort();
  if (wanted.join() !== got.join())
    faults.push(`assessed by [${got.join(', ')}], where the line asks for [${wanted.join(', ')}]`);
  const refs = assessments.map(({ ref }) => ref);
  if (basis.settings !== settingsRef || basis.assessments.join() !== refs.join())
    faults.push('the evaluation rests on other documents');
  if (digest !== evaluation.digest) faults.push('the evidence digest does not fit the evidence');
  return faults;
}

function approvalFaults(evidence: PublicationEvidence): string[] {
  const { run, settings, assessments, evaluation, request, decisions, digest, asked } = evidence;
  const { line } = settings.settings;
  const results = assessments.map(({ statement }) => statement.assessment);
  const { verdict } = judge(line.policy, uniteFindings(results), results, line.onIncomplete);
  // The verdict of then counts too: what people saw must not become milder because the program was renewed meanwhile.
  const verdicts = [verdict, evaluation.verdict];
  if (verdicts.includes('deny')) return ['the policy denies this image'];
  const context = approvalContext(settings.settings, request);
  const ofRun = decisions.filter((decision) => decision.run === run);
  const said = ofRun.filter((decision) => entitled(context, decision) === undefined);
  if (said.some((decision) => decision.verdict === 'deny')) return ['somebody who may decide denied this image'];
  if (line.approval.auto && verdicts.every((one) => one === 'approve')) return [];
  const latest = Date.parse((asked ?? evaluation).at) + line.approval.deadlineHours * 3_600_000 + CLOCK_SKEW_MS;
  const standing = said.filter(
    (decision) =>
      decision.evidenceDigest === digest && Date.parse(decision.at) <= latest && !isWithdrawn(decision, ofRun),
  );
  const approval: Approval = { evidenceDigest: digest, deadline: '', decisions: standing, refused: [] };
  const result = outcome(context, approval);
  return result.kind === 'approved' ? [] : ['the approvals that still stand do not suffice'];
}

/** Whether the person took it back later, or at a time that cannot be told to be earlier. */
const isWithdrawn = ({ by, at }: Decision, decisions: readonly Decision[]): boolean =>
  decisions.some(
    (other) => other.verdict === 'withdraw' && sameActor(other.by, by) && !(Date.parse(other.at) < Date.parse(at)),
  );

import type { EvaluationBasis, EvidenceRef, RunRefs } from '../domain/evidence';
import { countFindings, uniteFindings } from '../domain/findings';
import { judge } from '../domain/policy';
import type { Evaluation } from '../domain/run';
import type { Deps } from './deps';

/** Most reasons that enter history; all of them are in the evidence. */
const MOST_REASONS = 12;

export const createEvaluateActivities = ({ documents, sealer }: Deps) => ({
  /** Judges the image by the run's own settings and stores what an approver will see. */
  async evaluate(input: { run: string; amiId: string; refs: RunRefs; settingsRef: EvidenceRef }): Promise<Evaluation> {
    const { run, amiId, refs } = input;
    const { settings, line } = await documents.load('settings', input.settingsRef);
    const statements = await Promise.all(refs.assessments.map((ref) => documents.load('assessment', ref)));
    const assessments = statements.map(({ assessment }) => assessment);
    const findings = uniteFindings(assessments);
    const approved = (await documents.readCatalogue(line)).images.findLast(({ published }) => published.length > 0);
    const counts = countFindings(findings, approved?.findingKeys ?? null);
    const { policy, onIncomplete } = settings.line;
    const { verdict, reasons } = judge(policy, findings, assessments, onIncomplete);
    const before = new Set(approved?.findingKeys ?? []);
    const now = new Set(findings.map(({ key }) => key));
    const basis: EvaluationBasis = {
      run,
      amiId,
      settings: input.settingsRef,
      assessments: refs.assessments,
      findings,
      diff: {
        against: approved?.amiId ?? null,
        added: approved ? [...now].filter((key) => !before.has(key)) : [],
        removed: [...before].filter((key) => !now.has(key)),
      },
      waivers: [],
      policy,
      onIncomplete,
    };
    const digest = sealer.digest(basis);
    const ref = await documents.store({
      kind: 'evaluation',
      run,
      digest,
      basis,
      verdict,
      reasons,
      counts,
      at: new Date().toISOString(),
    });
    await documents.writeRefs(run, { ...refs, evaluation: ref });
    return { verdict, reasons: reasons.slice(0, MOST_REASONS), findings: counts, evidenceDigest: digest, ref };
  },
});

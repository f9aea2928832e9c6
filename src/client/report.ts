import type { RunRefs } from '../domain/evidence';
import type { StatusDocument } from '../domain/status';
import type { Report } from './api';
import type { Archive } from './archive';

/** Puts a run's evidence together. `not-yet` before it was judged. */
export async function reportOf(archive: Archive, run: StatusDocument): Promise<Report | 'not-yet'> {
  const refs: RunRefs | undefined = await archive.refs(run.id);
  if (!refs?.settings || !refs.evaluation) return 'not-yet';
  const ending = await archive.ending(run.id);
  const settings = await archive.load('settings', refs.settings);
  const { verdict, reasons, digest, basis } = await archive.load('evaluation', refs.evaluation);
  const assessments = await Promise.all(refs.assessments.map((ref) => archive.load('assessment', ref)));
  const decisions = await Promise.all((ending?.refs ?? refs).decisions.map((ref) => archive.load('decision', ref)));
  return {
    run,
    request: archive.request(settings.request).request,
    evidenceDigest: digest,
    verdict,
    reasons,
    assessments: assessments.map(({ assessment }) => assessment),
    findings: basis.findings,
    diff: basis.diff,
    decisions: decisions.map(({ decision: { by, verdict: said, comment, at } }) => ({
      by,
      verdict: said,
      comment,
      at,
    })),
    timeline: ending?.timeline ?? [],
  };
}

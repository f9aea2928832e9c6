import type { EvidenceRef } from '../domain/evidence';
import { isEnd } from '../domain/run';
import type { StatusDocument } from '../domain/status';
import type { Report } from './api';
import type { Archive } from './archive';

/**
 * Puts a run's evidence together; `decisions` are those that count so far, for a run that has no ending yet. `not-yet` while the
 * run is on its way to be judged. What an ended run never came to is null or empty.
 */
export async function reportOf(
  archive: Archive,
  run: StatusDocument,
  decisions: readonly EvidenceRef[],
): Promise<Report | 'not-yet'> {
  const stored = await archive.refs(run.id);
  if (!stored?.evaluation && !isEnd(run.status)) return 'not-yet';
  const ending = await archive.ending(run.id);
  const refs = ending?.refs ?? stored;
  const settings = await loaded(archive, run.id, 'settings', refs?.settings);
  const evaluation = await loaded(archive, run.id, 'evaluation', refs?.evaluation);
  const assessments = await Promise.all(
    (refs?.assessments ?? []).map((ref) => archive.load(run.id, 'assessment', ref)),
  );
  const said = await Promise.all(
    (ending?.refs.decisions ?? decisions).map((ref) => archive.load(run.id, 'decision', ref)),
  );
  return {
    run,
    request: settings ? archive.request(settings.request).request : null,
    evidenceDigest: evaluation?.digest ?? null,
    verdict: evaluation?.verdict ?? null,
    reasons: evaluation?.reasons ?? [],
    assessments: assessments.map(({ assessment }) => assessment),
    findings: evaluation?.basis.findings ?? [],
    diff: evaluation?.basis.diff ?? { against: null, added: [], removed: [] },
    decisions: said.map(({ decision: { by, verdict, comment, at } }) => ({ by, verdict, comment, at })),
    timeline: ending?.timeline ?? [],
  };
}

async function loaded<K extends 'settings' | 'evaluation'>(
  archive: Archive,
  run: string,
  kind: K,
  ref: EvidenceRef | null | undefined,
) {
  return ref ? archive.load(run, kind, ref) : undefined;
}

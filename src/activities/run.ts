import { NO_REFS, type EndingStatement, type EvidenceRef, type RunRefs, type TimelineEntry } from '../domain/evidence';
import { BadInput, Forbidden, TryAgain } from '../domain/errors';
import { requestFaults, type RunRequest } from '../domain/request';
import type { Image } from '../domain/image';
import type { CandidateImage, EndStatus, RegionImage } from '../domain/run';
import { scheduleRequester } from '../domain/schedule';
import type { RunSettings } from '../domain/settings';
import type { StatusDocument } from '../domain/status';
import type { Deps } from './deps';

export interface OpenedRun {
  readonly request: RunRequest;
  /** Credential that asked, and whom it speaks for. */
  readonly credential: string;
  readonly subject: string | null;
  readonly settings: RunSettings;
  readonly settingsRef: EvidenceRef;
}

const located = ({ id, region }: Image): RegionImage => ({ amiId: id, region });

export const createRunActivities = ({ settings, signatures, documents, evidence, runs }: Deps) => ({
  /** A run's first act: verifies the request and stores the line's settings, sealed and bound to run and line. */
  async openRun({ run, line, token }: { run: string; line: string; token: string }): Promise<OpenedRun> {
    const statement = signatures.request(token);
    if (statement.run !== run || statement.request.line !== line)
      throw new BadInput([`the signed request is for run ${statement.run}, not for ${run}`]);
    const current = settings.forLine(line);
    if (!current) throw new BadInput([`line ${line} is not in this worker's config`]);
    if (statement.credential === scheduleRequester(line) && !current.line.schedule)
      throw new Forbidden(`line ${line} has no schedule in this worker's config`);
    const faults = requestFaults(statement.request, current.line, current.spinnaker);
    if (faults.length > 0) throw new BadInput(faults);
    const { deploy } = current.line;
    if (deploy?.kind === 'ec2' && deploy.userData !== null) {
      // The settings name the text by its hash, and so does the store.
      const text = settings.userData(deploy.userData);
      if (text === undefined) throw new TryAgain(`the config of line ${line} has just changed`);
      await evidence.put(text);
    }
    const at = statement.at;
    const settingsRef = await documents.store({ kind: 'settings', run, line, settings: current, request: token, at });
    await documents.writeRefs(run, { ...NO_REFS, settings: settingsRef });
    const { request, credential, subject } = statement;
    return { request, credential, subject, settings: current, settingsRef };
  },

  /** What a sweep needs to clean up after a run that can no longer do it itself; refused while the run is open. */
  async openSweep({ run }: { run: string }): Promise<OpenedRun & { at: string; image: CandidateImage | null }> {
    const standing = await runs.standing(run);
    if (standing === 'open') throw new Forbidden(`run ${run} is still open: cancel it, and it cleans up by itself`);
    const refs = await documents.readRefs(run);
    if (standing === 'unknown' || !refs?.settings) throw new BadInput([`run ${run} is not known here`]);
    const { settings: kept, request: token, at } = await documents.load('settings', refs.settings);
    const { request, credential, subject } = signatures.request(token);
    const candidate = refs.candidate ? await documents.load('candidate', refs.candidate) : null;
    const image = candidate && {
      ...located(candidate.image),
      baked: candidate.baked,
      siblings: candidate.siblings.map(located),
    };
    return { request, credential, subject, settings: kept, settingsRef: refs.settings, at, image };
  },

  /** A run's last act: its ending, for the time after Temporal has forgotten it. */
  async closeRun(input: {
    run: string;
    status: StatusDocument & { status: EndStatus };
    timeline: readonly TimelineEntry[];
    refs: RunRefs;
    bodyHash: string;
    credential: string;
  }): Promise<void> {
    const ending: EndingStatement = { kind: 'ending', ...input };
    await documents.writeRefs(input.run, input.refs);
    await documents.writeNamed(ending);
  },
});

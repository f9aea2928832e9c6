import type { AwsRegion, EvidenceStore } from '../adapters/ports';
import {
  documentName,
  type CandidateStatement,
  type Catalogue,
  type PublicationResult,
  type RunRefs,
  type SettingsStatement,
} from '../domain/evidence';
import { EvidenceChanged, Final, Forbidden } from '../domain/errors';
import { imageStateOf, newerThan } from '../domain/image';
import { TAG } from '../domain/names';
import { publicationFaults, type PublicationEvidence } from '../domain/publication';
import { approvalContext, countAll, type Decision } from '../domain/approval';
import type { Publication } from '../domain/run';
import type { RunSettings } from '../domain/settings';
import { notReady } from './attempt';
import type { Deps } from './deps';

/** A parameter write, noted before it is made, so that one more look is not one more write. */
interface Intent {
  /** ISO 8601. */
  readonly at: string;
  /** Whether AWS said yes; what became of a write without an answer is not known. */
  readonly accepted: boolean;
  /** How many writes AWS has accepted so far. */
  readonly taken: number;
}

/** A write that AWS did not accept is made again after this long; while it validates one it refuses the next. */
const AGAIN_AFTER_MS = 5_000;
/** So many polls later a write that AWS accepted and did not apply is made again; at the default pace the five minutes that AWS asks for. */
const UNAPPLIED_AFTER_POLLS = 10;
/**
 * Writes that AWS accepted and never applied, after which the value counts as refused: why an `aws:ec2:image` value was refused,
 * and even that it was, is told on EventBridge only (Parameter Store user guide, "Native parameter support for AMI IDs").
 */
const MOST_WRITES = 3;
/** How long a write whose run takes it back may still be applied. */
const VALIDATION_MS = 30_000;

export const createPublishActivities = (deps: Deps) => {
  const { documents, aws } = deps;

  async function conclude(run: string, line: string, result: PublicationResult): Promise<PublicationResult> {
    const at = new Date().toISOString();
    await documents.writeNamed({ kind: 'publication', run, line, result, at });
    return result;
  }

  return {
    /**
     * Publishes a run's image, one look an attempt: proves from evidence that it may, tags it, writes the parameter, waits
     * until AWS shows our value, moves the labels, and notes it in the catalogue. Every part may be repeated.
     */
    async publish({ run, line }: { run: string; line: string }): Promise<PublicationResult> {
      const done = await documents.readNamed('publication', run);
      if (done) return done.result;
      const evidence = await gather(deps, run, line);
      const faults = publicationFaults(evidence);
      if (faults.length > 0) throw new Forbidden(`run ${run} may not publish: ${faults.join('; ')}`);

      const { settings } = evidence.settings;
      const region = aws.region(settings.line.region);
      const image = evidence.candidate.image;
      const current = await region.images.describe(image.id);
      const state = imageStateOf(current);
      if (current.tags[TAG.run] !== run || (state !== 'candidate' && state !== 'approved'))
        throw new Final(`${image.id} is no longer this run's candidate`);
      const catalogue = await documents.readCatalogue(line);
      const newer = newerThan(image.createdAt, catalogue);
      if (state !== 'approved') await region.images.tag(image.id, { [TAG.state]: 'approved' });
      await approveSiblings(deps, evidence);
      if (newer) {
        await note(deps, catalogue, evidence, []);
        return conclude(run, line, { kind: 'superseded', by: newer.amiId });
      }
      const publication = await writeParameter(deps, region, evidence.settings, evidence.candidate);
      const after = await region.images.describe(image.id);
      if (imageStateOf(after) !== 'approved') throw notReady(`tags of ${image.id} are not visible yet`, 1);
      await note(deps, catalogue, evidence, [publication]);
      return conclude(run, line, { kind: 'published', published: [publication] });
    },

    /**
     * A publication that failed for good: takes back what it did, so that no parameter names an image that is about to go.
     */
    async unpublish({ run, line, error }: { run: string; line: string; error: string }): Promise<PublicationResult> {
      const done = await documents.readNamed('publication', run);
      if (done) return done.result;
      const refs = await documents.readRefs(run);
      if (!refs?.settings || !refs.candidate) return conclude(run, line, { kind: 'failed', error });
      const { settings } = await documents.load('settings', refs.settings);
      const { image, siblings } = await documents.load('candidate', refs.candidate);
      const kept = await takeBack(deps, aws.region(settings.line.region), settings, run, image.id);
      if (!kept) for (const { id, region } of siblings) await backToCandidate(aws.region(region), run, id);
      return conclude(run, line, { kind: 'failed', error: kept ? `${error}; ${kept}` : error });
    },

    /** What became of a run's publication, from evidence: a signal that says so is only a hint. */
    async readPublication({ run }: { run: string }): Promise<PublicationResult | null> {
      return (await documents.readNamed('publication', run))?.result ?? null;
    },

    /** Stores where the evidence is and puts the run into its line's queue. */
    async enqueuePublication({ run, line, refs }: { run: string; line: string; refs: RunRefs }): Promise<void> {
      await documents.writeRefs(run, refs);
      await deps.lines.enqueue({ run, line });
    },
  };
};

/** Tags what the bake made in other regions like the image itself, and reads that back; what is no longer the run's is left. */
async function approveSiblings({ aws }: Deps, { run, candidate }: PublicationEvidence): Promise<void> {
  const left: string[] = [];
  for (const { id, region } of candidate.siblings) {
    const { images } = aws.region(region);
    const { tags } = await images.describe(id);
    if (tags[TAG.run] !== run) throw new Final(`${id} in ${region} is no longer this run's`);
    if (tags[TAG.state] === 'approved') continue;
    await images.tag(id, { [TAG.state]: 'approved' });
    left.push(id);
  }
  if (left.length > 0) throw notReady(`tags of ${left.join(', ')} are not visible yet`, 1);
}

/** Opens everything a run's right to publish rests on. */
async function gather(deps: Deps, run: string, line: string): Promise<PublicationEvidence> {
  const { documents, signatures, sealer } = deps;
  const refs = await documents.readRefs(run);
  if (!refs?.settings || !refs.candidate || !refs.evaluation)
    throw new Forbidden(`run ${run} has no evidence to publish on`);
  if (await documents.readNamed('ending', run)) throw new Forbidden(`run ${run} has ended`);
  const settings = await documents.load('settings', refs.settings);
  const evaluation = await documents.load('evaluation', refs.evaluation);
  const assessments = await Promise.all(
    refs.assessments.map(async (ref) => ({ ref, statement: await documents.load('assessment', ref) })),
  );
  const request = signatures.request(settings.request);
  const digest = sealer.digest(evaluation.basis);
  // Not by the references, which come from the workflow: they could leave out a denial or a withdrawal.
  const said = await documents.decisionsOf(run);
  const standing = said.flatMap(({ decision, token }) => stillStands(deps, settings, decision, token));
  return {
    run,
    line,
    request,
    settings,
    settingsRef: refs.settings,
    bake: refs.bake ? await documents.load('bake', refs.bake) : null,
    candidate: await documents.load('candidate', refs.candidate),
    assessments,
    evaluation,
    digest,
    asked: (await documents.readNamed('asked', run)) ?? null,
    decisions: countAll(approvalContext(settings.settings, request), digest, standing),
  };
}

/** A decision by the config of now: its key, its subject and its signature must still hold. */
function stillStands(deps: Deps, settings: SettingsStatement, decision: Decision, token: string | null): Decision[] {
  if (token === null) {
    if (settings.settings.line.approval.unsigned !== 'allow') return [];
    return [{ ...decision, groups: deps.signatures.groupsOf(decision.by) }];
  }
  try {
    return [deps.signatures.decision(token)];
  } catch (error) {
    if (error instanceof EvidenceChanged || error instanceof Forbidden) return [];
    throw error;
  }
}

interface Put {
  readonly name: string;
  readonly amiId: string;
  readonly description: string;
  readonly pollSeconds: number;
  /** Null: for as long as it takes. */
  readonly mostWrites: number | null;
}

/** Puts a value into a parameter, unless that is under way, and has the caller look again. */
async function put(
  { evidence }: Deps,
  { parameters }: AwsRegion,
  document: string,
  { name, amiId, description, pollSeconds, mostWrites }: Put,
): Promise<never> {
  const before = await readIntent(evidence, document);
  const unappliedAfterMs = Math.max(AGAIN_AFTER_MS, UNAPPLIED_AFTER_POLLS * pollSeconds * 1_000);
  if (!before || ageOf(before) > (before.accepted ? unappliedAfterMs : AGAIN_AFTER_MS)) {
    const taken = before?.taken ?? 0;
    if (mostWrites !== null && taken >= mostWrites)
      throw new Final(
        `${name} does not take ${amiId}: SSM accepted it ${taken} times and never applied it. Is the image available ` +
          'in this account and region, and may the writer call ec2:DescribeImages?',
      );
    const at = new Date().toISOString();
    await evidence.write(document, JSON.stringify({ at, accepted: false, taken } satisfies Intent));
    await parameters.write(name, amiId, description);
    await evidence.write(document, JSON.stringify({ at, accepted: true, taken: taken + 1 } satisfies Intent));
  }
  throw notReady(`${name} does not show ${amiId} yet`, Math.min(pollSeconds, 2));
}

async function readIntent(evidence: EvidenceStore, document: string): Promise<Intent | undefined> {
  const text = await evidence.read(document);
  return text === undefined ? undefined : (JSON.parse(text) as Intent);
}

const ageOf = ({ at }: Intent): number => Date.now() - Date.parse(at);

/** Writes the parameter once and waits until AWS, which validates `aws:ec2:image` values later, shows it. */
async function writeParameter(
  deps: Deps,
  region: AwsRegion,
  { run, settings }: SettingsStatement,
  { image }: CandidateStatement,
): Promise<Publication> {
  const { parameter: name } = settings.line.publish;
  const { pollSeconds } = settings;
  const { parameters } = region;
  const before = await parameters.read(name);
  if (before?.value !== image.id) {
    const description = `${settings.line.name}: ${image.name}, approved in run ${run}`;
    return put(deps, region, documentName.publicationIntent(run), {
      name,
      amiId: image.id,
      description,
      pollSeconds,
      mostWrites: MOST_WRITES,
    });
  }
  const approved = await parameters.read(name, 'approved');
  if (approved?.version !== before.version) {
    if (approved) await parameters.label(name, approved.version, ['previous']);
    await parameters.label(name, before.version, ['approved']);
  }
  const account = await deps.aws.account();
  return { account, region: image.region, parameter: name, version: before.version, amiId: image.id };
}

/** Adds the image to the catalogue, once. */
async function note(
  { documents }: Deps,
  catalogue: Catalogue,
  { run, candidate, evaluation }: PublicationEvidence,
  published: readonly Publication[],
): Promise<void> {
  const { image } = candidate;
  const entry = {
    run,
    amiId: image.id,
    region: image.region,
    createdAt: image.createdAt,
    state: 'approved' as const,
    approvedAt: new Date().toISOString(),
    published,
    findingKeys: evaluation.basis.findings.map(({ key }) => key),
  };
  const others = catalogue.images.filter((known) => known.run !== run);
  await documents.writeCatalogue({ ...catalogue, images: [...others, entry] });
}

/**
 * Takes back what this run wrote, and only that: the parameter and its label `approved` go back to the approved value before,
 * and the image back to candidate, for the run's undo to remove. Answers why the image has to be kept, where no earlier value
 * is known: a parameter must not name an image that is gone.
 */
async function takeBack(
  deps: Deps,
  region: AwsRegion,
  { line, pollSeconds }: RunSettings,
  run: string,
  amiId: string,
): Promise<string | undefined> {
  const { parameters } = region;
  const name = line.publish.parameter;
  const intent = await readIntent(deps.evidence, documentName.publicationIntent(run));
  if (intent) {
    const now = await parameters.read(name);
    const approved = await parameters.read(name, 'approved');
    const earlier = approved?.value === amiId ? await parameters.read(name, 'previous') : approved;
    const before = earlier?.value === amiId ? undefined : earlier;
    if (!before && (now?.value === amiId || approved?.value === amiId))
      return `${name} already names ${amiId} and no earlier approved image is known, so the image is kept`;
    if (before && now?.value === amiId) {
      const description = `taken back from run ${run}, whose publication failed`;
      return put(deps, region, documentName.reversal(run), {
        name,
        amiId: before.value,
        description,
        pollSeconds,
        mostWrites: null,
      });
    }
    if (before && approved?.value === amiId)
      await parameters.label(name, (now?.value === before.value ? now : before).version, ['approved']);
    // A write that was accepted, or lost, may still be applied.
    if (ageOf(intent) < VALIDATION_MS) throw notReady(`waiting whether ${name} still changes`, 2);
  }
  await backToCandidate(region, run, amiId);
  return undefined;
}

async function backToCandidate({ images }: AwsRegion, run: string, amiId: string): Promise<void> {
  const image = (await images.ofRun(run)).find(({ id }) => id === amiId);
  if (image && imageStateOf(image) === 'approved') await images.tag(amiId, { [TAG.state]: 'candidate' });
}

import type { Images } from '../adapters/ports';
import { madeSince, mayGo, removable, unitePlans, type Image, type Mandate, type RemovalPlan } from '../domain/image';
import { NotFound } from '../domain/errors';
import { TAG } from '../domain/names';
import type { RegionImage } from '../domain/run';
import { notReady } from './attempt';
import type { Deps } from './deps';
import { believeOrLookAgain, type Absence } from './patience';
import { sealedRequest } from './sealed';

export interface PlanInput {
  readonly run: string;
  /** Every region the run may have made an image in. */
  readonly regions: readonly string[];
  /** What the bake named, or what was brought; empty when neither is known. */
  readonly named: readonly RegionImage[];
  /** What is never removed, whatever its tags say. */
  readonly kept: readonly RegionImage[];
  /** Whether this run may have tagged what is named. */
  readonly tagged: boolean;
  /** What earlier rounds planned. */
  readonly before: RemovalPlan;
  readonly absence: Absence | null;
  readonly pollSeconds: number;
}

type Look = Omit<PlanInput, 'absence' | 'pollSeconds'>;

export const createUndoImageActivities = (deps: Deps) => ({
  /**
   * Decides what is this run's to take away. An approved, revoked or retired image, another run's, another account's, one from
   * before the run (Rosco hands out earlier images), or a brought one that is to be kept is never in `remove`.
   */
  async planRemoval({ absence, pollSeconds, ...input }: PlanInput): Promise<RemovalPlan> {
    const { plan, missing } = await lookForImages(deps, input);
    if (missing.length > 0) believeOrLookAgain(absence, missing.join('; '), pollSeconds);
    return plan;
  },

  /**
   * Tags `denied`, deregisters, deletes the snapshots (also those of the run whose image is gone already), and answers only
   * when all of that has been read back.
   */
  async removeImages(input: {
    run: string;
    regions: readonly string[];
    plan: RemovalPlan;
    pollSeconds: number;
  }): Promise<void> {
    const { plan, run, pollSeconds } = input;
    const mandate = await mandateOf(deps, run);
    const left: string[] = [];
    for (const region of new Set([...input.regions, ...plan.deny.map((one) => one.region)])) {
      const within = <T extends RegionImage>(all: readonly T[]): readonly T[] =>
        all.filter((one) => one.region === region);
      const one = { remove: within(plan.remove), deny: within(plan.deny) };
      left.push(...(await leftIn(deps.aws.region(region).images, { run, mandate }, one)));
    }
    if (left.length > 0) throw notReady(left.join('; '), Math.min(pollSeconds, 5));
  },
});

/** By the request as it was signed: a plan, and what a plan is made of, come from the workflow. */
async function mandateOf(deps: Deps, run: string): Promise<Mandate> {
  const { at, request } = await sealedRequest(deps, run);
  return { startedAt: at, brought: request.image ?? null };
}

/** What is to be taken away of what shows now, and what should show and does not. */
export async function lookForImages(
  deps: Deps,
  input: Look,
): Promise<{ plan: RemovalPlan; missing: readonly string[] }> {
  const { aws } = deps;
  const { run, named, kept } = input;
  const mandate = await mandateOf(deps, run);
  const account = await aws.account();
  const ours: Image[] = [];
  const missing: string[] = [];
  for (const region of new Set([...input.regions, ...named.map((one) => one.region)])) {
    const { images } = aws.region(region);
    const found = new Map((await images.ofRun(run)).map((image) => [image.id, image]));
    for (const { amiId } of named.filter((one) => one.region === region)) {
      const image = await find(images, amiId);
      if (image) {
        const mine = isUntaggedButOurs(image, account, mandate) ? await claim(images, image, run) : image;
        if (input.tagged && mine.tags[TAG.run] !== run) missing.push(`the tags of ${amiId} are not visible`);
        found.set(amiId, mine);
        // One that was planned was seen, and is gone since.
      } else if (!input.before.deny.some((one) => one.amiId === amiId)) missing.push(`image ${amiId} is not visible`);
    }
    for (const { amiId } of kept) found.delete(amiId);
    const mine = [...found.values()].filter((image) => image.ownerId === account && removable(image, run));
    await markSnapshots(
      images,
      run,
      mine.filter((image) => mayGo(image, mandate)),
    );
    ours.push(...mine);
  }
  const going = ours.filter((image) => mayGo(image, mandate));
  const now = {
    remove: going.map(({ id, region, snapshotIds }) => ({ region, amiId: id, snapshotIds })),
    deny: ours.map(({ id, region }) => ({ region, amiId: id })),
  };
  return { plan: unitePlans(input.before, now), missing };
}

/** Before anything goes: an image that is gone no longer names its snapshots, and a Packer template may tag the image only. */
async function markSnapshots(images: Images, run: string, going: readonly Image[]): Promise<void> {
  const all = going.flatMap(({ snapshotIds }) => snapshotIds);
  if (all.length === 0) return;
  const marked = new Set(await images.snapshotsOfRun(run));
  for (const id of all) if (!marked.has(id)) await images.tag(id, { [TAG.managed]: 'true', [TAG.run]: run });
}

/** Takes the next step of a removal in one region; answers what is not done yet. */
async function leftIn(
  images: Images,
  { run, mandate }: { readonly run: string; readonly mandate: Mandate },
  { remove, deny }: RemovalPlan,
): Promise<readonly string[]> {
  const left: string[] = [];
  const used = new Set<string>();
  for (const { amiId } of deny) {
    const image = await find(images, amiId);
    if (!image) continue;
    const goes = remove.some((entry) => entry.amiId === amiId) && mayGo(image, mandate);
    // Looked at again each time: it may have been approved or taken over since the plan was made.
    const ours = removable(image, run);
    if (!goes || !ours) for (const id of image.snapshotIds) used.add(id);
    if (!ours) continue;
    if (image.tags[TAG.state] !== 'denied') {
      await images.tag(amiId, { [TAG.state]: 'denied' });
      left.push(`${amiId} is not tagged denied yet`);
    } else if (goes) {
      await images.deregister(amiId);
      left.push(`${amiId} is still registered`);
    }
  }
  if (left.length > 0) return left;

  const listed = await images.ofRun(run);
  for (const { id, snapshotIds } of listed) {
    if (remove.some(({ amiId }) => amiId === id)) left.push(`${id} is still listed`);
    for (const snapshot of snapshotIds) used.add(snapshot);
  }
  // Also those of an image that a round before this one, or a run that was terminated, has taken away.
  const marked = new Set(await images.snapshotsOfRun(run));
  const suspects = new Set([...remove.flatMap(({ snapshotIds }) => snapshotIds), ...marked]);
  const snapshots = await images.existingSnapshots([...suspects].filter((id) => !used.has(id)));
  // EC2 refuses to delete a snapshot while an image uses it (InvalidSnapshot.InUse). One that shows no tag may be anybody's.
  if (left.length === 0)
    for (const snapshot of snapshots) if (marked.has(snapshot)) await images.deleteSnapshot(snapshot);
  return [...left, ...snapshots.map((snapshot) => `${snapshot} still exists`)];
}

async function find(images: Images, amiId: string): Promise<Image | undefined> {
  try {
    return await images.describe(amiId);
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
  }
}

/** What our own bake named, made since the run began, before anybody tagged it. */
const isUntaggedButOurs = (image: Image, account: string, { startedAt, brought }: Mandate): boolean =>
  brought === null &&
  image.ownerId === account &&
  image.tags[TAG.run] === undefined &&
  image.tags[TAG.state] === undefined &&
  madeSince(image, startedAt);

/** Marks it and its snapshots as the run's, so that a sweep finds them too. */
async function claim(images: Images, image: Image, run: string): Promise<Image> {
  const tags = { [TAG.managed]: 'true', [TAG.run]: run };
  for (const id of [image.id, ...image.snapshotIds]) await images.tag(id, tags);
  return { ...image, tags: { ...image.tags, ...tags } };
}

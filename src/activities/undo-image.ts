import type { Images } from '../adapters/ports';
import { madeSince, removable, type Image } from '../domain/image';
import { NotFound } from '../domain/errors';
import { TAG } from '../domain/names';
import type { RegionImage } from '../domain/run';
import { attempt, notReady } from './attempt';
import type { Deps } from './deps';

/** Images to remove, with their snapshots, which EC2 no longer names once the image is gone. */
export interface RemovalPlan {
  readonly remove: readonly (RegionImage & { readonly snapshotIds: readonly string[] })[];
  readonly deny: readonly RegionImage[];
}

/** Looks, a second apart, after which an image that is not visible counts as gone. */
const PATIENCE = 20;

export const createUndoImageActivities = ({ aws }: Deps) => {
  const activities = {
    /**
     * Decides what is this run's to take away. An approved, revoked or retired image, another run's, another account's, or a
     * brought one that is to be kept is never in `remove`.
     */
    async planRemoval(input: {
      run: string;
      /** Every region the run may have made an image in. */
      regions: readonly string[];
      /** What the bake named, or what was brought; empty when neither is known. */
      named: readonly RegionImage[];
      brought: boolean;
      destroy: boolean;
      startedAt: string;
    }): Promise<RemovalPlan> {
      const account = await aws.account();
      const regions = new Set([...input.regions, ...input.named.map(({ region }) => region)]);
      const ours: Image[] = [];
      for (const region of regions) {
        const { images } = aws.region(region);
        const found = new Map((await images.ofRun(input.run)).map((image) => [image.id, image]));
        for (const { amiId } of input.named.filter((one) => one.region === region)) {
          const named = await find(images, amiId);
          // What a bake has just made is not there yet for every reader (EC2 is eventually consistent), and not gone for that.
          if (!named && !input.brought && attempt() <= PATIENCE)
            throw notReady(`image ${amiId} in ${region} is not visible, or gone`, 1);
          if (named && !input.brought && isUntaggedButOurs(named, account, input.startedAt)) {
            const tags = { ...named.tags, [TAG.managed]: 'true', [TAG.run]: input.run };
            await images.tag(named.id, { [TAG.managed]: 'true', [TAG.run]: input.run });
            found.set(named.id, { ...named, tags });
          } else if (named) found.set(named.id, named);
        }
        ours.push(...[...found.values()].filter((one) => one.ownerId === account && removable(one, input.run)));
      }
      const isNamed = ({ id }: Image): boolean => input.named.some(({ amiId }) => amiId === id);
      const kept = (image: Image): boolean => input.brought && isNamed(image) && !input.destroy;
      return {
        remove: ours
          .filter((image) => !kept(image))
          .map(({ id, region, snapshotIds }) => ({ region, amiId: id, snapshotIds })),
        deny: ours.map(({ id, region }) => ({ region, amiId: id })),
      };
    },

    /** Waits for an image of a given-up bake; `null` once `until` has passed without one. */
    async awaitLateImage(input: {
      run: string;
      regions: readonly string[];
      startedAt: string;
      until: string;
      pollSeconds: number;
    }): Promise<RemovalPlan | null> {
      const plan = await activities.planRemoval({ ...input, named: [], brought: false, destroy: false });
      if (plan.remove.length > 0) return plan;
      if (Date.now() >= Date.parse(input.until)) return null;
      throw notReady(`no late image so far, watching until ${input.until}`, input.pollSeconds);
    },

    /** Tags `denied`, deregisters, deletes the snapshots, and answers only when all of that has been read back. */
    async removeImages(input: { run: string; plan: RemovalPlan; pollSeconds: number }): Promise<void> {
      const { plan, run, pollSeconds } = input;
      const left: string[] = [];
      for (const region of new Set(plan.deny.map((one) => one.region))) {
        const within = <T extends RegionImage>(all: readonly T[]): readonly T[] =>
          all.filter((one) => one.region === region);
        const one = { remove: within(plan.remove), deny: within(plan.deny) };
        left.push(...(await leftIn(aws.region(region).images, run, one)));
      }
      if (left.length > 0) throw notReady(left.join('; '), Math.min(pollSeconds, 5));
    },
  };
  return activities;
};

/** Takes the next step of a removal in one region; answers what is not done yet. */
async function leftIn(images: Images, run: string, { remove, deny }: RemovalPlan): Promise<readonly string[]> {
  const left: string[] = [];
  for (const { amiId } of deny) {
    const image = await find(images, amiId);
    // Looked at again each time: it may have been approved or taken over since the plan was made.
    if (!image || !removable(image, run)) continue;
    if (image.tags[TAG.state] !== 'denied') {
      await images.tag(amiId, { [TAG.state]: 'denied' });
      left.push(`${amiId} is not tagged denied yet`);
    } else if (remove.some((entry) => entry.amiId === amiId)) {
      await images.deregister(amiId);
      left.push(`${amiId} is still registered`);
    }
  }
  const stillThere = new Set(left.length > 0 ? [] : (await images.ofRun(run)).map(({ id }) => id));
  for (const { amiId } of remove) if (stillThere.has(amiId)) left.push(`${amiId} is still listed`);
  const snapshots = await images.existingSnapshots(remove.flatMap(({ snapshotIds }) => snapshotIds));
  // EC2 refuses to delete a snapshot while an image uses it (InvalidSnapshot.InUse).
  if (left.length === 0) for (const snapshot of snapshots) await images.deleteSnapshot(snapshot);
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
const isUntaggedButOurs = (image: Image, account: string, startedAt: string): boolean =>
  image.ownerId === account &&
  image.tags[TAG.run] === undefined &&
  image.tags[TAG.state] === undefined &&
  madeSince(image, startedAt);

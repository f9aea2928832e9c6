import type { Images } from '../adapters/ports';
import { removable, type Image } from '../domain/image';
import { NotFound } from '../domain/errors';
import { TAG } from '../domain/names';
import { notReady } from './attempt';
import type { Deps } from './deps';

/** Images to remove, with their snapshots, which EC2 no longer names once the image is gone. */
export interface RemovalPlan {
  readonly remove: readonly { readonly amiId: string; readonly snapshotIds: readonly string[] }[];
  readonly deny: readonly string[];
}

export const createUndoImageActivities = ({ aws }: Deps) => {
  const activities = {
    /**
     * Decides what is this run's to take away. An approved, revoked or retired image, another run's, another account's, or a
     * brought one that is to be kept is never in `remove`.
     */
    async planRemoval(input: {
      run: string;
      region: string;
      /** What the bake named, or what was brought; null when neither is known. */
      amiId: string | null;
      brought: boolean;
      destroy: boolean;
      startedAt: string;
    }): Promise<RemovalPlan> {
      const { images } = aws.region(input.region);
      const account = await aws.account();
      const found = new Map((await images.ofRun(input.run)).map((image) => [image.id, image]));
      const named = input.amiId === null ? undefined : await find(images, input.amiId);
      if (named && !input.brought && isUntaggedButOurs(named, account, input.startedAt)) {
        const tags = { ...named.tags, [TAG.managed]: 'true', [TAG.run]: input.run };
        await images.tag(named.id, { [TAG.managed]: 'true', [TAG.run]: input.run });
        found.set(named.id, { ...named, tags });
      } else if (named) found.set(named.id, named);

      const ours = [...found.values()].filter((image) => image.ownerId === account && removable(image, input.run));
      const kept = (image: Image): boolean => input.brought && image.id === input.amiId && !input.destroy;
      return {
        remove: ours.filter((image) => !kept(image)).map(({ id, snapshotIds }) => ({ amiId: id, snapshotIds })),
        deny: ours.map(({ id }) => id),
      };
    },

    /** Waits for an image of a given-up bake; `null` once `until` has passed without one. */
    async awaitLateImage(input: {
      run: string;
      region: string;
      startedAt: string;
      until: string;
      pollSeconds: number;
    }): Promise<RemovalPlan | null> {
      const plan = await activities.planRemoval({ ...input, amiId: null, brought: false, destroy: false });
      if (plan.remove.length > 0) return plan;
      if (Date.now() >= Date.parse(input.until)) return null;
      throw notReady(`no late image so far, watching until ${input.until}`, input.pollSeconds);
    },

    /** Tags `denied`, deregisters, deletes the snapshots, and answers only when all of that has been read back. */
    async removeImages(input: { run: string; region: string; plan: RemovalPlan; pollSeconds: number }): Promise<void> {
      const { images } = aws.region(input.region);
      const { remove, deny } = input.plan;
      const left: string[] = [];
      for (const amiId of deny) {
        const image = await find(images, amiId);
        // Looked at again each time: it may have been approved or taken over since the plan was made.
        if (!image || !removable(image, input.run)) continue;
        if (image.tags[TAG.state] !== 'denied') {
          await images.tag(amiId, { [TAG.state]: 'denied' });
          left.push(`${amiId} is not tagged denied yet`);
        } else if (remove.some((entry) => entry.amiId === amiId)) {
          await images.deregister(amiId);
          left.push(`${amiId} is still registered`);
        }
      }
      const stillThere = new Set(left.length > 0 ? [] : (await images.ofRun(input.run)).map(({ id }) => id));
      for (const { amiId } of remove) if (stillThere.has(amiId)) left.push(`${amiId} is still listed`);
      const snapshots = await images.existingSnapshots(remove.flatMap(({ snapshotIds }) => snapshotIds));
      // EC2 refuses to delete a snapshot while an image uses it (InvalidSnapshot.InUse).
      if (left.length === 0) for (const snapshot of snapshots) await images.deleteSnapshot(snapshot);
      left.push(...snapshots.map((snapshot) => `${snapshot} still exists`));
      if (left.length > 0) throw notReady(left.join('; '), Math.min(input.pollSeconds, 5));
    },
  };
  return activities;
};

async function find(images: Images, amiId: string): Promise<Image | undefined> {
  try {
    return await images.describe(amiId);
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
  }
}

/** Clocks differ between Spinnaker, EC2 and us. */
const CLOCK_SKEW_MS = 5 * 60_000;

/** What our own bake named, made since the run began, before anybody tagged it. */
const isUntaggedButOurs = (image: Image, account: string, startedAt: string): boolean =>
  image.ownerId === account &&
  image.tags[TAG.run] === undefined &&
  image.tags[TAG.state] === undefined &&
  Date.parse(image.createdAt) >= Date.parse(startedAt) - CLOCK_SKEW_MS;

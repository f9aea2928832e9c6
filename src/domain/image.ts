/** Images as AWS shows them, and what a run may do to them. */
import type { Catalogue, CatalogueEntry } from './evidence';
import { TAG } from './names';
import type { RegionImage } from './run';

export type ImageState = 'candidate' | 'approved' | 'denied' | 'revoked' | 'retired';

export interface Image {
  readonly id: string;
  readonly region: string;
  readonly name: string;
  readonly ownerId: string;
  /** EC2's ImageState: `available`, `pending`, `failed`, … */
  readonly state: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly snapshotIds: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
}

/** How another run that an image names stands. */
export type OtherRun = 'open' | 'ended' | 'unknown';

/** Why an image may not become this run's candidate; empty when it may. Nothing of a refused image is touched. */
export function candidateFaults(image: Image, run: string, account: string, other: OtherRun | null): string[] {
  const faults: string[] = [];
  const state = image.tags[TAG.state];
  const owner = image.tags[TAG.run];
  if (image.ownerId !== account) faults.push(`${image.id} belongs to account ${image.ownerId}, not to ${account}`);
  if (state === 'approved' || state === 'revoked' || state === 'retired')
    faults.push(`${image.id} is already ${state}`);
  if (owner !== undefined && owner !== run && other === 'open')
    faults.push(`${image.id} belongs to the open run ${owner}`);
  if (owner !== undefined && owner !== run && other !== 'open' && other !== 'ended')
    faults.push(`${image.id} names the run ${owner}, which is not known here`);
  return faults;
}

/** Clocks differ between Spinnaker, EC2 and us. */
const CLOCK_SKEW_MS = 5 * 60_000;

/** Whether an image can be this run's making, by its time. */
export const madeSince = ({ createdAt }: Image, startedAt: string): boolean =>
  Date.parse(createdAt) >= Date.parse(startedAt) - CLOCK_SKEW_MS;

/**
 * Why what the bake made in another region is not the same image as the candidate; empty when it is. One bake gives its images
 * one name (Orca's `amiSuffix` is shared by all regions of a bake stage).
 */
export function siblingFaults(image: Image, home: Image, startedAt: string): string[] {
  const faults: string[] = [];
  if (image.name !== home.name) faults.push(`${image.id} in ${image.region} is named ${image.name}, not ${home.name}`);
  if (!madeSince(image, startedAt)) faults.push(`${image.id} in ${image.region} is older than the run`);
  return faults;
}

/** Whether the undo of this run may tag the image `denied` and deregister it: made by it, still named by it, and never approved. */
export const removable = (image: Image, run: string): boolean =>
  image.tags[TAG.run] === run && !isLocked(image.tags[TAG.state]);

/** What a run was asked for, as far as it says what the run may take away. */
export interface Mandate {
  /** When it began, ISO 8601. */
  readonly startedAt: string;
  /** The image that it was brought; `destroy`: and given. */
  readonly brought: { readonly id: string; readonly destroy: boolean } | null;
}

/** Whether an image that is the run's may go: its own making, or one that was given to it. What was brought only is kept. */
export const mayGo = (image: Image, { startedAt, brought }: Mandate): boolean =>
  image.id === brought?.id ? brought.destroy : madeSince(image, startedAt);

/** Images to remove, with their snapshots, which EC2 no longer names once the image is gone. */
export interface RemovalPlan {
  readonly remove: readonly (RegionImage & { readonly snapshotIds: readonly string[] })[];
  readonly deny: readonly RegionImage[];
}

export const NOTHING_TO_REMOVE: RemovalPlan = { remove: [], deny: [] };

const nameOf = ({ region, amiId }: RegionImage): string => `${region} ${amiId}`;

/** Both plans' work: a later look does not see what an earlier one has taken away, though its snapshots may be left. */
export function unitePlans(before: RemovalPlan, now: RemovalPlan): RemovalPlan {
  const remove = new Map<string, RemovalPlan['remove'][number]>();
  for (const entry of [...before.remove, ...now.remove]) {
    const snapshotIds = new Set([...(remove.get(nameOf(entry))?.snapshotIds ?? []), ...entry.snapshotIds]);
    remove.set(nameOf(entry), { ...entry, snapshotIds: [...snapshotIds] });
  }
  const deny = new Map([...before.deny, ...now.deny].map((entry) => [nameOf(entry), entry]));
  return { remove: [...remove.values()], deny: [...deny.values()] };
}

/** States that no run may take away. */
const isLocked = (state: string | undefined): boolean =>
  state === 'approved' || state === 'revoked' || state === 'retired';

/** Tags of a candidate. */
export const candidateTags = (run: string, line: string): Record<string, string> => ({
  [TAG.managed]: 'true',
  [TAG.run]: run,
  [TAG.line]: line,
  [TAG.state]: 'candidate' satisfies ImageState,
});

/** `assay:state` of an image; `undefined` when it has none. */
export const imageStateOf = ({ tags }: Image): string | undefined => tags[TAG.state];

/** The published image of a line that is strictly newer by EC2's CreationDate, the newest first to be named. */
export function newerThan(createdAt: string, { images }: Catalogue): CatalogueEntry | undefined {
  return images
    .filter((entry) => entry.published.length > 0 && Date.parse(entry.createdAt) > Date.parse(createdAt))
    .sort((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt))[0];
}

import { candidateFaults, candidateTags, siblingFaults, type Image, type OtherRun } from '../domain/image';
import type { EvidenceRef } from '../domain/evidence';
import { Final, NotFound } from '../domain/errors';
import { TAG } from '../domain/names';
import type { RegionImage } from '../domain/run';
import { attempt, notReady } from './attempt';
import type { Deps } from './deps';
import { sealedRequest } from './sealed';

/** EC2 image states that never become `available` (EC2 API reference, Image). */
const DEAD_STATES = new Set(['failed', 'error', 'invalid', 'deregistered', 'disabled']);
/** Looks in which a missing image counts as not visible yet (EC2 is eventually consistent), not as missing. */
const PATIENCE = 20;

interface Candidate {
  readonly run: string;
  readonly bake: EvidenceRef | null;
  readonly siblings: readonly RegionImage[];
}

export const createImageActivities = (deps: Deps) => {
  const { aws, documents, runs } = deps;
  /** Why it may not become the run's; reads nothing but the other run that it names. */
  async function faultsOf(image: Image, run: string): Promise<string[]> {
    const owner = image.tags[TAG.run];
    const other: OtherRun | null = owner === undefined || owner === run ? null : await runs.standing(owner);
    const faults = candidateFaults(image, run, await aws.account(), other);
    return DEAD_STATES.has(image.state) ? [...faults, `${image.id} is ${image.state}`] : faults;
  }

  async function instanceFaults(
    { region, amiId, run, pollSeconds }: { region: string; amiId: string; run: string; pollSeconds: number },
    instanceId: string,
  ): Promise<string[]> {
    const what = `instance ${instanceId} in ${region}`;
    const look = await visible(() => aws.region(region).instances.describe(instanceId), what, pollSeconds);
    if (typeof look === 'string') return [look];
    const holder = look.tags[TAG.run];
    return [
      ...(look.imageId === amiId ? [] : [`${instanceId} runs ${look.imageId}, not ${amiId}`]),
      ...(look.state === 'running' || look.state === 'pending' ? [] : [`${instanceId} is ${look.state}`]),
      ...(holder === undefined || holder === run ? [] : [`${instanceId} belongs to run ${holder}`]),
    ];
  }

  /** Throws for an image that neither the run's bake made nor its request brought. */
  async function assertOfRun({ run, bake, ...home }: RegionImage & Candidate): Promise<void> {
    const made = bake === null ? null : await documents.load('bake', bake);
    const { image } = (await sealedRequest(deps, run)).request;
    const own = made?.run === run && !image ? made.images : [];
    const all = image ? [...own, { region: image.region, amiId: image.id }] : own;
    for (const { region, amiId } of [home, ...home.siblings])
      if (!all.some((one) => one.region === region && one.amiId === amiId))
        throw new Final(`${amiId} in ${region} is no image of run ${run}`);
  }

  return {
    /**
     * Makes the image this run's candidate, with what the same bake made in other regions: waits until all of them are there
     * and available, refuses them together (`Final`, every fault named, nothing touched) when one is not ours to take, then
     * tags them and their snapshots and reads the tags back.
     */
    async tagCandidate(input: {
      run: string;
      line: string;
      region: string;
      amiId: string;
      baked: boolean;
      /** What the bake made, as it was sealed; null where the image was brought. */
      bake: EvidenceRef | null;
      siblings: readonly RegionImage[];
      instanceId: string | null;
      /** When the run began, ISO 8601. */
      startedAt: string;
      pollSeconds: number;
    }): Promise<{ ref: EvidenceRef }> {
      const { run, pollSeconds } = input;
      await assertOfRun(input);
      const images: Image[] = [];
      const faults: string[] = [];
      for (const { region, amiId } of [input, ...input.siblings]) {
        const look = await visible(
          () => aws.region(region).images.describe(amiId),
          `image ${amiId} in ${region}`,
          pollSeconds,
        );
        if (typeof look === 'string') faults.push(look);
        else {
          images.push(look);
          faults.push(...(await faultsOf(look, run)));
        }
      }
      const home = images.find(({ id, region }) => id === input.amiId && region === input.region);
      const siblings = images.filter((image) => image !== home);
      if (home) for (const sibling of siblings) faults.push(...siblingFaults(sibling, home, input.startedAt));
      if (input.instanceId !== null) faults.push(...(await instanceFaults(input, input.instanceId)));
      if (faults.length > 0 || !home) throw new Final(`cannot be a candidate: ${faults.join('; ')}`);
      for (const { id, state } of images)
        if (state !== 'available') throw notReady(`image ${id} is ${state}`, pollSeconds);

      const tags = candidateTags(run, input.line);
      const left: string[] = [];
      for (const image of images) {
        const own = aws.region(image.region).images;
        const marked = new Set(image.snapshotIds.length === 0 ? [] : await own.snapshotsOfRun(run));
        const bare = image.snapshotIds.filter((id) => !marked.has(id));
        if (carries(image, tags) && bare.length === 0) continue;
        await own.tag(image.id, tags);
        for (const snapshot of bare) await own.tag(snapshot, { [TAG.managed]: 'true', [TAG.run]: run });
        left.push(image.id);
      }
      if (left.length > 0) throw notReady(`tags of ${left.join(', ')} are not visible yet`, Math.min(pollSeconds, 1));
      return { ref: await documents.store({ kind: 'candidate', run, image: home, baked: input.baked, siblings }) };
    },
  };
};

const carries = (image: Image, tags: Readonly<Record<string, string>>): boolean =>
  Object.entries(tags).every(([name, value]) => image.tags[name] === value);

/** Something that was just made may not be visible; what stays away is a fault, told in words. */
async function visible<T>(read: () => Promise<T>, what: string, pollSeconds: number): Promise<T | string> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
    if (attempt() > PATIENCE) return `${what} does not exist`;
    throw notReady(`${what} is not visible yet`, Math.min(pollSeconds, 3));
  }
}

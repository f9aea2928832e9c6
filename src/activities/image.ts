import type { Image, OtherRun } from '../domain/image';
import { candidateFaults, candidateTags } from '../domain/image';
import type { EvidenceRef } from '../domain/evidence';
import { Final, NotFound } from '../domain/errors';
import { TAG } from '../domain/names';
import { attempt, notReady } from './attempt';
import type { Deps } from './deps';

/** EC2 image states that never become `available` (EC2 API reference, Image). */
const DEAD_STATES = new Set(['failed', 'error', 'invalid', 'deregistered', 'disabled']);
/** Looks in which a missing image counts as not visible yet (EC2 is eventually consistent), not as missing. */
const PATIENCE = 20;

export const createImageActivities = ({ aws, documents, runs }: Deps) => ({
  /**
   * Makes the image this run's candidate: waits until it is there and available, refuses it (`Final`, nothing touched) when
   * it is not ours to take, then tags it and its snapshots and reads the tags back.
   */
  async tagCandidate(input: {
    run: string;
    line: string;
    region: string;
    amiId: string;
    baked: boolean;
    instanceId: string | null;
    pollSeconds: number;
  }): Promise<{ ref: EvidenceRef }> {
    const { run, region, amiId, pollSeconds } = input;
    const { images, instances } = aws.region(region);
    const image = await visible(() => images.describe(amiId), `image ${amiId} in ${region}`, pollSeconds);
    const owner = image.tags[TAG.run];
    const other: OtherRun | null = owner === undefined || owner === run ? null : await runs.standing(owner);
    const faults = candidateFaults(image, run, await aws.account(), other);
    if (DEAD_STATES.has(image.state)) faults.push(`${amiId} is ${image.state}`);
    if (input.instanceId !== null) {
      const { instanceId } = input;
      const instance = await visible(
        () => instances.describe(instanceId),
        `instance ${instanceId} in ${region}`,
        pollSeconds,
      );
      if (instance.imageId !== amiId) faults.push(`${instanceId} runs ${instance.imageId}, not ${amiId}`);
      if (instance.state !== 'running' && instance.state !== 'pending')
        faults.push(`${instanceId} is ${instance.state}`);
      const holder = instance.tags[TAG.run];
      if (holder !== undefined && holder !== run) faults.push(`${instanceId} belongs to run ${holder}`);
    }
    if (faults.length > 0) throw new Final(`cannot be a candidate: ${faults.join('; ')}`);
    if (image.state !== 'available') throw notReady(`image ${amiId} is ${image.state}`, pollSeconds);

    const tags = candidateTags(run, input.line);
    if (!carries(image, tags)) {
      await images.tag(amiId, tags);
      for (const snapshot of image.snapshotIds) await images.tag(snapshot, { [TAG.managed]: 'true', [TAG.run]: run });
      throw notReady(`tags of ${amiId} are not visible yet`, Math.min(pollSeconds, 1));
    }
    return { ref: await documents.store({ kind: 'candidate', run, image, baked: input.baked }) };
  },
});

const carries = (image: Image, tags: Readonly<Record<string, string>>): boolean =>
  Object.entries(tags).every(([name, value]) => image.tags[name] === value);

/** Something that was just made may not be visible; something that is not there stays away. */
async function visible<T>(read: () => Promise<T>, what: string, pollSeconds: number): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
    if (attempt() > PATIENCE) throw new Final(`${what} does not exist`);
    throw notReady(`${what} is not visible yet`, Math.min(pollSeconds, 3));
  }
}

import { sleep } from '@temporalio/workflow';
import { isExpected, timedOut } from './failures';
import type { LateBakeInput } from './messages';
import { HOUR, proxies } from './proxies';

/**
 * Watches for what a given-up bake still makes (Spinnaker's cancel does not reach Rosco's Packer, which may finish up to its own
 * job limit later), and removes it. The run that gave up does not wait for this.
 */
export async function lateBake(input: LateBakeInput): Promise<string[]> {
  const { run, regions, startedAt, pollSeconds } = input;
  const { poll } = proxies(pollSeconds);
  const removed: string[] = [];
  for (;;) {
    const plan = await proxies(pollSeconds)
      .watch()
      .awaitLateImage({ run, regions, startedAt, until: input.until, pollSeconds });
    if (plan === null) return removed;
    await removeUntilGone(() => poll(24 * HOUR).removeImages({ run, regions, plan, pollSeconds }));
    removed.push(...plan.remove.map(({ amiId }) => amiId));
  }
}

/** A day of tries at a time; an image that cannot be removed keeps this workflow open and visible. */
async function removeUntilGone(remove: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await remove();
    } catch (error) {
      if (!isExpected(error)) throw error;
      if (!timedOut(error)) await sleep(HOUR);
    }
  }
}

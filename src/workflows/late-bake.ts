import { sleep } from '@temporalio/workflow';
import type { GateMemory } from '../activities/gate-memory';
import { isExpected, timedOut } from './failures';
import type { LateBakeInput } from './messages';
import { HOUR, proxies } from './proxies';

/**
 * Watches for what a given-up bake still makes, and removes it: Spinnaker's cancel does not reach Rosco's Packer, which may finish
 * up to its own job limit later, and a bake that Gate did not tell of has not even been cancelled. The run that gave up does not
 * wait for this.
 */
export async function lateBake(input: LateBakeInput): Promise<string[]> {
  const { run, regions, pollSeconds } = input;
  const steps = proxies(pollSeconds);
  const removed: string[] = [];
  let gate: GateMemory = { awaySince: null };
  let { until } = input;
  for (;;) {
    const late = await steps.watch().awaitLateImage({ ...input, until, gate });
    if (late === null) return removed;
    ({ until, gate } = late);
    const { plan } = late;
    await removeUntilGone(() => steps.poll(24 * HOUR).removeImages({ run, regions, plan, pollSeconds }));
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

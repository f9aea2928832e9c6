import type { LateDeployInput } from './messages';
import { Memory } from './memory';
import { proxies } from './proxies';
import { untilDone } from './undo';

/**
 * Watches for what a given-up deploy still makes: a start that was still on its way, or an operation of Clouddriver that
 * Spinnaker's cancel does not reach; and removes it. The run that gave up does not wait for this.
 */
export async function lateDeploy(input: LateDeployInput): Promise<void> {
  // Watches that an earlier version began have none.
  const memory = new Memory(input.gate ?? { awaySince: null });
  const { poll } = proxies(input.pollSeconds);
  await untilDone('late deploy', input.pollSeconds, (limitMs) =>
    memory.during((gate) => poll(limitMs).watchLateDeploy({ ...input, gate })),
  );
}

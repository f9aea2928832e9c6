import type { GateMemory } from '../activities/gate-memory';
import { detailOf } from './failures';
import type { LateDeployInput } from './messages';
import { proxies } from './proxies';
import { Undo } from './undo';

/**
 * Watches for what a given-up deploy still makes: a start that was still on its way, or an operation of Clouddriver that
 * Spinnaker's cancel does not reach; and removes it. The run that gave up does not wait for this.
 */
export async function lateDeploy(input: LateDeployInput): Promise<void> {
  const undo = new Undo();
  let gate: GateMemory = { awaySince: null };
  undo.add({
    name: 'late deploy',
    always: true,
    async run(limitMs) {
      try {
        await proxies(input.pollSeconds)
          .poll(limitMs)
          .watchLateDeploy({ ...input, gate });
      } catch (error) {
        gate = detailOf<GateMemory>(error) ?? gate;
        throw error;
      }
    },
  });
  await undo.all('everything', input.pollSeconds, () => undefined);
}

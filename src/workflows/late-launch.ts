import type { LateLaunchInput } from './messages';
import { proxies } from './proxies';
import { untilDone } from './undo';

/**
 * Watches for the instance of a launch whose answer was lost, since EC2 may carry a request out, or show what came of it, after
 * the undo has looked; and removes it. The run does not wait for this.
 */
export async function lateLaunch(input: LateLaunchInput): Promise<void> {
  const { poll } = proxies(input.pollSeconds);
  await untilDone('late launch', input.pollSeconds, (limitMs) => poll(limitMs).watchLateLaunch(input));
}

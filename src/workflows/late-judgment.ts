import { isExpected, why } from './failures';
import type { LateJudgmentInput } from './messages';
import { proxies } from './proxies';

/**
 * Answers a manual judgment that begins only after the run has ended: the stage before it may wait for that very ending, or do
 * other things first. Gives back what is to be said of it; nothing is changed by one that cannot be given.
 */
export async function lateJudgment({ until, ...judgment }: LateJudgmentInput): Promise<string> {
  const { poll } = proxies(judgment.pollSeconds);
  const limitMs = Math.max(Date.parse(until) - Date.now(), 1);
  try {
    const { said } = await poll(limitMs).giveJudgment({ ...judgment, late: true });
    return said ?? `told the stage "${judgment.stage}" to ${judgment.judgment}`;
  } catch (error) {
    if (!isExpected(error)) throw error;
    return `the stage "${judgment.stage}" was not told: ${why(error)}`;
  }
}

import type { Notification } from '../adapters/ports';
import type { Deps } from './deps';

export const createNotifyActivities = ({ notifier }: Deps) => ({
  /** Tells every topic. A repeat is harmless: the token is the same for every try. */
  async notify({ topicArns, ...notification }: Notification & { topicArns: readonly string[] }): Promise<void> {
    for (const topicArn of topicArns) await notifier.notify(topicArn, notification);
  },
});

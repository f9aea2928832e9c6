import { ActivityCancellationType, proxyActivities, type ActivityOptions } from '@temporalio/workflow';
import type { Activities } from '../activities';
import { FINAL_TYPES } from '../domain/errors';
import { QUEUE } from '../domain/names';
import { SUMMARIES } from './summaries';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

type Calls = ReturnType<typeof proxyActivities<Activities>>;

/** Activities that say in the Temporal UI what they do. */
const calls = (options: ActivityOptions): Calls =>
  new Proxy({} as Calls, {
    get: (_, name: keyof Activities) => proxyActivities<Activities>({ ...options, summary: SUMMARIES[name] })[name],
  });

/** Timeouts and retries by kind of work; the only place with such numbers. `limitMs` is the step's own time limit. */
export function proxies(pollSeconds: number) {
  const retry = {
    initialInterval: SECOND,
    backoffCoefficient: 2,
    // No retry waits longer than this, however often it failed, unless the other side named a time.
    maximumInterval: Math.max(5, pollSeconds) * SECOND,
  };
  // A lost worker is noticed after this long; activities beat four times in it.
  const heartbeatTimeout = Math.min(60, Math.max(5, pollSeconds)) * SECOND;
  const tireless = { startToCloseTimeout: 2 * MINUTE, heartbeatTimeout, retry };
  const common = { ...tireless, retry: { ...retry, nonRetryableErrorTypes: [...FINAL_TYPES] } };
  // A cancelled run waits for the attempt under way, or else it could act after the undo has looked.
  const careful = { ...common, cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED };
  return {
    /** Acts, or reads once. */
    act: (limitMs: number = HOUR) => calls({ ...careful, taskQueue: QUEUE.main, scheduleToCloseTimeout: limitMs }),
    /** Waits for the outside: one poll an attempt, which costs no history. */
    poll: (limitMs: number) => calls({ ...careful, taskQueue: QUEUE.poll, scheduleToCloseTimeout: limitMs }),
    /** Launches with EC2, which are slowed down over all workers. */
    launch: (limitMs: number) => calls({ ...careful, taskQueue: QUEUE.launch, scheduleToCloseTimeout: limitMs }),
    /** Never gives up, whatever the fault: what the run cannot end without. Somebody has to mend it, and finds it pending. */
    always: () => calls({ ...tireless, taskQueue: QUEUE.main }),
    /** Waits for as long as the run does, whatever a look says. */
    watch: () => calls({ ...tireless, taskQueue: QUEUE.poll }),
    /** Nice to have: a few tries. */
    hint: () =>
      calls({
        ...common,
        taskQueue: QUEUE.main,
        retry: { ...common.retry, maximumAttempts: 3 },
        scheduleToCloseTimeout: MINUTE,
      }),
  };
}

export type Proxies = ReturnType<typeof proxies>;

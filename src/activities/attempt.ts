import { ApplicationFailure, Context } from '@temporalio/activity';
import { messageOf, TryAgain } from '../domain/errors';

type Activity = (...args: never[]) => Promise<unknown>;

/** The last heartbeat details of an attempt; repeated heartbeats must carry them, since a bare one would wipe them. */
const details = new WeakMap<Context, unknown>();

/** What an earlier attempt of this activity remembered, or this one. */
export function remembered<T>(): T | undefined {
  const context = Context.current();
  return (details.get(context) ?? context.info.heartbeatDetails ?? undefined) as T | undefined;
}

/** Remembers something for the next attempt, should this one be lost. */
export function remember(value: unknown): void {
  const context = Context.current();
  details.set(context, value);
  context.heartbeat(value);
}

/** Number of this attempt, from 1. */
export const attempt = (): number => Context.current().info.attempt;

/** When each attempt began, by our own clock. */
const began = new WeakMap<Context, number>();

/**
 * Throws once nobody waits for this attempt any more: its run was cancelled, or the time of it, or of all attempts, is up. What
 * it still did then would come after somebody has looked whether it did anything. A cancel gets here by the heartbeats.
 */
export function assertWanted(): void {
  const { cancellationSignal, info } = Context.current();
  cancellationSignal.throwIfAborted();
  const now = Date.now();
  const ends = [
    (began.get(Context.current()) ?? now) + (info.startToCloseTimeoutMs || Infinity),
    info.scheduledTimestampMs + attemptLimitMs(),
  ];
  if (now >= Math.min(...ends)) throw new TryAgain('the time of this attempt is up');
}

/** The time limit of all attempts together; infinite when there is none. */
export const attemptLimitMs = (): number => Context.current().info.scheduleToCloseTimeoutMs || Infinity;

/**
 * Not done yet: the server waits and tries again, which costs no history. Jitter of ten percent keeps many runs from polling in step.
 * `atLeastMs`: a time that the other side named. What was remembered survives to the workflow when the time limit ends the waiting.
 */
export function notReady(progress: string, pollSeconds: number, atLeastMs = 0): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'NotReady',
    message: progress,
    category: 'BENIGN',
    nextRetryDelay: Math.max(Math.round(pollSeconds * 1000 * (0.9 + 0.2 * Math.random())), atLeastMs),
    ...memory(),
  });
}

/** What an activity remembers, as the detail of its failure. */
function memory(): { readonly details?: unknown[] } {
  const state = remembered();
  return state === undefined ? {} : { details: [state] };
}

/**
 * What every activity gets: a steady heartbeat, so that a lost worker is noticed soon, and errors in the words that
 * Temporal understands. Messages only: stacks and causes of the outside stay out of history.
 */
export function attended<T extends Record<string, Activity>>(activities: T): T {
  return Object.fromEntries(Object.entries(activities).map(([name, activity]) => [name, attend(activity)])) as T;
}

function attend(activity: Activity): Activity {
  return async (...args) => {
    const context = Context.current();
    began.set(context, Date.now());
    const every = (context.info.heartbeatTimeoutMs ?? 30_000) / 4;
    const beat = setInterval(() => context.heartbeat(details.get(context) ?? context.info.heartbeatDetails), every);
    try {
      return await activity(...args);
    } catch (error) {
      throw translate(error);
    } finally {
      clearInterval(beat);
    }
  };
}

/**
 * An error as Temporal is told it. Whether it is tried again is the caller's choice, by the type (`proxies.ts`). What was
 * remembered survives to the workflow when there is no further try.
 */
function translate(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof ApplicationFailure) return error;
  if (error.name === 'CancelledFailure') return error;
  return ApplicationFailure.create({
    type: error.name,
    message: messageOf(error).slice(0, 2000),
    ...memory(),
    ...(error instanceof TryAgain && error.retryAfterMs !== undefined ? { nextRetryDelay: error.retryAfterMs } : {}),
  });
}

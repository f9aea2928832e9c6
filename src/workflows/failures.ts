import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';

/** Whether an activity ended because its time limit did. The server may report the last failure instead of a timeout. */
export const timedOut = (error: unknown): boolean =>
  error instanceof ActivityFailure && (error.retryState === 'TIMEOUT' || error.cause instanceof TimeoutFailure);

/** What an activity failed of, for people. */
export function why(error: unknown): string {
  if (!(error instanceof ActivityFailure)) return error instanceof Error ? error.message : String(error);
  const { cause } = error;
  if (cause instanceof TimeoutFailure) return 'its time limit ran out';
  const message = cause?.message ?? error.message;
  return timedOut(error) ? `its time limit ran out; last: ${message}` : message;
}

/** What an activity's last attempt remembered (its failure's first detail). */
export function detailOf<T>(error: unknown): T | undefined {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure)) return undefined;
  return (error.cause.details?.[0] ?? undefined) as T | undefined;
}

/** A failure the run is built for. Everything else is a fault in the code and must not be taken for an outcome. */
export const isExpected = (error: unknown): boolean =>
  error instanceof ActivityFailure || error instanceof ApplicationFailure;

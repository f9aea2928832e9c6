import { defaultPayloadConverter } from '@temporalio/common';
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';

/** Whether an activity ended because its time limit did. The server may report the last failure instead of a timeout. */
export const timedOut = (error: unknown): boolean =>
  error instanceof ActivityFailure && (error.retryState === 'TIMEOUT' || error.cause instanceof TimeoutFailure);

/** What an activity failed of, for people. */
export function why(error: unknown): string {
  if (!(error instanceof ActivityFailure)) return error instanceof Error ? error.message : String(error);
  const { cause } = error;
  const message = cause instanceof TimeoutFailure ? cause.failure?.cause?.message : (cause?.message ?? error.message);
  if (!timedOut(error)) return message ?? error.message;
  return message ? `its time limit ran out; last: ${message}` : 'its time limit ran out';
}

/** A number of minutes, readable when it is a fraction. */
export const duration = (minutes: number): string =>
  minutes >= 1 ? `${Math.round(minutes * 10) / 10} minutes` : `${Math.round(minutes * 60)} seconds`;

/** What an activity's last attempt remembered (its failure's first detail). */
export function detailOf<T>(error: unknown): T | undefined {
  if (!(error instanceof ActivityFailure)) return undefined;
  const { cause } = error;
  if (cause instanceof ApplicationFailure) return (cause.details?.[0] ?? undefined) as T | undefined;
  // The SDK leaves out what a timeout was caused by; the server tells it all the same.
  const last = cause instanceof TimeoutFailure ? cause.failure?.cause?.applicationFailureInfo : undefined;
  const payload = last?.details?.payloads?.[0];
  return payload ? defaultPayloadConverter.fromPayload<T>(payload) : undefined;
}

/** A failure the run is built for. Everything else is a fault in the code and must not be taken for an outcome. */
export const isExpected = (error: unknown): boolean =>
  error instanceof ActivityFailure || error instanceof ApplicationFailure;

/** An activity's word that what it was given cannot be used, and that it changed nothing. */
export const refused = (error: unknown): boolean =>
  error instanceof ActivityFailure && error.cause instanceof ApplicationFailure && error.cause.type === 'Final';

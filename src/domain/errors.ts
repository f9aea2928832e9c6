/**
 * Errors by what can be done about them. Activities throw these; Temporal knows them by class name
 * (`ApplicationFailure.type`), so the classes must keep their names.
 */

/** It is certain that trying again with the same input cannot help. */
export class Final extends Error {
  override readonly name: string = 'Final';
}

/** The outside refused us (credentials, rights). Trying again cannot help until somebody changes something. */
export class Forbidden extends Final {
  override readonly name: string = 'Forbidden';
}

/** What the caller gave is wrong; every fault is named. */
export class BadInput extends Final {
  override readonly name: string = 'BadInput';
  constructor(readonly faults: readonly string[]) {
    super(faults.join('; '));
  }
}

/** A document in the evidence store is not what it was when it was stored, or its seal does not fit. */
export class EvidenceChanged extends Final {
  override readonly name: string = 'EvidenceChanged';
}

/** What was asked for does not exist. Whether that is an error, or not yet, or already done, the caller knows. */
export class NotFound extends Error {
  override readonly name: string = 'NotFound';
}

/** The outside is busy, broken or unreachable: trying again may help. `retryAfterMs` where the outside named a time. */
export class TryAgain extends Error {
  override readonly name: string = 'TryAgain';
  constructor(
    message: string,
    readonly retryAfterMs?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A command whose answer was lost: it may have been carried out, or not. */
export class AnswerLost extends TryAgain {
  override readonly name: string = 'AnswerLost';
}

/** Types of failures that Temporal must not retry. */
export const FINAL_TYPES: readonly string[] = ['Final', 'Forbidden', 'BadInput', 'EvidenceChanged'];

/** The text of anything thrown, with its causes, for people. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : messageOf(error.cause);
  return cause && !error.message.includes(cause) ? `${error.message}: ${cause}` : error.message;
}

/** Makes the compiler prove that a `switch` covers every case. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`);
}

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

/**
 * A command that was refused in a way that does not prove that it was not carried out. A refusal for good looks the same, so
 * that there is an end to asking again.
 */
export class Doubtful extends AnswerLost {
  override readonly name: string = 'Doubtful';
}

/** Types of failures that Temporal must not retry. */
export const FINAL_TYPES: readonly string[] = ['Final', 'Forbidden', 'BadInput', 'EvidenceChanged'];

/** Causes that are told; a chain of causes may be a circle. */
const DEEPEST_CAUSE = 5;

/** The text of anything thrown, with its causes, for people. Never empty for an error. */
export const messageOf = (error: unknown): string => textOf(error, 0);

function textOf(error: unknown, depth: number): string {
  if (!(error instanceof Error)) return String(error);
  // An AggregateError, as of a refused connection to a name with two addresses, has no message of its own.
  const parts: readonly unknown[] = error instanceof AggregateError && depth < DEEPEST_CAUSE ? error.errors : [];
  const own = error.message || parts.map((part) => textOf(part, depth + 1)).join(', ') || error.name;
  const cause = error.cause === undefined || depth >= DEEPEST_CAUSE ? '' : textOf(error.cause, depth + 1);
  return cause && !own.includes(cause) ? `${own}: ${cause}` : own;
}

/** Makes the compiler prove that a `switch` covers every case. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`);
}

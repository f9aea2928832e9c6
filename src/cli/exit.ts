/** How commands end. */
import { isEnd, type Status, STATUSES } from '../domain/run';

/** Exit codes: 0 done; 1 the run ended badly; 2 wrong usage or config; 3 a service cannot be reached; 4 not allowed. */
export const EXIT = { done: 0, bad: 1, usage: 2, unreachable: 3, forbidden: 4 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A fault told to the person at the terminal, with the code that the process ends with. */
export class CliError extends Error {
  override readonly name = 'CliError';
  /** One entry for each fault, where there are several. */
  readonly faults: readonly string[];
  /** What to do about it. */
  readonly hint: string | undefined;
  constructor(
    readonly exit: ExitCode,
    message: string,
    more: { readonly faults?: readonly string[]; readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? {} : { cause: more.cause });
    this.faults = more.faults ?? [];
    this.hint = more.hint;
  }
}

/** Wrong usage or config. */
export const usage = (message: string, faults: readonly string[] = []): CliError =>
  new CliError(EXIT.usage, message, { faults });

/** Whether a status that the server named is an ending. One that this program does not know is none. */
export const hasEnded = (status: string): boolean => isStatus(status) && isEnd(status);

/** The exit code of a run that was waited for. */
export const exitOfStatus = (status: string): ExitCode => (status === 'SUCCEEDED' ? EXIT.done : EXIT.bad);

const isStatus = (text: string): text is Status => (STATUSES as readonly string[]).includes(text);

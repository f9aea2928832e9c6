/** Starting something elsewhere once, where an answer can be lost. */

/** What is remembered of a start, from attempt to attempt. */
export interface StartMemory {
  /** Whether it may be under way all the same. */
  readonly reached: boolean;
  /** How often it may have got through. */
  readonly sent: number;
  /** When that was, or when its answer was given up, ISO 8601. */
  readonly lastAt: string | null;
}

/** What an attempt begins with. One before it of which nothing is known may have sent its start and been killed. */
export function recallStart(known: Partial<StartMemory> | undefined, attempt: number, now: string): StartMemory {
  const reached = known?.reached ?? attempt > 1;
  return {
    reached,
    sent: Math.max(known?.sent ?? 0, reached ? 1 : 0),
    lastAt: known?.lastAt ?? (reached ? now : null),
  };
}

const LONGEST_PAUSE_SECONDS = 60;

/**
 * When it may be sent again, in milliseconds since 1970. Orca looks a correlation id up and stores it in two steps: a start that
 * it is slow to take is neither listed nor known by its id, and a second one right behind it would be taken too.
 */
export function mayBeSentAt({ lastAt }: StartMemory, pollSeconds: number): number {
  return lastAt === null ? 0 : Date.parse(lastAt) + Math.min(2 * pollSeconds, LONGEST_PAUSE_SECONDS) * 1000;
}

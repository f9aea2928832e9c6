import { notReady, remember, remembered } from './attempt';

/** Since when, and in how many looks, something was looked for in vain; carried from attempt to attempt and from round to round. */
export interface Absence {
  /** ISO 8601. */
  readonly since: string;
  readonly looks: number;
}

/**
 * So much is looked before what AWS or Gate does not list is taken for what is not there: both are eventually consistent, and
 * an attempt in which nothing could be read is no look.
 */
const LOOKS = 5;
const AT_LEAST_MS = 10_000;

/** One more look in vain. */
export const lookedInVain = (before: Absence | null | undefined): Absence => ({
  since: before?.since ?? new Date().toISOString(),
  looks: (before?.looks ?? 0) + 1,
});

/** Whether one may believe that it is not there. */
export const isBelieved = ({ since, looks }: Absence): boolean =>
  looks >= LOOKS && Date.now() - Date.parse(since) >= AT_LEAST_MS;

/** Returns once what is missing may be believed to be gone; before that the activity looks again. */
export function believeOrLookAgain(before: Absence | null, missing: string, pollSeconds: number): void {
  const absence = lookedInVain(remembered<Absence>() ?? before);
  if (isBelieved(absence)) return;
  remember(absence);
  throw notReady(missing, Math.min(pollSeconds, 3));
}

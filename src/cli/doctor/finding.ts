/** What the doctor found. */

/** `unknown`: cannot be told without acting. `unreachable`: nobody answers there. */
export type Health = 'ok' | 'warning' | 'failed' | 'unreachable' | 'unknown';

export interface Finding {
  /** Whose: `temporal`, `evidence`, `server`, `gate`, or a line's name. */
  readonly area: string;
  readonly what: string;
  readonly health: Health;
  readonly detail: string;
  /** What to do about it; null where nothing has to be done. */
  readonly hint: string | null;
}

/** Findings of one area. */
export const findingsOf = (area: string) => ({
  ok: (what: string, detail: string): Finding => ({ area, what, health: 'ok', detail, hint: null }),
  bad: (health: Exclude<Health, 'ok'>, what: string, detail: string, hint: string): Finding => ({
    ...{ area, what, health, detail },
    hint,
  }),
});

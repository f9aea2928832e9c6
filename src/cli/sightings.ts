/** What a watcher saw of a run: in which stage it was, and since when. Pure. */
import { STAGES } from '../domain/run';
import type { RunView } from './answers';

export interface Sighting {
  readonly stage: string;
  /** Milliseconds since 1970; null when it began before anybody looked. */
  readonly since: number | null;
  /** When it was over; null while it lasts. */
  readonly until: number | null;
}

/** The stages of a run in order, so far. */
export type Sightings = readonly Sighting[];

/** Adds one look. The first stage that is seen began at the run's start only when it is the first of all. */
export function sight(sightings: Sightings, run: Pick<RunView, 'stage' | 'startedAt'>, now: number): Sightings {
  const last = sightings.at(-1);
  if (last?.stage === run.stage) return sightings;
  const since = last ? now : run.stage === STAGES[0] ? timeOf(run.startedAt) : null;
  const over = sightings.map((sighting) => (sighting.until === null ? { ...sighting, until: now } : sighting));
  return [...over, { stage: run.stage, since, until: null }];
}

/** The same from the timeline of a report, which knows all of it. */
export function sightingsOf(
  timeline: readonly { readonly at: string; readonly stage: string }[],
  run: Pick<RunView, 'stage' | 'startedAt' | 'closedAt'>,
): Sightings {
  const began: { readonly stage: string; readonly since: number | null }[] = [];
  for (const { at, stage } of timeline) if (began.at(-1)?.stage !== stage) began.push({ stage, since: timeOf(at) });
  const [last] = began.slice(-1);
  if (!last) began.push(...sight([], run, 0));
  else if (last.stage !== run.stage) began.push({ stage: run.stage, since: null });
  const closed = run.closedAt === null ? null : timeOf(run.closedAt);
  return began.map(({ stage, since }, index) => ({
    stage,
    since,
    until: index < began.length - 1 ? (began[index + 1]?.since ?? null) : closed,
  }));
}

/** Milliseconds that a stage took or takes; `undefined` when nobody knows. */
export function tookMs({ since, until }: Sighting, now: number): number | undefined {
  return since === null ? undefined : (until ?? now) - since;
}

/** `null` for what is no time. */
export function timeOf(text: string): number | null {
  const time = Date.parse(text);
  return Number.isNaN(time) ? null : time;
}

import { BadInput, Forbidden } from '../domain/errors';
import type { ScheduledTime } from '../domain/names';
import type { EndStatus } from '../domain/run';
import { scheduledOrder } from '../domain/schedule';
import { notReady } from './attempt';
import type { Deps } from './deps';

export interface AskedRun {
  readonly run: string;
  readonly pollSeconds: number;
}

/** How far ahead of ours Temporal's clock may be. */
const CLOCK_SKEW_MS = 60_000;

export const createScheduleActivities = ({ settings, requests, runs, documents }: Deps) => ({
  /**
   * Asks for the run of a line's schedule, the same run however often it is asked for. What it asks for comes from the worker's
   * own config; from Temporal come only the line and the time.
   */
  async askScheduled({ line, at }: ScheduledTime): Promise<AskedRun> {
    const current = settings.forLine(line);
    const schedule = current?.line.schedule;
    if (!schedule)
      throw new Forbidden(`line ${line} has no schedule in this worker's config: run assay schedule apply`);
    // A time to come would take the place of the run that is due then.
    if (!(Date.parse(at) <= Date.now() + CLOCK_SKEW_MS)) throw new BadInput([`${at} is still to come`]);
    const run = await requests.start(scheduledOrder(line, schedule, at));
    return { run, pollSeconds: current.pollSeconds };
  },

  /** Returns once a run is over, with the status it ended with; null where nobody wrote its ending. One look an attempt. */
  async awaitRun({ run, pollSeconds }: AskedRun): Promise<{ status: EndStatus | null }> {
    if ((await runs.standing(run)) === 'open') throw notReady(`run ${run} is still open`, pollSeconds);
    return { status: (await documents.readNamed('ending', run))?.status.status ?? null };
  },
});

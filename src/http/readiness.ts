/** Whether Assay is set up, asked of Temporal at most every two seconds however often the door is asked. */
import type { SetupApi } from '../client/api';
import { Unreachable } from '../client/errors';
import { within } from './deadline';
import { notReady, unavailable, type Problem } from './problem';

const FRESH_MS = 2_000;

export interface Readiness {
  /** `undefined` when runs may be accepted. Never throws. */
  problem(): Promise<Problem | undefined>;
}

/** Askers at the same moment share one question. */
export function createReadiness(setup: SetupApi, deadlineMs: number, now: () => number): Readiness {
  let last: { readonly at: number; readonly answer: Promise<Problem | undefined> } | undefined;
  return {
    problem() {
      if (!last || now() - last.at >= FRESH_MS || now() < last.at) last = { at: now(), answer: ask(setup, deadlineMs) };
      return last.answer;
    },
  };
}

async function ask(setup: SetupApi, deadlineMs: number): Promise<Problem | undefined> {
  try {
    const faults = await within(deadlineMs, 'Temporal', setup.faults());
    return faults.length === 0 ? undefined : notReady(faults);
  } catch (error) {
    return unavailable(error instanceof Unreachable ? error.service : 'Temporal');
  }
}

/**
 * Spinnaker's contract with Assay as a list of checks, played against any address: create, monitor, cancel and restart as
 * Orca's webhook stage does them. It starts real runs, and cancels every one of them.
 */
import { randomUUID } from 'node:crypto';
import { createCaller, NotThere, type Told } from './caller';
import { ofAllAnswers } from './checks/answers';
import { BEGINNING, RUNNING, ENDING } from './checks/scenario';
import { Fault, Unknown, type CheckContext, type NamedCheck } from './checks/check';

export { NotThere } from './caller';

export interface ContractOrder {
  /** Where Assay is, as Spinnaker would be told; may have a path. */
  readonly url: string;
  /** With the scopes `runs:read` and `runs:write`. */
  readonly key: string;
  readonly line: string;
  /** Fields of the start request besides; a line without a bake needs its `image`. */
  readonly request?: Readonly<Record<string, unknown>>;
  /** How long a call that is answered with 5xx or 429 is repeated, as Orca repeats it. Default 60 s. */
  readonly patienceMs?: number;
  /** How long a worker has to take up a cancel and clean up; default 5 minutes. After that what needs it counts as not seen. */
  readonly workerMs?: number;
  /** Default 1 s, as Orca polls during the first minute. */
  readonly pollMs?: number;
  /** Called before each call of a check, with its method and path. What runs beside each other runs one after the other then. */
  readonly before?: (what: string) => Promise<void>;
  /** Only checks of these names, with those that they build on and those of all answers. */
  readonly only?: readonly string[];
  readonly onCheck?: (check: ContractCheck) => void;
}

export interface ContractCheck {
  readonly name: string;
  /** `null`: could not be seen here, for the reason that `detail` tells. */
  readonly ok: boolean | null;
  readonly detail: string;
}

export interface ContractResult {
  readonly checks: readonly ContractCheck[];
  /** Ids of the runs that it started. */
  readonly runs: readonly string[];
}

/** Plays all of it. Throws NotThere when nothing answers at the very first call. */
export async function runContract(order: ContractOrder): Promise<ContractResult> {
  const { url, key, line, request = {}, patienceMs = 60_000, workerMs = 300_000, pollMs = 1_000, before } = order;
  let playing = true;
  const caller = createCaller({
    ...{ url, key, patienceMs },
    before: async (what) => {
      if (playing) await before?.(what);
    },
  });
  const runs = new Set<string>();
  const context: CheckContext = {
    ...{ url: url.replace(/\/+$/, ''), key, line, request, workerMs, pollMs, caller, runs },
    execution: `contract-${randomUUID().replaceAll('-', '').slice(0, 20)}`,
    state: {},
  };
  const checks: ContractCheck[] = [];
  const note = (check: ContractCheck): void => {
    checks.push(check);
    order.onCheck?.(check);
  };
  const wanted = (check: NamedCheck): boolean => order.only?.includes(check.name) ?? true;
  try {
    await caller.call({ to: '/livez', key: null });
    for (const check of BEGINNING) if (wanted(check) || check.base) note(await outcome(check, context));
    const beside = RUNNING.filter(wanted);
    if (before) for (const check of beside) note(await outcome(check, context));
    else for (const done of await Promise.all(beside.map((check) => outcome(check, context)))) note(done);
    for (const check of ENDING) if (wanted(check)) note(await outcome(check, context));
    for (const done of ofAllAnswers(caller.answers, key)) note(done);
    return { checks, runs: [...runs] };
  } finally {
    playing = false;
    await cancelAll(context);
    caller.close();
  }
}

async function outcome({ name, run }: NamedCheck, context: CheckContext): Promise<ContractCheck> {
  try {
    return { name, ok: true, detail: await run(context) };
  } catch (error) {
    if (error instanceof Unknown) return { name, ok: null, detail: error.message };
    if (error instanceof Fault || error instanceof NotThere) return { name, ok: false, detail: error.message };
    throw error;
  }
}

/** Whatever happened, nothing that was started goes on. */
async function cancelAll({ caller, runs }: CheckContext): Promise<void> {
  const cancel = (run: string): Promise<Told | void> =>
    caller
      .call({ method: 'POST', to: `/v1/runs/${encodeURIComponent(run)}/cancel`, json: { reason: 'contract check' } })
      .catch(() => undefined);
  await Promise.all([...runs].map(cancel));
}

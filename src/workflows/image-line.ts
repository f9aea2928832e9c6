import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  defineUpdate,
  getExternalWorkflowHandle,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { MESSAGE, parseRunId, workflowId } from '../domain/names';
import { isExpected, why } from './failures';
import type { ImageLineInput, PublishArgument } from './messages';
import { HOUR, proxies } from './proxies';

const publishUpdate = defineUpdate<void, [PublishArgument]>(MESSAGE.publish);

/** Publications of one run of this workflow where nobody says how many, unless Temporal suggests to continue sooner. */
const ENTRIES_PER_RUN = 200;
/** Ids of finished publications that are remembered; older ones are still known from evidence. */
const REMEMBERED = 500;
const POLL_SECONDS = 2;

/** A line: publishes its runs' images one at a time, in the order in which they were approved. */
export async function imageLine(input: ImageLineInput): Promise<void> {
  const queue = [...(input.queue ?? [])];
  const done = new Set(input.done ?? []);
  let entriesPerRun = input.entriesPerRun ?? ENTRIES_PER_RUN;
  // Only enqueues: who asks is told by signal when it is done.
  setHandler(
    publishUpdate,
    ({ run, entriesPerRun: told }) => {
      if (Number.isInteger(told) && Number(told) > 0) entriesPerRun = Number(told);
      if (!queue.includes(run)) queue.push(run);
    },
    { validator: mustNameARun },
  );

  for (let entries = 0; entries < entriesPerRun && !workflowInfo().continueAsNewSuggested; entries++) {
    await condition(() => queue.length > 0);
    const run = queue[0] as string;
    const trouble = done.has(run) ? null : await publishOne(run, input.line);
    if (trouble === null) done.add(run);
    queue.shift();
    await tell(run, trouble);
  }
  await condition(allHandlersFinished);
  await continueAsNew<typeof imageLine>({ ...input, entriesPerRun, queue, done: [...done].slice(-REMEMBERED) });
}

/** Refused before it is in history: a handler that throws would hold up the line, and with it every run that waits for it. */
function mustNameARun(argument: Partial<PublishArgument> | null | undefined): void {
  if (typeof argument?.run !== 'string' || !parseRunId(argument.run))
    throw ApplicationFailure.nonRetryable('what is to be published is named by the id of its run', 'BadInput');
}

/** Null when there is a result, good or bad, in the evidence; else why there is none. */
async function publishOne(run: string, line: string): Promise<string | null> {
  const { poll } = proxies(POLL_SECONDS);
  try {
    await poll(HOUR).publish({ run, line });
    return null;
  } catch (failure) {
    if (!isExpected(failure)) throw failure;
    try {
      await poll(HOUR).unpublish({ run, line, error: why(failure) });
      return null;
    } catch (error) {
      // The run asks again until there is a result; the line must not stand still for one of its runs.
      if (!isExpected(error)) throw error;
      return why(error);
    }
  }
}

/** Wakes the run. One that has ended needs no waking. */
async function tell(run: string, trouble: string | null): Promise<void> {
  try {
    const args = trouble === null ? [] : [trouble];
    await getExternalWorkflowHandle(workflowId.run.of(run)).signal(MESSAGE.published, ...args);
  } catch (error) {
    if (!isExpected(error) && !(error instanceof Error && error.name === 'ExternalWorkflowExecutionNotFound'))
      throw error;
  }
}

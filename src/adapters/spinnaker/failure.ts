/** Why an execution failed: the reason is never in one place, so it is dug out where Deck digs too. */
import { brief } from './answers';
import { list, record, records, text, texts, type Json } from './json';

/** Ways in which a stage has failed, also where its pipeline went on or only its branch was stopped. */
const FAILED = new Set(['TERMINAL', 'FAILED_CONTINUE', 'STOPPED', 'CANCELED']);

const MOST_FAILURE = 1000;

/**
 * Why it failed, or `null`. An execution that SUCCEEDED has failed all the same when a top-level stage did: "ignore the failure"
 * and "halt this branch" end so (Orca, `CompleteExecutionHandler`).
 */
export function failureOf(execution: Json, status: string): string | null {
  const stages = records(execution.stages);
  const top = stages.filter((stage) => FAILED.has(wordOf(stage)) && text(stage.parentStageId) === undefined);
  if (top.length === 0 && !FAILED.has(status)) return null;
  const reasons = top.flatMap((stage) => reasonsOf(stage, stages));
  const canceled = cancellation(execution);
  const all = canceled === undefined ? reasons : [...reasons, canceled];
  return brief([...new Set(all)].join('; ') || 'no reason given', MOST_FAILURE);
}

/** What a failed stage says, or, where it is only the sum of others, what those say. */
function reasonsOf(stage: Json, stages: readonly Json[]): readonly string[] {
  const id = text(stage.id);
  const parts = stages.filter((part) => id !== undefined && part.parentStageId === id && FAILED.has(wordOf(part)));
  const name = text(stage.name) ?? text(stage.type) ?? 'unnamed';
  const why = whyOf(stage);
  const told = parts
    .filter((part) => part !== stage)
    .flatMap((part) =>
      reasonsOf(
        part,
        stages.filter((s) => s !== stage),
      ),
    );
  if (told.length > 0 && why.length === 0) return told;
  return [`stage "${name}" is ${wordOf(stage)}${why.length > 0 ? `: ${why.join(', ')}` : ''}`, ...told];
}

/** In Deck's order: Clouddriver's tasks, the stage's exception, its tasks' exceptions; then what a webhook stage writes. */
function whyOf(stage: Json): readonly string[] {
  const context = record(stage.context);
  const kato = records(context['kato.tasks']).flatMap(({ exception }) => text(record(exception).message) ?? []);
  if (kato.length > 0) return unique(kato.slice(-1));
  const exception = detailsOf(context.exception);
  if (exception.length > 0) return unique(exception);
  const tasks = records(stage.tasks).flatMap(({ taskExceptionDetails }) =>
    detailsOf(record(taskExceptionDetails).exception),
  );
  if (tasks.length > 0) return unique(tasks);
  const webhook = record(context.webhook);
  const monitored = text(record(webhook.monitor).error) ?? text(webhook.error) ?? text(context.failureMessage);
  return monitored === undefined ? [] : [monitored];
}

/** `details.errors[]` says more than `details.error`, which is often only the kind of error. */
function detailsOf(exception: unknown): readonly string[] {
  const details = record(record(exception).details);
  const errors = list(details.errors).length > 0 ? texts(details.errors) : [];
  return errors.length > 0 ? errors : [text(details.error) ?? text(record(exception).message) ?? []].flat();
}

function cancellation({ canceledBy, cancellationReason, canceled }: Json): string | undefined {
  const by = text(canceledBy);
  const why = text(cancellationReason);
  if (by === undefined && why === undefined) return canceled === true ? 'cancelled' : undefined;
  return `cancelled${by === undefined ? '' : ` by ${by}`}${why === undefined ? '' : `: ${why}`}`;
}

const wordOf = ({ status }: Json): string => String(status).toUpperCase();

const unique = (all: readonly string[]): readonly string[] => [...new Set(all)];

/** The monitor task of Orca's webhook stage: one poll, and what its answer makes of the stage. */
import type { Answer } from './client';
import { ALWAYS_RETRIED, isStandard, noConstant } from './codes';
import { isInteger, jsonPath, readBody } from './json-path';
import type { Play } from './play';

export type Poll =
  | { readonly kind: 'running' }
  | { readonly kind: 'succeeded' }
  | { readonly kind: 'canceled' }
  | { readonly kind: 'terminal'; readonly error: string };

const RUNNING: Poll = { kind: 'running' };
const SUCCEEDED: Poll = { kind: 'succeeded' };
const terminal = (error: string): Poll => ({ kind: 'terminal', error });

export async function poll(play: Play, url: string): Promise<Poll> {
  // A context that holds a code without a constant cannot be read back.
  const before = (play.webhook['monitor'] as { readonly statusCodeValue?: number } | undefined)?.statusCodeValue;
  if (before !== undefined && !isStandard(before)) return terminal(noConstant(before));
  play.evaluate();
  play.polls += 1;
  const answer = await play.send({ method: 'GET', url, payload: undefined });
  switch (answer.kind) {
    case 'answer':
      return judge(play, answer);
    case 'timeout':
    case 'unknown-host':
      noteMonitor(play, {});
      return RUNNING;
    case 'refused':
    case 'invalid':
    case 'forbidden':
      return terminal(answer.message);
  }
}

function judge(play: Play, answer: Answer): Poll {
  const { status, headers } = answer;
  if (status < 200 || status >= 400) return failed(play, status);
  play.noteExpressions(answer.body, headers['content-type'] ?? '');
  const monitor = noteMonitor(play, { statusCodeValue: status, headers });
  const { statusJsonPath, progressJsonPath } = play.stage;
  try {
    monitor['body'] = readBody(answer.body, headers['content-type'] ?? '');
  } catch (error) {
    return terminal(error instanceof Error ? error.message : 'broken body');
  }
  if (statusJsonPath === undefined) return SUCCEEDED;
  if (monitor['body'] === null) return terminal('json object can not be null');
  const value = jsonPath(monitor['body'], statusJsonPath);
  if (value === undefined)
    return terminal(`Unable to parse status: JSON property '${statusJsonPath}' not found in response body`);
  if (value === null || typeof value === 'object') {
    monitor['resolvedValue'] = value;
    return terminal(`The json path '${statusJsonPath}' did not resolve to a single value`);
  }
  if (progressJsonPath !== undefined) {
    const progress = jsonPath(monitor['body'], progressJsonPath);
    if (typeof progress !== 'string')
      return terminal(`The json path '${progressJsonPath}' did not resolve to a String value`);
    monitor['progressMessage'] = progress;
  }
  if (typeof value !== 'number') return byWord(play, String(value));
  monitor['percentComplete'] = value;
  return value === 100 && isInteger(answer.body, statusJsonPath, value) ? SUCCEEDED : RUNNING;
}

/** A new block for each poll; only the past codes are kept. */
function noteMonitor({ webhook, pastStatusCodes }: Play, told: object): Record<string, unknown> {
  const past = pastStatusCodes.length > 0 ? { pastStatusCodes: [...pastStatusCodes] } : {};
  const monitor: Record<string, unknown> = { ...told, ...past };
  webhook['monitor'] = monitor;
  return monitor;
}

/** Codes that are tried again: 5xx and 429, and those of the stage. A code in `retries` is decided by that alone. */
function failed(play: Play, status: number): Poll {
  const { retries, retryStatusCodes = [] } = play.stage;
  const limit = retries?.[String(status)];
  const before = play.pastStatusCodes.filter((one) => one === status).length;
  const again = limit
    ? before < limit.maxAttempts
    : status >= 500 || [...ALWAYS_RETRIED, ...retryStatusCodes].includes(status);
  if (again) play.pastStatusCodes.push(status);
  noteMonitor(play, {});
  return again ? RUNNING : terminal(`Failed to get webhook status, status code ${status}`);
}

function byWord({ stage }: Play, value: string): Poll {
  if (stage.successStatuses === undefined) return terminal('NullPointerException: successStatuses');
  // The server's word is not trimmed.
  const word = value.toUpperCase();
  let found: Poll = RUNNING;
  for (const [words, meaning] of [
    [stage.successStatuses, SUCCEEDED],
    [stage.canceledStatuses, { kind: 'canceled' }],
    [stage.terminalStatuses, terminal(`Webhook reported ${word}`)],
  ] as const) {
    // Java's `split` leaves out empty parts at the end.
    const all = (words ?? '')
      .replace(/,+$/, '')
      .split(',')
      .map((one) => one.trim().toUpperCase());
    if (new Set(all).size < all.length) return terminal(`IllegalStateException: Duplicate key in "${words}"`);
    if (words !== undefined && all.includes(word)) found = meaning;
  }
  return found;
}

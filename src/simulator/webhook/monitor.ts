/** The monitor task of Orca's webhook stage: one poll, and what its answer makes of the stage. */
import { requestOf } from './create';
import { exchange, type Answer } from './http';
import { jsonPath, readBody } from './json-path';
import type { Play } from './play';

export type Poll =
  | { readonly kind: 'running' }
  | { readonly kind: 'succeeded' }
  | { readonly kind: 'canceled' }
  | { readonly kind: 'terminal'; readonly error: string };

const RUNNING: Poll = { kind: 'running' };
const terminal = (error: string): Poll => ({ kind: 'terminal', error });

/** `seen`: how often each status code that is to be retried has come. */
export async function poll(play: Play, url: string, seen: Map<number, number>): Promise<Poll> {
  play.polls += 1;
  const answer = await exchange(requestOf(play, 'GET', url, undefined));
  switch (answer.kind) {
    case 'answer':
      return judge(play, answer, seen);
    case 'timeout':
    case 'unknown-host':
      return RUNNING;
    case 'refused':
    case 'invalid':
      return terminal(answer.message);
  }
}

function judge(play: Play, answer: Answer, seen: Map<number, number>): Poll {
  const { status, headers } = answer;
  if (status < 200 || status >= 300) return failed(play, status, seen);
  play.noteExpressions(answer.body, headers['content-type'] ?? '');
  const monitor: Record<string, unknown> = { statusCodeValue: status, headers, pastStatusCodes: [...seen.keys()] };
  play.webhook['monitor'] = monitor;
  const { statusJsonPath, progressJsonPath } = play.stage;
  try {
    monitor['body'] = readBody(answer.body, headers['content-type'] ?? '');
  } catch (error) {
    return terminal(error instanceof Error ? error.message : 'broken body');
  }
  if (statusJsonPath === undefined) return { kind: 'succeeded' };
  if (monitor['body'] === null) return terminal('json object can not be null');
  if (progressJsonPath !== undefined) {
    const progress = jsonPath(monitor['body'], progressJsonPath);
    if (typeof progress !== 'string')
      return terminal(`Unable to parse progress: ${progressJsonPath} did not resolve to a String`);
    monitor['progressMessage'] = progress;
  }
  const value = jsonPath(monitor['body'], statusJsonPath);
  monitor['resolvedValue'] = value;
  return byWord(play, value);
}

/** Codes that are tried again: 5xx and 429, and those of the stage. */
function failed({ stage, webhook }: Play, status: number, seen: Map<number, number>): Poll {
  const times = (seen.get(status) ?? 0) + 1;
  seen.set(status, times);
  webhook['monitor'] = { statusCodeValue: status, pastStatusCodes: [...seen.keys()] };
  const limited = stage.retries?.[String(status)];
  const again = limited
    ? times <= limited.maxAttempts
    : status >= 500 || status === 429 || (stage.retryStatusCodes ?? []).includes(status);
  return again ? RUNNING : terminal(`Failed to get webhook status, status code ${status}`);
}

function byWord({ stage, webhook }: Play, value: unknown): Poll {
  if (value === undefined)
    return terminal(`Unable to parse status: JSON property '${stage.statusJsonPath}' not found in response body`);
  if (value === null || typeof value === 'object')
    return terminal(`The json path '${stage.statusJsonPath}' did not resolve to a single value`);
  if (typeof value === 'number') {
    Object.assign(webhook['monitor'] as object, { percentComplete: value });
    return value === 100 ? { kind: 'succeeded' } : RUNNING;
  }
  if (stage.successStatuses === undefined) return terminal('NullPointerException: successStatuses');
  // The server's word is not trimmed.
  const word = String(value).toUpperCase();
  let found: Poll = RUNNING;
  for (const [words, meaning] of [
    [stage.successStatuses, { kind: 'succeeded' }],
    [stage.canceledStatuses, { kind: 'canceled' }],
    [stage.terminalStatuses, terminal(`Webhook reported ${word}`)],
  ] as const) {
    const all = (words ?? '').split(',').map((one) => one.trim().toUpperCase());
    if (new Set(all).size < all.length) return terminal(`IllegalStateException: Duplicate key in "${words}"`);
    if (words !== undefined && all.includes(word)) found = meaning;
  }
  return found;
}

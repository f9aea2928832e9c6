/** The create task of Orca's webhook stage: which answer is a success, which is tried again, and which ends the stage. */
import type { Answer, NoAnswer } from './client';
import { ALWAYS_RETRIED, isStandard, noConstant } from './codes';
import { jsonPath, readBody } from './json-path';
import type { Play } from './play';
import { sleep } from './sleep';

const DEFAULT_FAIL_FAST = [504];

export type Created =
  | { readonly kind: 'created'; readonly statusUrl: string | null }
  | { readonly kind: 'failed'; readonly error: string }
  | { readonly kind: 'canceled' };

export async function create(play: Play): Promise<Created> {
  const { createTimeoutMs = 300_000, createBackoffMs = 10_000, signal } = play.stage;
  const deadline = Date.now() + createTimeoutMs;
  for (;;) {
    if (signal?.aborted) return { kind: 'canceled' };
    play.creates += 1;
    const { method = 'POST', url, payload } = play.stage;
    const answer = await play.send({ method, url, payload });
    const done = answer.kind === 'answer' ? answered(play, answer) : unanswered(play, answer);
    if (done) return done;
    if (Date.now() + createBackoffMs > deadline)
      return { kind: 'failed', error: 'createWebhook of stage Webhook timed out' };
    await sleep(createBackoffMs, signal);
    play.evaluate();
  }
}

/** `undefined`: again. A timeout is only tried again where that cannot do any harm. */
function unanswered({ stage, webhook }: Play, { kind, message }: NoAnswer): Created | undefined {
  const harmless = (stage.method ?? 'POST').toUpperCase() === 'GET' || stage.safeToRetry === true;
  if (kind !== 'timeout' || !harmless)
    return { kind: 'failed', error: `Error submitting webhook for pipeline: ${message}` };
  webhook['error'] = message;
  return undefined;
}

function answered(play: Play, answer: Answer): Created | undefined {
  const { status, headers, body } = answer;
  const { failFastStatusCodes = DEFAULT_FAIL_FAST, webhookRetryStatusCodes = [] } = play.stage;
  Object.assign(play.webhook, { statusCodeValue: status, headers });
  play.noteExpressions(body, headers['content-type'] ?? '');
  if (!isStandard(status)) return { kind: 'failed', error: noConstant(status) };
  if (status >= 200 && status < 400) return accept(play, answer);
  const told = `status code ${status}: ${body.slice(0, 300)}`;
  if (failFastStatusCodes.includes(status))
    return { kind: 'failed', error: `Received a status code configured to fail fast, ${told}` };
  const again = status >= 500 || [...ALWAYS_RETRIED, ...webhookRetryStatusCodes].includes(status);
  return again ? undefined : { kind: 'failed', error: `Error submitting webhook, ${told}` };
}

function accept(play: Play, answer: Answer): Created {
  const { stage, webhook } = play;
  try {
    webhook['body'] = readBody(answer.body, answer.headers['content-type'] ?? '');
  } catch (error) {
    return {
      kind: 'failed',
      error: `Error submitting webhook: ${error instanceof Error ? error.message : 'broken body'}`,
    };
  }
  if (!(stage.waitForCompletion ?? true)) return { kind: 'created', statusUrl: null };
  const found = statusUrlOf(play, answer, webhook['body']);
  if (found === undefined || found === '')
    return { kind: 'failed', error: `The status URL couldn't be resolved, but 'Wait for completion' is checked` };
  // `java.net.URI` refuses these where a browser would escape them.
  if (/[\s|"<>\\^`{}]/.test(found))
    return { kind: 'failed', error: 'Exception while resolving status check URL: Illegal character' };
  return { kind: 'created', statusUrl: withScheme(stage.url, found) };
}

function statusUrlOf({ stage }: Play, answer: Answer, body: unknown): string | undefined {
  switch (stage.statusUrlResolution ?? 'locationHeader') {
    case 'getMethod':
      return stage.url;
    case 'locationHeader':
      return answer.headers['location'];
    case 'webhookResponse': {
      const value = jsonPath(body, stage.statusUrlJsonPath ?? '$.statusUrl');
      return typeof value === 'string' ? value : undefined;
    }
  }
}

/** Stored as it was sent; but for the same host with another scheme the scheme of the stage's URL wins. */
function withScheme(url: string, found: string): string {
  if (!URL.canParse(found)) return found;
  const [own, other] = [new URL(url), new URL(found)];
  if (own.hostname !== other.hostname || own.protocol === other.protocol) return found;
  return found.replace(/^[^:]*:/, own.protocol);
}

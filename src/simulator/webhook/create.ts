/** The create task of Orca's webhook stage: which answer is a success, which is tried again, and which ends the stage. */
import { exchange, type Answer } from './http';
import { jsonPath, readBody } from './json-path';
import type { Play } from './play';
import { sleep } from './sleep';

const DEFAULT_FAIL_FAST = [504];
const ALWAYS_RETRIED = [429];
/** Codes that Spring does not know make the task throw. */
const KNOWN_5XX = new Set([500, 501, 502, 503, 504, 505, 506, 507, 508, 509, 510, 511]);

export type Created =
  | { readonly kind: 'created'; readonly body: unknown; readonly statusUrl: string | null }
  | { readonly kind: 'failed'; readonly error: string }
  | { readonly kind: 'canceled' };

export async function create(play: Play): Promise<Created> {
  const { stage } = play;
  const deadline = Date.now() + (stage.createTimeoutMs ?? 300_000);
  for (;;) {
    if (stage.signal?.aborted) return { kind: 'canceled' };
    play.creates += 1;
    const answer = await exchange(requestOf(play, stage.method ?? 'POST', stage.url, stage.payload));
    if (answer.kind === 'answer') {
      play.noteCreate(answer);
      const verdict = judge(play, answer);
      if (verdict === 'done') return accept(play, answer);
      if (verdict !== 'again') return { kind: 'failed', error: verdict };
    } else if (answer.kind === 'timeout' && (stage.method ?? 'POST').toUpperCase() === 'GET') {
      play.webhook['error'] = answer.message;
    } else {
      return { kind: 'failed', error: `Error submitting webhook for pipeline: ${answer.message}` };
    }
    if (Date.now() + (stage.createBackoffMs ?? 10_000) > deadline)
      return { kind: 'failed', error: 'createWebhook of stage Webhook timed out' };
    await sleep(stage.createBackoffMs ?? 10_000, stage.signal);
  }
}

function judge({ stage }: Play, { status, body }: Answer): string {
  if (status >= 200 && status < 400) return 'done';
  const told = `status code ${status}: ${body.slice(0, 300)}`;
  if ((stage.failFastStatusCodes ?? DEFAULT_FAIL_FAST).includes(status))
    return `Received a status code configured to fail fast, ${told}`;
  if (status > 511 || (status >= 500 && !KNOWN_5XX.has(status))) return `No matching constant for [${status}]`;
  const again =
    status >= 500 || ALWAYS_RETRIED.includes(status) || (stage.webhookRetryStatusCodes ?? []).includes(status);
  return again ? 'again' : `Error submitting webhook, ${told}`;
}

function accept(play: Play, answer: Answer): Created {
  const { stage } = play;
  let body: unknown;
  try {
    body = readBody(answer.body, answer.headers['content-type'] ?? '');
  } catch (error) {
    return {
      kind: 'failed',
      error: `Error submitting webhook: ${error instanceof Error ? error.message : 'broken body'}`,
    };
  }
  play.webhook['body'] = body;
  if (!(stage.waitForCompletion ?? true)) return { kind: 'created', body, statusUrl: null };
  const found = statusUrlOf(play, answer, body);
  if (found === undefined || found === '' || /[\s|]/.test(found))
    return { kind: 'failed', error: `The status URL couldn't be resolved, but 'Wait for completion' is checked` };
  return { kind: 'created', body, statusUrl: withScheme(stage.url, found) };
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

/** For the same host with another scheme the scheme of the stage's URL wins. */
function withScheme(url: string, found: string): string {
  if (!URL.canParse(found)) return found;
  const [own, other] = [new URL(url), new URL(found)];
  if (own.hostname === other.hostname && own.protocol !== other.protocol) other.protocol = own.protocol;
  other.hash = '';
  return other.toString();
}

const DENIED = new Set([
  'x-spinnaker-user',
  'x-spinnaker-account',
  'x-spinnaker-user-origin',
  'x-spinnaker-request-id',
  'x-spinnaker-execution-id',
]);

/** A request of the stage: its own headers but Spinnaker's, a text payload as text, anything else as JSON. */
export function requestOf(
  { stage }: Play,
  method: string,
  url: string,
  payload: unknown,
): Parameters<typeof exchange>[0] {
  const own = Object.entries(stage.headers ?? {}).filter(([name]) => !DENIED.has(name.toLowerCase()));
  const typed = own.some(([name]) => name.toLowerCase() === 'content-type');
  const type = typeof payload === 'string' ? 'text/plain;charset=ISO-8859-1' : 'application/json';
  const body = payload === undefined ? undefined : typeof payload === 'string' ? payload : JSON.stringify(payload);
  const headers = {
    Accept: '*/*',
    ...(body === undefined || typed ? {} : { 'Content-Type': type }),
    ...Object.fromEntries(own),
  };
  return { method: method.toUpperCase(), url, headers, body, timeoutMs: stage.requestTimeoutMs ?? 20_000 };
}

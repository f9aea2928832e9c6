/** Sorts everything that a call to AWS may throw, once, into the errors of the domain. */
import { Final, Forbidden, NotFound, TryAgain } from '../../domain/errors';
import { isAboutCredentials, kindOf, kindOfStatus, quotesRequest, type FailureKind } from './codes';

/** A call, for error texts; `service` is the prefix of its IAM actions. */
export interface Call {
  readonly service: 'ec2' | 'autoscaling' | 'iam' | 'ssm' | 'inspector2' | 'sns' | 'sts';
  /** Named as in AWS's API and as in its IAM action. */
  readonly operation: string;
  readonly region: string;
}

interface Sorted {
  readonly kind: FailureKind;
  /** Names call and code; free of secrets. */
  readonly text: string;
  readonly retryAfterMs?: number;
  /** AWS's own code and words, where it was AWS that answered. */
  readonly code?: string;
  readonly words?: string;
}

/** What the SDK's errors have, all of it optional: the same `catch` also gets sockets' and parsers' errors. */
interface Thrown extends Error {
  readonly Code?: string;
  readonly code?: unknown;
  readonly $fault?: 'client' | 'server';
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly statusCode?: number; readonly headers?: Readonly<Record<string, string>> };
  readonly retryAfterSeconds?: number;
}

/** Makes a call. Throws only the errors of the domain, and bugs as they are. */
export async function call<T>(of: Call, send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    const sorted = sort(error, of);
    if (!sorted) throw error;
    throw toError(sorted);
  }
}

/** Makes a call some of whose errors are answers: `take` gets AWS's code and words, free of secrets, before they are sorted. */
export async function callOr<T, R>(
  of: Call,
  send: () => Promise<T>,
  take: (code: string, words: string) => R | undefined,
): Promise<T | R> {
  try {
    return await send();
  } catch (error) {
    const sorted = sort(error, of);
    if (!sorted) throw error;
    const answer = sorted.code === undefined ? undefined : take(sorted.code, sorted.words ?? '');
    if (answer !== undefined) return answer;
    throw toError(sorted);
  }
}

/** Makes a call that takes something away; that it is gone already, or about to go, is success. */
export async function remove(of: Call, send: () => Promise<unknown>): Promise<void> {
  try {
    await send();
  } catch (error) {
    const sorted = sort(error, of);
    if (!sorted) throw error;
    if (sorted.kind !== 'not-found' && sorted.kind !== 'already-so') throw toError(sorted);
  }
}

/** Makes a call that reads one thing; `undefined` when there is no such thing. */
export async function find<T>(of: Call, send: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call(of, send);
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
  }
}

// No error carries the SDK's own as its cause: that one's text may hold what must not reach a log or a history.
function toError({ kind, text, retryAfterMs }: Sorted): Error {
  switch (kind) {
    case 'try-again':
      return new TryAgain(text, retryAfterMs);
    case 'forbidden':
      return new Forbidden(text);
    case 'not-found':
      return new NotFound(text);
    case 'final':
    case 'already-so':
      return new Final(text);
  }
}

/** `undefined` for what does not come from AWS or the way to it, i.e. for a bug. */
function sort(error: unknown, of: Call): Sorted | undefined {
  if (!(error instanceof Error)) return undefined;
  const thrown: Thrown = error;
  const name = `${of.service}:${of.operation} in ${of.region}`;
  const status = thrown.$metadata?.httpStatusCode ?? thrown.$response?.statusCode;

  const code = thrown.Code ?? thrown.name;
  if (thrown.$fault !== undefined && status !== undefined && isWrittenByAws(code, of)) {
    const kind = kindOf({ code, status, message: thrown.message });
    const wait = retryAfterMs(thrown);
    const text = `${name}: ${tell(kind, code, thrown.message, of)}`;
    const words = quotesRequest(code) ? '' : withoutSecrets(thrown.message);
    return { kind, text, code, words, ...(wait === undefined ? {} : { retryAfterMs: wait }) };
  }
  // A service that speaks, but not the protocol: a proxy's page, a torn answer, an endpoint that is not AWS.
  if (status !== undefined) {
    return { kind: kindOfStatus(status), text: `${name}: HTTP ${status} with a body that is no answer of AWS` };
  }
  if (/^(?:Credentials|Token)?ProviderError$/.test(thrown.name)) {
    return { kind: 'try-again', text: `${name}: no AWS credentials could be read: ${withoutSecrets(thrown.message)}` };
  }
  if (isOfTheWay(thrown)) {
    return { kind: 'try-again', text: `${name}: AWS cannot be reached: ${withoutSecrets(wordsOf(thrown))}` };
  }
  if (thrown.message === 'Region is missing') {
    return { kind: 'final', text: `${name}: no AWS region is configured (AWS_REGION)` };
  }
  return undefined;
}

/**
 * Where an answer has no code, the SDK makes one up, for 404 even `NotFound`. That is a proxy's word, and must not pass for
 * AWS saying that something is gone.
 */
const isWrittenByAws = (code: string, { service }: Call): boolean =>
  !/^Unknown(?:Error)?$/.test(code) && (code !== 'NotFound' || service === 'sns');

function tell(kind: FailureKind, code: string, message: string, { service, operation }: Call): string {
  const words = quotesRequest(code) ? 'AWS does not accept the signature' : withoutSecrets(message);
  const said = words && words !== code ? `${code}: ${words}` : code;
  if (kind !== 'forbidden') return said;
  return isAboutCredentials(code)
    ? `${said} (are these credentials valid, and is the region enabled for the account?)`
    : `${said}; grant ${deniedIn(words) ?? `${service}:${operation}`} to Assay's role`;
}

/** The right that AWS itself says is missing: a launch also needs those of what it passes on and tags. */
const deniedIn = (words: string): string | undefined =>
  /not authorized to perform:? ([a-z0-9-]+:[A-Za-z]+)/i.exec(words)?.[1];

/**
 * Errors of sockets, name look-ups and TLS have a code in capitals; the SDK's time limits and aborts have a name. Where Node's
 * own errors are of another realm than ours, as under Jest, the SDK wraps them and their codes are lost.
 */
const isOfTheWay = ({ name, code, message }: Thrown): boolean =>
  message.startsWith('AWS SDK error wrapper for ') ||
  /^(?:TimeoutError|AbortError|RequestAbortedError)$/.test(name) ||
  (typeof code === 'string' && /^[A-Z][A-Z0-9_]+$/.test(code) && !/^ERR_(?:INVALID|OUT_OF|MISSING)_/.test(code));

function wordsOf({ message, name, code }: Thrown): string {
  const words = message
    .replace(/^AWS SDK error wrapper for |^@smithy\S* - \[ERROR\] /, '')
    .replace(/\s*Deserialization error: to see.*$/s, '');
  const label = typeof code === 'string' ? code : name;
  return words.includes(label) ? words : `${label} ${words}`.trim();
}

const LONGEST = 400;

/** What AWS says, in one line, without access key ids, tokens and encoded authorization messages. */
function withoutSecrets(message: string): string {
  const text = message
    .replace(/\s*Encoded authorization failure message:.*$/is, '')
    .replace(/\b[A-Z]{4}[A-Z0-9]{12,}\b/g, '…')
    .replace(/[A-Za-z0-9+/=_-]{60,}/g, '…')
    .replace(/\s+/g, ' ')
    .trim();
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

/** Milliseconds that the service asked to wait: by its own field or by HTTP's header, in seconds or as a date. */
function retryAfterMs({ retryAfterSeconds, $response }: Thrown): number | undefined {
  const header = Object.entries($response?.headers ?? {}).find(([name]) => name.toLowerCase() === 'retry-after')?.[1];
  const seconds = retryAfterSeconds ?? Number(header ?? NaN);
  const ms = Number.isNaN(seconds) ? Date.parse(header ?? '') - Date.now() : seconds * 1000;
  return Number.isFinite(ms) && ms > 0 ? Math.min(Math.ceil(ms), LONGEST_WAIT_MS) : undefined;
}

/** A clock that is off must not make us wait for hours. */
const LONGEST_WAIT_MS = 5 * 60_000;

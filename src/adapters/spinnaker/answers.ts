/** What Gate's answers mean: one place that sorts them into data and into errors by what can be done. */
import { AnswerLost, Doubtful, Final, Forbidden, NotFound, TryAgain } from '../../domain/errors';
import type { GateAnswer } from './gate';
import { record, text } from './json';

const MOST_TEXT = 500;
/** A wait longer than this is taken for a mistake of the other side. */
const MOST_RETRY_AFTER_MS = 15 * 60_000;

/** How an answer is read. `command`: a lost answer matters. `missing`: what 404 means here. */
export interface Reading {
  readonly command?: boolean;
  readonly missing: (answer: GateAnswer) => Error;
}

/**
 * The JSON of an answer; `undefined` when it is empty, which Gate also does when something behind it failed. Throws Forbidden for
 * what Gate's security or something in front of it refuses (a page or a redirect to one counts, since Gate itself has none),
 * AnswerLost and TryAgain for what may be over soon, Final for the rest. Of a command any other refusal is Doubtful: Gates up
 * to 2025 answer 422, or 400 with later versions of kork, to whatever fails behind them, an Orca that takes the start and is
 * slow to say so among it (`PipelineController.invokePipelineConfig`, `PipelineExecutionException`); later ones pass on what
 * Orca answers.
 */
export function read(answer: GateAnswer, { command = false, missing }: Reading): unknown {
  const { status, body, what } = answer;
  const lost = (why: string): Error => (command ? new AnswerLost(why) : new TryAgain(why));
  if (status >= 200 && status < 300) {
    if (body.trim() === '') return undefined;
    if (isPage(answer)) throw new Forbidden(`${what}: answered with a page, as a login would be: check spinnaker.auth`);
    try {
      return JSON.parse(body) as unknown;
    } catch {
      throw lost(`${what}: the answer is not JSON`);
    }
  }
  const told = `${what}: ${status}${detail(answer)}`;
  if (status >= 300 && status < 400) throw redirected(answer);
  if (status === 401 || status === 403)
    throw new Forbidden(`${told}: check spinnaker.auth and the rights in Spinnaker`);
  if (status === 404 && (isPage(answer) || (command && !isOfGate(answer))))
    throw new Forbidden(
      `${what}: 404 ${isPage(answer) ? 'with a page, which is' : 'that is'} not Gate's own: check spinnaker.gate and what is in front of it`,
    );
  if (status === 404) throw missing(answer);
  if (status === 429) throw new TryAgain(told, retryAfterMs(answer));
  if (status === 408 || status === 425 || status >= 500) {
    const after = retryAfterMs(answer);
    throw command ? new AnswerLost(told, after) : new TryAgain(told, after);
  }
  if (command && !REFUSED_BEFORE_THE_START.test(detail(answer))) throw new Doubtful(told);
  throw new Final(told);
}

/** What Gate finds out before it asks Orca for anything (`PipelineService.trigger`). */
const REFUSED_BEFORE_THE_START = /\bRequired parameter .+ is missing/;

/**
 * Gate's own 404 is a JSON document (kork, Spring). Anything else comes from a proxy that has no Gate behind it just now, and
 * says nothing of what was asked for.
 */
export function notFound(answer: GateAnswer): Error {
  const told = `${answer.what}: 404${detail(answer)}`;
  return isOfGate(answer) ? new NotFound(told) : new TryAgain(`${told}, not said by Gate itself`);
}

export const isOfGate = ({ body }: GateAnswer): boolean => text(errorOf(body)) !== undefined;

/** HTML: Gate's answers are JSON, so it comes from a login or from something in front of Gate. */
export const isPage = ({ contentType, body }: GateAnswer): boolean =>
  /\bhtml\b/i.test(contentType) || /^\s*<(?:!doctype|html|head|body)/i.test(body);

/** The reason in an error body as Spinnaker's services write it (kork: `message`, `error`), shortened, on one line. */
export function detail(answer: GateAnswer): string {
  const told = isPage(answer) ? undefined : text(errorOf(answer.body));
  return told === undefined ? '' : `: ${brief(answer.redact(told))}`;
}

/** A text of the outside for people: one line, without control characters, not longer than `most`. */
export function brief(told: string, most = MOST_TEXT): string {
  const line = told.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}

function errorOf(body: string): unknown {
  try {
    const { message, error, error_description: described } = record(JSON.parse(body));
    return text(message) ?? text(described) ?? error;
  } catch {
    return undefined;
  }
}

function redirected({ what, status, location = '' }: GateAnswer): Error {
  // The query is left out: it names where to come back to.
  const login = location === '' || /log-?in|oauth|saml|sign-?in|auth|sso/i.test(location.replace(/[?#].*/, ''));
  return login
    ? new Forbidden(`${what}: ${status}, a redirect to a login: check spinnaker.auth`)
    : new Final(`${what}: ${status}, a redirect: spinnaker.gate must be the address that Gate answers at itself`);
}

/** `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3). */
function retryAfterMs({ retryAfter }: GateAnswer): number | undefined {
  if (retryAfter === undefined) return undefined;
  const ms = /^\d+$/.test(retryAfter.trim()) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.now();
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, MOST_RETRY_AFTER_MS) : undefined;
}

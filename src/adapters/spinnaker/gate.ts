/** Requests to Gate over axios: what was asked, what came back, and, where nothing did, whether Gate can have got it. */
import axios, { type AxiosResponse } from 'axios';
import { AnswerLost, BadInput, Final, TryAgain } from '../../domain/errors';
import { hasExpression } from '../../domain/request';
import { credentialsOf, type GateAuth } from './auth';
import { createAgents, watchedTransport, type Passage } from './connection';
import { record, text } from './json';

/** Executions carry every stage's context; several megabytes are common, more than this is a fault. */
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_CONNECT_MS = 10_000;

export interface GateRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  /** Path below Gate's base URL, in parts that are not encoded yet. */
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Doing it twice does more than doing it once: a lost answer is `AnswerLost`. */
  readonly command?: boolean;
}

export interface GateAnswer {
  readonly status: number;
  readonly body: string;
  readonly contentType: string;
  readonly retryAfter: string | undefined;
  readonly location: string | undefined;
  /** Method and path, without the query: what an error may say. */
  readonly what: string;
  /** Takes out of a text what must not be told. */
  readonly redact: (text: string) => string;
}

export interface GateOptions {
  /** Base URL; may have a path. */
  readonly gate: string;
  readonly auth: GateAuth;
  /** Longest that an answer may take, as a whole. */
  readonly timeoutMs: number;
}

export type Gate = (request: GateRequest) => Promise<GateAnswer>;

/**
 * A door to Gate. It throws TryAgain for a request that cannot have arrived, AnswerLost for a command of which that is not
 * certain, TryAgain for any other request without an answer. Redirects are not followed: Gate's lead to a login page.
 */
export function createGate({ gate, auth, timeoutMs }: GateOptions): Gate {
  const base = baseOf(gate, auth);
  const agentsFor = createAgents();
  return async (request) => {
    assertInert(request);
    const { method, path, query = {}, body, command = false } = request;
    const { headers, certificate, secrets } = credentialsOf(auth);
    const agents = agentsFor(certificate, command);
    const what = `Gate ${method} /${path.join('/')}`;
    const redact = redactor(secrets);
    const passage: Passage = { reached: false };
    const search = new URLSearchParams(query).toString();
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const answer: AxiosResponse<string> = await axios.request({
        method,
        url: `${base}/${path.map(encodeURIComponent).join('/')}${search && `?${search}`}`,
        headers: { Accept: 'application/json', 'User-Agent': 'assay', ...typeOf(body), ...headers },
        ...(body === undefined ? {} : { data: JSON.stringify(body) }),
        ...agents,
        transport: watchedTransport(passage, Math.min(timeoutMs, MOST_CONNECT_MS)),
        signal,
        maxRedirects: 0,
        proxy: false,
        responseType: 'text',
        transformRequest: (data: unknown) => data,
        transformResponse: (data: unknown) => data,
        validateStatus: () => true,
        maxContentLength: MOST_BYTES,
        maxBodyLength: MOST_BYTES,
      });
      return { status: answer.status, body: String(answer.data ?? ''), ...headersOf(answer), what, redact };
    } catch (error) {
      // Neither the error nor a part of it goes on: axios's carry the request with its headers.
      const why = signal.aborted ? `no answer within ${timeoutMs} ms` : redact(whyOf(error));
      if (!passage.reached) throw new TryAgain(`${what}: Gate was not reached: ${why}`);
      if (command) throw new AnswerLost(`${what}: the answer was lost: ${why}`);
      throw new TryAgain(`${what}: ${why}`);
    }
  };
}

/** Refuses a URL that would not work, or would carry a secret into texts. */
function baseOf(gate: string, auth: GateAuth): string {
  const url = URL.canParse(gate) ? new URL(gate) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) throw new Final('spinnaker.gate is no http or https URL');
  if (url.username || url.password) throw new Final('spinnaker.gate holds credentials; they belong in spinnaker.auth');
  if (url.search || url.hash) throw new Final('spinnaker.gate has a query or a fragment; it is a base URL');
  if ('x509' in auth && url.protocol !== 'https:') throw new Final('spinnaker.auth.x509 needs a gate with https');
  return url.origin + url.pathname.replace(/\/+$/, '');
}

/** Orca evaluates what looks like an expression wherever it meets it, so none is ever sent. */
function assertInert({ path, query = {}, body }: GateRequest): void {
  const sent = [...path, ...Object.entries(query).flat(), JSON.stringify(body ?? null)];
  if (sent.some(hasExpression))
    throw new BadInput(['a name or value for Gate holds an expression, which Spinnaker would evaluate']);
  // A URL drops such parts, and the request would go elsewhere.
  if (path.some((part) => part === '' || part === '.' || part === '..'))
    throw new BadInput(['a name for Gate is empty, or one that a URL cannot carry']);
}

const typeOf = (body: unknown) => (body === undefined ? {} : { 'Content-Type': 'application/json' });

function headersOf({ headers }: AxiosResponse): Pick<GateAnswer, 'contentType' | 'retryAfter' | 'location'> {
  const read = (name: string): string | undefined => {
    const value: unknown = headers[name];
    return typeof value === 'string' ? value : undefined;
  };
  return { contentType: read('content-type') ?? '', retryAfter: read('retry-after'), location: read('location') };
}

function whyOf(error: unknown): string {
  const { code, message } = record(error);
  const [kind = '', said = ''] = [text(code), text(message)];
  // A name with several addresses fails with one error for each and no message; messages name host and port only.
  return kind === '' || said.includes(kind) ? said || 'unknown fault' : [kind, said].filter(Boolean).join(': ');
}

/** Takes secrets out of a text, and the queries of URLs, which often hold some. */
function redactor(secrets: readonly string[]): (text: string) => string {
  return (told) => {
    const bare = secrets.reduce((all, secret) => (secret.length < 4 ? all : all.replaceAll(secret, '***')), told);
    return bare.replace(/(https?:\/\/[^\s"'<>?#]*)\?[^\s"'<>]*/g, '$1');
  };
}

/**
 * Orca's HTTP client, which is OkHttp 4.10 behind Spring's RestTemplate: it keeps connections, follows redirects, and sends
 * some requests a second time without a word.
 */
import { Agent, request as plain, type IncomingMessage } from 'node:http';
import { Agent as SecureAgent, request as secure } from 'node:https';
import { urlRules } from './url-rules';

export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  /** Real milliseconds until the answer must be there. */
  readonly timeoutMs: number;
}

export interface Answer {
  readonly kind: 'answer';
  readonly status: number;
  /** One value each, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** `refused` stands for every broken connection; `invalid` for a URL that is none, `forbidden` for one that Orca does not call. */
export interface NoAnswer {
  readonly kind: 'timeout' | 'unknown-host' | 'refused' | 'invalid' | 'forbidden';
  readonly message: string;
}

export interface Client {
  /** Never rejects. */
  exchange(given: Exchange): Promise<Answer | NoAnswer>;
  /** Lets go of the connections that it keeps. */
  close(): void;
}

export interface ClientOptions {
  /** Keeps to Orca's default rules of which hosts may be called; default: any host is fine. */
  readonly restricted?: boolean;
  /** Told of every answer and what it took in milliseconds; of those too that are followed, or sent again on, without a word. */
  readonly onAnswer?: (given: Exchange, answer: Answer, ms: number) => void;
}

const MOST_HOPS = 20;
/** OkHttp's pool: so many idle connections, for so long. */
const MOST_IDLE = 5;
const IDLE_MS = 5 * 60_000;

/** A client with connections of its own. */
export function createClient({ restricted = false, onAnswer }: ClientOptions = {}): Client {
  const agents = createAgents();
  const pass = async (given: Exchange): Promise<Answer | NoAnswer> => {
    const target = URL.canParse(given.url) ? new URL(given.url) : undefined;
    if (!target || !/^https?:$/.test(target.protocol)) return { kind: 'invalid', message: 'URI not valid: null' };
    const [rule] = restricted ? urlRules(given.url) : [];
    if (rule) return { kind: 'forbidden', message: `Host not allowed: ${rule.fault}` };
    const since = Date.now();
    const answer = await send(given, target, agents);
    if (answer.kind === 'answer') onAnswer?.(given, answer, Date.now() - since);
    return answer;
  };
  return {
    exchange: (given) => follow(given, pass),
    close: () => agents.close(),
  };
}

interface Agents {
  readonly plain: Agent;
  readonly secure: SecureAgent;
  close(): void;
}

function createAgents(): Agents {
  const options = { keepAlive: true, maxFreeSockets: MOST_IDLE, timeout: IDLE_MS, scheduling: 'lifo' } as const;
  const agents = { plain: new Agent(options), secure: new SecureAgent(options) };
  // OkHttp does not look at the server's `Keep-Alive: timeout=…`; Node's agent would.
  for (const agent of [agents.plain, agents.secure])
    Object.assign(agent, {
      keepSocketAlive: (socket: { unref(): void }): boolean => {
        socket.unref();
        return true;
      },
    });
  return {
    ...agents,
    close: () => {
      agents.plain.destroy();
      agents.secure.destroy();
    },
  };
}

/**
 * Follows redirects: 300 to 303 by GET, 307 and 308 with the same method and body. Sends again, unseen by Orca, on a first 408
 * that names no time to wait, and on a first 503 with `Retry-After: 0` (RetryAndFollowUpInterceptor).
 */
async function follow(
  given: Exchange,
  pass: (given: Exchange) => Promise<Answer | NoAnswer>,
): Promise<Answer | NoAnswer> {
  let current = given;
  let before = 0;
  for (let hop = 0; hop <= MOST_HOPS; hop += 1) {
    const answer = await pass(current);
    if (answer.kind !== 'answer') return answer;
    const { status, headers } = answer;
    const after = headers['retry-after'];
    const silently =
      (status === 408 && before !== 408 && Number(after ?? 0) <= 0) ||
      (status === 503 && before !== 503 && after === '0');
    before = status;
    if (silently) continue;
    const next = redirected(current, status, headers['location']);
    if (!next) return answer;
    current = next;
  }
  return { kind: 'refused', message: `Too many follow-up requests: ${MOST_HOPS + 1}` };
}

function redirected(from: Exchange, status: number, location: string | undefined): Exchange | undefined {
  if (status < 300 || status > 308 || [304, 305, 306].includes(status)) return undefined;
  if (location === undefined || !URL.canParse(location, from.url)) return undefined;
  const [url, own] = [new URL(location, from.url), new URL(from.url)];
  const same = url.host === own.host && url.protocol === own.protocol;
  // A redirect to another host loses the credentials, but not other headers.
  const kept = Object.entries(from.headers).filter(([name]) => same || name.toLowerCase() !== 'authorization');
  if (status === 307 || status === 308 || from.method === 'GET' || from.method === 'HEAD')
    return { ...from, url: url.toString(), headers: Object.fromEntries(kept) };
  const bare = kept.filter(([name]) => name.toLowerCase() !== 'content-type');
  return { ...from, url: url.toString(), headers: Object.fromEntries(bare), method: 'GET', body: undefined };
}

/** A failure, and whether it came on a connection that had been used before. */
interface Failure extends NoAnswer {
  readonly reused: boolean;
}

/** A request that ends without an answer on a connection from the pool is sent again; on a fresh one that is the end. */
async function send(given: Exchange, target: URL, agents: Agents): Promise<Answer | NoAnswer> {
  for (;;) {
    const answer = await once(given, target, agents);
    if (answer.kind !== 'refused' || !answer.reused) return answer;
  }
}

function once(given: Exchange, target: URL, agents: Agents): Promise<Answer | Failure> {
  const { method, headers, body, timeoutMs } = given;
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const isSecure = target.protocol === 'https:';
    const options = {
      method,
      headers: { ...headers, 'Content-Length': String(body?.length ?? 0) },
      agent: isSecure ? agents.secure : agents.plain,
      signal,
    };
    const fail = (reused: boolean) => (error: NodeJS.ErrnoException) =>
      resolve({ ...reasonOf(error, signal.aborted), reused });
    const request = (isSecure ? secure : plain)(target, options, (response) => {
      // Once an answer has begun, nothing is sent again.
      read(response).then(resolve, fail(false));
    });
    request.on('error', (error) => fail(request.reusedSocket)(error));
    request.end(body);
  });
}

async function read(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const headers = Object.entries(response.headers).map(([name, value]) => [name, [value].flat()[0] ?? '']);
  return {
    kind: 'answer',
    status: response.statusCode ?? 0,
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

function reasonOf(error: NodeJS.ErrnoException, late: boolean): NoAnswer {
  if (late) return { kind: 'timeout', message: 'timeout' };
  if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN') return { kind: 'unknown-host', message: error.message };
  return { kind: 'refused', message: error.message || (error.code ?? 'connection failed') };
}

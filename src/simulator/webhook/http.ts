/** One HTTP exchange as Orca's client (OkHttp behind Spring) makes it, each on a fresh connection. */
import { request as plain, type IncomingMessage } from 'node:http';
import { request as secure } from 'node:https';

export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** Real milliseconds until the answer must be there. */
  readonly timeoutMs: number;
}

export interface Answer {
  readonly kind: 'answer';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** `refused` stands for every broken connection; `invalid` for a URL that is none. */
export interface NoAnswer {
  readonly kind: 'timeout' | 'unknown-host' | 'refused' | 'invalid';
  readonly message: string;
}

const MOST_HOPS = 20;

/**
 * Follows redirects: 300 to 303 by GET, 307 and 308 with the same method and body. Sends once more, unseen by Orca, on 408 and
 * on 503 with `Retry-After: 0`.
 */
export async function exchange(given: Exchange): Promise<Answer | NoAnswer> {
  let current = given;
  let again = true;
  for (let hop = 0; hop < MOST_HOPS; hop += 1) {
    const answer = await once(current);
    if (answer.kind !== 'answer') return answer;
    const { status, headers } = answer;
    if (again && (status === 408 || (status === 503 && headers['retry-after'] === '0'))) {
      again = false;
      continue;
    }
    const location = headers['location'];
    if (status < 300 || status > 308 || [304, 305, 306].includes(status) || location === undefined) return answer;
    current = redirected(current, status, location);
  }
  return { kind: 'refused', message: `Too many follow-up requests: ${MOST_HOPS}` };
}

function redirected(from: Exchange, status: number, location: string): Exchange {
  const url = new URL(location, from.url);
  const same = url.host === new URL(from.url).host;
  // A redirect to another host loses the credentials, but not other headers.
  const kept = Object.entries(from.headers).filter(([name]) => same || name.toLowerCase() !== 'authorization');
  const next = { ...from, url: url.toString(), headers: Object.fromEntries(kept) };
  return status === 307 || status === 308 ? next : { ...next, method: 'GET', body: undefined };
}

function once({ method, url, headers, body, timeoutMs }: Exchange): Promise<Answer | NoAnswer> {
  return new Promise((resolve) => {
    const target = URL.canParse(url) ? new URL(url) : undefined;
    if (!target || !/^https?:$/.test(target.protocol))
      return resolve({ kind: 'invalid', message: `URI not valid: ${url}` });
    const signal = AbortSignal.timeout(timeoutMs);
    const fail = (error: NodeJS.ErrnoException): void => resolve(reasonOf(error, signal.aborted));
    const send = target.protocol === 'https:' ? secure : plain;
    const length = { 'Content-Length': String(Buffer.byteLength(body ?? '')) };
    const request = send(target, { method, headers: { ...headers, ...length }, agent: false, signal }, (response) => {
      read(response).then(resolve, fail);
    });
    request.on('error', fail);
    request.end(body);
  });
}

async function read(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const headers = Object.entries(response.headers).map(([name, value]) => [name, [value].flat().join(', ')]);
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

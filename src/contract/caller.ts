/** The suite's calls: made as Orca makes them, repeated where Orca would, and every answer kept to be looked at. */
import { createClient, type Answer } from './webhook/client';
import { ALWAYS_RETRIED } from './webhook/codes';
import { readBody } from './webhook/json-path';
import { sleep } from './webhook/sleep';

export interface Call {
  readonly method?: 'GET' | 'POST' | 'HEAD';
  /** Absolute, or below the address of Assay. */
  readonly to: string;
  readonly json?: unknown;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: the key that the suite was given. */
  readonly key?: string | null;
}

export interface Told extends Answer {
  readonly what: string;
  readonly ms: number;
  /** The body as JSON; null where it is none. */
  readonly json: Readonly<Record<string, unknown>> | null;
}

/** Nothing answered: the suite cannot go on. */
export class NotThere extends Error {
  override readonly name = 'NotThere';
}

export interface CallerOptions {
  readonly url: string;
  readonly key: string;
  /** How long a call that is answered with 5xx or 429 is repeated. */
  readonly patienceMs: number;
  readonly before: ((nth: number) => Promise<void>) | undefined;
}

/** Between two tries of one call. */
const AGAIN_MS = 250;
/** A little more than Orca's own, so that a late answer is seen as late and not as none. */
const LIMIT_MS = 25_000;

export interface Caller {
  /** Throws NotThere where there is no answer at all. */
  call(call: Call): Promise<Told>;
  /** Every answer so far, repeated ones too. */
  readonly answers: readonly Told[];
  close(): void;
}

export function createCaller({ url, key, patienceMs, before }: CallerOptions): Caller {
  const client = createClient();
  const base = url.replace(/\/+$/, '');
  const answers: Told[] = [];
  let nth = 0;
  const once = async (call: Call): Promise<Told> => {
    const { method = 'GET', to, json, text, headers = {} } = call;
    const sent = call.key === undefined ? key : call.key;
    const target = /^https?:/.test(to) ? to : `${base}${to}`;
    const what = `${method} ${new URL(target).pathname}`;
    const since = Date.now();
    const answer = await client.exchange({
      method,
      url: target,
      headers: {
        Accept: 'application/json, */*',
        ...(json !== undefined && { 'Content-Type': 'application/json' }),
        ...(text !== undefined && { 'Content-Type': 'text/plain;charset=ISO-8859-1' }),
        ...(sent !== null && { Authorization: `Bearer ${sent}` }),
        ...headers,
      },
      body: json !== undefined ? Buffer.from(JSON.stringify(json)) : text !== undefined ? Buffer.from(text) : undefined,
      timeoutMs: LIMIT_MS,
    });
    if (answer.kind !== 'answer') throw new NotThere(`${what}: ${answer.message}`);
    const told = { ...answer, what, ms: Date.now() - since, json: jsonOf(answer) };
    answers.push(told);
    return told;
  };
  return {
    answers,
    close: () => client.close(),
    async call(call) {
      nth += 1;
      await before?.(nth);
      const until = Date.now() + patienceMs;
      for (;;) {
        const told = await once(call);
        if (told.status < 500 && !ALWAYS_RETRIED.includes(told.status)) return told;
        if (Date.now() >= until) return told;
        await sleep(AGAIN_MS);
      }
    },
  };
}

function jsonOf({ body, headers }: Answer): Told['json'] {
  try {
    const read = readBody(body, headers['content-type'] ?? '');
    return typeof read === 'object' && read !== null && !Array.isArray(read) ? (read as Told['json']) : null;
  } catch {
    return null;
  }
}

/** The suite's calls: made as Orca makes them, repeated where Orca would, and every answer kept to be looked at. */
import { createClient, type Answer, type Client, type Exchange } from './webhook/client';
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
  readonly before: (what: string) => Promise<void>;
}

/** Between two tries of one call. */
const AGAIN_MS = 250;
/** A little more than Orca's own, so that a late answer is seen as late and not as none. */
const LIMIT_MS = 25_000;

export interface Caller {
  /** Throws NotThere where there is no answer at all. */
  call(call: Call): Promise<Told>;
  /** For what repeats calls by rules of its own, as a stage does. */
  readonly client: Client;
  /** Every answer so far, to whichever call and repeated ones too. */
  readonly answers: readonly Told[];
  close(): void;
}

export function createCaller({ url, key, patienceMs, before }: CallerOptions): Caller {
  const answers: Told[] = [];
  const client = createClient({ onAnswer: (given, answer, ms) => answers.push(told(given, answer, ms)) });
  const base = url.replace(/\/+$/, '');
  const exchangeOf = (call: Call): Exchange => {
    const { method = 'GET', to, json, text, headers = {} } = call;
    const sent = call.key === undefined ? key : call.key;
    return {
      method,
      url: /^https?:/.test(to) ? to : `${base}${to}`,
      headers: {
        Accept: 'application/json, */*',
        ...(json !== undefined && { 'Content-Type': 'application/json' }),
        ...(text !== undefined && { 'Content-Type': 'text/plain;charset=ISO-8859-1' }),
        ...(sent !== null && { Authorization: `Bearer ${sent}` }),
        ...headers,
      },
      body: json !== undefined ? Buffer.from(JSON.stringify(json)) : text !== undefined ? Buffer.from(text) : undefined,
      timeoutMs: LIMIT_MS,
    };
  };
  const once = async (given: Exchange): Promise<Told> => {
    const since = Date.now();
    const answer = await client.exchange(given);
    if (answer.kind !== 'answer') throw new NotThere(`${whatOf(given)}: ${answer.message}`);
    return told(given, answer, Date.now() - since);
  };
  return {
    answers,
    client: {
      ...client,
      async exchange(given) {
        await before(whatOf(given));
        return client.exchange(given);
      },
    },
    close: () => client.close(),
    async call(call) {
      const given = exchangeOf(call);
      await before(whatOf(given));
      const until = Date.now() + patienceMs;
      for (;;) {
        const answer = await once(given);
        if (answer.status < 500 && !ALWAYS_RETRIED.includes(answer.status)) return answer;
        if (Date.now() >= until) return answer;
        await sleep(AGAIN_MS);
      }
    },
  };
}

const told = (given: Exchange, answer: Answer, ms: number): Told => ({
  ...answer,
  ...{ what: whatOf(given), ms, json: jsonOf(answer) },
});

/** Method and path: what is asked, whoever asks. A stage may be sent to what is no URL. */
const whatOf = ({ method, url }: Exchange): string => `${method} ${URL.canParse(url) ? new URL(url).pathname : url}`;

function jsonOf({ body, headers }: Answer): Told['json'] {
  try {
    const read = readBody(body, headers['content-type'] ?? '');
    return typeof read === 'object' && read !== null && !Array.isArray(read) ? (read as Told['json']) : null;
  } catch {
    return null;
  }
}

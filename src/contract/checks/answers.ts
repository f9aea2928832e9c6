/** What holds for every answer, whatever was asked. */
import type { Told } from '../caller';
import { isStandard } from '../webhook/codes';
import { expressionsIn } from '../webhook/expressions';
import type { ContractCheck } from '../suite';

/** Orca's read timeout: 20 s by default. */
const LONGEST_MS = 20_000;
/** OkHttp's pool keeps a connection that long. */
const OKHTTP_IDLE_SECONDS = 300;

export function ofAllAnswers(answers: readonly Told[], key: string): ContractCheck[] {
  const slowest = Math.max(...answers.map(({ ms }) => ms));
  return [
    none('no answer is 408, which OkHttp sends again by itself', answers, ({ status }) => status === 408),
    none(
      'no answer has Retry-After: 0, on which OkHttp sends again at once',
      answers,
      ({ headers }) => headers['retry-after'] === '0',
    ),
    none('no answer is a redirect, which Orca follows', answers, ({ status }) => status >= 300 && status < 400),
    none('what is away for a moment is 503, not 500 or 504', answers, ({ status }) => status === 500 || status === 504),
    none('every status code is one that Spring knows', answers, ({ status }) => !isStandard(status)),
    none('every body has a type that Orca reads as JSON', answers, ({ status, headers, body }) => {
      // What a proxy in front says by itself is read by nobody: Orca only looks at the code.
      if (body === '' || (status >= 500 && !isJson(headers))) return false;
      return !isJson(headers);
    }),
    none(
      'no answer holds an expression that Orca would evaluate',
      answers,
      ({ body, json, headers }) =>
        body.includes('${') || expressionsIn(json).length > 0 || expressionsIn(headers).length > 0,
    ),
    none('no answer repeats the key', answers, ({ body, headers }) =>
      `${body} ${JSON.stringify(headers)}`.includes(key),
    ),
    none('no answer sets a cookie', answers, ({ headers }) => headers['set-cookie'] !== undefined),
    {
      name: 'every answer comes well before Orca stops reading',
      ok: slowest < LONGEST_MS,
      detail: `the slowest of ${answers.length} took ${slowest} ms`,
    },
    keepAlive(answers),
  ];
}

const isJson = (headers: Readonly<Record<string, string>>): boolean =>
  /^application\/(?:problem\+)?json\b/.test(headers['content-type'] ?? '');

function none(name: string, answers: readonly Told[], is: (told: Told) => boolean): ContractCheck {
  const found = answers.filter(is);
  const [first] = found;
  if (!first) return { name, ok: true, detail: `${answers.length} answers` };
  return { name, ok: false, detail: `${found.length} of ${answers.length}, the first: ${first.what}: ${first.status}` };
}

function keepAlive(answers: readonly Told[]): ContractCheck {
  const name = 'connections are kept longer than OkHttp’s 5 minutes';
  const told = answers
    .flatMap(({ headers }) => /timeout=(\d+)/.exec(headers['keep-alive'] ?? '')?.[1] ?? [])
    .map(Number);
  if (told.length > 0) {
    const shortest = Math.min(...told);
    return { name, ok: shortest > OKHTTP_IDLE_SECONDS, detail: `the shortest is ${shortest} s` };
  }
  const closed = answers.every(({ headers }) => headers['connection'] === 'close');
  if (closed) return { name, ok: true, detail: 'every connection is closed, and told so' };
  return { name, ok: null, detail: 'no answer names its time: look at what stands in front of Assay' };
}

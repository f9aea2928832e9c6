/** The HTTP API as the people's commands use it: one call, its answer parsed, every failure told with what to do about it. */
import { z } from 'zod';
import { headerOf } from './api-key';
import type { Access } from './profile';
import { CliError, EXIT, type ExitCode } from './exit';
import { clean } from './text';

/** Longest that an answer may take; the server itself gives up after 10 s. */
const LIMIT_MS = 30_000;

export interface Call {
  readonly method?: 'GET' | 'POST';
  /** Beginning with a slash, encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface Api {
  /** For people. */
  readonly url: string;
  /** Throws CliError for everything but a 2xx with JSON; `ApiProblem` and `NoAnswer` are such. */
  readonly call: (call: Call) => Promise<Answer>;
}

/** The server said no, in a problem document. */
export class ApiProblem extends CliError {
  constructor(
    readonly status: number,
    /** Last part of the problem's `type`. */
    readonly problem: string,
    /** Seconds, where the server asked to wait. */
    readonly retryAfter: number | undefined,
    message: string,
    faults: readonly string[],
    hint: string | undefined,
  ) {
    super(exitOfProblem(status, problem), message, { faults, ...(hint !== undefined && { hint }) });
  }
}

/** Nothing that could be Assay answered. What was asked for may have been done nevertheless. */
export class NoAnswer extends CliError {}

/** Whether the same call may go better in a moment. */
export const isPassing = (error: unknown): error is CliError =>
  error instanceof NoAnswer || (error instanceof ApiProblem && error.exit === EXIT.unreachable);

export function createApi({ url, key }: Access): Api {
  return {
    url,
    call: async ({ method = 'GET', path, query = {}, headers = {}, body, signal }) => {
      const target = new URL(`${url}${path}`);
      for (const [name, value] of Object.entries(query)) if (value !== undefined) target.searchParams.set(name, value);
      const limit = AbortSignal.timeout(LIMIT_MS);
      let response: Response;
      let text: string;
      try {
        response = await fetch(target, {
          method,
          headers: {
            Accept: 'application/json',
            Authorization: `Bearer ${headerOf(key)}`,
            ...(body !== undefined && { 'Content-Type': 'application/json' }),
            ...headers,
          },
          ...(body !== undefined && { body: JSON.stringify(body) }),
          signal: signal ? AbortSignal.any([signal, limit]) : limit,
          // A key goes to the address that it is for, and nowhere else.
          redirect: 'manual',
        });
        text = await response.text();
      } catch (error) {
        signal?.throwIfAborted();
        throw noAnswer(url, error);
      }
      return readAnswer(url, response, text);
    },
  };
}

function readAnswer(url: string, response: Response, text: string): Answer {
  const { status } = response;
  const type = response.headers.get('content-type') ?? '';
  const body = /[/+]json\b/i.test(type) ? parseJson(text) : undefined;
  if (response.ok && body !== undefined) return { status, body };
  const problem = problemSchema.safeParse(body);
  if (!response.ok && problem.success) throw apiProblem(status, response.headers, problem.data);
  if (status === 401 || status === 403)
    throw new CliError(EXIT.forbidden, `${url} answered ${status}, but not as Assay would`, {
      hint: 'Something in front of Assay may want a login of its own.',
    });
  throw new NoAnswer(EXIT.unreachable, `what answers at ${url} is not Assay, or not now: HTTP ${status}`, {
    hint: 'Is the address in ASSAY_URL or the profile right, and is the server up?',
  });
}

const problemSchema = z.looseObject({
  type: z.string().default('about:blank'),
  title: z.string().default(''),
  detail: z.string().default(''),
  errors: z
    .array(
      z.looseObject({
        detail: z.string(),
        pointer: z.string().optional(),
        parameter: z.string().optional(),
        header: z.string().optional(),
      }),
    )
    .default([]),
});

function apiProblem(status: number, headers: Headers, document: z.output<typeof problemSchema>): ApiProblem {
  const problem = document.type.split('/').at(-1) ?? '';
  const faults = document.errors.map(({ detail, pointer, parameter, header }) => {
    const place = pointer === undefined ? (parameter ?? header) : fieldOf(pointer);
    return clean(place === undefined || place === '' ? detail : `${place}: ${detail}`);
  });
  const after = Number(headers.get('retry-after') ?? NaN);
  const title = clean(document.title) || `the server answered ${status}`;
  const detail = clean(document.detail);
  return new ApiProblem(
    status,
    problem,
    Number.isFinite(after) && after >= 0 ? after : undefined,
    // The detail says it better than the title, but where the faults are listed it only gives their number.
    faults.length > 0 || detail === '' ? title : detail,
    faults,
    hintFor(status),
  );
}

/** `#/image/id` as `image.id` (RFC 6901). */
const fieldOf = (pointer: string): string =>
  pointer
    .replace(/^#?\/?/, '')
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .join('.');

function hintFor(status: number): string | undefined {
  if (status === 401) return 'Is the key in ASSAY_KEY or the profile right, and in the server’s config?';
  if (status === 429) return 'Wait a moment and try again.';
  return undefined;
}

/** What was asked for is wrong, is not allowed, cannot be had now, or was looked at and refused. */
function exitOfProblem(status: number, problem: string): ExitCode {
  if (status === 401 || status === 403) return EXIT.forbidden;
  if (status === 429 || status === 502 || status === 503 || status === 504) return EXIT.unreachable;
  if (status === 409) return problem === 'conflict' ? EXIT.usage : EXIT.bad;
  return status < 500 ? EXIT.usage : EXIT.bad;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function noAnswer(url: string, error: unknown): NoAnswer {
  const { code, reason } = causeOf(error);
  const [why, hint] = WHY[code] ?? [
    clean(reason),
    'Is the server running, and is the address in ASSAY_URL or the profile right?',
  ];
  return new NoAnswer(EXIT.unreachable, `Assay at ${url} cannot be reached: ${why}`, { hint, cause: error });
}

const ADDRESS = 'Is the address in ASSAY_URL or the profile right?';
const SERVER = 'Is the server running (`assay server`), and is the address in ASSAY_URL or the profile right?';
const CERTIFICATE = 'For a private certificate authority set NODE_EXTRA_CA_CERTS to its PEM file.';

/** Codes of Node, OpenSSL and undici (Node's fetch). */
const WHY: Readonly<Record<string, readonly [why: string, hint: string]>> = {
  ECONNREFUSED: ['the connection was refused', SERVER],
  ECONNRESET: ['the connection broke', 'Try again in a moment.'],
  UND_ERR_SOCKET: ['the connection broke', 'Try again in a moment.'],
  ENOTFOUND: ['there is no host of that name', ADDRESS],
  EAI_AGAIN: ['its name could not be looked up', 'Is there a network?'],
  EHOSTUNREACH: ['no way leads to that host', ADDRESS],
  ENETUNREACH: ['no way leads to that network', 'Is there a network?'],
  ETIMEDOUT: ['the host does not answer', ADDRESS],
  UND_ERR_CONNECT_TIMEOUT: ['the host does not answer', ADDRESS],
  TimeoutError: [`no answer came within ${LIMIT_MS / 1_000} s`, 'Try again in a moment.'],
  UND_ERR_HEADERS_TIMEOUT: ['no answer came', 'Try again in a moment.'],
  HPE_INVALID_CONSTANT: ['what answers there does not speak HTTP', ADDRESS],
  CERT_HAS_EXPIRED: ['its certificate has expired', 'Renew the certificate of the server.'],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['its certificate is self-signed', CERTIFICATE],
  SELF_SIGNED_CERT_IN_CHAIN: ['its certificate is signed by an unknown authority', CERTIFICATE],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['its certificate is signed by an unknown authority', CERTIFICATE],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['its certificate is signed by an unknown authority', CERTIFICATE],
  ERR_TLS_CERT_ALTNAME_INVALID: ['its certificate is for another name', ADDRESS],
};

/** fetch hides the reason in `cause`, and of a name with several addresses in that one's `errors`. */
function causeOf(error: unknown): { readonly code: string; readonly reason: string } {
  let reason = 'no reason is known';
  let at: unknown = error;
  for (let depth = 0; depth < 5 && at instanceof Error; depth += 1) {
    if (at.message !== '') reason = at.message;
    const { code } = at as NodeJS.ErrnoException;
    if (typeof code === 'string' && code in WHY) return { code, reason };
    if (at.name in WHY) return { code: at.name, reason };
    at = at instanceof AggregateError ? at.errors[0] : at.cause;
  }
  return { code: '', reason };
}

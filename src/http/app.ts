/** The HTTP door as one fastify instance: guards, limits, problems, logs, and the routes under the public URL's path. */
import Fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyHttpOptions,
  type FastifyInstance,
  type FastifyRequest,
  type RawServerDefault,
} from 'fastify';
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { messageOf } from '../domain/errors';
import { inert } from '../domain/status';
import { createGuard } from './auth/guard';
import { createRateLimiter } from './auth/rate-limit';
import type { RouteContext } from './context';
import { within } from './deadline';
import { securityHeaders } from './headers';
import { createMetrics } from './metrics';
import { methodNotAllowed } from './methods';
import { publicAddress, type AppOptions, type PublicAddress } from './options';
import { pages } from './pages/routes';
import { parseJson } from './json';
import { Problem, PROBLEMS, problemDocument, problemOf } from './problem';
import { createReadiness } from './readiness';
import { cancels } from './routes/cancels';
import { decisions } from './routes/decisions';
import { hooks } from './routes/hooks';
import { lines } from './routes/lines';
import { operations } from './routes/operations';
import { runs } from './routes/runs';

/** Most bytes of a request's body. */
const BODY_BYTES = 256 * 1024;
/**
 * OkHttp, Orca's client, keeps a connection for 5 minutes and sends a request again by itself when the connection it took
 * from its pool was closed meanwhile. So ours live longer.
 */
const KEEP_ALIVE_MS = 6 * 60_000;
/** How long a request may take to arrive whole. */
const ARRIVAL_MS = 60_000;
/** Of everything that one answer waits for. Orca gives up reading after 20 s. */
const DEADLINE_MS = 12_000;

/** The door; `listen` and `close` are the caller's. */
export function createApp(options: AppOptions): FastifyInstance {
  const now = options.now ?? Date.now;
  const deadlineMs = options.deadlineMs ?? DEADLINE_MS;
  const address = publicAddress(options.publicUrl);
  const context: RouteContext = {
    options,
    address,
    readiness: createReadiness(options.setup, deadlineMs, now),
    now,
    ask: (work) => within(deadlineMs, 'Temporal', work),
  };
  const app: FastifyInstance = Fastify(settings(options, address));
  const guard = createGuard(options.access, createRateLimiter(options.rateLimit, now), now);
  const metrics = createMetrics();
  const headers = securityHeaders(address);

  takeJsonOnly(app);
  app.decorateRequest('credential', null);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(headers).header('X-Request-Id', request.id);
    const { access } = request.routeOptions.config;
    if (access?.kind === 'key') guard.authenticate(request, access);
    else if (access?.kind === 'open' || request.is404) guard.countAddress(request);
  });
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });
  // The last door: whatever text came from a caller or a scanner, no answer holds an expression that Orca would evaluate.
  app.addHook('onSend', async (_request, reply, payload) => {
    // A connection that is kept alive would hold up the end.
    if (closing) reply.header('Connection', 'close');
    return typeof payload === 'string' ? inert(payload) : payload;
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = routeOf(request, address.prefix);
    const status = reply.statusCode;
    metrics.observe({ method: request.method, route, status, ms: reply.elapsedTime });
    request.log.info(
      {
        method: request.method,
        route,
        status,
        ms: Math.round(reply.elapsedTime),
        ...(request.credential && { credential: request.credential.id }),
        ...runOf(request),
      },
      'request',
    );
  });
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    logFault(request, problem, error);
    return reply
      .code(PROBLEMS[problem.problem].status)
      .headers(problem.headers)
      .type('application/problem+json')
      .send(problemDocument(problem, address.url));
  });
  const allowed = methodNotAllowed(app);
  app.setNotFoundHandler((request) => {
    throw allowed(request) ?? new Problem('not-found', 'There is nothing at this address');
  });

  // Proxies may strip the public URL's path or leave it: both are served.
  for (const prefix of new Set(['', address.prefix])) {
    app.register(
      async (scope) => {
        operations(scope, context, metrics);
        runs(scope, context);
        decisions(scope, context);
        lines(scope, context);
        await scope.register(async (inner) => cancels(inner, context));
        await scope.register(async (inner) => hooks(inner, context));
        await scope.register(async (inner) => pages(inner, context, guard));
      },
      { prefix },
    );
  }
  return app;
}

function settings(
  { logger, trustProxy, arrivalMs = ARRIVAL_MS }: AppOptions,
  address: PublicAddress,
): FastifyHttpOptions<RawServerDefault, FastifyBaseLogger> {
  return {
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    requestIdHeader: false,
    genReqId: ({ headers }) => requestId(headers['x-request-id']),
    bodyLimit: BODY_BYTES,
    trustProxy,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: arrivalMs,
    http: { headersTimeout: arrivalMs, connectionsCheckingInterval: arrivalMs / 2 },
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 1_000 },
    clientErrorHandler: (_error, socket) => refuse(socket),
    // Addresses that cannot be decoded never reach a route, nor its hooks.
    frameworkErrors: (error, _request, reply) => {
      const problem = problemOf(error);
      void reply.raw
        .writeHead(PROBLEMS[problem.problem].status, {
          ...securityHeaders(address),
          'Content-Type': 'application/problem+json',
        })
        .end(JSON.stringify(problemDocument(problem, address.url)));
    },
  };
}

/** JSON is the only body; an empty one is none, so that it gets its faults by name. */
function takeJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, async (_request: FastifyRequest, body: string) =>
    body === '' ? undefined : parseJson(body),
  );
}

/** A caller's request id where it is harmless, else our own. */
const requestId = (given: unknown): string =>
  typeof given === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : randomUUID();

/** The pattern of the route without the public URL's path, so that both ways in are one in logs and numbers. */
function routeOf(request: FastifyRequest, prefix: string): string {
  const url = request.routeOptions.url;
  if (request.is404 || url === undefined) return 'unknown';
  const bare = prefix !== '' && (url === prefix || url.startsWith(`${prefix}/`)) ? url.slice(prefix.length) : url;
  return bare === '' ? '/' : bare;
}

function runOf({ params }: FastifyRequest): { run?: string } {
  const { id } = (params ?? {}) as { id?: string };
  return id === undefined ? {} : { run: id.slice(0, 120) };
}

function logFault(request: FastifyRequest, problem: Problem, error: unknown): void {
  const { status } = PROBLEMS[problem.problem];
  if (problem.problem === 'internal' || problem.problem === 'evidence-changed')
    request.log.error({ err: error }, 'request failed');
  else if (status >= 500) request.log.warn({ problem: problem.problem, reason: messageOf(error) }, 'request failed');
}

/** What is no HTTP, or arrives too slowly. Never 408, which OkHttp answers by sending the request again. */
function refuse(socket: Socket): void {
  if (!socket.writable) return void socket.destroy();
  const body = JSON.stringify({
    type: 'about:blank',
    title: 'Bad Request',
    status: 400,
    detail: 'This is no valid HTTP request, or it took too long to arrive',
  });
  socket.end(
    `HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

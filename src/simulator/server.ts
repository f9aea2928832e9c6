/** One HTTP port for all of it: Gate below `/gate`, the simulator's own controls below `/_sim`, everything else is AWS. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { awsCall } from './aws';
import type { Call } from './call';
import { controlReply, type Control } from './control';
import type { FaultBox, FaultPlan } from './faults';
import { loginRedirect } from './gate';
import { json, type Reply, type SimRequest } from './http';
import type { RequestLog } from './requests';
import type { World } from './world';

const MOST_BODY = 8 * 1024 * 1024;
const GATE = '/gate';

export interface ServerParts {
  readonly world: World;
  readonly faults: FaultBox;
  readonly log: RequestLog;
  readonly gate: (request: SimRequest) => Call;
  readonly control: Control;
}

export interface Listening {
  readonly url: string;
  close(): Promise<void>;
}

export async function listen(parts: ServerParts, { host, port }: { host: string; port: number }): Promise<Listening> {
  const server = createServer((request, response) => {
    take(parts, request, response).catch((error: unknown) => {
      // A fault of the simulator itself: told, so that a test that meets it can be understood.
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      if (response.headersSent) response.destroy();
      else send(response, json(500, { simulator: message }));
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  const name = host.includes(':') ? `[${host}]` : host;
  return { url: `http://${name}:${bound}`, close: () => close(server) };
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

async function take(parts: ServerParts, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const request = await read(incoming);
  if (!request) return send(response, json(413, { message: 'too large' }));
  const own = controlReply(parts.control, request);
  if (own) return send(response, own);
  const inGate = request.path === GATE || request.path.startsWith(`${GATE}/`);
  const call = inGate
    ? parts.gate({ ...request, path: request.path.slice(GATE.length) || '/' })
    : awsCall(parts.world, request);
  if (!call)
    return send(response, json(403, { message: 'Missing Authentication Token, or a service that is not simulated' }));
  await answer(parts, call, response);
}

async function answer({ world, faults, log }: ServerParts, call: Call, response: ServerResponse): Promise<void> {
  const { service, operation, region, params } = call;
  const plan = faults.take(call);
  const entry = log.add({ service, operation, region, params, at: world.clock.now(), fault: plan?.kind ?? null });
  if (plan?.delayMs !== undefined && plan.kind !== 'delay') await pause(plan.delayMs);
  const reply = await replyOf(call, plan);
  if (!reply) return void response.socket?.resetAndDestroy();
  if (reply === 'drop') return void response.socket?.destroy();
  entry.status = reply.status;
  send(response, reply);
}

/** `undefined`: the connection is reset; `drop`: it ends without an answer. */
async function replyOf(call: Call, plan: FaultPlan | undefined): Promise<Reply | 'drop' | undefined> {
  switch (plan?.kind) {
    case undefined:
      return call.act();
    case 'reset':
      return undefined;
    case 'accept-then-drop':
      call.act();
      return 'drop';
    case 'delay': {
      const reply = call.act();
      await pause(plan.delayMs ?? 1000);
      return reply;
    }
    case 'empty-200':
      return { status: 200, body: '' };
    case 'login-redirect':
      return loginRedirect();
    case 'throttle':
    case '429':
    case '500':
    case '503':
    case 'error':
      return call.fail(plan) ?? json(500, { message: 'Planned fault' });
  }
}

/** Not of the world's clock: faults of a connection are in real time. Does not keep the program alive. */
const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms).unref());

async function read(request: IncomingMessage): Promise<SimRequest | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > MOST_BODY) return undefined;
    chunks.push(bytes);
  }
  const url = new URL(request.url ?? '/', 'http://simulator');
  return {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

function send(response: ServerResponse, { status, headers = {}, body }: Reply): void {
  if (response.destroyed) return;
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

/** A proxy before the simulated Gate: it knows which run and route a request belongs to, and has faults for each run. */
import { Agent, createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KINDS, SHARED, type Fault, type KindName, type Outage, type Route } from './faults';

/** What befalls one run's requests. */
export interface Plan {
  readonly faults: readonly Fault[];
  readonly outage: Outage | null;
  /** Executions younger than this are not listed, and reads of them are 404: Orca reads from replicas. */
  readonly lagMs: number;
  /** The execution that asked for the run. */
  readonly source: string;
  /** Called once, when this request comes in. */
  readonly hook: { readonly route: Route; readonly nth: number; readonly call: () => void } | null;
}

export interface GateProxy {
  readonly url: string;
  plan(run: string, plan: Plan): void;
  /** A run is over: faults that it did not meet befall nobody. */
  forget(run: string): void;
  /** How often a run's requests on a route came in, and what befell them. */
  seen(run: string): readonly { readonly route: Route; readonly kind: KindName | null }[];
  /** Requests that belong to no run or no known route: none, unless Assay has learned to ask something new. */
  readonly strange: readonly string[];
  stop(): Promise<void>;
}

interface Asked {
  readonly run: string;
  readonly route: Route;
}

interface Upstream {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** After a gateway has given up, what it passed on still arrives. */
const LATE_MS = 300;

export async function startGateProxy(gateUrl: string): Promise<GateProxy> {
  const upstream = new URL(gateUrl);
  const agent = new Agent({ keepAlive: true });
  const plans = new Map<string, Plan>();
  const seen = new Map<string, { route: Route; kind: KindName | null }[]>();
  const begun = new Map<string, number>();
  /** Whose an execution or a server group is, learned from Gate's own answers. */
  const owners = new Map<string, { run: string; step: string }>();
  const strange: string[] = [];

  function belongs(method: string, url: URL, body: string): Asked | undefined {
    const path = url.pathname.slice(upstream.pathname.length);
    const asked = (verb: string, step: string | undefined, run: string | undefined): Asked | undefined =>
      run !== undefined && step !== undefined ? { run, route: `${verb} ${step}` as Route } : undefined;
    if (method === 'POST' && /^\/pipelines\/[^/]+\/[^/]+$/.test(path)) {
      const { parameters } = JSON.parse(body) as { parameters: Record<string, string> };
      return asked('start', stepOf(path), parameters['assayRun']);
    }
    if (method === 'GET' && path.endsWith('/executions/search')) {
      const trigger = JSON.parse(Buffer.from(url.searchParams.get('trigger') ?? '', 'base64').toString('utf8')) as {
        correlationId?: string;
        parameters?: Record<string, string>;
      };
      const quoted = trigger.parameters?.['assayRun'] ?? trigger.correlationId?.split('/')[0] ?? '';
      return asked('search', stepOf(url.searchParams.get('pipelineName') ?? ''), quoted.replace(/\\/g, ''));
    }
    if (method === 'POST' && path === '/tasks') {
      const { trigger } = JSON.parse(body) as { trigger: { parameters: Record<string, string> } };
      return asked('start', 'task', trigger.parameters['assayRun']);
    }
    if (method === 'GET' && /^\/applications\/[^/]+\/tasks$/.test(path)) return anyone('list tasks');
    if (method === 'GET' && path === '/images/find') return anyone('find image');
    const group = /^\/applications\/[^/]+\/serverGroups\/[^/]+\/[^/]+\/([^/]+)$/.exec(path)?.[1];
    if (method === 'GET' && group !== undefined) {
      const run = owners.get(group)?.run;
      return run === undefined ? undefined : { run, route: 'server group' };
    }
    const [, id, cancel] = /^\/(?:pipelines|tasks)\/([^/]+)(\/cancel|\/stages\/[^/]+)?$/.exec(path) ?? [];
    const owner = owners.get(id ?? '');
    if (method === 'PATCH') return asked('patch', 'stage', owner?.run);
    return asked(cancel && method === 'PUT' ? 'cancel' : 'read', owner?.step, owner?.run);
  }

  /** The first run with a fault that is due there; nobody when there is none. */
  function anyone(route: Route): Asked {
    const due = [...plans].find(([run, { faults }]) => {
      const nth = timesOn(run, route);
      return faults.some((one) => one.route === route && nth < one.from + one.times);
    });
    return { run: due?.[0] ?? '', route };
  }

  const timesOn = (run: string, route: Route): number =>
    (seen.get(run) ?? []).filter((one) => one.route === route).length;

  function faultOf(asked: Asked): KindName | null {
    const { run, route } = asked;
    const plan = plans.get(run);
    const all = seen.get(run) ?? [];
    seen.set(run, all);
    const nth = timesOn(run, route);
    const now = Date.now();
    const since = now - (begun.get(run) ?? begun.set(run, now).get(run) ?? now);
    const away = plan?.outage && since >= plan.outage.fromMs && since < plan.outage.fromMs + plan.outage.forMs;
    const hit = plan?.faults.find((one) => one.route === route && nth >= one.from && nth < one.from + one.times);
    const kind = away ? plan.outage.kind : (hit?.kind ?? null);
    all.push({ route, kind });
    if (plan?.hook?.route === route && plan.hook.nth === nth) plan.hook.call();
    return kind;
  }

  async function pass(incoming: IncomingMessage, body: string): Promise<Upstream> {
    return new Promise((resolve, reject) => {
      const { 'content-length': _length, host: _host, connection: _connection, ...headers } = incoming.headers;
      const { method, url: path } = incoming;
      const options = { agent, host: upstream.hostname, port: upstream.port, method, path, headers };
      const outgoing = send({ ...options, headers: { ...headers, 'content-length': Buffer.byteLength(body) } });
      outgoing.once('error', reject);
      outgoing.once('response', (response) => {
        read(response).then(
          (text) => resolve({ status: response.statusCode ?? 500, headers: response.headers, body: text }),
          reject,
        );
      });
      outgoing.end(body);
    });
  }

  function learn({ run, route }: Asked, { body }: Upstream): void {
    const step = route.split(' ')[1] ?? '';
    for (const [, id = ''] of body.matchAll(/"ref":"\/(?:pipelines|tasks)\/([^"]+)"/g)) owners.set(id, { run, step });
    for (const [, id = ''] of body.matchAll(/\{"id":"([^"]+)","type":"PIPELINE"/g)) owners.set(id, { run, step });
    for (const [, name = ''] of body.matchAll(/"deploy\.server\.groups":\{"[^"]+":\["([^"]+)"/g))
      owners.set(name, { run, step: 'deploy' });
  }

  /** Leaves out, or does not find, what a replica does not have yet. */
  function lagging(asked: Asked, answer: Upstream): Upstream {
    const lagMs = plans.get(asked.run)?.lagMs ?? 0;
    if (lagMs === 0 || answer.status !== 200) return answer;
    const young = (one: unknown): boolean => Date.now() - (one as { buildTime: number }).buildTime < lagMs;
    if (SHARED.has(asked.route)) return answer;
    if (asked.route.startsWith('search')) {
      const all = JSON.parse(answer.body) as unknown[];
      return { ...answer, body: JSON.stringify(all.filter((one) => !young(one))) };
    }
    if (asked.route.startsWith('read') && young(JSON.parse(answer.body)))
      return { ...answer, status: 404, body: errorBody(404) };
    return answer;
  }

  async function take(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await read(incoming);
    const url = new URL(incoming.url ?? '/', upstream);
    const asked = belongs(incoming.method ?? 'GET', url, body);
    if (!asked) strange.push(`${incoming.method} ${url.pathname}`);
    const name = asked ? faultOf(asked) : null;
    const kind = name === null ? null : KINDS[name];
    const gone = new Promise<void>((resolve) => response.once('close', resolve));
    const forward = async (): Promise<Upstream> => {
      const answer = await pass(incoming, body);
      if (asked) learn(asked, answer);
      return asked ? lagging(asked, answer) : answer;
    };
    const done = !kind || kind.passed === 'before' ? await forward() : undefined;
    if (kind?.passed === 'late' && typeof kind.answer === 'object')
      setTimeout(() => void forward().catch(() => undefined), LATE_MS);
    reply(response, kind?.answer ?? 'none', done);
    if (kind?.answer === 'hold') {
      await gone;
      if (kind.passed === 'late') await forward();
    }
  }

  const server = createServer((incoming, response) => {
    take(incoming, response).catch((error: unknown) => {
      strange.push(`${incoming.method} ${incoming.url}: ${String(error)}`);
      response.destroy();
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${upstream.pathname}`,
    plan(run, plan) {
      plans.set(run, plan);
      owners.set(plan.source, { run, step: 'source' });
    },
    forget: (run) => void plans.delete(run),
    seen: (run) => seen.get(run) ?? [],
    strange,
    async stop() {
      server.closeAllConnections();
      agent.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Reply = (typeof KINDS)[KindName]['answer'] | 'none';

function reply(response: ServerResponse, answer: Reply, done: Upstream | undefined): void {
  const body = done?.body ?? '';
  const whole = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
  switch (answer) {
    case 'none':
      response.writeHead(done?.status ?? 500, whole).end(body);
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'drop':
      response.socket?.destroy();
      return;
    case 'hold':
      return;
    case 'cut':
      response.writeHead(done?.status ?? 500, { ...whole, 'Content-Length': Buffer.byteLength(body) + 10 });
      response.write(body.slice(0, body.length / 2), () => response.socket?.destroy());
      return;
    case 'broken':
      response.writeHead(done?.status ?? 500, { 'Content-Type': 'application/json' });
      response.end(body.slice(0, Math.max(1, body.length / 2)));
      return;
    default: {
      const text = { json: errorBody(answer.status), html: PAGE, none: '' }[answer.type];
      const type = { json: 'application/json;charset=UTF-8', html: 'text/html', none: 'text/plain' }[answer.type];
      response.writeHead(answer.status, { 'Content-Type': type, ...answer.headers }).end(text);
    }
  }
}

const PAGE = '<!DOCTYPE html><html><head><title>Not today</title></head><body></body></html>';

/** As Spinnaker's services write errors (kork). */
const errorBody = (status: number): string =>
  JSON.stringify({ timestamp: Date.now(), status, error: 'Planned', message: 'a planned fault' });

const stepOf = (text: string): string | undefined => /bake|deploy|destroy|tag|after/.exec(text)?.[0];

async function read(stream: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

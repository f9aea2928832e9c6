/** A Gate on a socket, with the habits that matter here: Orca's search, its de-duplication while an execution runs, and faults on demand. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';

export type Stored = Record<string, unknown> & { id: string; status: string; name: string; trigger: Trigger };
export interface Trigger {
  correlationId?: string;
  parameters: Record<string, string>;
  [name: string]: unknown;
}

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Answers in the place of Gate. `act` does what Gate would do, without sending the answer. */
export type Fault = (response: ServerResponse, act: () => void, request: IncomingMessage) => void;

const COMPLETE = new Set(['SUCCEEDED', 'TERMINAL', 'CANCELED', 'STOPPED', 'SKIPPED', 'FAILED_CONTINUE']);

export class FakeGate {
  readonly executions: Stored[] = [];
  readonly seen: Seen[] = [];
  readonly groups = new Map<string, unknown>();
  pipelines = ['bake-golden', 'deploy-candidate', 'destroy-candidate'];
  application = 'goldenami';
  /** What `/images/find` answers. */
  images: unknown[] = [];
  /** Tasks are listed without their executions. */
  bareTasks = false;
  /** Path below which Gate lives. */
  base = '';
  /** Faults by `METHOD /path-prefix`; each is used up by one request. */
  private readonly faults: { readonly on: string; readonly fault: Fault }[] = [];
  private server: Server | undefined;
  private made = 0;

  async open(secure?: ServerOptions): Promise<string> {
    const handle = (request: IncomingMessage, response: ServerResponse): void => void this.take(request, response);
    const server = secure ? createSecureServer(secure, handle) : createServer(handle);
    this.server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http${secure ? 's' : ''}://127.0.0.1:${(server.address() as AddressInfo).port}${this.base}`;
  }

  async close(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => (this.server ? this.server.close(resolve) : resolve(undefined)));
  }

  /** Takes no new connections; those that stand go on. */
  stopListening(): void {
    this.server?.close();
  }

  /** The next request whose method and path begin so is answered by the fault. */
  failOn(on: string, fault: Fault): void {
    this.faults.push({ on, fault });
  }

  starts(): readonly Seen[] {
    return this.seen.filter(({ method }) => method === 'POST');
  }

  add(given: Partial<Stored>): Stored {
    this.made += 1;
    const number = String(this.made).padStart(6, '0');
    const stored: Stored = {
      id: `01HZZZZZZZZZZZZZZZZZ${number}`,
      type: 'PIPELINE',
      application: this.application,
      name: 'bake-golden',
      status: 'RUNNING',
      buildTime: 1_700_000_000_000 + this.made,
      trigger: { type: 'manual', parameters: {} },
      stages: [],
      ...given,
    };
    this.executions.push(stored);
    return stored;
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { method = '', url = '', headers } = request;
    this.seen.push({ method, url, headers, body });
    const target = new URL(url, 'http://gate');
    const path = target.pathname.slice(this.base.length);
    const index = this.faults.findIndex(({ on }) => `${method} ${path}`.startsWith(on));
    const answer = (): { status: number; json: unknown } => this.answer(method, path, target.searchParams, body);
    const [planned] = index < 0 ? [] : this.faults.splice(index, 1);
    if (planned) return planned.fault(response, answer, request);
    const { status, json } = answer();
    response.writeHead(status, { 'Content-Type': 'application/json;charset=UTF-8' });
    response.end(json === undefined ? '' : JSON.stringify(json));
  }

  private answer(
    method: string,
    path: string,
    query: URLSearchParams,
    body: string,
  ): { status: number; json: unknown } {
    const parts = path.split('/').slice(1).map(decodeURIComponent);
    const [kind, first = '', second = ''] = parts;
    if (kind === 'images') return { status: 200, json: this.images };
    if (kind === 'tasks') return this.tasks(method, first, body);
    if (second === 'tasks') return { status: 200, json: this.listTasks(Number(query.get('limit'))) };
    if (method === 'PATCH') {
      const stages = this.executions.find(({ id }) => id === first)?.stages as { id: string; context: object }[];
      // Swallowed like every fault behind it.
      Object.assign(stages.find(({ id }) => id === parts[3])?.context ?? {}, JSON.parse(body));
      return { status: 200, json: undefined };
    }
    if (method === 'POST' && kind === 'pipelines') return this.start(first, second, JSON.parse(body) as Trigger);
    if (kind === 'pipelines') {
      const execution = this.executions.find(({ id }) => id === first);
      if (!execution) return fault(404, `Pipeline not found (id: ${first})`);
      if (method === 'GET') return { status: 200, json: execution };
      Object.assign(execution, { status: 'CANCELED', canceled: true, cancellationReason: query.get('reason') });
      return { status: 200, json: undefined };
    }
    if (second === 'executions') return this.search(first, query);
    if (second === 'serverGroups') {
      const group = this.groups.get(parts.slice(3).join('/'));
      return group === undefined ? fault(404, 'server group not found') : { status: 200, json: group };
    }
    return fault(404, 'No message available');
  }

  private tasks(method: string, id: string, body: string): { status: number; json: unknown } {
    if (method === 'POST') {
      const { description: name, trigger, job } = JSON.parse(body) as Record<string, unknown> & { trigger: Trigger };
      const running = this.executions.find(
        (one) =>
          one.type === 'ORCHESTRATION' &&
          one.trigger.correlationId === trigger.correlationId &&
          !COMPLETE.has(one.status),
      );
      const made = running ?? this.add({ type: 'ORCHESTRATION', name: String(name), trigger, job });
      return { status: 200, json: { ref: `/tasks/${made.id}` } };
    }
    const task = this.listTasks(Infinity).find((one) => one.id === id);
    return task ? { status: 200, json: task } : fault(404, `No Task found with id: ${id}`);
  }

  /** As Orca's view of an orchestration: its execution has no name. */
  private listTasks(limit: number): (Record<string, unknown> & { readonly id: string })[] {
    return this.executions
      .filter(({ type }) => type === 'ORCHESTRATION')
      .sort((a, b) => Number(b.buildTime) - Number(a.buildTime))
      .slice(0, limit)
      .map(({ name, ...execution }) => ({
        ...{ id: execution.id, name, status: execution.status, buildTime: execution.buildTime },
        execution: this.bareTasks ? undefined : execution,
      }));
  }

  private start(application: string, name: string, trigger: Trigger): { status: number; json: unknown } {
    if (application !== this.application || !this.pipelines.includes(name))
      return fault(404, `Unable to trigger pipeline (application: ${application}, pipelineNameOrId: ${name})`);
    const running = this.executions.find(
      (one) => one.trigger.correlationId === trigger.correlationId && !COMPLETE.has(one.status),
    );
    const { id } = running ?? this.add({ name, trigger });
    return { status: 202, json: { ref: `/pipelines/${id}` } };
  }

  private search(application: string, query: URLSearchParams): { status: number; json: unknown } {
    if (application !== this.application) return { status: 200, json: [] };
    const subset: unknown = JSON.parse(Buffer.from(query.get('trigger') ?? 'e30=', 'base64').toString('utf8'));
    const found = this.executions
      .filter(({ name, trigger }) => name === query.get('pipelineName') && matches(trigger, subset))
      .sort((a, b) => Number(b.buildTime) - Number(a.buildTime))
      .slice(0, Number(query.get('size') ?? 10));
    return { status: 200, json: query.get('expand') === 'true' ? found : found.map(bare) };
  }
}

const fault = (status: number, message: string) => ({
  status,
  json: { timestamp: 1_700_000_000_000, status, error: 'Not Found', exception: 'NotFoundException', message },
});

/** Orca's comparison: texts are equal but for letter case, or match as a regular expression; maps contain. */
function matches(value: unknown, subset: unknown): boolean {
  if (typeof value === 'string' && typeof subset === 'string')
    return value.toLowerCase() === subset.toLowerCase() || new RegExp(`^(?:${subset})$`).test(value);
  if (typeof value === 'object' && value !== null && typeof subset === 'object' && subset !== null)
    return Object.entries(subset).every(([name, part]) => matches((value as Record<string, unknown>)[name], part));
  return value === subset;
}

/** `expand=false`: stages without context, outputs and tasks. */
const bare = (execution: Stored): Stored => ({
  ...execution,
  stages: (execution.stages as object[]).map((stage) => ({ ...stage, context: {}, outputs: {}, tasks: [] })),
});

/** Spinnaker's Gate on the wire. */
import type { Call } from '../call';
import type { FaultPlan } from '../faults';
import { json, parse, record, text, type Reply, type SimRequest } from '../http';
import type { World } from '../world';
import { findImages } from './images';
import { COMPLETE, type SimExecution } from './model';
import { patchStage } from './patch';
import type { Pipelines } from './pipelines';
import { createCache, type Cache } from './server-groups';
import { listTasks, search, showExecution, showTask } from './show';
import { cancelExecution } from './stages';
import { startTask } from './tasks';

interface Gate {
  readonly world: World;
  readonly pipelines: Pipelines;
  readonly cache: Cache;
  readonly request: SimRequest;
}

/** What does it, with the parts of the path that the route leaves open. */
type Handler = (gate: Gate, ...parts: readonly string[]) => Reply;

class Problem extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

const ERRORS: Readonly<Record<number, readonly [error: string, exception: string]>> = {
  400: ['Bad Request', 'java.lang.IllegalArgumentException'],
  403: ['Forbidden', 'com.netflix.spinnaker.fiat.shared.AccessDeniedException'],
  409: ['Conflict', 'com.netflix.spinnaker.orca.controllers.TaskController$CannotDeleteRunningExecution'],
  422: ['Unprocessable Entity', 'com.netflix.spinnaker.gate.controllers.PipelineController$PipelineExecutionException'],
  404: ['Not Found', 'com.netflix.spinnaker.kork.web.exceptions.NotFoundException'],
  429: ['Too Many Requests', 'org.springframework.web.client.HttpClientErrorException'],
  503: ['Service Unavailable', 'retrofit.RetrofitError'],
};

/** Errors as Spinnaker's services write them. */
function problem(status: number, message: string): Reply {
  const [error, exception] = ERRORS[status] ?? ['Internal Server Error', 'retrofit.RetrofitError'];
  return json(status, { timestamp: Date.now(), status, error, exception, message }, 'application/json;charset=UTF-8');
}

const ok = (value: unknown): Reply => json(200, value, 'application/json;charset=UTF-8');

/** Gate's answer to what gives nothing back, and to what went wrong behind it unseen. */
const nothing = (): Reply => ({ status: 200, body: '' });

const page = (title: string): Reply => ({
  status: 200,
  headers: { 'Content-Type': 'text/html;charset=UTF-8' },
  body: `<!DOCTYPE html><html><head><title>${title}</title></head><body><form method="post"></form></body></html>`,
});

/** Gate's redirect of a call that is not logged in; its answer is a page, as browsers need. */
export const loginRedirect = (): Reply => ({
  ...page('Found'),
  status: 302,
  headers: { Location: '/gate/login', 'Content-Type': 'text/html' },
});

function execution({ world }: Gate, id: string, kinds: 'pipelines' | 'tasks'): SimExecution {
  const found = world.executions.get(id);
  if (!found || found.vanished || (found.type === 'ORCHESTRATION') !== (kinds === 'tasks'))
    throw new Problem(404, `No ${kinds === 'tasks' ? 'Task' : 'Pipeline'} found with id: ${id}`);
  return found;
}

const userOf = ({ request }: Gate): string => text(request.headers['x-spinnaker-user']) ?? 'anonymous';

const ROUTES: readonly (readonly [method: string, path: RegExp, name: string, handler: Handler])[] = [
  ['GET', /^\/health$/, 'health', () => ok({ status: 'UP' })],
  ['GET', /^\/login$/, 'login', () => page('Login')],
  [
    'GET',
    /^\/auth\/user$/,
    'getUser',
    (gate) => {
      const roles = gate.world.behaviours.of().gateRoles;
      return ok({ email: userOf(gate), username: userOf(gate), roles, allowedAccounts: ['test'], enabled: true });
    },
  ],
  ['GET', /^\/applications$/, 'listApplications', (gate) => ok(applications(gate).map((name) => ({ name })))],
  [
    'GET',
    /^\/applications\/([^/]+)$/,
    'getApplication',
    (gate, name) => {
      if (!applications(gate).includes(String(name))) throw new Problem(404, `Application not found (id: ${name})`);
      const permissions = gate.world.behaviours.of().gateRights;
      return ok({ name, attributes: { name, accounts: 'test', cloudProviders: 'aws', permissions }, clusters: {} });
    },
  ],
  [
    'GET',
    /^\/applications\/([^/]+)\/pipelineConfigs(?:\/([^/]+))?$/,
    'listPipelineConfigs',
    ({ pipelines }, application, name) => {
      const all = pipelines.all().filter((one) => one.application === application);
      const shown = all.map((one) => ({
        id: one.id,
        name: one.name,
        application: one.application,
        stages: [],
        triggers: [],
        ...one.config,
      }));
      if (name === undefined || name === '') return ok(shown);
      const found = shown.find((one) => one.name === name);
      if (!found)
        throw new Problem(404, `Pipeline config (id: ${name}) not found for Application (id: ${application})`);
      return ok(found);
    },
  ],
  [
    'GET',
    /^\/applications\/([^/]+)\/executions\/search$/,
    'searchExecutions',
    ({ world, request }, application) => {
      const expand = request.query.get('expand') === 'true';
      return ok(search(world, String(application), request.query).map((one) => showExecution(one, expand)));
    },
  ],
  [
    'GET',
    /^\/applications\/([^/]+)\/pipelines$/,
    'listPipelines',
    ({ world, request }, application) => {
      const query = new URLSearchParams({
        size: request.query.get('limit') ?? '10',
        statuses: request.query.get('statuses') ?? '',
      });
      return ok(search(world, String(application), query).map((one) => showExecution(one)));
    },
  ],
  [
    'GET',
    /^\/applications\/([^/]+)\/serverGroups$/,
    'listServerGroups',
    ({ cache }, application) => ok(cache.all().filter((one) => one['application'] === application)),
  ],
  [
    'GET',
    /^\/applications\/([^/]+)\/serverGroups\/([^/]+)\/([^/]+)\/([^/]+)$/,
    'getServerGroup',
    ({ cache }, _application, account, region, name) => {
      const found = cache.find(String(account), String(region), String(name));
      if (!found)
        throw new Problem(404, `Server group not found (account: ${account}, region: ${region}, name: ${name})`);
      return ok(found);
    },
  ],
  [
    'GET',
    /^\/instances\/([^/]+)\/([^/]+)\/([^/]+)$/,
    'getInstance',
    ({ cache }, account, region, id) => {
      const has = cache
        .all()
        .find((one) => one.region === region && JSON.stringify(one['instances']).includes(`"${id}"`));
      if (!has) throw new Problem(404, `Instance not found (id: ${id})`);
      return ok({ instanceId: id, account, region, serverGroup: has.name });
    },
  ],
  [
    'POST',
    /^\/pipelines\/([^/]+)\/([^/]+)$/,
    'startPipeline',
    ({ world, pipelines, request }, application, nameOrId) => {
      const pipeline = pipelines.find(String(application), String(nameOrId));
      if (!pipeline)
        throw new Problem(
          404,
          `Unable to trigger pipeline (application: ${application}, pipelineNameOrId: ${nameOrId}). Pipeline configuration not found`,
        );
      const body = parse(request.body);
      const { unprocessable } = world.behaviours.of(text(record(body.parameters).assayRun));
      if (unprocessable === 'before') throw new Problem(422, '503 Service Unavailable');
      const { id } = pipelines.start(pipeline, body);
      if (unprocessable === 'after') throw new Problem(422, 'Read timed out');
      return json(202, { ref: `/pipelines/${id}` }, 'application/json;charset=UTF-8');
    },
  ],
  [
    'GET',
    /^\/pipelines\/([^/]+)$/,
    'getPipeline',
    (gate, id) => ok(showExecution(execution(gate, String(id), 'pipelines'))),
  ],
  [
    'PUT',
    /^\/pipelines\/([^/]+)\/cancel$/,
    'cancelPipeline',
    (gate, id) => {
      cancelExecution(
        gate.world,
        execution(gate, String(id), 'pipelines'),
        userOf(gate),
        gate.request.query.get('reason'),
      );
      return ok({});
    },
  ],
  [
    'POST',
    /^\/tasks$/,
    'startTask',
    ({ world, request }) => {
      const body = parse(request.body);
      try {
        return ok({ ref: `/tasks/${startTask(world, body).id}` });
      } catch (error) {
        throw new Problem(400, error instanceof Error ? error.message : 'Bad task');
      }
    },
  ],
  [
    'PUT',
    /^\/tasks\/([^/]+)\/cancel$/,
    'cancelTask',
    (gate, id) => {
      cancelExecution(gate.world, execution(gate, String(id), 'tasks'), userOf(gate), null);
      return nothing();
    },
  ],
  [
    'GET',
    /^\/applications\/([^/]+)\/tasks$/,
    'listTasks',
    ({ world, request }, application) => ok(listTasks(world, String(application), request.query).map(showTask)),
  ],
  [
    'PATCH',
    /^\/pipelines\/([^/]+)\/stages\/([^/]+)$/,
    'patchStage',
    (gate, id, stageId) => {
      const found = execution(gate, String(id), 'pipelines');
      const patched = patchStage(gate.world, found, String(stageId), parse(gate.request.body));
      return patched ? ok(showExecution(patched)) : nothing();
    },
  ],
  [
    'DELETE',
    /^\/pipelines\/([^/]+)$/,
    'deletePipeline',
    (gate, id) => {
      const found = execution(gate, String(id), 'pipelines');
      // Orca deletes only what is complete.
      if (!COMPLETE.has(found.status))
        throw new Problem(409, `Cannot delete a running PIPELINE, please cancel it first.`);
      found.vanished = true;
      return nothing();
    },
  ],
  ['GET', /^\/images\/find$/, 'findImages', ({ world, request }) => ok(findImages(world, request.query))],
  ['GET', /^\/tasks\/([^/]+)$/, 'getTask', (gate, id) => ok(showTask(execution(gate, String(id), 'tasks')))],
];

const applications = ({ pipelines }: Gate): readonly string[] => [
  ...new Set(pipelines.all().map(({ application }) => application)),
];

/** Recognises a request to Gate; `path` begins below Gate's base. */
export function createGate(world: World, pipelines: Pipelines): (request: SimRequest) => Call {
  const cache = createCache(world);
  return (request) => {
    const gate: Gate = { world, pipelines, cache, request };
    const route = ROUTES.find(([method, path]) => method === request.method && path.test(request.path));
    const parts = (route?.[1].exec(request.path) ?? []).slice(1).map((part) => decodeURIComponent(String(part ?? '')));
    const query = request.query.toString();
    return {
      service: 'gate',
      operation: route?.[2] ?? `${request.method} ${request.path}`,
      region: '',
      params: `${request.path}${query && `?${query}`}${request.body && ` ${request.body}`}`,
      act() {
        try {
          if (!mayEnter(gate)) return loginRedirect();
          if (!route) throw new Problem(404, 'No message available');
          const right = request.method === 'GET' ? 'READ' : 'EXECUTE';
          if (/^\/(?:applications|pipelines|tasks)\/?./.test(request.path) && !isEntitled(gate, right))
            throw new Problem(403, `Access denied to application goldenami - required authorization: ${right}`);
          return route[3](gate, ...parts);
        } catch (error) {
          if (error instanceof Problem) return problem(error.status, error.message);
          if (error instanceof SyntaxError) return problem(400, error.message);
          throw error;
        }
      },
      fail: (plan) => failed(plan),
    };
  };
}

function mayEnter({ world, request }: Gate): boolean {
  const { gateToken } = world.behaviours.of();
  if (gateToken === null || request.path === '/login' || request.path === '/health') return true;
  const bearer = text(request.headers.authorization)?.replace(/^Bearer /, '');
  return bearer === gateToken || request.headers['x-spinnaker-token'] === gateToken;
}

function isEntitled({ world }: Gate, right: 'READ' | 'EXECUTE'): boolean {
  const { gateRoles, gateRights } = world.behaviours.of();
  const allowed = gateRights[right] ?? gateRights.READ;
  return allowed === undefined || allowed.some((role) => gateRoles.includes(role));
}

function failed({ kind, retryAfter, status = 400, code = 'Planned error' }: FaultPlan): Reply | undefined {
  const codes: Partial<Record<typeof kind, number>> = {
    throttle: 429,
    '429': 429,
    '500': 500,
    '503': 503,
    error: status,
  };
  const number = codes[kind];
  if (number === undefined) return undefined;
  const reply = problem(number, kind === 'error' ? code : 'Planned fault');
  return retryAfter === undefined
    ? reply
    : { ...reply, headers: { ...reply.headers, 'Retry-After': String(retryAfter) } };
}

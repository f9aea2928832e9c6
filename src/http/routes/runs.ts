/** Runs: start, read, list, report. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { StartOrder } from '../../client/api';
import { parseRunId } from '../../domain/names';
import { isEnd } from '../../domain/run';
import type { StatusDocument } from '../../domain/status';
import { credentialOf, type RouteContext } from '../context';
import { asParameters, parse, parseQuery } from '../parse';
import { badRequest, Problem } from '../problem';
import { listSchema, noQuerySchema, reportSchema } from '../schemas';
import { readStart } from '../start-order';

interface ById {
  Params: { id: string };
}

export function runs(app: FastifyInstance, context: RouteContext): void {
  const { options, address, ask } = context;
  const read = { access: { kind: 'key', scopes: ['runs:read'] } } as const;
  const write = { access: { kind: 'key', scopes: ['runs:write'] } } as const;

  app.post('/v1/runs', { config: write }, async (request, reply) => {
    parse(noQuerySchema, request.query, 'query');
    const run = await startRun(context, request, { ...readStart(request, options), ...starterOf(request) });
    return reply
      .code(202)
      .header('Location', run.statusUrl ?? `${address.url}/v1/runs/${encodeURIComponent(run.id)}`)
      .send(run);
  });

  app.get('/v1/runs', { config: read }, async (request) => {
    const { line, status, image, cursor, limit } = parseQuery(listSchema, request.query);
    const page = options.runs.list({
      ...(line !== undefined && { line }),
      ...(status !== undefined && { status }),
      ...(image !== undefined && { image }),
      ...(cursor !== undefined && { cursor }),
      ...(limit !== undefined && { limit }),
    });
    return ask(page).catch(asParameters);
  });

  app.get<ById>('/v1/runs/:id', { config: read }, async (request) => {
    parse(noQuerySchema, request.query, 'query');
    const id = knownForm(request.params.id);
    const read = async (): Promise<StatusDocument> => {
      const run = await options.runs.status(id);
      if (!run) throw noRun();
      // A HEAD shows no ending. The mark comes before the answer: an end that was shown and not marked would make the next
      // start under this key return the ended run for ever.
      if (isEnd(run.status) && request.method === 'GET') await options.runs.endRead(id, credentialOf(request).id);
      return run;
    };
    return ask(read());
  });

  app.get<ById>('/v1/runs/:id/request', { config: read }, async (request) => {
    parse(noQuerySchema, request.query, 'query');
    const asked = await ask(options.runs.request(knownForm(request.params.id)));
    if (!asked) throw noRun();
    return asked;
  });

  app.get<ById>('/v1/runs/:id/report', { config: read }, async (request) => {
    const { format = 'json' } = parseQuery(reportSchema, request.query);
    if (format !== 'json')
      throw badRequest([{ parameter: 'format', detail: `${format} is not supported yet; json is` }]);
    const report = await ask(options.runs.report(knownForm(request.params.id)));
    if (report === undefined) throw noRun();
    if (report === 'not-yet')
      throw new Problem('not-yet', 'The report exists once the run has been judged, or has ended');
    return report;
  });
}

/** Who starts a run, by the credential of a request. */
export function starterOf(request: FastifyRequest): Pick<StartOrder, 'credential' | 'subject'> {
  const { id: credential, subject = null } = credentialOf(request);
  return { credential, subject };
}

/** Starts a run. As long as Assay is not ready, none is accepted. */
export async function startRun(
  { options, readiness, ask }: RouteContext,
  { log }: FastifyRequest,
  order: StartOrder,
): Promise<StatusDocument> {
  const accept = async (): Promise<StatusDocument> => {
    const problem = await readiness.problem();
    if (problem) throw problem;
    return options.runs.start(order);
  };
  const run = await ask(accept());
  log.info({ run: run.id, line: run.line, credential: order.credential }, 'run accepted');
  return run;
}

/** 404. */
export const noRun = (): Problem => new Problem('not-found', 'There is no such run');

/** What cannot be a run's id names no run; Temporal is not asked about it. */
export function knownForm(id: string): string {
  if (!parseRunId(id)) throw noRun();
  return id;
}

/** The page on which a person starts a run, and its form. */
import { randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { askedAgain } from '../../domain/again';
import { isKey, madeUpKey } from '../../domain/names';
import { isEnd } from '../../domain/run';
import { requireScope } from '../auth/guard';
import { actorOf } from '../auth/keys';
import type { RouteContext } from '../context';
import { Problem, PROBLEMS, problemOf } from '../problem';
import { lineOf, orNoLine } from '../routes/lines';
import { knownForm, noRun, starterOf, startRun } from '../routes/runs';
import { readStart } from '../start-order';
import { html } from './html';
import { layout } from './layout';
import { runUrl } from './lists';
import type { Signing } from './signing';
import { startBody, startPage, startValues, type StartValues, type StartView } from './start';

interface ByLine {
  Params: { line: string };
  Querystring: { again?: unknown };
}

export function starting(app: FastifyInstance, context: RouteContext, tools: Signing): void {
  const { options, address, ask, now } = context;
  const config = { access: { kind: 'page' } } as const;
  const newKey = (line: string): string => madeUpKey(line, new Date(now()), randomBytes(6).toString('hex'));
  const show = async (
    request: FastifyRequest<ByLine>,
    reply: FastifyReply,
    filled: Pick<StartView, 'key' | 'values' | 'refused'>,
  ): Promise<FastifyReply> => {
    const name = lineOf(request.params.line);
    const line = orNoLine(await ask(options.lines.get(name)));
    const session = tools.session(request);
    const body = startPage({ address, line, session, ...filled });
    return reply
      .type('text/html; charset=utf-8')
      .send(layout({ address, session, title: `Start a run of ${name}`, body }));
  };
  const allowed = (request: FastifyRequest): void => requireScope(tools.session(request).key, ['runs:write']);

  /** What an ended run was asked for. Throws a problem for one that is not there, or still open. */
  const before = async (id: string): Promise<StartValues> => {
    const [run, asked] = await ask(Promise.all([options.runs.status(id), options.runs.request(id)]));
    if (!run || !asked) throw noRun();
    // Two of a kind would be in each other's way.
    if (!isEnd(run.status)) throw new Problem('not-yet', `The run ${id} is still open; wait for its end, or cancel it`);
    return startValues(askedAgain(run, asked, { parameters: {} }));
  };

  app.get<ByLine>('/lines/:line/start', { config }, async (request, reply) => {
    allowed(request);
    const { again } = request.query;
    const { subject } = actorOf(tools.session(request).key);
    const values = typeof again === 'string' ? await before(knownForm(again)) : { 'requested-by': subject };
    return show(request, reply, { key: newKey(request.params.line), values, refused: null });
  });

  app.post<ByLine>('/lines/:line/start', { config }, async (request, reply) => {
    const { key: sent = '', ...values } = tools.form(request);
    allowed(request);
    const line = lineOf(request.params.line);
    try {
      const { body, faults } = startBody(line, values);
      const order = readStart({ headers: { 'idempotency-key': sent }, body }, options, faults);
      const run = await startRun(context, request, { ...order, ...starterOf(request) });
      return reply.redirect(`${runUrl(address.url, run.id)}?said=started`, 303);
    } catch (error) {
      // Nobody types it all again: the form comes back as it was filled in, and sent again it is still one run.
      const problem = problemOf(error);
      if (problem.problem === 'internal') throw error;
      const used = problem.problem === 'conflict';
      reply.code(PROBLEMS[problem.problem].status).headers(problem.headers);
      const detail = used
        ? html`This form has started <a href="${runUrl(address.url, sent)}">the run ${sent}</a> already, with other
            values. Sent again it starts one more.`
        : problem.detail;
      const key = used || !isKey(sent) ? newKey(line) : sent;
      return show(request, reply, { key, values, refused: { detail, faults: problem.faults } });
    }
  });
}

/** Pages: server-made HTML that works without script. A session is needed for all but signing in. */
import type { FastifyInstance } from 'fastify';
import type { Guard } from '../auth/guard';
import { createSessions } from '../auth/sessions';
import type { RouteContext } from '../context';
import { Problem, PROBLEMS, problemOf, type ProblemName } from '../problem';
import { SCRIPT, STYLE } from './assets';
import { errorPage, problemPage } from './errors';
import { layout } from './layout';
import { reading } from './reading';
import { createSigning, signing } from './signing';
import { acting } from './acting';
import { starting } from './starting';

/** Needs an instance of its own: forms are read and errors shown as pages here. */
export function pages(app: FastifyInstance, context: RouteContext, guard: Guard): void {
  const { options, address, now } = context;
  const sessions = createSessions(options.access, now);
  const tools = createSigning(context, sessions, guard);
  const open = { access: { kind: 'open' } } as const;

  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(body as string))),
  );
  app.addHook('onRequest', tools.requireSession);
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    const { status } = PROBLEMS[problem.problem];
    if (status >= 500) request.log.error({ err: error }, 'page failed');
    return reply
      .code(status)
      .headers(problem.headers)
      .type('text/html; charset=utf-8')
      .send(
        layout({
          address,
          title: 'Error',
          session: tools.sessionOf(request) ?? null,
          body: errorPage(address, problem),
        }),
      );
  });

  const asset = (path: string, type: string, text: string): void => {
    app.get(path, { config: open }, async (_request, reply) =>
      reply.type(`${type}; charset=utf-8`).header('Cache-Control', 'public, max-age=300').send(text),
    );
  };
  asset('/assets/assay.css', 'text/css', STYLE);
  asset('/assets/assay.js', 'text/javascript', SCRIPT);

  app.get<{ Params: { name: string } }>('/problems/:name', { config: open }, async (request, reply) => {
    const name = request.params.name as ProblemName;
    const known = Object.hasOwn(PROBLEMS, name);
    const body = known ? problemPage(name) : errorPage(address, new Problem('not-found', 'There is no such problem'));
    return reply
      .code(known ? 200 : 404)
      .type('text/html; charset=utf-8')
      .send(layout({ address, title: 'Problem', session: null, body }));
  });

  signing(app, context, tools, sessions);
  reading(app, context, tools);
  acting(app, context, tools);
  starting(app, context, tools);
}

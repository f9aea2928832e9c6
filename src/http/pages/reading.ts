/** Pages that show: runs, a run, a line. Looking at a run here does not count as its end having been read. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RouteContext } from '../context';
import { isEnd } from '../../domain/run';
import { hasScope } from '../auth/keys';
import { parseQuery } from '../parse';
import { knownForm, noRun } from '../routes/runs';
import { lineOf, orNoLine } from '../routes/lines';
import { listSchema } from '../schemas';
import type { Html } from './html';
import { layout } from './layout';
import { linePage, runsPage } from './lists';
import { runPage } from './run';
import type { Signing } from './signing';

/** What a form came to, by the code in the address it leads back to. */
const SAID: Readonly<Record<string, string>> = {
  started: 'The run was accepted.',
  counted: 'Your decision was counted.',
  recorded: 'Your decision was recorded. It counts once a worker has verified it.',
  canceled: 'The run is being cancelled.',
  'not-canceled': 'The run could not be cancelled any more.',
};

interface Shown {
  readonly title: string;
  readonly body: Html;
  readonly reloadSeconds?: number;
}

/** As the API's list, but for the length of a page. */
const pageSchema = listSchema.omit({ limit: true });

/** Seconds between loads without script, while nobody is asked for a decision. */
const RELOAD_SECONDS = 15;

export function reading(app: FastifyInstance, { options, address, ask }: RouteContext, tools: Signing): void {
  const config = { access: { kind: 'page' } } as const;
  const mayStart = (request: FastifyRequest): boolean => hasScope(tools.session(request).key, ['runs:write']);
  const show = (request: FastifyRequest, reply: FastifyReply, shown: Shown): FastifyReply =>
    reply.type('text/html; charset=utf-8').send(layout({ address, session: tools.session(request), ...shown }));

  app.get<{ Querystring: Record<string, unknown> }>('/', { config }, async (request, reply) => {
    const { line, status, image, cursor } = parseQuery(pageSchema, request.query);
    const filter = {
      ...(line !== undefined && { line }),
      ...(status && { status }),
      ...(image !== undefined && { image }),
      ...(cursor !== undefined && { cursor }),
    };
    const [page, lines] = await ask(Promise.all([options.runs.list(filter), options.lines.list()]));
    return show(request, reply, {
      title: 'Runs',
      body: runsPage({ address, page, filter, lines, mayStart: mayStart(request) }),
    });
  });

  app.get<{ Params: { id: string }; Querystring: { said?: unknown } }>(
    '/runs/:id',
    { config },
    async (request, reply) => {
      const id = knownForm(request.params.id);
      const read = async () => {
        const run = await options.runs.status(id);
        if (!run) throw noRun();
        const report = run.evidenceDigest === null && !isEnd(run.status) ? 'not-yet' : await options.runs.report(id);
        return { run, report: report === 'not-yet' || report === undefined ? null : report };
      };
      const { run, report } = await ask(read());
      const { said } = request.query;
      const body = runPage({
        address,
        run,
        report,
        session: tools.session(request),
        said: typeof said === 'string' && Object.hasOwn(SAID, said) ? (SAID[said] as string) : null,
      });
      const reloads = !isEnd(run.status) && run.status !== 'AWAITING_APPROVAL';
      return show(request, reply, { title: run.id, body, ...(reloads && { reloadSeconds: RELOAD_SECONDS }) });
    },
  );

  app.get<{ Params: { line: string } }>('/lines/:line', { config }, async (request, reply) => {
    const name = lineOf(request.params.line);
    const [line, images, page] = await ask(
      Promise.all([options.lines.get(name), options.lines.images(name), options.runs.list({ line: name, limit: 20 })]),
    );
    const body = linePage({
      ...{ address, line: orNoLine(line), images: orNoLine(images), page },
      mayStart: mayStart(request),
    });
    return show(request, reply, { title: `Line ${name}`, body });
  });
}

/** Forms that do something, and lead back to their run's page. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { requireScope } from '../auth/guard';
import { actorOf } from '../auth/keys';
import type { RouteContext } from '../context';
import { parse } from '../parse';
import { decideOn, readDecision } from '../routes/decisions';
import { knownForm } from '../routes/runs';
import { cancelSchema } from '../schemas';
import { runUrl } from './lists';
import type { Signing } from './signing';

interface ById {
  Params: { id: string };
}

export function acting(app: FastifyInstance, context: RouteContext, tools: Signing): void {
  const { options, address, ask } = context;
  const config = { access: { kind: 'page' } } as const;
  const back = (reply: FastifyReply, id: string, said: string): FastifyReply =>
    reply.redirect(`${runUrl(address.url, id)}?said=${said}`, 303);

  app.post<ById>('/runs/:id/decisions', { config }, async (request, reply) => {
    const { verdict, comment = '', evidenceDigest = '' } = tools.form(request);
    const { key } = tools.session(request);
    requireScope(key, ['decisions:write']);
    const digest = evidenceDigest === '' ? null : evidenceDigest;
    const order = readDecision({ verdict, comment, evidenceDigest: digest });
    const { kind } = await decideOn(context, { id: request.params.id, order, key });
    request.log.info({ run: request.params.id, verdict: order.verdict, answer: kind }, 'decision');
    return back(reply, request.params.id, kind);
  });

  app.post<ById>('/runs/:id/cancel', { config }, async (request, reply) => {
    const fields = tools.form(request);
    const { key } = tools.session(request);
    requireScope(key, ['runs:write']);
    const { reason } = parse(cancelSchema, { reason: fields['reason'] ?? '' }, 'body');
    const id = knownForm(request.params.id);
    const { canceled } = await ask(options.runs.cancel(id, actorOf(key), reason));
    request.log.info({ run: id, canceled }, 'cancel');
    return back(reply, id, canceled === false ? 'not-canceled' : 'canceled');
  });
}

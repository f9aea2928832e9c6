/** Cancel, by id and by key. Spinnaker calls it once, at best, and looks at no answer: so it is as forgiving as can be. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { CancelAnswer } from '../../client/api';
import { isKey, parseRunId } from '../../domain/names';
import { actorOf } from '../auth/keys';
import { credentialOf, type RouteContext } from '../context';
import { Problem } from '../problem';
import { LONGEST_REASON } from '../../domain/request';

/** Needs an instance of its own: here no body keeps a cancel from counting. */
export function cancels(app: FastifyInstance, { options, ask }: RouteContext): void {
  const config = { access: { kind: 'key', scopes: ['runs:write'], bucket: 'cancel' } } as const;
  // A webhook stage sends as cancelPayload whatever its author wrote, an empty body of any type, or a text as text/plain.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));

  app.post<{ Params: { id: string } }>('/v1/runs/:id/cancel', { config }, async (request, reply) => {
    const reason = reasonIn(request.body);
    const { id } = request.params;
    if (!parseRunId(id)) throw new Problem('not-found', 'That cannot be the id of a run');
    const answer = await ask(options.runs.cancel(id, actorOf(credentialOf(request)), reason));
    request.log.info({ run: id, canceled: answer.canceled }, 'cancel');
    return answerWith(reply, answer);
  });

  app.post<{ Params: { key: string } }>('/v1/runs/by-key/:key/cancel', { config }, async (request, reply) => {
    const reason = reasonIn(request.body);
    const { key } = request.params;
    if (!isKey(key)) throw new Problem('not-found', 'That cannot be the key of a run');
    const answer = await ask(options.runs.cancelByKey(key, actorOf(credentialOf(request)), reason));
    request.log.info({ runKey: key, canceled: answer.canceled }, 'cancel by key');
    return answerWith(reply, answer);
  });
}

/** Why, where the body is an object that says so in a text; empty otherwise. */
function reasonIn(body: unknown): string {
  try {
    const { reason } = JSON.parse(String(body)) as { readonly reason?: unknown };
    return typeof reason === 'string' ? reason.slice(0, LONGEST_REASON) : '';
  } catch {
    return '';
  }
}

/** 202 says: recorded, and no worker has taken it up yet. */
const answerWith = (reply: FastifyReply, { canceled, reason }: CancelAnswer): FastifyReply =>
  reply.code(canceled === null ? 202 : 200).send({ canceled, reason });

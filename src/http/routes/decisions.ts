/** Decisions: from the API and from the page, answered alike. */
import type { FastifyInstance } from 'fastify';
import type { DecisionAnswer, DecisionOrder } from '../../client/api';
import { sameActor, type RefusalReason } from '../../domain/approval';
import type { AccessKey } from '../auth/access';
import { actorOf } from '../auth/keys';
import { credentialOf, type RouteContext } from '../context';
import { parse, tryParse } from '../parse';
import { badRequest, Problem } from '../problem';
import { decisionSchema, noQuerySchema } from '../schemas';
import { knownForm, noRun } from './runs';

/** Fields of a decision that are not there yet. They narrow or widen what an approval means, so they are refused loudly. */
const LATER = ['#/validDays', '#/accounts', '#/breakGlass'];

export function decisions(app: FastifyInstance, context: RouteContext): void {
  app.post<{ Params: { id: string } }>(
    '/v1/runs/:id/decisions',
    { config: { access: { kind: 'key', scopes: ['decisions:write'] } } },
    async (request, reply) => {
      parse(noQuerySchema, request.query, 'query');
      const order = readDecision(request.body);
      const answer = await decideOn(context, { id: request.params.id, order, key: credentialOf(request) });
      request.log.info({ run: request.params.id, verdict: order.verdict, answer: answer.kind }, 'decision');
      if (answer.kind === 'counted') return answer.status;
      return reply.code(202).send({ counted: null, reason: 'recorded; it counts once a worker has verified it' });
    },
  );
}

interface Deciding {
  readonly id: string;
  readonly order: DecisionOrder;
  readonly key: AccessKey;
}

/** Throws a problem for a decision that is refused, and for a run that is not there. */
export async function decideOn(
  { options, ask }: RouteContext,
  { id, order, key }: Deciding,
): Promise<Exclude<DecisionAnswer, { readonly kind: 'refused' }>> {
  const actor = actorOf(key);
  if (options.access().revoked.some((subject) => sameActor(subject, actor.subject))) throw refusal('revoked');
  const answer = await ask(options.runs.decide(knownForm(id), order, actor));
  if (!answer) throw noRun();
  if (answer.kind === 'refused') throw refusal(answer.reason);
  return answer;
}

const REFUSALS: Readonly<Record<RefusalReason, string>> = {
  requester: 'Neither who asked for a run nor the credential that did may decide on it',
  'not-entitled': 'The credential is in no approvers’ group that this line asks',
  revoked: 'Decisions of this person count no more',
  'bad-signature': 'The decision’s signature was refused by the worker',
  'stale-evidence': 'The evidenceDigest is not the one to decide on; read the run again',
  'already-decided': 'This person has decided on this evidence already; withdraw first',
  closed: 'The run takes no decisions any more',
  'not-yet': 'There is nothing to decide yet, or nothing to withdraw',
};

/** The name of the problem is the reason of the refusal. */
const refusal = (reason: RefusalReason): Problem => new Problem(reason, REFUSALS[reason]);

/** Throws a `bad-request` problem with every fault. */
export function readDecision(body: unknown): DecisionOrder {
  const parsed = tryParse(decisionSchema, body, 'body');
  if (parsed.ok) return { ...parsed.value, evidenceDigest: parsed.value.evidenceDigest ?? null };
  throw badRequest(
    parsed.faults.map((fault) =>
      LATER.includes(fault.pointer ?? '') ? { ...fault, detail: 'is not supported yet' } : fault,
    ),
  );
}

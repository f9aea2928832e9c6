/** Signed starts from other systems. Nothing of a delivery is looked at before its signature was found to fit. */
import { createHash, randomBytes } from 'node:crypto';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { Conflict } from '../../client/errors';
import { BadInput } from '../../domain/errors';
import { hookRequester, hookSecretFault, meaningOf } from '../../domain/hook';
import type { HookConfig } from '../../config/config';
import { verifyGitHub, verifyStandardWebhook, type SignedDelivery, type Verified } from '../auth/signed-delivery';
import type { RouteContext } from '../context';
import { badRequest, Problem } from '../problem';
import { startRun } from './runs';

/** What a source that is not there is checked against: it costs the same, and fits nobody. */
const NOBODY: readonly string[] = [randomBytes(32).toString('base64')];

/** Needs an instance of its own: here a body is its bytes, whatever its type says. */
export function hooks(app: FastifyInstance, context: RouteContext): void {
  const { options, address, now } = context;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  app.post<{ Params: { source: string } }>(
    '/v1/hooks/ci/:source',
    { config: { access: { kind: 'open' } } },
    async (request, reply) => {
      const { source } = request.params;
      const hook = options.hooks().get(source);
      const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const verified = verify(hook, { headers: request.headers, raw, now: now() }, request.log);
      if (!hook || !verified.ok) {
        request.log.warn({ hook: hook && source, why: hook && !verified.ok && verified.why }, 'delivery refused');
        throw refused();
      }
      const { id, event } = verified;
      const meaning = meaningOf(source, hook.mapping, { id, event, payload: payloadOf(raw) });
      if (meaning.kind === 'faulty') throw new BadInput(meaning.faults);
      if (meaning.kind === 'nothing') {
        request.log.info({ hook: source, reason: meaning.reason }, 'delivery starts nothing');
        return { started: false, reason: meaning.reason };
      }
      const key = keyOf(source, hook, id, raw);
      // A delivery is one run for ever, however often and however late it comes, and whatever the config makes of it by then.
      const once = `${id} ${sha256(raw)}`;
      const order = { key, request: meaning.request, credential: hookRequester(source), subject: null, once };
      const run = await startRun(context, request, order).catch((error: unknown) => {
        throw error instanceof Conflict ? replayed() : error;
      });
      return reply
        .code(202)
        .header('Location', run.statusUrl ?? `${address.url}/v1/runs/${encodeURIComponent(run.id)}`)
        .send(run);
    },
  );
}

function verify(hook: HookConfig | undefined, delivery: SignedDelivery, log: FastifyBaseLogger): Verified {
  if (!hook) return verifyStandardWebhook(delivery, NOBODY);
  const secrets = hook.secrets.flatMap(({ place, secret }) => {
    try {
      const value = secret.read();
      const fault = hookSecretFault(hook.kind, value);
      if (fault === undefined) return [value];
      throw new Error(`${secret.reference} ${fault}`);
    } catch (error) {
      // The others still count: a file that is replaced just now must not stop what an older secret signed.
      log.error({ place, reason: (error as Error).message }, 'a secret of a hook cannot be used');
      return [];
    }
  });
  return hook.kind === 'github' ? verifyGitHub(delivery, secrets) : verifyStandardWebhook(delivery, secrets);
}

/** One answer for every way in which a delivery is not to be believed, and for a source that is not there. */
const refused = (): Problem =>
  new Problem('unsigned', 'The delivery is not signed by a secret of this source, or was not signed just now', {
    headers: { 'WWW-Authenticate': 'Signature realm="assay"' },
  });

const replayed = (): Problem =>
  new Problem('conflict', 'A delivery of this id or content has started a run already, and was another one');

function payloadOf(raw: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw)) as unknown;
  } catch {
    throw badRequest([{ detail: 'the body is not valid JSON' }]);
  }
}

/**
 * The run's key: the same for every try of a delivery. GitHub signs no id, so that whoever has one delivery could send it again
 * under another; there the body is the delivery, unless the config says otherwise.
 */
function keyOf(source: string, { kind, sameBodyAgain }: HookConfig, id: string, raw: Buffer): string {
  const identity = kind === 'github' && sameBodyAgain === 'refuse' ? raw : Buffer.from(id, 'utf8');
  const hash = createHash('sha256').update(`${source}\n`).update(identity).digest('hex');
  return `ci-${source}-${hash.slice(0, 32)}`;
}

const sha256 = (raw: Buffer): string => createHash('sha256').update(raw).digest('hex');

/** Operations: health, numbers, and the description of the API. */
import type { FastifyInstance } from 'fastify';
import type { RouteContext } from '../context';
import type { Metrics } from '../metrics';
import { openApi } from '../openapi';

export function operations(app: FastifyInstance, { address, readiness }: RouteContext, metrics: Metrics): void {
  const health = { access: { kind: 'health' } } as const;

  // Says only that the process answers: a restart would not bring Temporal back.
  app.get('/livez', { config: health }, async () => ({ status: 'ok' }));

  app.get('/readyz', { config: health }, async () => {
    const problem = await readiness.problem();
    if (problem) throw problem;
    return { status: 'ok' };
  });

  app.get(
    '/metrics',
    { config: { access: { kind: 'key', scopes: ['runs:read', 'admin'] } } },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()),
  );

  const document = openApi(address);
  app.get('/openapi.json', { config: { access: { kind: 'open' } } }, async () => document);
}

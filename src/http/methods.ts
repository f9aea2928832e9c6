/** Tells an address that is not there from one that takes another method. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from './problem';

/** Watches the routes as they are added; the answer is 405 with `Allow`, or `undefined` for an unknown address. */
export function methodNotAllowed(app: FastifyInstance): (request: FastifyRequest) => Problem | undefined {
  const known = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();
  app.addHook('onRoute', ({ url, method }) => {
    const entry = known.get(url) ?? { pattern: patternOf(url), methods: new Set<string>() };
    for (const name of [method].flat()) entry.methods.add(name);
    known.set(url, entry);
  });
  return ({ url }) => {
    const path = url.split('?', 1)[0] as string;
    const methods = [...known.values()]
      .filter(({ pattern }) => pattern.test(path))
      .flatMap((entry) => [...entry.methods]);
    if (methods.length === 0) return undefined;
    const allow = [...new Set(methods)].sort().join(', ');
    return new Problem('method-not-allowed', `This address takes ${allow}`, { headers: { Allow: allow } });
  };
}

const patternOf = (url: string): RegExp =>
  new RegExp(
    `^${url
      .split('/')
      .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
      .join('/')}$`,
  );

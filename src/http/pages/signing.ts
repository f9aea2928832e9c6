/** Who is looking at a page: signing in and out, and the guard of every page and form. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { LOGIN_COOKIE, readCookie, SESSION_COOKIE, setCookie } from '../auth/cookies';
import { requireScope, type Guard } from '../auth/guard';
import { randomToken, sameToken, type Session, type Sessions } from '../auth/sessions';
import type { RouteContext } from '../context';
import { Problem } from '../problem';
import { layout } from './layout';
import { bouncePage, loginPage, safeNext } from './login';

export interface Signing {
  sessionOf(request: FastifyRequest): Session | undefined;
  /** The session of a route that nobody reaches without one. */
  session(request: FastifyRequest): Session;
  /** A form's fields, once it is known to come from a page of this session; throws 403 else. */
  form(request: FastifyRequest): Readonly<Record<string, string>>;
  requireSession(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined>;
}

export function createSigning({ address }: RouteContext, sessions: Sessions, guard: Guard): Signing {
  const sessionOf = (request: FastifyRequest): Session | undefined =>
    sessions.find(readCookie(request.headers.cookie, SESSION_COOKIE));
  const session = (request: FastifyRequest): Session => {
    const found = sessionOf(request);
    if (!found) throw new Problem('unauthenticated', 'Sign in first');
    return found;
  };
  return {
    sessionOf,
    session,
    form(request) {
      const fields = (request.body ?? {}) as Readonly<Record<string, string>>;
      if (fromElsewhere(request) || !sameToken(fields['csrf'] ?? '', session(request).csrf)) throw forged();
      return fields;
    },
    async requireSession(request, reply) {
      if (request.routeOptions.config.access?.kind !== 'page') return undefined;
      const found = sessionOf(request);
      if (found) {
        request.credential = found.key;
        guard.countCredential(found.key);
        requireScope(found.key, ['runs:read']);
        return undefined;
      }
      guard.countAddress(request);
      if (request.method === 'POST') throw new Problem('unauthenticated', 'You are not signed in any more');
      const path = safeNext(
        request.url.startsWith(`${address.prefix}/`) ? request.url.slice(address.prefix.length) : request.url,
      );
      if (fromElsewhere(request))
        return reply.type('text/html; charset=utf-8').send(bouncePage(`${address.url}${path}`));
      return reply.redirect(`${address.url}/login?${new URLSearchParams({ next: path }).toString()}`, 303);
    },
  };
}

export function signing(
  app: FastifyInstance,
  { address, options }: RouteContext,
  tools: Signing,
  sessions: Sessions,
): void {
  const open = { access: { kind: 'open' } } as const;
  const show = (request: FastifyRequest, reply: FastifyReply, next: string, refused: boolean): FastifyReply => {
    const csrf = readCookie(request.headers.cookie, LOGIN_COOKIE) ?? randomToken();
    const body = loginPage(address, csrf, next, refused);
    return reply
      .code(refused ? 401 : 200)
      .header('Set-Cookie', setCookie(address, LOGIN_COOKIE, csrf))
      .type('text/html; charset=utf-8')
      .send(layout({ address, title: 'Sign in', session: null, body }));
  };

  app.get<{ Querystring: { next?: unknown } }>('/login', { config: open }, async (request, reply) => {
    const next = safeNext(request.query.next);
    return tools.sessionOf(request) ? reply.redirect(`${address.url}${next}`, 303) : show(request, reply, next, false);
  });

  app.post('/login', { config: open }, async (request, reply) => {
    const fields = (request.body ?? {}) as Readonly<Record<string, string>>;
    const cookie = readCookie(request.headers.cookie, LOGIN_COOKIE);
    if (fromElsewhere(request) || cookie === undefined || !sameToken(fields['csrf'] ?? '', cookie)) throw forged();
    const next = safeNext(fields['next']);
    const token = sessions.open((fields['key'] ?? '').trim());
    if (token === undefined) return show(request, reply, next, true);
    options.logger.info({ credential: sessions.find(token)?.key.id }, 'signed in');
    return reply
      .header('Set-Cookie', [setCookie(address, SESSION_COOKIE, token), setCookie(address, LOGIN_COOKIE, '')])
      .redirect(`${address.url}${next}`, 303);
  });

  app.post('/logout', { config: { access: { kind: 'page' } } }, async (request, reply) => {
    tools.form(request);
    sessions.close(readCookie(request.headers.cookie, SESSION_COOKIE));
    return reply.header('Set-Cookie', setCookie(address, SESSION_COOKIE, '')).redirect(`${address.url}/login`, 303);
  });
}

/** Browsers say so themselves (Fetch Metadata); others are held by the token alone. */
const fromElsewhere = ({ headers }: FastifyRequest): boolean =>
  headers['sec-fetch-site'] === 'cross-site' || headers['sec-fetch-site'] === 'same-site';

const forged = (): Problem =>
  new Problem('forbidden', 'The form does not come from a page of this session; load the page again');

/** Lines and what is approved in them. */
import type { FastifyInstance } from 'fastify';
import { isLineName } from '../../domain/names';
import type { RouteContext } from '../context';
import { parse, parseQuery } from '../parse';
import { Problem } from '../problem';
import { approvedSchema, noQuerySchema } from '../schemas';

interface ByLine {
  Params: { line: string };
}

export function lines(app: FastifyInstance, { options, ask }: RouteContext): void {
  const config = { access: { kind: 'key', scopes: ['runs:read'] } } as const;

  app.get('/v1/lines', { config }, async (request) => {
    parse(noQuerySchema, request.query, 'query');
    return { lines: await ask(options.lines.list()) };
  });

  app.get<ByLine>('/v1/lines/:line', { config }, async (request) => {
    parse(noQuerySchema, request.query, 'query');
    return orNoLine(await ask(options.lines.get(lineOf(request.params.line))));
  });

  app.get<ByLine>('/v1/lines/:line/images', { config }, async (request) => {
    parse(noQuerySchema, request.query, 'query');
    return { images: orNoLine(await ask(options.lines.images(lineOf(request.params.line)))) };
  });

  app.get<ByLine>('/v1/lines/:line/approved', { config }, async (request) => {
    const { region } = parseQuery(approvedSchema, request.query);
    const approved = await ask(options.lines.approved(lineOf(request.params.line), region));
    if (!approved) throw new Problem('not-found', 'There is no such line, or nothing of it is approved in that region');
    return approved;
  });
}

/** Throws 404 for what is `undefined`. */
export function orNoLine<T>(value: T | undefined): T {
  if (value === undefined) throw new Problem('not-found', 'There is no such line');
  return value;
}

/** What cannot be a line's name names none. */
export function lineOf(name: string): string {
  if (!isLineName(name)) throw new Problem('not-found', 'There is no such line');
  return name;
}

/** The API's description, OpenAPI 3.1, made from the schemas that check what comes in. */
import { z } from 'zod';
import { OPERATIONS, type Operation } from './operations';
import type { PublicAddress } from './options';
import { PROBLEMS, type ProblemName } from './problem';
import { problemReply } from './replies';
import { keySchema } from './schemas';

/** The document; component names are the schemas' ids. */
export function openApi({ url }: PublicAddress): object {
  const components: Record<string, unknown> = {};
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of OPERATIONS) {
    const path = (paths[operation.path] ??= {});
    path[operation.method] = describe(operation, (schema, io) => schemaOf(schema, io, components));
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Assay', version: '1', description: 'Golden machine images, delivered.' },
    servers: [{ url }],
    security: [{ bearer: [] }, { apiKey: [] }],
    paths,
    components: {
      schemas: components,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
      },
    },
  };
}

type ToSchema = (schema: z.ZodType, io: 'input' | 'output') => unknown;

function describe(operation: Operation, toSchema: ToSchema): object {
  const { path, id, summary, scope, query, body, key, answers, problems } = operation;
  const parameters = [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    })),
    ...Object.entries(query?.shape ?? {}).map(([name, schema]) => ({
      name,
      in: 'query',
      schema: toSchema(schema as z.ZodType, 'input'),
    })),
    ...(key ? [{ name: 'Idempotency-Key', in: 'header', schema: toSchema(keySchema, 'input') }] : []),
  ];
  const json = (schema: z.ZodType, io: 'input' | 'output') => ({
    'application/json': { schema: toSchema(schema, io) },
  });
  return {
    operationId: id,
    summary,
    ...(scope === null ? { security: [] } : { description: `Needs the scope \`${scope}\`.` }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: { required: body.required, content: json(body.schema, 'input') } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, { description, schema }]) => [
          status,
          { description, content: json(schema, 'output') },
        ]),
      ),
      ...problemResponses(scope === null ? problems : [...problems, ...ALWAYS], toSchema),
    },
  };
}

/** Problems of every call that needs a key. */
const ALWAYS: readonly ProblemName[] = [
  'unauthenticated',
  'forbidden',
  'too-many-requests',
  'internal',
  'evidence-changed',
  'unavailable',
];

function problemResponses(names: readonly ProblemName[], toSchema: ToSchema): object {
  const byStatus = new Map<number, string[]>();
  for (const name of names) {
    const { status, title } = PROBLEMS[name];
    byStatus.set(status, [...(byStatus.get(status) ?? []), title]);
  }
  const content = { 'application/problem+json': { schema: toSchema(problemReply, 'output') } };
  return Object.fromEntries(
    [...byStatus].map(([status, titles]) => [status, { description: titles.join('; '), content }]),
  );
}

/** A JSON Schema, with named schemas put among the components and referred to. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', components: Record<string, unknown>): unknown {
  const { $schema: _dialect, $defs = {}, ...document } = z.toJSONSchema(schema, { io });
  const name = z.globalRegistry.get(schema)?.id;
  const renamed = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value).replaceAll('"#/$defs/', '"#/components/schemas/'));
  for (const [id, definition] of Object.entries($defs)) components[id] = renamed(definition);
  if (name === undefined) return renamed(document);
  // A named schema that refers to itself, or is read again, comes as a reference to its own definition.
  if (!Object.hasOwn($defs, name)) components[name] = renamed(document);
  return { $ref: `#/components/schemas/${name}` };
}

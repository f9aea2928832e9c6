/** The API's description, OpenAPI 3.1, made from the schemas that check what comes in. */
import { z } from 'zod';
import type { Scope } from './auth/access';
import type { PublicAddress } from './options';
import { PROBLEMS, type ProblemName } from './problem';
import * as replies from './replies';
import {
  approvedSchema,
  cancelSchema,
  decisionSchema,
  keySchema,
  listSchema,
  reportSchema,
  startSchema,
} from './schemas';

interface Operation {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly scope: Scope | null;
  readonly query?: z.ZodObject;
  readonly body?: { readonly schema: z.ZodType; readonly required: boolean };
  readonly key?: true;
  readonly answers: Readonly<Record<number, { readonly description: string; readonly schema: z.ZodType }>>;
  readonly problems: readonly ProblemName[];
}

const ok = (schema: z.ZodType, description: string) => ({ 200: { description, schema } });

const OPERATIONS: readonly Operation[] = [
  {
    method: 'post',
    path: '/v1/runs',
    id: 'startRun',
    summary: 'Start a run; the same key and body again is the same run',
    scope: 'runs:write',
    key: true,
    body: { schema: startSchema, required: true },
    answers: { 202: { description: 'The run; Location is its status URL', schema: replies.statusReply } },
    problems: ['bad-request', 'conflict', 'too-large', 'unsupported-media-type', 'not-ready'],
  },
  {
    method: 'get',
    path: '/v1/runs',
    id: 'listRuns',
    summary: 'Runs, newest first',
    scope: 'runs:read',
    query: listSchema,
    answers: ok(replies.runsReply, 'A page of runs'),
    problems: ['bad-request'],
  },
  {
    method: 'get',
    path: '/v1/runs/{id}',
    id: 'getRun',
    summary: 'The status document',
    scope: 'runs:read',
    answers: ok(replies.statusReply, 'The run'),
    problems: ['not-found'],
  },
  {
    method: 'post',
    path: '/v1/runs/{id}/decisions',
    id: 'decide',
    summary: 'Approve, deny, or withdraw',
    scope: 'decisions:write',
    body: { schema: decisionSchema, required: true },
    answers: {
      200: { description: 'Counted', schema: replies.statusReply },
      202: { description: 'Recorded, not counted yet: no worker is there', schema: replies.recordedReply },
    },
    problems: ['bad-request', 'not-entitled', 'not-found', 'stale-evidence'],
  },
  {
    method: 'post',
    path: '/v1/runs/{id}/cancel',
    id: 'cancelRun',
    summary: 'Cancel a run; unknown and finished ones are fine',
    scope: 'runs:write',
    body: { schema: cancelSchema, required: false },
    answers: cancelAnswers(),
    problems: ['bad-request', 'not-found'],
  },
  {
    method: 'post',
    path: '/v1/runs/by-key/{key}/cancel',
    id: 'cancelByKey',
    summary: 'Cancel the latest attempt of a key',
    scope: 'runs:write',
    body: { schema: cancelSchema, required: false },
    answers: cancelAnswers(),
    problems: ['bad-request', 'not-found'],
  },
  {
    method: 'get',
    path: '/v1/runs/{id}/report',
    id: 'getReport',
    summary: 'The evidence of a run; there is one from awaiting-approval on',
    scope: 'runs:read',
    query: reportSchema,
    answers: ok(replies.reportReply, 'The report'),
    problems: ['bad-request', 'not-found', 'not-yet'],
  },
  {
    method: 'get',
    path: '/v1/lines',
    id: 'listLines',
    summary: 'Lines, with what is approved in each',
    scope: 'runs:read',
    answers: ok(replies.linesReply, 'The lines'),
    problems: [],
  },
  {
    method: 'get',
    path: '/v1/lines/{line}',
    id: 'getLine',
    summary: 'One line',
    scope: 'runs:read',
    answers: ok(replies.lineReply, 'The line'),
    problems: ['not-found'],
  },
  {
    method: 'get',
    path: '/v1/lines/{line}/images',
    id: 'listImages',
    summary: 'Approved images of a line, newest first',
    scope: 'runs:read',
    answers: ok(replies.imagesReply, 'The images'),
    problems: ['not-found'],
  },
  {
    method: 'get',
    path: '/v1/lines/{line}/approved',
    id: 'getApproved',
    summary: 'The approved image of a line in a region',
    scope: 'runs:read',
    query: approvedSchema,
    answers: ok(replies.approvedReply, 'The approved image'),
    problems: ['bad-request', 'not-found'],
  },
  {
    method: 'get',
    path: '/livez',
    id: 'live',
    summary: 'Whether the process answers',
    scope: null,
    answers: ok(z.strictObject({ status: z.literal('ok') }), 'It does'),
    problems: [],
  },
  {
    method: 'get',
    path: '/readyz',
    id: 'ready',
    summary: 'Whether runs are accepted',
    scope: null,
    answers: ok(z.strictObject({ status: z.literal('ok') }), 'They are'),
    problems: ['not-ready'],
  },
];

function cancelAnswers(): Operation['answers'] {
  return {
    200: { description: 'Whether it was cancelled', schema: replies.cancelReply },
    202: { description: 'Recorded, not taken up yet', schema: replies.cancelReply },
  };
}

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
const ALWAYS: readonly ProblemName[] = ['unauthenticated', 'forbidden', 'too-many-requests', 'internal', 'unavailable'];

function problemResponses(names: readonly ProblemName[], toSchema: ToSchema): object {
  const byStatus = new Map<number, string[]>();
  for (const name of names) {
    const { status, title } = PROBLEMS[name];
    byStatus.set(status, [...(byStatus.get(status) ?? []), title]);
  }
  const content = { 'application/problem+json': { schema: toSchema(replies.problemReply, 'output') } };
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

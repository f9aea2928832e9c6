/** Every call of the API, with what it takes and answers. */
import { z } from 'zod';
import type { Scope } from './auth/access';
import type { ProblemName } from './problem';
import * as replies from './replies';
import { approvedSchema, cancelSchema, decisionSchema, listSchema, reportSchema, startSchema } from './schemas';

export interface Operation {
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

export const OPERATIONS: readonly Operation[] = [
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
    problems: ['not-found'],
  },
  {
    method: 'post',
    path: '/v1/runs/by-key/{key}/cancel',
    id: 'cancelByKey',
    summary: 'Cancel the latest attempt of a key',
    scope: 'runs:write',
    body: { schema: cancelSchema, required: false },
    answers: cancelAnswers(),
    problems: ['not-found'],
  },
  {
    method: 'get',
    path: '/v1/runs/{id}/request',
    id: 'getRequest',
    summary: 'What a run was asked for, as its POST had it',
    scope: 'runs:read',
    answers: ok(replies.requestReply, 'The request'),
    problems: ['bad-request', 'not-found'],
  },
  {
    method: 'get',
    path: '/v1/runs/{id}/report',
    id: 'getReport',
    summary: 'The evidence of a run; there is one from awaiting-approval on, and of every run that has ended',
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
    method: 'post',
    path: '/v1/hooks/ci/{source}',
    id: 'hookCi',
    summary:
      'Start a run by a signed delivery of a CI system: Standard Webhooks (webhook-id, webhook-timestamp, webhook-signature) or GitHub (X-Hub-Signature-256). The same delivery again is the same run',
    scope: null,
    body: { schema: z.looseObject({}), required: true },
    answers: {
      200: { description: 'The source’s settings ask for nothing here', schema: replies.notStartedReply },
      202: { description: 'The run; Location is its status URL', schema: replies.statusReply },
    },
    problems: [
      ...(['bad-request', 'unsigned', 'conflict', 'too-large', 'too-many-requests', 'internal'] as const),
      ...(['unavailable', 'not-ready'] as const),
    ],
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

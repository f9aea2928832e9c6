/** A pipeline's life with Assay: create, monitor, cancel, restart. */
import { randomUUID } from 'node:crypto';
import type { Told } from '../caller';
import { playWebhookStage, type WebhookResult } from '../webhook-stage';
import { sleep } from '../webhook/sleep';
import { brief, need, Unknown, type CheckContext, type NamedCheck } from './check';

const WORDS = ['RUNNING', 'AWAITING_APPROVAL', 'SUCCEEDED', 'DENIED', 'FAILED', 'CANCELED'];
const MOST_BYTES = 4096;
const CREATE_MS = 20_000;

const bodyOf = ({ line, request, execution }: CheckContext, stageRefId: string, more: object = {}): object => ({
  line,
  source: { kind: 'spinnaker', executionId: execution, stageRefId },
  reason: 'contract check',
  ...request,
  ...more,
});
const keyOf = ({ execution }: CheckContext, stageRefId: string): string => `${execution}-${stageRefId}`;

async function create(context: CheckContext, stageRefId: string, more: object = {}): Promise<Told> {
  const told = await context.caller.call({ method: 'POST', to: '/v1/runs', json: bodyOf(context, stageRefId, more) });
  if (told.status === 202 && typeof told.json?.['id'] === 'string') context.runs.add(told.json['id']);
  return told;
}

const cancelPath = (key: string): string => `/v1/runs/by-key/${encodeURIComponent(key)}/cancel`;

/** A cancel is answered 2xx, and says whether it has taken. */
async function cancel({ caller }: CheckContext, key: string, more: object = { json: { reason: 'contract check' } }) {
  const told = await caller.call({ method: 'POST', to: cancelPath(key), ...more });
  need(told.status >= 200 && told.status < 300, brief(told));
  const { canceled, reason } = told.json ?? {};
  need(
    canceled === true || canceled === false || canceled === null,
    `canceled is no true, false or null: ${brief(told)}`,
  );
  need(typeof reason === 'string' && reason !== '', `no reason is told: ${brief(told)}`);
  return canceled;
}

/** What a status document must be for a stage to go on. */
function needStatus(told: Told): asserts told is Told & { readonly json: Readonly<Record<string, unknown>> } {
  need(told.status === 200, brief(told));
  need(told.json !== null, `no JSON object: ${brief(told)}`);
  const { status, progress } = told.json;
  need(typeof status === 'string' && WORDS.includes(status), `status is ${JSON.stringify(status)}`);
  need(typeof progress === 'string', `progress is ${JSON.stringify(progress)}`);
  const bytes = Buffer.byteLength(told.body);
  need(bytes < MOST_BYTES, `${bytes} bytes`);
}

function needProblem(told: Told, status: number): string {
  need(told.status === status, brief(told));
  need(
    /^application\/problem\+json\b/.test(told.headers['content-type'] ?? ''),
    `type ${told.headers['content-type']}`,
  );
  need(
    told.json?.['status'] === status && typeof told.json['title'] === 'string',
    `no problem document: ${brief(told)}`,
  );
  return `${status} ${String(told.json['title'])}`;
}

function given({ state: { created, run, location } }: CheckContext) {
  if (!created || run === undefined || location === undefined) throw new Unknown('create has failed');
  return { created, run, location };
}

/** One after the other: each builds on those before. */
export const BEGINNING: readonly NamedCheck[] = [
  {
    name: 'create answers 202 before Orca stops reading',
    base: true,
    async run(context) {
      const told = await create(context, '1');
      need(told.status === 202, brief(told));
      need(told.ms < CREATE_MS, `after ${told.ms} ms`);
      need(typeof told.json?.['id'] === 'string', `no id: ${brief(told)}`);
      context.state.created = told;
      context.state.run = told.json['id'];
      if (told.headers['location'] !== undefined) context.state.location = told.headers['location'];
      return `run ${told.json['id']} after ${told.ms} ms`;
    },
  },
  {
    name: 'Location is the absolute status URL that the body names',
    async run(context) {
      const { created, location } = given(context);
      need(/^https?:\/\//.test(location) && URL.canParse(location), `Location is ${location}`);
      need(!/[\s|"<>\\^`{}#]/.test(location), `Location holds what Java takes for no URI: ${location}`);
      need(created.json?.['statusUrl'] === location, `statusUrl is ${JSON.stringify(created.json?.['statusUrl'])}`);
      return location;
    },
  },
  {
    name: 'the first status read finds the run, with one word and one text',
    async run(context) {
      const { location, run } = given(context);
      const told = await context.caller.call({ to: location });
      needStatus(told);
      need(told.json['id'] === run, `another run: ${brief(told)}`);
      return `${String(told.json['status'])}, ${Buffer.byteLength(told.body)} bytes after ${told.ms} ms`;
    },
  },
  {
    name: 'a create that is delivered again is the same run',
    async run(context) {
      const { run, location } = given(context);
      const told = await create(context, '1');
      need(told.status === 202 && told.json?.['id'] === run, brief(told));
      need(told.headers['location'] === location, `Location is ${told.headers['location']}`);
      return run;
    },
  },
  {
    name: 'the key with another body is refused: 409',
    async run(context) {
      given(context);
      return needProblem(await create(context, '1', { reason: 'something else' }), 409);
    },
  },
  {
    name: 'cancel by key is answered 2xx, and twice',
    async run(context) {
      given(context);
      const [first, second] = [await cancel(context, keyOf(context, '1')), await cancel(context, keyOf(context, '1'))];
      need(first !== false && second !== false, `canceled: ${first}, then ${second}`);
      return `canceled: ${first}, then ${second}`;
    },
  },
  {
    name: 'a restarted stage begins a new attempt',
    async run(context) {
      const { run } = given(context);
      const told = await create(context, '1');
      need(told.status === 202, brief(told));
      need(told.json?.['id'] === `${run}~2`, `the run is ${String(told.json?.['id'])}, not ${run}~2`);
      const read = await context.caller.call({ to: String(told.headers['location']) });
      needStatus(read);
      need(read.json['attempt'] === 2, `attempt ${String(read.json['attempt'])}`);
      need((await cancel(context, keyOf(context, '1'))) !== false, 'the new attempt was not cancelled');
      return `${run}~2`;
    },
  },
];

/** None of these needs another one. */
export const RUNNING: readonly NamedCheck[] = [
  {
    name: 'twenty creates at once make one run',
    async run(context) {
      const all = await Promise.all(Array.from({ length: 20 }, () => create(context, '2')));
      const bad = all.find(({ status }) => status !== 202);
      need(bad === undefined, bad ? brief(bad) : '');
      const ids = new Set(all.map(({ json }) => json?.['id']));
      need(ids.size === 1, `runs: ${[...ids].join(', ')}`);
      await cancel(context, keyOf(context, '2'));
      return String([...ids][0]);
    },
  },
  {
    name: 'a run that is not there is 404, as a problem document',
    run: async ({ caller }) => needProblem(await caller.call({ to: `/v1/runs/contract-${randomUUID()}` }), 404),
  },
  {
    name: 'a faulty request is refused for good, with every fault',
    async run({ caller }) {
      const json = { line: 'No such line!', image: { id: 'x', region: 'y' }, more: 1 };
      const told = await caller.call({ method: 'POST', to: '/v1/runs', json });
      const faults = told.json?.['errors'];
      const title = needProblem(told, 400);
      need(Array.isArray(faults) && faults.length >= 4, `not every fault is told: ${brief(told)}`);
      return title;
    },
  },
  {
    name: 'a text payload is refused for good',
    async run({ caller }) {
      const told = await caller.call({ method: 'POST', to: '/v1/runs', text: '{"line":"a"}' });
      return needProblem(told, 415);
    },
  },
  {
    name: 'a wrong key is refused: 401',
    async run({ caller }) {
      return needProblem(await caller.call({ to: '/v1/runs', key: `no-such-key-${randomUUID()}` }), 401);
    },
  },
  {
    name: 'cancel of a key that nobody has used is fine',
    async run(context) {
      need((await cancel(context, keyOf(context, 'never'))) === false, 'it says that something was cancelled');
      return 'canceled: false';
    },
  },
  {
    name: 'cancel while the run starts, with any body',
    async run(context) {
      const bodies: readonly [string, object][] = [
        ['a text', { text: 'reason' }],
        ['nothing', {}],
        ['an empty text', { text: '' }],
        ['a JSON object', { json: { reason: 'contract check' } }],
      ];
      const started = create(context, '3');
      // It may come first: then there is no such run yet, and the run is cancelled by the next one.
      await cancel(context, keyOf(context, '3'));
      await started;
      for (const [, body] of bodies)
        need((await cancel(context, keyOf(context, '3'), body)) !== false, 'not cancelled');
      return bodies.map(([name]) => name).join(', ');
    },
  },
  {
    name: 'texts of a caller never come back as expressions',
    async run(context) {
      const evil = '${1+1} #{T(java.lang.Runtime)} ${${a}} $\u200b{b}';
      const more = {
        reason: evil,
        requestedBy: `\${execution.id}`,
        source: sourceOf(context, '4', 'https://h.example/${a}'),
      };
      const told = await create(context, '4', more);
      need(told.status === 202, brief(told));
      for (const json of [
        bodyOf(context, '5', { parameters: { [evil]: 'a' } }),
        bodyOf(context, '5', { parameters: { a: evil } }),
        bodyOf(context, evil),
        { line: evil },
      ])
        needProblem(await context.caller.call({ method: 'POST', to: '/v1/runs', json }), 400);
      const headers = { 'Idempotency-Key': '${1+1}' };
      const json = bodyOf(context, '5');
      needProblem(await context.caller.call({ method: 'POST', to: '/v1/runs', json, headers }), 400);
      needStatus(await context.caller.call({ to: String(told.headers['location']) }));
      await context.caller.call({ to: '/v1/runs/$%7B1+1%7D' });
      await cancel(context, keyOf(context, '4'), { json: { reason: evil } });
      const read = await context.caller.call({ to: String(told.headers['location']) });
      needStatus(read);
      return `${context.caller.answers.length} answers so far`;
    },
  },
  {
    name: 'a stage whose execution is cancelled: polled each second, then cancelled once',
    async run(context) {
      const abort = new AbortController();
      let polls = 0;
      const result = await play(context, '6', {
        signal: abort.signal,
        onProgress: ({ context: seen }) => {
          if ('monitor' in (seen['webhook'] as object) && ++polls >= 3) abort.abort();
        },
      });
      return stageIs(result, 'CANCELED');
    },
  },
  {
    name: 'a stage that times out cancels, and a second call is fine',
    run: async (context) => stageIs(await play(context, '7', { stageTimeoutMs: 500, cancelCalls: 2 }), 'TERMINAL'),
  },
  {
    name: 'a stage that does not wait succeeds when it is accepted',
    async run(context) {
      const result = await play(context, '8', { waitForCompletion: false });
      need(result.status === 'SUCCEEDED' && result.polls === 0, `${result.status}: ${result.error}`);
      await cancel(context, keyOf(context, '8'));
      return 'SUCCEEDED';
    },
  },
  {
    name: 'a run that is cancelled by somebody else makes its stage CANCELED',
    async run(context) {
      const limit = Date.now() + context.workerMs;
      let asked = false;
      const abort = new AbortController();
      const result = await play(context, '9', {
        signal: abort.signal,
        onProgress: ({ context: seen }) => {
          if ('monitor' in (seen['webhook'] as object) && !asked) {
            asked = true;
            // Its own outcome is the check's: the stage sees it, or nothing of it.
            void cancel(context, keyOf(context, '9')).catch(() => undefined);
          }
          if (Date.now() > limit) abort.abort();
        },
      });
      const word = (result.body as { readonly status?: unknown } | null)?.status;
      if (result.status === 'CANCELED' && word !== 'CANCELED')
        throw new Unknown(`no worker has ended the run within ${context.workerMs} ms`);
      return stageIs(result, 'CANCELED');
    },
  },
];

/** What needs a worker. */
export const ENDING: readonly NamedCheck[] = [
  {
    name: 'a cancelled run ends CANCELED, everything cleaned up',
    async run(context) {
      const { location } = given(context);
      return `${await ended(context, location)} after the cancel`;
    },
  },
  {
    name: 'cancel after the end is fine',
    async run(context) {
      const { run, location } = given(context);
      await ended(context, location);
      const told = await context.caller.call({ method: 'POST', to: `/v1/runs/${run}/cancel`, json: {} });
      need(told.status === 200 && typeof told.json?.['canceled'] === 'boolean', brief(told));
      return `canceled: ${String(told.json['canceled'])}, ${String(told.json['reason'])}`;
    },
  },
];

async function ended({ caller, workerMs, pollMs }: CheckContext, location: string): Promise<string> {
  const until = Date.now() + workerMs;
  for (;;) {
    const told = await caller.call({ to: location });
    needStatus(told);
    const { status, progress } = told.json;
    if (status === 'CANCELED') return 'CANCELED';
    need(status === 'RUNNING' || status === 'AWAITING_APPROVAL', `it has ended ${String(status)}`);
    if (Date.now() > until) throw new Unknown(`no worker has ended it within ${workerMs} ms: ${String(progress)}`);
    await sleep(pollMs);
  }
}

const sourceOf = ({ execution }: CheckContext, stageRefId: string, url: string): object => ({
  kind: 'spinnaker',
  executionId: execution,
  stageRefId,
  url,
});

async function play(
  context: CheckContext,
  stageRefId: string,
  more: Partial<Parameters<typeof playWebhookStage>[0]>,
): Promise<WebhookResult> {
  const { url, key, pollMs, caller } = context;
  context.runs.add(keyOf(context, stageRefId));
  return playWebhookStage({
    url: `${url}/v1/runs`,
    headers: { Authorization: `Bearer ${key}` },
    payload: bodyOf(context, stageRefId),
    statusJsonPath: '$.status',
    progressJsonPath: '$.progress',
    successStatuses: 'SUCCEEDED',
    canceledStatuses: 'CANCELED',
    terminalStatuses: 'DENIED,FAILED',
    cancelEndpoint: `${url}${cancelPath(keyOf(context, stageRefId))}`,
    cancelPayload: { reason: 'contract check' },
    createBackoffMs: pollMs,
    pollMs,
    client: caller.client,
    ...more,
  });
}

function stageIs(
  { status, error, polls, cancelCalled, cancelAnswer, expressions }: WebhookResult,
  wanted: string,
): string {
  need(status === wanted, `the stage is ${status}: ${error}`);
  need(cancelCalled && cancelAnswer !== null && cancelAnswer >= 200 && cancelAnswer < 300, `cancel: ${cancelAnswer}`);
  need(expressions.length === 0, 'an answer holds an expression');
  return `${status} after ${polls} polls, cancel answered ${cancelAnswer}`;
}

/**
 * A player of Spinnaker's webhook stage, by the rules of Orca's own classes (orca-webhook as driven at release 2026.1.2): it
 * sends the create call, finds the status URL, polls it until a word ends it, and calls the cancel endpoint where Orca does.
 */
import { create, type Created } from './webhook/create';
import { poll } from './webhook/monitor';
import { Play } from './webhook/play';
import { sleep } from './webhook/sleep';
import type { WebhookResult, WebhookStage } from './webhook/stage';

export type { WebhookResult, WebhookStage } from './webhook/stage';

const MINUTE = 60_000;

type Outcome = {
  readonly status: 'SUCCEEDED' | 'CANCELED' | 'TERMINAL';
  readonly error: string | null;
  readonly cancel: boolean;
};

/** Plays a stage to its end. Never rejects for what the other side does. */
export async function playWebhookStage(stage: WebhookStage): Promise<WebhookResult> {
  const play = new Play(stage);
  try {
    return await played(play);
  } finally {
    play.end();
  }
}

async function played(play: Play): Promise<WebhookResult> {
  const { stage } = play;
  play.tell('RUNNING');
  const outcome = await run(play);
  const status = outcome.status === 'TERMINAL' ? failure(stage) : outcome.status;
  // Orca calls it for a stage that failed, unless the failure is ignored, and for one that was cancelled while it polled.
  const calls = outcome.cancel && status !== 'FAILED_CONTINUE' && (stage.cancelEndpoint ?? '') !== '';
  const cancelAnswer = calls ? await callCancel(play) : null;
  if (outcome.error !== null) noteError(play, outcome.error);
  play.tell(status);
  const monitor = play.webhook['monitor'] as { readonly body?: unknown } | undefined;
  return {
    status,
    context: play.context,
    error: outcome.error,
    statusEndpoint: play.statusEndpoint,
    body: monitor?.body ?? play.webhook['body'] ?? null,
    creates: play.creates,
    polls: play.polls,
    cancelAnswer,
    cancelCalled: calls,
    expressions: [...play.expressions],
  };
}

async function run(play: Play): Promise<Outcome> {
  const { stage } = play;
  const created = stage.monitorOnly ? monitorOnly(stage) : await create(play);
  switch (created.kind) {
    case 'canceled':
      // During create nothing is called: Orca only does so while it monitors.
      return { status: 'CANCELED', error: null, cancel: false };
    case 'failed':
      return { status: 'TERMINAL', error: created.error, cancel: true };
    case 'created':
      break;
  }
  play.statusEndpoint = created.statusUrl;
  if (created.statusUrl === null) return { status: 'SUCCEEDED', error: null, cancel: false };
  play.tell('RUNNING');
  await sleep(stage.waitBeforeMonitorMs ?? 0, stage.signal);
  if (stage.signal?.aborted) return { status: 'CANCELED', error: null, cancel: false };
  return monitor(play, created.statusUrl);
}

function monitorOnly({ statusEndpoint, url, waitForCompletion = true }: WebhookStage): Created {
  if (!waitForCompletion) return { kind: 'failed', error: 'UserException: monitorOnly needs waitForCompletion' };
  return { kind: 'created', statusUrl: (statusEndpoint ?? url).trim() };
}

async function monitor(play: Play, url: string): Promise<Outcome> {
  const { stageTimeoutMs = 60 * MINUTE, signal, pollMs } = play.stage;
  const since = Date.now();
  const deadline = since + stageTimeoutMs;
  while (Date.now() < deadline) {
    const found = await poll(play, url);
    switch (found.kind) {
      case 'succeeded':
        return { status: 'SUCCEEDED', error: null, cancel: false };
      case 'canceled':
        return { status: 'CANCELED', error: null, cancel: true };
      case 'terminal':
        return { status: 'TERMINAL', error: found.error, cancel: true };
      case 'running':
        break;
    }
    if (!signal?.aborted) {
      play.tell('RUNNING');
      await sleep(pollMs ?? (Date.now() - since < MINUTE ? 1_000 : 15_000), signal);
    }
    if (signal?.aborted) return { status: 'CANCELED', error: null, cancel: true };
  }
  return { status: 'TERMINAL', error: 'monitorWebhook of stage Webhook timed out', cancel: true };
}

function failure({ onFailure = 'terminal' }: WebhookStage): 'TERMINAL' | 'FAILED_CONTINUE' | 'STOPPED' {
  switch (onFailure) {
    case 'terminal':
      return 'TERMINAL';
    case 'continue':
      return 'FAILED_CONTINUE';
    case 'stop':
      return 'STOPPED';
  }
}

/** One try a call; whatever is answered, nothing comes of it. What was never evaluated is sent as it stands. */
async function callCancel(play: Play): Promise<number | null> {
  const {
    cancelEndpoint: url = '',
    cancelMethod: method = 'POST',
    cancelPayload: payload,
    cancelCalls = 1,
  } = play.stage;
  let status: number | null = null;
  for (let call = 0; call < cancelCalls; call += 1) {
    const answer = await play.send({ method, url, payload });
    status = answer.kind === 'answer' ? answer.status : null;
  }
  return status;
}

function noteError({ webhook }: Play, error: string): void {
  const monitor = webhook['monitor'];
  if (typeof monitor === 'object' && monitor !== null) Object.assign(monitor, { error });
  else webhook['error'] = error;
}

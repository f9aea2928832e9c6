/**
 * A player of Spinnaker's webhook stage, by the rules of Orca's own classes: it sends the create call, finds the status URL,
 * polls it until a word ends it, and calls the cancel endpoint where Orca does.
 */
import { create, requestOf } from './webhook/create';
import { exchange } from './webhook/http';
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
  const created = await create(play);
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

async function monitor(play: Play, url: string): Promise<Outcome> {
  const { stage } = play;
  const since = Date.now();
  const deadline = since + (stage.stageTimeoutMs ?? 60 * MINUTE);
  const seen = new Map<number, number>();
  while (Date.now() < deadline) {
    const found = await poll(play, url, seen);
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
    if (!stage.signal?.aborted) {
      play.tell('RUNNING');
      await sleep(stage.pollMs ?? (Date.now() - since < MINUTE ? 1_000 : 15_000), stage.signal);
    }
    if (stage.signal?.aborted) return { status: 'CANCELED', error: null, cancel: true };
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

/** One try; whatever is answered, nothing comes of it. */
async function callCancel(play: Play): Promise<number | null> {
  const { cancelEndpoint = '', cancelMethod = 'POST', cancelPayload } = play.stage;
  const answer = await exchange(requestOf(play, cancelMethod, cancelEndpoint, cancelPayload));
  return answer.kind === 'answer' ? answer.status : null;
}

function noteError({ webhook }: Play, error: string): void {
  const monitor = webhook['monitor'];
  if (typeof monitor === 'object' && monitor !== null) Object.assign(monitor, { error });
  else webhook['error'] = error;
}

/** What a stage that is being played has done so far. */
import { createClient, type Answer, type Client, type NoAnswer } from './client';
import { evaluated, expressionsIn } from './expressions';
import { readBody, withoutNulls } from './json-path';
import type { WebhookStage, WebhookStatus } from './stage';

/** Fields whose expressions Orca evaluates before each task. */
type Evaluated = Pick<
  WebhookStage,
  'url' | 'payload' | 'headers' | 'statusEndpoint' | 'cancelEndpoint' | 'cancelPayload' | 'statusUrlJsonPath'
>;

export class Play {
  creates = 0;
  polls = 0;
  statusEndpoint: string | null = null;
  /** Status codes of polls that were to be repeated, oldest first. */
  readonly pastStatusCodes: number[] = [];
  webhook: Record<string, unknown> = {};
  readonly expressions = new Set<string>();
  /** The stage with what could be evaluated so far. */
  stage: WebhookStage;
  private readonly client: Client;

  constructor(given: WebhookStage) {
    this.stage = given;
    this.client = given.client ?? createClient();
    this.evaluate();
  }

  /** Before a task runs, every text of the context is evaluated, what was answered included. */
  evaluate(): void {
    const { stage } = this;
    const context = this.context;
    const { url, payload, headers, statusEndpoint, cancelEndpoint, cancelPayload, statusUrlJsonPath } = stage;
    const fields = { url, payload, headers, statusEndpoint, cancelEndpoint, cancelPayload, statusUrlJsonPath };
    const roots = { ...context, ...stage.roots, '#currentStage()': { ...(stage.roots?.['stage'] as object), context } };
    const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
    this.stage = { ...stage, ...(evaluated(given, roots) as Evaluated) };
    this.webhook = evaluated(this.webhook, roots);
  }

  send(request: { method: string; url: string; payload: unknown }): Promise<Answer | NoAnswer> {
    const { stage } = this;
    const own = Object.entries(stage.headers ?? {}).filter(([name]) => !DENIED.has(name.toLowerCase()));
    const given = own.find(([name]) => name.toLowerCase() === 'content-type')?.[1];
    const { type, body } = bodyOf(request.payload, given);
    return this.client.exchange({
      method: request.method.toUpperCase(),
      url: request.url,
      headers: {
        Accept: 'application/json, application/*+json, text/plain, */*',
        'Accept-Encoding': 'identity',
        ...(type === undefined || given !== undefined ? {} : { 'Content-Type': type }),
        ...Object.fromEntries(own),
      },
      body,
      timeoutMs: stage.requestTimeoutMs ?? 20_000,
    });
  }

  noteExpressions(body: string, contentType: string): void {
    try {
      for (const text of expressionsIn(readBody(body, contentType))) this.expressions.add(text);
    } catch {
      // A broken body is told by whoever needs it.
    }
  }

  get context(): Record<string, unknown> {
    const at = this.statusEndpoint === null ? {} : { statusEndpoint: this.statusEndpoint };
    return structuredClone(withoutNulls({ ...at, webhook: { ...this.webhook, ...at } })) as Record<string, unknown>;
  }

  tell(status: WebhookStatus): void {
    const monitor = this.webhook['monitor'] as { readonly progressMessage?: string } | undefined;
    this.stage.onProgress?.({ status, message: monitor?.progressMessage ?? null, context: this.context });
  }

  /** Lets go of connections that are nobody else's. */
  end(): void {
    if (this.stage.client === undefined) this.client.close();
  }
}

/** `headerDenyList` of WebhookService: never sent, whoever names them. */
const DENIED = new Set([
  'x-spinnaker-user',
  'x-spinnaker-account',
  'x-spinnaker-user-origin',
  'x-spinnaker-request-id',
  'x-spinnaker-execution-id',
]);

/** A text goes as ISO 8859-1 (where the stage names no type), a form as a form, anything else as JSON. */
function bodyOf(payload: unknown, type: string | undefined): { type?: string; body: Buffer | undefined } {
  if (payload === undefined || payload === null) return { body: undefined };
  if (typeof payload === 'string')
    return type === undefined
      ? {
          type: 'text/plain;charset=ISO-8859-1',
          body: Buffer.from(payload.replace(/[\u0100-\u{10ffff}]/gu, '?'), 'latin1'),
        }
      : { body: Buffer.from(payload, 'utf8') };
  if (type !== undefined && /^application\/x-www-form-urlencoded\b/i.test(type))
    return { body: Buffer.from(new URLSearchParams(payload as Record<string, string>).toString(), 'utf8') };
  return { type: 'application/json', body: Buffer.from(JSON.stringify(payload), 'utf8') };
}

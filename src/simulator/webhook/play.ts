/** What a stage that is being played has done so far. */
import type { Answer } from './http';
import { expressionsIn, readBody } from './json-path';
import type { WebhookStage, WebhookStatus } from './stage';

export class Play {
  creates = 0;
  polls = 0;
  statusEndpoint: string | null = null;
  readonly webhook: Record<string, unknown> = {};
  readonly expressions = new Set<string>();

  constructor(readonly stage: WebhookStage) {}

  noteCreate({ status, headers, body }: Answer): void {
    Object.assign(this.webhook, { statusCodeValue: status, headers });
    this.noteExpressions(body, headers['content-type'] ?? '');
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
    return structuredClone({ ...at, webhook: { ...this.webhook, ...at } });
  }

  tell(status: WebhookStatus): void {
    const monitor = this.webhook['monitor'] as { readonly progressMessage?: string } | undefined;
    this.stage.onProgress?.({ status, message: monitor?.progressMessage ?? null, context: this.context });
  }
}

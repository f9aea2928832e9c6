/** The webhook stage: what is asked of it, and what comes of it. Names are those of the stage's JSON in Spinnaker. */
import type { Client } from './client';
import type { Roots } from './expressions';

export interface WebhookStage {
  readonly url: string;
  /** Default POST. */
  readonly method?: string;
  /** An object goes as JSON, a text as it is. */
  readonly payload?: unknown;
  /** Sent on create, polls and cancel. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Of create only; replaces the default, 504. */
  readonly failFastStatusCodes?: readonly number[];
  /** More codes that create is tried again on. */
  readonly webhookRetryStatusCodes?: readonly number[];
  /** Default true. */
  readonly waitForCompletion?: boolean;
  /** Default `locationHeader`. */
  readonly statusUrlResolution?: 'getMethod' | 'locationHeader' | 'webhookResponse';
  readonly statusUrlJsonPath?: string;
  readonly statusJsonPath?: string;
  readonly progressJsonPath?: string;
  /** Comma-separated. */
  readonly successStatuses?: string;
  readonly canceledStatuses?: string;
  readonly terminalStatuses?: string;
  /** Of polls only. */
  readonly retryStatusCodes?: readonly number[];
  /** Of polls only: a code in it is tried again so often, all in all. */
  readonly retries?: Readonly<Record<string, { readonly maxAttempts: number }>>;
  readonly waitBeforeMonitorMs?: number;
  /** Nothing is created: `statusEndpoint`, else `url`, is polled. */
  readonly monitorOnly?: boolean;
  readonly statusEndpoint?: string;
  readonly cancelEndpoint?: string;
  readonly cancelMethod?: string;
  readonly cancelPayload?: unknown;
  /** What a failure makes of the stage: TERMINAL (default), FAILED_CONTINUE, or STOPPED. */
  readonly onFailure?: 'terminal' | 'continue' | 'stop';

  /** What its expressions may name, by root: `execution`, `trigger`, `parameters`, … `#currentStage()` is the stage itself. */
  readonly roots?: Roots;
  /** An entry of the operator's `allowedRequests` that covers `url` says so: create is sent again after a timeout. */
  readonly safeToRetry?: boolean;
  /** How often the cancel call is made: Orca's queue may hand a task out twice. Default 1. */
  readonly cancelCalls?: number;
  /** Connections that live on after the stage, as Orca's do. Default: a client of its own. */
  readonly client?: Client;

  /** Milliseconds between polls. Default as Orca: 1 s during the first minute, then 15 s. */
  readonly pollMs?: number;
  /** Between tries of create. Default 10 s. */
  readonly createBackoffMs?: number;
  /** For all tries of create. Default 5 minutes. */
  readonly createTimeoutMs?: number;
  /** For polling. Default 1 hour. */
  readonly stageTimeoutMs?: number;
  /** For one answer. Default 20 s. */
  readonly requestTimeoutMs?: number;
  /** Cancels the stage, as a cancel of its execution does. */
  readonly signal?: AbortSignal;
  /** Told of every change: when it begins, after create, after each poll, at the end. */
  readonly onProgress?: (progress: WebhookProgress) => void;
}

export type WebhookStatus = 'RUNNING' | 'SUCCEEDED' | 'TERMINAL' | 'CANCELED' | 'FAILED_CONTINUE' | 'STOPPED';

export interface WebhookProgress {
  readonly status: WebhookStatus;
  /** `progress` of the last poll. */
  readonly message: string | null;
  /** The stage's context, as Orca keeps it. */
  readonly context: Readonly<Record<string, unknown>>;
}

export interface WebhookResult {
  readonly status: Exclude<WebhookStatus, 'RUNNING'>;
  readonly context: Readonly<Record<string, unknown>>;
  /** Why it failed; null when it did not. */
  readonly error: string | null;
  readonly statusEndpoint: string | null;
  /** Body of the last poll that was answered with 2xx, or of create. */
  readonly body: unknown;
  /** How often create was sent, as far as the stage knows, and how often it polled. */
  readonly creates: number;
  readonly polls: number;
  /** Status of the answer to the (last) cancel call; null when none was made or none came. */
  readonly cancelAnswer: number | null;
  readonly cancelCalled: boolean;
  /** Texts of the answers that Orca would have evaluated. */
  readonly expressions: readonly string[];
}

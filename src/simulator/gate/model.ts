/** Executions and pipelines as Orca and Front50 keep them (their JSON is what Gate passes on). */

export type OrcaStatus =
  | 'NOT_STARTED'
  | 'RUNNING'
  | 'PAUSED'
  | 'SUSPENDED'
  | 'SUCCEEDED'
  | 'FAILED_CONTINUE'
  | 'TERMINAL'
  | 'CANCELED'
  | 'REDIRECT'
  | 'STOPPED'
  | 'SKIPPED'
  | 'BUFFERED';

export const COMPLETE: ReadonlySet<OrcaStatus> = new Set([
  'SUCCEEDED',
  'FAILED_CONTINUE',
  'TERMINAL',
  'CANCELED',
  'STOPPED',
  'SKIPPED',
]);

export type PipelineKind = 'bake' | 'deploy' | 'destroy' | 'tag' | 'plain';

export interface SimPipeline {
  readonly id: string;
  readonly application: string;
  readonly name: string;
  readonly kind: PipelineKind;
  /** Further fields of its saved config: `parameterConfig`, `disabled`, `stages`. */
  readonly config?: Readonly<Record<string, unknown>>;
}

export interface SimStage {
  readonly id: string;
  readonly refId: string;
  readonly type: string;
  readonly name: string;
  status: OrcaStatus;
  startTime: number | null;
  endTime: number | null;
  context: Record<string, unknown>;
  outputs: Record<string, unknown>;
  tasks: Record<string, unknown>[];
  readonly requisiteStageRefIds: readonly string[];
  /** The stage that this one is a part of. */
  readonly parentStageId: string | null;
}

export interface SimTrigger {
  readonly type: string;
  readonly user?: string;
  readonly correlationId?: string;
  readonly rebake?: boolean;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly [extra: string]: unknown;
}

export interface SimExecution {
  readonly id: string;
  readonly type: 'PIPELINE' | 'ORCHESTRATION';
  /** `outside`: kept by whoever made it by hand. */
  readonly kind: PipelineKind | 'outside' | 'task';
  readonly application: string;
  readonly name: string;
  readonly pipelineConfigId: string | null;
  readonly buildTime: number;
  startTime: number | null;
  endTime: number | null;
  status: OrcaStatus;
  canceled: boolean;
  canceledBy: string | null;
  cancellationReason: string | null;
  readonly trigger: SimTrigger;
  stages: SimStage[];
  /** Gate does not know it any more. */
  vanished: boolean;
  /** Who wants to know of a cancel. */
  readonly onCancel: (() => void)[];
}

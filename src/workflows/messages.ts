/** What crosses from the client to the workflows: types only. The names of the messages are in domain/names. */
import type { Decision, RefusalReason } from '../domain/approval';
import type { LateImageInput } from '../activities/late-bake';
import type { JudgmentInput } from '../activities/tell-spinnaker';
import type { GateMemory } from '../activities/gate-memory';
import type { UndoDeployInput } from '../activities/undo-deploy';
import type { EndStatus } from '../domain/run';
import type { StatusDocument } from '../domain/status';

/** Input of `goldenImage`. Nothing here is believed before `token` has been verified. */
export interface GoldenImageInput {
  readonly id: string;
  readonly key: string;
  readonly attempt: number;
  readonly line: string;
  /** The request as signed by the server. */
  readonly token: string;
  /** SHA-256 of the request body, and the credential that asked: kept for the key's next use. */
  readonly bodyHash: string;
  readonly credential: string;
}

/** Argument of `decide`: a decision signed by the server, or a plain one where the line allows it. */
export type DecideArgument =
  | { readonly token: string }
  | ({ readonly by: string; readonly comment?: string; readonly evidenceDigest?: string } & Pick<Decision, 'verdict'>);

/** Answer of the `decide` update. What the validator refuses comes as a failure whose `type` is a RefusalReason. */
export type DecideResult =
  | { readonly counted: true; readonly status: StatusDocument }
  | { readonly counted: false; readonly refused: RefusalReason; readonly status: StatusDocument };

/** Argument and answer of the `cancel` update. */
export interface CancelArgument {
  readonly by: string;
  readonly reason: string;
}
export interface CancelResult {
  readonly canceled: boolean;
  readonly reason: string;
}

/** Input of `imageLine`; `queue` and `done` are carried over when it continues as new. */
export interface ImageLineInput {
  readonly line: string;
  readonly queue?: readonly string[];
  readonly done?: readonly string[];
  /** Continue as new after this many publications, besides the server's suggestion. */
  readonly entriesPerRun?: number;
}

/** Argument of the line's `publish` update: enqueues a run; answers at once. */
export interface PublishArgument {
  readonly run: string;
  /** As in {@link ImageLineInput}, from now on. */
  readonly entriesPerRun?: number;
}

/** Input of `lateBake`: looks for what a given-up bake still makes, until `until` (ISO 8601) at least, and removes it. */
export type LateBakeInput = Omit<LateImageInput, 'gate'>;

/** Input of `lateDeploy`: looks for what a given-up deploy still makes, until `until` (ISO 8601), and removes it. */
export type LateDeployInput = Omit<UndoDeployInput, 'gate'> & {
  readonly until: string;
  /** What the run's undo remembered of Gate. */
  readonly gate?: GateMemory;
};

/** Input of `lateJudgment`: gives a judgment once its stage has begun, until `until` (ISO 8601). */
export type LateJudgmentInput = Omit<JudgmentInput, 'late'> & { readonly until: string };

/** Input of `lateLaunch`: looks for what a launch without an answer has made, until `until` (ISO 8601), and removes it. */
export interface LateLaunchInput {
  readonly run: string;
  readonly region: string;
  readonly until: string;
  readonly pollSeconds: number;
}

/** Result of `scheduledRun`, which takes its line and its time from its id. */
export interface ScheduledResult {
  readonly run: string;
  /** Null where nobody wrote how the run ended. */
  readonly status: EndStatus | null;
}

/** Input and result of `sweepRun`: cleans up after a run that was terminated or timed out inside Temporal. */
export interface SweepInput {
  readonly run: string;
}
export interface SweepResult {
  /** What was looked at and is now gone, or was never there, in words. */
  readonly cleaned: readonly string[];
}

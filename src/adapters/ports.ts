/** What Assay needs of the outside, in its own words. Adapters implement these; activities are given them. */
import type { Assessment } from '../domain/findings';
import type { Decision } from '../domain/approval';
import type { EvidenceRef, RequestStatement, Statement } from '../domain/evidence';
import type { Image, OtherRun } from '../domain/image';
import type { Refusal } from '../domain/launch';
import type { SpinnakerStep } from '../domain/names';
import type { RunRequest } from '../domain/request';
import type { ServerGroup } from '../domain/run';
import type { AssessorSettings, RunSettings } from '../domain/settings';

// Every port throws the errors of domain/errors: `Final` and its kin, `TryAgain` and its kin, `NotFound`. Nothing else is expected.

/** Images of one region. Reads page to the end. */
export interface Images {
  /** Throws NotFound for an id that is not there (yet): right after creation EC2 answers so, and forever after deregistration. */
  describe(id: string): Promise<Image>;
  /** All images of our account that carry the run's tag. */
  ofRun(run: string): Promise<readonly Image[]>;
  tag(id: string, tags: Readonly<Record<string, string>>): Promise<void>;
  /** Asks for deregistration; an image that is not there is fine. Read back with `describe`. */
  deregister(id: string): Promise<void>;
  /** Ids of those snapshots that still exist. */
  existingSnapshots(ids: readonly string[]): Promise<readonly string[]>;
  /** Asks for deletion; a snapshot that is not there is fine. */
  deleteSnapshot(id: string): Promise<void>;
  /** Snapshots of our account that carry the run's tag. */
  snapshotsOfRun(run: string): Promise<readonly string[]>;
}

export interface Instance {
  readonly id: string;
  readonly imageId: string;
  /** `pending`, `running`, `shutting-down`, `terminated`, `stopping`, `stopped`. */
  readonly state: string;
  /** Why it is in this state, as EC2 says it: code and words; null where it says nothing. */
  readonly stateReason: string | null;
  readonly launchedAt: string;
  readonly volumeIds: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
}

/** One instance to launch: hardened, without a public IPv4 address and without a key. IPv6 is the subnet's choice. */
export interface LaunchOrder {
  /** What EC2 knows the launch by: the same token with the same order never launches a second instance. */
  readonly token: string;
  readonly imageId: string;
  readonly instanceType: string;
  readonly subnetId: string;
  readonly securityGroupIds: readonly string[];
  /** Name or ARN. */
  readonly instanceProfile: string;
  readonly userData: string | null;
  /** Set at launch, on the instance, its volumes and its network interface. */
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * What became of a launch. `mismatch`: the token has been used with another order, so it may have launched something.
 */
export type Launch =
  | { readonly kind: 'launched'; readonly instanceId: string }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'mismatch' };

export interface Instances {
  /** Launches, or finds what the token has launched. Every throw but a Final one leaves open whether something was launched. */
  launch(order: LaunchOrder): Promise<Launch>;
  /** Throws NotFound; a terminated instance stays visible for about an hour. */
  describe(id: string): Promise<Instance>;
  /** Instances of the run in any state but terminated. */
  ofRun(run: string): Promise<readonly Instance[]>;
  tag(id: string, tags: Readonly<Record<string, string>>): Promise<void>;
  /** Asks for termination; an instance that is not there is fine. Read back with `describe`. */
  terminate(id: string): Promise<void>;
  /** Those volumes that still exist. `loose`: no instance holds it, and EC2 is not deleting it. */
  existingVolumes(ids: readonly string[]): Promise<readonly { readonly id: string; readonly loose: boolean }[]>;
  /** Volumes that carry the run's tag. */
  volumesOfRun(run: string): Promise<readonly string[]>;
  /** Asks for deletion of a detached volume; one that is not there is fine. */
  deleteVolume(id: string): Promise<void>;
  /** Network interfaces that carry the run's tag. */
  interfacesOfRun(run: string): Promise<readonly string[]>;
  /** Asks for deletion of a detached network interface; one that is not there is fine. */
  deleteInterface(id: string): Promise<void>;
}

/** An Auto Scaling group; while it exists it replaces a terminated instance. */
export interface AutoScalingGroup {
  readonly name: string;
  /** EC2 Auto Scaling's Status while a deletion is under way, else null. */
  readonly status: string | null;
  readonly instanceIds: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
}

export interface AutoScalingGroups {
  /** `undefined` when there is none of that name. */
  describe(name: string): Promise<AutoScalingGroup | undefined>;
  ofRun(run: string): Promise<readonly AutoScalingGroup[]>;
  tag(name: string, tags: Readonly<Record<string, string>>): Promise<void>;
  /** Asks for deletion with its instances (ForceDelete); a group that is not there is fine. */
  delete(name: string): Promise<void>;
}

export interface ParameterValue {
  readonly value: string;
  readonly version: number;
}

/** What an instance gets its rights by. */
export interface InstanceProfile {
  readonly name: string;
  readonly arn: string;
  readonly roles: readonly string[];
}

export interface Parameters {
  /** `undefined` when there is none (yet): an `aws:ec2:image` value appears only after AWS has validated it. */
  read(name: string, label?: string): Promise<ParameterValue | undefined>;
  /** Writes a new version of an `aws:ec2:image` parameter; 200 and a version number come before validation, so read it back. */
  write(name: string, amiId: string, description: string): Promise<{ readonly version: number }>;
  /** Moves labels to a version; a label lives on one version at a time. */
  label(name: string, version: number, labels: readonly string[]): Promise<void>;
}

/** AWS in one region of our account. */
export interface AwsRegion {
  readonly images: Images;
  readonly instances: Instances;
  readonly groups: AutoScalingGroups;
  readonly parameters: Parameters;
  /** IAM is one for the whole account; `undefined` when there is no profile of that name. */
  instanceProfile(name: string): Promise<InstanceProfile | undefined>;
}

export interface Aws {
  /** Our account's id (STS GetCallerIdentity), asked once. */
  account(): Promise<string>;
  region(name: string): AwsRegion;
}

export interface AssessmentSubject {
  readonly run: string;
  readonly region: string;
  readonly amiId: string;
  readonly instanceId: string;
  /** When the first look was taken, ISO 8601; grace periods count from here. */
  readonly since: string;
}

export type AssessmentLook =
  { readonly kind: 'waiting'; readonly progress: string } | { readonly kind: 'done'; readonly assessment: Assessment };

/** Examines an image by its instance. One look a call; it neither sleeps nor acts. */
export interface Assessor {
  look(subject: AssessmentSubject, settings: AssessorSettings): Promise<AssessmentLook>;
}
export type Assessors = Readonly<Record<AssessorSettings['kind'], Assessor>>;

/** Status words of Orca (`ExecutionStatus`). */
export type ExecutionStatus =
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

export interface ExecutionStage {
  readonly id: string;
  readonly refId: string;
  readonly name: string;
  readonly type: string;
  readonly status: ExecutionStatus;
  readonly startedAt: string | null;
  /** Skipped by hand (`context.manualSkip`). */
  readonly manualSkip: boolean;
  /** What was said to a manual judgment (`context.judgmentStatus`), in small letters; null while nothing was. */
  readonly judgment: string | null;
  /** Where a webhook stage asks for the status of what it started; null for other stages, and until it knows. */
  readonly statusUrl: string | null;
}

export interface Execution {
  readonly id: string;
  readonly status: ExecutionStatus;
  /** No stage of it runs any more. */
  readonly over: boolean;
  /** Why it failed, dug out of tasks and contexts; null when it did not. A SUCCEEDED execution with a failed top-level stage has one too. */
  readonly failure: string | null;
  /** Null where it has none, undefined where the answer does not show what started it. */
  readonly correlationId: string | null | undefined;
  readonly images: readonly { readonly region: string; readonly amiId: string }[];
  readonly servers: readonly ServerGroup[];
  /** Spinnaker's account in which its deploy stages make server groups, known before there is one. */
  readonly account: string | null;
  /** ISO 8601; null while it runs, or where Orca does not say. */
  readonly endedAt: string | null;
  readonly stages: readonly ExecutionStage[];
  readonly progress: string;
}

export interface ExecutionKey {
  readonly run: string;
  readonly step: SpinnakerStep;
  readonly n: number;
}

/** A job of an ad-hoc task: a stage's type and its context. */
export type SpinnakerJob = Readonly<Record<string, unknown>> & { readonly type: string };

/** Spinnaker through Gate. */
export interface Spinnaker {
  /**
   * Starts a named pipeline, once per key: looks for an execution of that key first, so that a lost answer never makes a second.
   * Throws AnswerLost when the start may have reached Gate, TryAgain when it provably did not. `assertWanted` is called last of
   * all before Gate is asked; what it throws ends the start.
   */
  start(
    key: ExecutionKey,
    pipeline: string,
    parameters: Readonly<Record<string, string>>,
    options?: { readonly rebake?: boolean; readonly assertWanted?: () => void },
  ): Promise<{ readonly executionId: string }>;
  /** Every execution of a run's step that Gate knows, oldest first. */
  find(run: string, step: SpinnakerStep, pipeline: string): Promise<readonly Execution[]>;
  /** Starts one job as an ad-hoc task, once per key, in the same way as `start` does. */
  startTask(
    key: ExecutionKey,
    job: SpinnakerJob,
    options?: { readonly assertWanted?: () => void },
  ): Promise<{ readonly executionId: string }>;
  /** Every ad-hoc task of a run's step that Gate knows, oldest first. */
  findTasks(run: string, step: SpinnakerStep): Promise<readonly Execution[]>;
  /** An ad-hoc task. Throws as `execution` does. */
  task(id: string): Promise<Execution>;
  /** Throws NotFound on 404, TryAgain on an empty 200 (Gate swallows upstream faults so). */
  execution(id: string): Promise<Execution>;
  /** Asks for cancellation; read back with `execution`. */
  cancel(id: string, reason: string): Promise<void>;
  /** The same for an ad-hoc task, which takes no reason; read back with `task`. */
  cancelTask(id: string): Promise<void>;
  /** Puts values into a stage's context. Gate answers 200 to what it could not do, too: read back with `execution`. */
  patchStage(executionId: string, stageId: string, context: Readonly<Record<string, string>>): Promise<void>;
  /** An image's tags as Spinnaker's cache has them, names in small letters; `undefined` while it does not know the image. */
  imageTags(image: {
    readonly region: string;
    readonly name: string;
    readonly amiId: string;
  }): Promise<Readonly<Record<string, string>> | undefined>;
  /** Instance ids of a server group; `undefined` when Spinnaker does not know the group (its cache lags). */
  instances(server: ServerGroup): Promise<readonly string[] | undefined>;
}

/** Who Gate takes us for. */
export interface GateUser {
  /** Null where Gate asks nobody. */
  readonly name: string | null;
  /** Empty where Gate tells none. */
  readonly roles: readonly string[];
}

/** Roles that have a right on an application, by Fiat's words; null: no such list is set. */
export type ApplicationRights = Readonly<Record<'READ' | 'WRITE' | 'EXECUTE', readonly string[] | null>>;

/** A saved pipeline, as far as it can be looked at before it is started. */
export interface PipelineConfig {
  readonly disabled: boolean;
  /** Empty: it declares none, and takes any. */
  readonly parameters: readonly { readonly name: string; readonly required: boolean; readonly hasDefault: boolean }[];
}

/** What of Gate can be seen without doing anything, for the doctor. Throws Forbidden for what Gate does not let us read. */
export interface SpinnakerReads {
  whoAmI(): Promise<GateUser>;
  /** `undefined`: there is none, or Gate does not show it to us. */
  application(): Promise<ApplicationRights | undefined>;
  /** `undefined`: there is none of that name. */
  pipeline(name: string): Promise<PipelineConfig | undefined>;
  /** Manual judgments of that name in the application's pipelines; a null limit is Orca's default. */
  judgments(stage: string): Promise<readonly { readonly pipeline: string; readonly stageTimeoutMs: number | null }[]>;
}

/** Documents by content and by name. A reader never sees half a document. */
export interface EvidenceStore {
  /** Stores a text under its SHA-256; the same text twice is one document. */
  put(text: string): Promise<EvidenceRef>;
  /** Throws NotFound, and EvidenceChanged when the stored bytes do not hash to the reference. */
  get(ref: EvidenceRef): Promise<string>;
  /** Writes or replaces a named document, whole or not at all. Names are relative paths of safe characters. */
  write(name: string, text: string): Promise<void>;
  read(name: string): Promise<string | undefined>;
  /** Named documents whose names begin with the prefix: the last written first, and by name where that is the same. */
  list(prefix: string): Promise<readonly NamedDocument[]>;
}

/** A named document of the store; `writtenAt` in milliseconds since 1970. */
export interface NamedDocument {
  readonly name: string;
  readonly writtenAt: number;
}

/** Seals statements with the worker's key (`signing.ledger`) and opens them again. */
export interface Sealer {
  seal(statement: Statement): string;
  /** Throws EvidenceChanged unless the seal is ours and the statement is of that kind. */
  open<K extends Statement['kind']>(kind: K, sealed: string): Extract<Statement, { readonly kind: K }>;
  /** SHA-256 of a value's canonical JSON, as `sha256:…`. */
  digest(value: unknown): string;
}

/** Verifies what the server signed (`signing.decisions`), by the worker's own config of now. */
export interface Signatures {
  /** A request, signed by the server or sealed by a worker for a schedule. Throws EvidenceChanged when it is neither. */
  request(token: string): RequestStatement;
  /** Also refuses what `access.keys` and `access.revoked` no longer allow. Throws EvidenceChanged or Forbidden. */
  decision(token: string): Decision;
  /** Groups of a subject by `access.keys`, for decisions by plain signal. */
  groupsOf(subject: string): readonly string[];
}

export interface Notification {
  readonly subject: string;
  readonly message: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** The same for every try, so that FIFO topics drop repeats. */
  readonly token: string;
}

export interface Notifier {
  notify(topicArn: string, notification: Notification): Promise<void>;
}

/** Other runs, as far as Assay knows them. */
export interface Runs {
  standing(run: string): Promise<OtherRun>;
}

export interface ScheduledOrder {
  readonly key: string;
  readonly request: RunRequest;
  readonly credential: string;
  readonly subject: null;
  /** The key stands for one run for ever; the text is what the order is known again by. */
  readonly once: string;
}

/** Asks for runs as the API does, in the name of a line's schedule. */
export interface Requests {
  /** The run's id; the same order again is the same run. Throws BadInput with every fault, Final where the key is another's. */
  start(order: ScheduledOrder): Promise<string>;
}

export interface PublicationOrder {
  readonly run: string;
  readonly line: string;
}

/** A run's line. */
export interface Lines {
  /** Puts a publication in the line's queue; the same run twice is one entry. */
  enqueue(order: PublicationOrder): Promise<void>;
}

/** The worker's config of now: a line's settings for a run that begins. `undefined`: no such line. */
export interface Settings {
  forLine(line: string): RunSettings | undefined;
  /** The text that a line's settings name; `undefined` when the config of now has it no more. */
  userData(ref: EvidenceRef): string | undefined;
}

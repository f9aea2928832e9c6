/** The settings a run keeps from its start to its end: stored as evidence, so that a later change of the config changes no open run. */
import type { EvidenceRef } from './evidence';
import type { OnIncomplete, Policy } from './policy';
import type { ScheduleSettings } from './schedule';

/** An assessor of a line, with its limits. */
export interface AssessorSettings {
  readonly kind: 'inspector2';
  /** After this long without a complete scan the assessment is `incomplete`. */
  readonly timeoutMinutes: number;
  /** How long the SSM agent may stay away before the instance counts as unmanaged. */
  readonly agentMinutes: number;
}

export interface BakeSettings {
  readonly pipeline: string;
  /** Where it makes images, the line's own region first. */
  readonly regions: readonly string[];
  readonly parameters: Readonly<Record<string, string>>;
  readonly timeoutMinutes: number;
}

/** Deploys through Spinnaker. */
export interface PipelineDeploySettings {
  readonly kind: 'pipeline';
  readonly pipeline: string;
  /** Null: the server group is destroyed by an ad-hoc task. */
  readonly destroyPipeline: string | null;
  readonly parameters: Readonly<Record<string, string>>;
  readonly timeoutMinutes: number;
}

/** Launches the test instance with EC2 itself. */
export interface Ec2DeploySettings {
  readonly kind: 'ec2';
  /** Tried in this order. */
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: readonly string[];
  readonly instanceType: string;
  /** Name or ARN. */
  readonly instanceProfile: string;
  /** The user data's text in the evidence store; null where there is none. */
  readonly userData: EvidenceRef | null;
  readonly timeoutMinutes: number;
}

export type DeploySettings = PipelineDeploySettings | Ec2DeploySettings;

export interface ApprovalSettings {
  /** How many people of each group must approve; `*` stands for any approver. A person fills one place only. */
  readonly groups: Readonly<Record<string, number>>;
  readonly deadlineHours: number;
  readonly remindHours: number;
  /** Publish by itself on the verdict `approve`. */
  readonly auto: boolean;
  /** Whether decisions by plain signal, without a signature, count. */
  readonly unsigned: 'refuse' | 'allow';
}

/** How Spinnaker is told the tags of a published image; null: it is not, and finds them out by itself. */
export interface ImageTagsSettings {
  /** Null: by an ad-hoc task. */
  readonly pipeline: string | null;
  readonly timeoutMinutes: number;
}

/** What Spinnaker is told once a run is decided: a pipeline is started, or a stage that waits in the asking one is answered. */
export type AfterDecisionSettings =
  | {
      readonly kind: 'pipeline';
      readonly pipeline: string;
      readonly parameters: Readonly<Record<string, string>>;
      readonly timeoutMinutes: number;
    }
  | { readonly kind: 'judgment'; readonly stage: string; readonly timeoutMinutes: number };

export interface LineSpinnakerSettings {
  readonly imageTags: ImageTagsSettings | null;
  readonly afterDecision: AfterDecisionSettings | null;
}

export interface LineSettings {
  readonly name: string;
  readonly region: string;
  readonly bake: BakeSettings | null;
  readonly deploy: DeploySettings | null;
  readonly assess: readonly AssessorSettings[];
  readonly policy: Policy;
  readonly onIncomplete: OnIncomplete;
  readonly approval: ApprovalSettings;
  readonly publish: { readonly parameter: string };
  readonly notify: { readonly topicArns: readonly string[] };
  readonly spinnaker: LineSpinnakerSettings;
  /** Left out where nothing asks by itself. */
  readonly schedule?: ScheduleSettings;
}

export interface SpinnakerSettings {
  readonly application: string;
  /** How long after its start a bake that was given up may still make an image. */
  readonly bakeLimitMinutes: number;
  /** How long Gate may stay away, or an execution may take to end, before the undo goes past it. */
  readonly unreachableMinutes: number;
  readonly watchSeconds: number;
}

export interface RunSettings {
  readonly line: LineSettings;
  readonly spinnaker: SpinnakerSettings | null;
  readonly pollSeconds: number;
  /** Groups whose members may decide (`access.roles.approver`). */
  readonly approvers: readonly string[];
}

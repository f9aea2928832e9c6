/** What exists in the simulated account. Times are milliseconds since 1970. */
import type { ProfileName } from './data/profiles';

export type Tags = Record<string, string>;

export interface Thing {
  readonly id: string;
  readonly region: string;
  readonly createdAt: number;
  /** Not found before this moment. */
  readonly visibleAt: number;
  /** So many reads by id still answer NotFound. */
  hiddenReads: number;
  tags: Tags;
}

export type InstanceState = 'pending' | 'running' | 'shutting-down' | 'terminated' | 'stopping' | 'stopped';

export interface SimInstance extends Thing {
  readonly imageId: string;
  state: InstanceState;
  readonly clientToken: string;
  /** Name of its Auto Scaling group. */
  readonly group: string | null;
  readonly reservationId: string;
  readonly zone: string;
  readonly instanceType: string;
  readonly privateIp: string;
  readonly hardware: Readonly<Hardware>;
  volumeIds: string[];
  interfaceIds: string[];
  runningAt: number | null;
  terminatedAt: number | null;
  stateReason: { readonly code: string; readonly message: string } | null;
}

/** What a launch asked for besides image, type and tags. */
export interface Hardware {
  readonly subnetId: string | null;
  readonly securityGroupIds: readonly string[];
  readonly publicAddress: boolean;
  readonly keyName: string | null;
  /** ARN. */
  readonly instanceProfile: string | null;
  readonly shutdownBehavior: string;
  readonly metadataOptions: {
    readonly httpEndpoint: string;
    readonly httpTokens: string;
    readonly httpPutResponseHopLimit: number;
  };
  /** Decoded. */
  readonly userData: string | null;
}

export type ImageState = 'pending' | 'available' | 'failed' | 'deregistered' | 'disabled';

export interface SimImage extends Thing {
  readonly name: string;
  readonly description: string;
  state: ImageState;
  readonly snapshotIds: readonly string[];
  readonly profile: ProfileName;
  readonly sourceImageId: string | null;
  readonly encrypted: boolean;
  readonly creationDate: string;
  deregisteredAt: number | null;
}

export interface SimSnapshot extends Thing {
  state: 'pending' | 'completed' | 'deleted';
  readonly description: string;
  readonly encrypted: boolean;
}

export interface SimVolume extends Thing {
  state: 'in-use' | 'available' | 'deleted';
  instanceId: string | null;
  readonly device: string;
  readonly deleteOnTermination: boolean;
  readonly snapshotId: string;
}

export interface SimInterface extends Thing {
  state: 'in-use' | 'available' | 'deleted';
  instanceId: string | null;
  readonly subnetId: string;
  readonly securityGroupIds: readonly string[];
  readonly deleteOnTermination: boolean;
}

export interface SimInstanceProfile {
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly roles: readonly string[];
}

export interface SimGroup {
  readonly name: string;
  readonly region: string;
  readonly imageId: string;
  readonly createdAt: number;
  /** Of the group; each with whether instances get it too. */
  tags: { key: string; value: string; propagate: boolean }[];
  status: string | null;
  desired: number;
  /** Made, and then deleted: kept so that tests can count. */
  deletedAt: number | null;
  /** Never launches anything. */
  readonly barren: boolean;
}

export interface SimParameterVersion {
  readonly version: number;
  readonly value: string;
  readonly type: string;
  readonly dataType: string;
  readonly description: string;
  readonly at: number;
  /** When the value could first be read. */
  appliedAt: number | null;
  state: 'validating' | 'applied' | 'rejected';
  labels: string[];
}

export interface SimParameter {
  readonly name: string;
  readonly region: string;
  tags: Tags;
  versions: SimParameterVersion[];
}

export interface SimTopic {
  readonly arn: string;
  readonly region: string;
}

export interface SimMessage {
  readonly id: string;
  readonly topicArn: string;
  readonly subject: string | null;
  readonly message: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly groupId: string | null;
  readonly deduplicationId: string | null;
  readonly at: number;
}

/** One thing that happened, in order. */
export interface SimEvent {
  readonly seq: number;
  readonly at: number;
  /** e.g. `image.created`, `parameter.applied`. */
  readonly what: string;
  readonly [detail: string]: unknown;
}

/** The SDK's clients: one of each kind for a region, made once and kept, because each holds its own connections. */
import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { EC2Client } from '@aws-sdk/client-ec2';
import { IAMClient } from '@aws-sdk/client-iam';
import { Inspector2Client } from '@aws-sdk/client-inspector2';
import { SNSClient } from '@aws-sdk/client-sns';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';

/** All have defaults; credentials, region and endpoints come from the SDK's own environment (`AWS_*`). */
export interface AwsOptions {
  /** Region that is asked whose account this is; else the SDK's own (`AWS_REGION`, profile). */
  readonly region?: string;
  /** One URL for every service, in place of AWS's own and of `AWS_ENDPOINT_URL*`. */
  readonly endpoint?: string;
  /** Tries within one call, 2 when not given: what takes longer is for Temporal to try again. */
  readonly maxAttempts?: number;
  readonly connectionTimeoutMs?: number;
  /** For a whole request with its answer, and for a silence within it. */
  readonly requestTimeoutMs?: number;
}

export interface RegionClients {
  readonly region: string;
  readonly ec2: EC2Client;
  readonly autoScaling: AutoScalingClient;
  /** IAM is one for all regions of a partition; the SDK finds the partition's endpoint by the region. */
  readonly iam: IAMClient;
  readonly ssm: SSMClient;
  readonly inspector2: Inspector2Client;
  readonly sns: SNSClient;
}

/** Clients of one account. */
export interface AwsClients {
  readonly sts: STSClient;
  in(region: string): RegionClients;
  /** Closes idle connections; only for the end of the process. */
  destroy(): void;
}

/** Makes the clients of the account that the SDK's standard credentials belong to. Nothing is sent before the first call. */
export function createAwsClients(options: AwsOptions = {}): AwsClients {
  const { connectionTimeoutMs = 3_000, requestTimeoutMs = 15_000 } = options;
  const shared = {
    maxAttempts: options.maxAttempts ?? 2,
    customUserAgent: 'assay',
    // Connections are kept alive by the SDK's own agents.
    requestHandler: {
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: requestTimeoutMs,
      // Without this the SDK only logs a warning (@smithy/types, NodeHttpHandlerOptions).
      throwOnRequestTimeout: true,
      // A request counts as answered when its header is there; this ends an answer that stops in its middle.
      socketTimeout: requestTimeoutMs,
    },
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
  };
  const sts = new STSClient({ ...shared, ...(options.region === undefined ? {} : { region: options.region }) });
  // One source of credentials for all, so that they are fetched and renewed once and not for every client.
  const { credentials } = sts.config;

  const regions = new Map<string, RegionClients>();
  const create = (region: string): RegionClients => {
    const config = { ...shared, region, credentials };
    return {
      region,
      ec2: new EC2Client(config),
      autoScaling: new AutoScalingClient(config),
      iam: new IAMClient(config),
      ssm: new SSMClient(config),
      inspector2: new Inspector2Client(config),
      sns: new SNSClient(config),
    };
  };
  return {
    sts,
    in(region) {
      const clients = regions.get(region) ?? create(region);
      regions.set(region, clients);
      return clients;
    },
    destroy() {
      sts.destroy();
      for (const { ec2, autoScaling, iam, ssm, inspector2, sns } of regions.values())
        for (const client of [ec2, autoScaling, iam, ssm, inspector2, sns]) client.destroy();
    },
  };
}

/** A simulator with the AWS SDK's own clients and an axios for Gate. */
import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { EC2Client } from '@aws-sdk/client-ec2';
import { Inspector2Client } from '@aws-sdk/client-inspector2';
import { KMSClient } from '@aws-sdk/client-kms';
import { SNSClient } from '@aws-sdk/client-sns';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';
import axios, { type AxiosInstance } from 'axios';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator';

export interface Outside {
  readonly simulator: Simulator;
  readonly ec2: EC2Client;
  readonly groups: AutoScalingClient;
  readonly ssm: SSMClient;
  readonly kms: KMSClient;
  readonly inspector: Inspector2Client;
  readonly sns: SNSClient;
  readonly sts: STSClient;
  readonly gate: AxiosInstance;
}

const open: Outside[] = [];

/** Closed after the test. Fast, and without hidden things unless asked for. */
export async function openWorld(options: SimulatorOptions = {}): Promise<Outside> {
  const behaviour = { hiddenReads: 0, hiddenSeconds: 0, ...options.behaviour };
  const simulator = await startSimulator({ speed: 50, ...options, behaviour });
  const config = {
    region: 'us-east-1',
    endpoint: simulator.url,
    credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' },
    maxAttempts: 1,
  };
  const world = {
    simulator,
    ec2: new EC2Client(config),
    groups: new AutoScalingClient(config),
    ssm: new SSMClient(config),
    kms: new KMSClient(config),
    inspector: new Inspector2Client(config),
    sns: new SNSClient(config),
    sts: new STSClient(config),
    gate: axios.create({
      baseURL: simulator.gateUrl,
      validateStatus: () => true,
      maxRedirects: 0,
      proxy: false,
    }),
  };
  open.push(world);
  return world;
}

afterEach(async () => {
  for (const { simulator, gate: _gate, ...clients } of open.splice(0)) {
    for (const client of Object.values(clients)) client.destroy();
    await simulator.stop();
  }
});

/** Name of the error that a promise rejects with, or `no error`. */
export const errorName = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof Error ? error.name : String(error)),
  );

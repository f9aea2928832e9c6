/** Launching an instance with EC2's RunInstances. */
import { createHash } from 'node:crypto';
import { RunInstancesCommand, type RunInstancesCommandInput } from '@aws-sdk/client-ec2';
import { Final, NotFound, TryAgain } from '../../domain/errors';
import { refusalKind } from '../../domain/launch';
import type { Launch, LaunchOrder } from '../ports';
import { ec2Call, present, type Ec2 } from './ec2';
import { callOr } from './failures';
import { writeTags } from './tags';

/** Most characters of a client token, all ASCII (EC2 API reference, RunInstances). */
const LONGEST_TOKEN = 64;

/**
 * Launches one instance. EC2 gives back what the token has launched before for the same order, in the zone of the same subnet
 * (EC2 developer guide, Ensuring idempotency), so that an order whose answer was lost is simply given again.
 */
export async function launch(ec2: Ec2, order: LaunchOrder): Promise<Launch> {
  const of = ec2Call(ec2, 'RunInstances');
  let answer;
  try {
    answer = await callOr(
      of,
      () => ec2.client.send(new RunInstancesCommand(toInput(order))),
      (code, message): Exclude<Launch, { kind: 'launched' }> | undefined => {
        const kind = refusalKind(code);
        if (kind) return { kind: 'refused', refusal: { kind, code, message } };
        if (code === 'IdempotentParameterMismatch') return { kind: 'mismatch' };
        // IAM's profiles are not at once visible to EC2; that this one exists has been checked.
        if (code === 'InvalidParameterValue' && /Invalid IAM Instance Profile/i.test(message))
          throw new TryAgain(`ec2:RunInstances in ${ec2.region}: ${code}: ${message}`);
        return undefined;
      },
    );
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
    // The image has been looked at before this; groups and subnets that are not there stay away.
    if (error.message.includes('InvalidAMIID'))
      throw new TryAgain(`${error.message} (may Allowed AMIs of the account forbid it?)`, undefined, { cause: error });
    throw new Final(error.message, { cause: error });
  }
  if ('kind' in answer) return answer;
  const [instanceId] = present((answer.Instances ?? []).map(({ InstanceId }) => InstanceId));
  if (instanceId === undefined) throw new TryAgain(`ec2:RunInstances in ${ec2.region}: the answer names no instance`);
  return { kind: 'launched', instanceId };
}

function toInput(order: LaunchOrder): RunInstancesCommandInput {
  const { token, instanceProfile, userData, tags } = order;
  return {
    ClientToken: token.length <= LONGEST_TOKEN ? token : createHash('sha256').update(token).digest('hex'),
    MinCount: 1,
    MaxCount: 1,
    ImageId: order.imageId,
    InstanceType: order.instanceType as NonNullable<RunInstancesCommandInput['InstanceType']>,
    IamInstanceProfile: instanceProfile.startsWith('arn:') ? { Arn: instanceProfile } : { Name: instanceProfile },
    // One hop: what runs in containers on the instance cannot get at its credentials.
    MetadataOptions: { HttpEndpoint: 'enabled', HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
    NetworkInterfaces: [
      {
        DeviceIndex: 0,
        SubnetId: order.subnetId,
        Groups: [...order.securityGroupIds],
        AssociatePublicIpAddress: false,
        DeleteOnTermination: true,
      },
    ],
    InstanceInitiatedShutdownBehavior: 'terminate',
    ...(userData === null ? {} : { UserData: Buffer.from(userData, 'utf8').toString('base64') }),
    TagSpecifications: (['instance', 'volume', 'network-interface'] as const).map((ResourceType) => ({
      ResourceType,
      Tags: writeTags(tags),
    })),
  };
}

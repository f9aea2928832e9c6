/** RunInstances, by the EC2 API reference, its error codes, and the developer guide on idempotency. */
import { launch, zoneOf } from '../compute';
import type { Hardware, SimImage, SimInstance } from '../model';
import { habitsOf, isListed, type World } from '../world';
import { AwsError } from './fault';
import { profileArn } from './iam';
import { tagsFor, type Params } from './params';
import { resolveParameter } from './ssm-store';

const MOST_USER_DATA = 16_384;
const MOST_TOKEN = 64;

/** Launches, or finds what the token launched before. A token holds in the zone of the subnet that is asked for, else in the region. */
export function runOrFind(world: World, params: Params, region: string): readonly SimInstance[] {
  const token = params.get('ClientToken');
  if (token !== undefined && token.length > MOST_TOKEN)
    throw new AwsError('InvalidParameterValue', `Value (${token}) for parameter clientToken is too long`);
  const subnetId = subnetOf(params);
  const key = `run-instances ${subnetId === null ? region : zoneOf(region, subnetId)} ${token}`;
  const told = params.told(['ClientToken']);
  const before = token === undefined ? undefined : world.tokens.get(key);
  if (before && before.params !== told)
    throw new AwsError(
      'IdempotentParameterMismatch',
      'Arguments on this idempotent request are inconsistent with arguments used in previous request(s).',
    );
  if (before) return before.ids.flatMap((id) => world.instances.get(id) ?? []);
  const made = Array.from({ length: countOf(params) }, () => launchOne(world, params, region));
  // Only what was launched is kept under the token: a refused request may be repeated.
  if (token !== undefined) world.tokens.set(key, { params: told, ids: made.map(({ id }) => id) });
  return made;
}

function countOf(params: Params): number {
  const [least, most] = [Number(params.need('MinCount')), Number(params.need('MaxCount'))];
  if (!(least >= 1 && most >= least && most <= 50))
    throw new AwsError('InvalidParameterValue', `Invalid values for minCount (${least}) and maxCount (${most})`);
  return most;
}

function launchOne(world: World, params: Params, region: string): SimInstance {
  const image = usableImage(world, params.need('ImageId'), region);
  const tags = tagsFor(params, 'instance');
  const hardware = hardwareOf(world, params);
  refuse(world, tags, hardware, params.get('InstanceType') ?? 'm1.small');
  const disks = params.parts('BlockDeviceMapping').map((mapping) => ({
    device: mapping.need('DeviceName'),
    deleteOnTermination: mapping.get('Ebs.DeleteOnTermination') !== 'false',
  }));
  return launch(world, {
    ...{ region, image, tags, hardware, disks },
    volumeTags: tagsFor(params, 'volume'),
    interfaceTags: tagsFor(params, 'network-interface'),
    instanceType: params.get('InstanceType') ?? 'm1.small',
    clientToken: params.get('ClientToken') ?? '',
    by: 'ec2',
  });
}

function hardwareOf(world: World, params: Params): Hardware {
  const [card] = params.parts('NetworkInterface');
  const subnetId = subnetOf(params);
  if (card && (params.get('SubnetId') !== undefined || params.all('SecurityGroupId').length > 0))
    throw new AwsError(
      'InvalidParameterCombination',
      'Network interfaces and an instance-level subnet ID or security groups may not be specified on the same request',
    );
  if (subnetId !== null && !/^subnet-[0-9a-f]{8,17}$/.test(subnetId))
    throw new AwsError('InvalidSubnetID.NotFound', `The subnet ID '${subnetId}' does not exist`);
  const securityGroupIds = card ? card.all('SecurityGroupId') : params.all('SecurityGroupId');
  for (const id of securityGroupIds)
    if (!/^sg-[0-9a-f]{8,17}$/.test(id))
      throw new AwsError('InvalidGroup.NotFound', `The security group '${id}' does not exist`);
  return {
    subnetId,
    securityGroupIds,
    publicAddress: card?.get('AssociatePublicIpAddress') !== 'false',
    keyName: params.get('KeyName') ?? null,
    instanceProfile: profileOf(world, params),
    shutdownBehavior: params.get('InstanceInitiatedShutdownBehavior') ?? 'stop',
    metadataOptions: {
      httpEndpoint: params.get('MetadataOptions.HttpEndpoint') ?? 'enabled',
      httpTokens: params.get('MetadataOptions.HttpTokens') ?? 'optional',
      httpPutResponseHopLimit: params.number('MetadataOptions.HttpPutResponseHopLimit') ?? 1,
    },
    userData: userDataOf(params),
  };
}

const subnetOf = (params: Params): string | null =>
  params.parts('NetworkInterface')[0]?.get('SubnetId') ?? params.get('SubnetId') ?? null;

function profileOf(world: World, params: Params): string | null {
  const [name, arn] = [params.get('IamInstanceProfile.Name'), params.get('IamInstanceProfile.Arn')];
  if (name === undefined && arn === undefined) return null;
  const found = [...world.profiles.values()].find((one) => one.name === name || profileArn(world, one) === arn);
  if (found) return profileArn(world, found);
  throw name === undefined
    ? new AwsError(
        'InvalidParameterValue',
        `Value (${arn}) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN`,
      )
    : new AwsError(
        'InvalidParameterValue',
        `Value (${name}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name`,
      );
}

function userDataOf(params: Params): string | null {
  const given = params.get('UserData');
  if (given === undefined) return null;
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(given))
    throw new AwsError('InvalidUserData.Malformed', 'Invalid BASE64 encoding of user data.');
  const bytes = Buffer.from(given, 'base64');
  if (bytes.length > MOST_USER_DATA) throw new AwsError('InvalidParameterValue', 'User data is limited to 16384 bytes');
  return bytes.toString('utf8');
}

/** No room: in this zone, or for this account. */
function refuse(world: World, tags: Readonly<Record<string, string>>, { subnetId }: Hardware, type: string): void {
  const { noCapacity, notOffered, quota } = habitsOf(world, tags);
  if (quota === 'VcpuLimitExceeded')
    throw new AwsError(
      quota,
      'You have requested more vCPU capacity than your current vCPU limit of 32 allows for the instance bucket that the specified instance type belongs to.',
    );
  if (quota !== null)
    throw new AwsError(quota, `You have requested more instances (1) than your current instance limit of 0 allows`);
  const place = subnetId ?? '';
  if (notOffered.includes(place))
    throw new AwsError(
      'Unsupported',
      `Your requested instance type (${type}) is not supported in your requested Availability Zone.`,
    );
  if (noCapacity.includes(place) || noCapacity.includes('*'))
    throw new AwsError(
      'InsufficientInstanceCapacity',
      `We currently do not have sufficient ${type} capacity in the Availability Zone you requested.`,
      500,
    );
}

/** An image that an instance can be launched from; `resolve:ssm:<parameter>` works too. */
function usableImage(world: World, asked: string, region: string): SimImage {
  const id = asked.startsWith('resolve:ssm:') ? resolveParameter(world, region, asked.slice(12)) : asked;
  if (!/^ami-[0-9a-f]+$/.test(id)) throw new AwsError('InvalidAMIID.Malformed', `Invalid id: "${id}"`);
  const image = world.images.get(id);
  if (!image || image.region !== region || !isListed(world, image))
    throw new AwsError('InvalidAMIID.NotFound', `The image id '[${id}]' does not exist`);
  if (image.state !== 'available')
    throw new AwsError(
      'InvalidAMIID.Unavailable',
      `The image ID '${id}' is not available for use; its state is ${image.state}`,
    );
  return image;
}

/** IAM, a minimum: instance profiles can be read. */
import type { SimInstanceProfile } from '../model';
import { isoSeconds, members } from '../xml';
import type { World } from '../world';
import { AwsError } from './fault';
import type { Operation } from './operation';

export const profileArn = ({ account }: World, { path, name }: SimInstanceProfile): string =>
  `arn:aws:iam::${account}:instance-profile${path}${name}`;

/** By the IAM API reference: a profile's roles are at most one; NoSuchEntity is HTTP 404. */
const getInstanceProfile: Operation = (world, params) => {
  const name = params.need('InstanceProfileName');
  const found = world.profiles.get(name);
  if (!found) throw new AwsError('NoSuchEntity', `Instance Profile ${name} cannot be found.`, 404);
  const { id, path, roles } = found;
  return {
    InstanceProfile: {
      InstanceProfileName: name,
      InstanceProfileId: id,
      Arn: profileArn(world, found),
      Path: path,
      CreateDate: isoSeconds(1_700_000_000_000),
      Roles: members(
        roles.map((role) => ({
          RoleName: role,
          RoleId: `AROA${role.toUpperCase().replace(/[^A-Z0-9]/g, '')}`,
          Arn: `arn:aws:iam::${world.account}:role/${role}`,
          Path: '/',
          CreateDate: isoSeconds(1_700_000_000_000),
        })),
      ),
    },
  };
};

export const IAM: Readonly<Record<string, Operation>> = { GetInstanceProfile: getInstanceProfile };

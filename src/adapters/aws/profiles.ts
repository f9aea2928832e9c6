/** Instance profiles of IAM. */
import { GetInstanceProfileCommand, type IAMClient } from '@aws-sdk/client-iam';
import { TryAgain } from '../../domain/errors';
import type { InstanceProfile } from '../ports';
import { find } from './failures';

/** `undefined` when there is no profile of that name. */
export async function findInstanceProfile(
  { client, region }: { readonly client: IAMClient; readonly region: string },
  name: string,
): Promise<InstanceProfile | undefined> {
  const answer = await find({ service: 'iam', operation: 'GetInstanceProfile', region }, () =>
    client.send(new GetInstanceProfileCommand({ InstanceProfileName: name })),
  );
  if (!answer) return undefined;
  const { Arn: arn, Roles: roles } = answer.InstanceProfile ?? {};
  if (arn === undefined) throw new TryAgain('iam:GetInstanceProfile: the answer has no ARN');
  return { name, arn, roles: (roles ?? []).flatMap(({ RoleName }) => RoleName ?? []) };
}

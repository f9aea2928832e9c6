import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { TryAgain } from '../../domain/errors';
import type { Aws, AwsRegion } from '../ports';
import type { AwsClients } from './clients';
import { call } from './failures';
import { createGroups } from './groups';
import { createImages } from './images';
import { createInstances } from './instances';
import { findInstanceProfile } from './profiles';
import { createParameters } from './parameters';

/** AWS as the activities see it. */
export function createAws(clients: AwsClients): Aws {
  const regions = new Map<string, AwsRegion>();
  let account: Promise<string> | undefined;
  return {
    account() {
      account ??= askAccount(clients).catch((error: unknown) => {
        // Only an answer is kept.
        account = undefined;
        throw error;
      });
      return account;
    },
    region(name) {
      const region = regions.get(name) ?? createRegion(clients, name);
      regions.set(name, region);
      return region;
    },
  };
}

async function askAccount({ sts }: AwsClients): Promise<string> {
  const to = { service: 'sts', operation: 'GetCallerIdentity', region: 'the default region' } as const;
  const { Account } = await call(to, () => sts.send(new GetCallerIdentityCommand({})));
  if (Account === undefined) throw new TryAgain('sts:GetCallerIdentity: the answer names no account');
  return Account;
}

function createRegion(clients: AwsClients, region: string): AwsRegion {
  const { ec2, autoScaling, iam, ssm } = clients.in(region);
  return {
    images: createImages({ client: ec2, region }),
    instances: createInstances({ client: ec2, region }),
    groups: createGroups({ client: autoScaling, region }),
    parameters: createParameters({ client: ssm, region }),
    instanceProfile: (name) => findInstanceProfile({ client: iam, region }, name),
  };
}

/** STS: who we are. */
import type { Operation } from './operation';

const getCallerIdentity: Operation = (world) => ({
  Arn: `arn:aws:sts::${world.account}:assumed-role/assay/simulated`,
  UserId: 'AROASIMULATED:simulated',
  Account: world.account,
});

export const STS: Readonly<Record<string, Operation>> = { GetCallerIdentity: getCallerIdentity };

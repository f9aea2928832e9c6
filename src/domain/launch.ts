/** Launching a test instance with EC2: what a refusal means, and what is tried next. */

/**
 * `zone`: nothing is to be had in this subnet now, another may do. `never-there`: the subnet's zone will never have it.
 * `quota`: the account may have no more now, wherever it is tried.
 */
export type RefusalKind = 'zone' | 'never-there' | 'quota';

/** EC2's clear no: nothing was launched. */
export interface Refusal {
  readonly kind: RefusalKind;
  /** EC2's code, and what it says. */
  readonly code: string;
  readonly message: string;
}

/**
 * Codes of RunInstances that may be another answer elsewhere or later (EC2 API reference, Error codes; the first group is
 * answered with HTTP 500 or 503).
 */
const KINDS: Readonly<Record<string, RefusalKind>> = {
  InsufficientInstanceCapacity: 'zone',
  InsufficientHostCapacity: 'zone',
  InsufficientCapacity: 'zone',
  InsufficientReservedInstanceCapacity: 'zone',
  InsufficientVolumeCapacity: 'zone',
  InsufficientAddressCapacity: 'zone',
  InsufficientFreeAddressesInSubnet: 'zone',
  // The instance type is not offered in the subnet's Availability Zone.
  Unsupported: 'never-there',
  VcpuLimitExceeded: 'quota',
  InstanceLimitExceeded: 'quota',
  MaxSpotInstanceCountExceeded: 'quota',
  VolumeLimitExceeded: 'quota',
  NetworkInterfaceLimitExceeded: 'quota',
  ResourceCountExceeded: 'quota',
  PendingVerification: 'quota',
};

/** What a code of EC2 says of a launch; `undefined` for everything that is not about room. */
export const refusalKind = (code: string): RefusalKind | undefined =>
  Object.hasOwn(KINDS, code) ? KINDS[code] : undefined;

/** What has been tried. Subnets are tried in their order, round after round. */
export interface LaunchPlan {
  /** Subnets that may still do, now or later. Empty: it is for ever in vain. */
  readonly open: readonly string[];
  /** Those to be tried in this round, the next one first. Empty: the round is over. */
  readonly left: readonly string[];
  /** The newest refusal of each subnet, the newest of all last. */
  readonly refused: readonly (Refusal & { readonly subnetId: string })[];
}

export const firstRound = (subnetIds: readonly string[]): LaunchPlan => ({
  open: subnetIds,
  left: subnetIds,
  refused: [],
});

/** After the next subnet's refusal. A quota is the whole account's: it ends the round. */
export function afterRefusal({ open, left, refused }: LaunchPlan, refusal: Refusal): LaunchPlan {
  const [subnetId, ...others] = left;
  if (subnetId === undefined) throw new Error('nothing was tried that could have been refused');
  return {
    open: refusal.kind === 'never-there' ? open.filter((id) => id !== subnetId) : open,
    left: refusal.kind === 'quota' ? [] : others,
    refused: [...refused.filter((one) => one.subnetId !== subnetId), { ...refusal, subnetId }],
  };
}

export const nextRound = (plan: LaunchPlan): LaunchPlan => ({ ...plan, left: plan.open });

/** Rounds within a launch's time limit: each try is some events of history. */
const MOST_ROUNDS = 100;

/** How long after a round the next one begins, in seconds. */
export const roundSeconds = (pollSeconds: number, timeoutMinutes: number): number =>
  Math.max(pollSeconds, (timeoutMinutes * 60) / MOST_ROUNDS);

/** Why nothing could be launched so far, for people; an exhausted quota and missing capacity in words of their own. */
export function whyNotLaunched(instanceType: string, { refused }: LaunchPlan): string {
  const last = refused.at(-1);
  if (!last) return `no ${instanceType} has been asked for yet`;
  const said = ({ code, message }: Refusal): string => (message === '' ? code : `${code}: ${message}`);
  if (last.kind === 'quota') return `a quota of the account is used up (${said(last)})`;
  const places = refused.map((one) => `${one.subnetId} (${said(one)})`).join(', ');
  return refused.every(({ kind }) => kind === 'never-there')
    ? `${instanceType} is not offered in the zone of any subnet: ${places}`
    : `no capacity for ${instanceType} in any subnet: ${places}`;
}

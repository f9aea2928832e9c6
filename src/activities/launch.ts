import type { EvidenceRef } from '../domain/evidence';
import { Final } from '../domain/errors';
import type { Refusal } from '../domain/launch';
import { instanceProfileName, launchName } from '../domain/names';
import type { TestInstance } from '../domain/run';
import type { Ec2DeploySettings, LineSettings } from '../domain/settings';
import { attempt, notReady, remember, remembered } from './attempt';
import { ourTags, visibleInstance } from './deploy';
import type { Deps } from './deps';
import { settingsAt } from './sealed';

/** The run's sealed settings say what is launched: who can forge an input chooses neither rights nor user data. */
interface OfRun {
  readonly run: string;
  readonly settingsRef: EvidenceRef;
}

export interface LaunchInput extends OfRun {
  readonly amiId: string;
  /** Number of the launch and its subnet: both stay as they are until it is known what became of it. */
  readonly n: number;
  readonly subnetId: string;
  readonly expires: string;
  readonly pollSeconds: number;
}

export type Launched =
  { readonly kind: 'launched'; readonly instanceId: string } | { readonly kind: 'refused'; readonly refusal: Refusal };

/** Looks that show nothing after a lost answer, before a refusal counts: EC2's lists lag behind. */
const LOOKS = 3;

export const createLaunchActivities = (deps: Deps) => ({
  /** Refuses (`Final`) an instance profile that is known not to be there, or to have no role, before anything is launched. */
  async checkProfile(input: OfRun): Promise<void> {
    const { line, deploy } = await ec2Settings(deps, input);
    const asked = deploy.instanceProfile;
    const found = await lookAt(() => deps.aws.region(line.region).instanceProfile(instanceProfileName(asked) ?? asked));
    if (found === 'not to be seen') return;
    const { profile } = found;
    if (!profile || (asked.startsWith('arn:') && profile.arn !== asked))
      throw new Final(`the instance profile ${asked} does not exist`);
    if (profile.roles.length === 0)
      throw new Final(
        `the instance profile ${asked} has no role, so the instance could read nothing and be managed by nobody`,
      );
  },

  /**
   * Launches the test instance in one subnet, once: every attempt gives the same order under the same token. `refused` only
   * when it is certain that this order has launched nothing.
   */
  async launchInstance(input: LaunchInput): Promise<Launched> {
    const { run, n, subnetId, pollSeconds } = input;
    const { line, deploy } = await ec2Settings(deps, input);
    if (!deploy.subnetIds.includes(subnetId)) throw new Final(`${subnetId} is no subnet of the line ${line.name}`);
    const { instances } = deps.aws.region(line.region);
    if (attempt() > 1) {
      const [found] = await instances.ofRun(run);
      if (found) return { kind: 'launched', instanceId: found.id };
    }
    const launch = await instances.launch({
      token: launchName(run, n),
      imageId: input.amiId,
      subnetId,
      instanceType: deploy.instanceType,
      securityGroupIds: deploy.securityGroupIds,
      instanceProfile: deploy.instanceProfile,
      userData: deploy.userData === null ? null : await deps.evidence.get(deploy.userData),
      tags: { Name: `assay ${line.name} ${run}`, ...ourTags({ run, line: line.name, expires: input.expires }) },
    });
    if (launch.kind === 'launched') return launch;
    if (launch.kind === 'refused' && attempt() === 1) return launch;
    // An attempt before this one may have launched it and not been heard.
    const looks = (remembered<{ looks: number }>()?.looks ?? 0) + 1;
    remember({ looks });
    const said = launch.kind === 'refused' ? launch.refusal.code : 'EC2 has got another order under this token';
    if (looks < LOOKS) throw notReady(`${said}; making sure that nothing was launched`, Math.min(pollSeconds, 3));
    if (launch.kind === 'mismatch') throw new Final(`${said}, and shows no instance of run ${run}`);
    return launch;
  },

  /** Waits until the launched instance runs, and checks that it runs this very image. */
  async awaitLaunched(input: {
    region: string;
    amiId: string;
    instanceId: string;
    pollSeconds: number;
  }): Promise<TestInstance> {
    const { instanceId, amiId, pollSeconds } = input;
    const { instances } = deps.aws.region(input.region);
    const instance = await visibleInstance(instances, instanceId, pollSeconds);
    if (instance.imageId !== amiId) throw new Final(`${instanceId} runs ${instance.imageId}, not ${amiId}`);
    if (instance.state === 'pending') throw notReady(`${instanceId} is pending`, pollSeconds);
    // What EC2 could not start (no right to the disk's key, no room for it) is terminated, and says why.
    if (instance.state !== 'running')
      throw new Final(`${instanceId} is ${instance.state}: ${instance.stateReason ?? 'EC2 gives no reason'}`);
    return { instanceId, volumeIds: instance.volumeIds, server: null };
  },
});

/** Whoever may not look into IAM may launch all the same: EC2 refuses a profile that is not there, only later. */
async function lookAt<T>(look: () => Promise<T>): Promise<{ readonly profile: T } | 'not to be seen'> {
  try {
    return { profile: await look() };
  } catch (error) {
    if (error instanceof Final) return 'not to be seen';
    throw error;
  }
}

async function ec2Settings(
  deps: Deps,
  { run, settingsRef }: OfRun,
): Promise<{ line: LineSettings; deploy: Ec2DeploySettings }> {
  const { line } = (await settingsAt(deps, run, settingsRef)).settings;
  if (line.deploy?.kind !== 'ec2') throw new Final(`the line ${line.name} does not deploy with EC2`);
  return { line, deploy: line.deploy };
}

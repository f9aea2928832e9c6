/** The habits of the simulated world that can be switched, for all or for one run. */
import type { ProfileName } from './data/profiles';

/**
 * What a bake does. `fails-elsewhere`: it fails in every region but the first. `fails-late`: TERMINAL, and the image comes all the same. `continues`: the
 * stage is FAILED_CONTINUE and the execution SUCCEEDED.
 */
export type BakeHabit =
  'succeeds' | 'fails' | 'fails-elsewhere' | 'fails-late' | 'never-ends' | 'continues' | 'no-image';
/**
 * What a deploy does. `fails-late`: TERMINAL after the group was made. `no-instance`: SUCCEEDED, and the group stays empty.
 * `waits`: the group stays empty and the deploy waits for its instance for ever. `never-ends`: no group either.
 */
export type DeployHabit = 'succeeds' | 'fails' | 'fails-late' | 'never-ends' | 'continues' | 'no-instance' | 'waits';
/** What a destroy does. `lies`: SUCCEEDED, and nothing is destroyed. */
export type DestroyHabit = 'succeeds' | 'fails' | 'never-ends' | 'continues' | 'lies';

export interface ForcedCoverage {
  readonly statusCode: 'ACTIVE' | 'INACTIVE';
  /** Any `ScanStatusReason` of Inspector. */
  readonly reason: string;
  /** Whether the row has a `lastScannedAt`; default: only when the reason is SUCCESSFUL. */
  readonly scanned?: boolean;
}

/** Durations are simulated seconds: divided by the simulator's speed. */
export interface Behaviour {
  /** So many reads by id of a new instance, image or snapshot answer NotFound. */
  readonly hiddenReads: number;
  /** For so long after its creation a new thing is not found, by id or in lists. */
  readonly hiddenSeconds: number;
  /** Largest page of any list; 0: AWS's own limits. */
  readonly pageSize: number;
  /** Lists begin with an empty page that has a token, as filtered lists of AWS may. */
  readonly emptyPages: boolean;

  /** Subnets in whose zone RunInstances finds no capacity; `*`: in all. */
  readonly noCapacity: readonly string[];
  /** Subnets in whose zone no instance type is offered. */
  readonly notOffered: readonly string[];
  /** The quota that is used up. */
  readonly quota: 'VcpuLimitExceeded' | 'InstanceLimitExceeded' | null;
  /** Launched instances end at once, with this state reason (code and words). */
  readonly startFailure: readonly [code: string, message: string] | null;
  /** What DeleteOnTermination of a launch's network interface is made of. */
  readonly keepsInterfaces: boolean;
  readonly bootSeconds: number;
  readonly terminateSeconds: number;
  /** `pending` to `available`, of images made by CreateImage, CopyImage, RegisterImage. */
  readonly imageSeconds: number;
  /** What DescribeImages answers for the id of a deregistered image. */
  readonly deregistered: 'not-found' | 'unavailable' | 'empty' | 'state';
  /** Whether an Auto Scaling group launches a new instance for one that went. */
  readonly replaces: boolean;
  readonly replaceSeconds: number;

  /** How long the validation of an `aws:ec2:image` value takes. */
  readonly validationSeconds: number;
  /** `image`: applied when the image is there. `fails`: not applied. `never`: goes on for as long as the habit lasts. */
  readonly validation: 'image' | 'fails' | 'never';

  /** From running to SSM agent online; null: never. */
  readonly agentSeconds: number | null;
  /** Account status for EC2 in Inspector. */
  readonly inspector: 'ENABLED' | 'ENABLING' | 'DISABLED' | 'DISABLING' | 'SUSPENDING' | 'SUSPENDED';
  /** From running to the first coverage row; null: never. */
  readonly coverageSeconds: number | null;
  /** From agent online (and row there) to the end of the first scan; null: never. */
  readonly scanSeconds: number | null;
  /** Replaces the PACKAGE row's status. */
  readonly coverage: ForcedCoverage | null;
  /** Whether there is a NETWORK row as well, which stays pending. */
  readonly networkRow: boolean;
  /** The PACKAGE row's `lastScannedAt` lies before the launch. */
  readonly staleScan: boolean;
  /** Result of every scan, whatever the image. */
  readonly profile: ProfileName | null;
  /** Ids of the findings of every scan, instead of the profile's. Those the data set knows get its facts; others are made up, all the same way. */
  readonly findings: readonly string[] | null;
  /** Ids of findings that a suppression rule hides. */
  readonly suppressed: readonly string[];
  /** What is left of findings once the instance is terminated. */
  readonly afterTermination: 'closed' | 'gone';

  readonly bake: BakeHabit;
  readonly bakeSeconds: number;
  /** What a failing bake says. */
  readonly bakeFailure: string;
  /** A cancelled bake makes its image all the same, since Orca does not cancel at Rosco. */
  readonly lateImage: boolean;
  /** How long after the bake's own time a late image comes. */
  readonly lateImageSeconds: number;
  /** Whether the Packer template tags image and snapshot with the run. */
  readonly bakeTags: boolean;
  /** Hand out an earlier image of the same bake key even with `rebake`. */
  readonly ignoreRebake: boolean;
  /** Hand out this image, whatever was asked. */
  readonly handOut: string | null;
  /** The same, by region. */
  readonly handOutIn: Readonly<Record<string, string>>;
  /** Bake in these regions, whatever was asked. */
  readonly bakeRegions: readonly string[] | null;

  readonly deploy: DeployHabit;
  readonly deploySeconds: number;
  readonly deployFailure: string;
  /** Deploy this image instead of the one asked for. */
  readonly deployAmi: string | null;
  /** Whether the group's template tags group and instances with the run. */
  readonly deployTags: boolean;
  readonly destroy: DestroyHabit;
  readonly destroySeconds: number;
  readonly destroyFailure: string;
  /** From a cancel to the end of the stage that was running; the execution itself is CANCELED at once. */
  readonly cancelSeconds: number;
  /** How old Clouddriver's view of server groups may be. */
  readonly cacheSeconds: number;
  /** Executions of these kinds answer 404 once started, and searches do not find them. */
  readonly vanishing: readonly ('bake' | 'deploy' | 'destroy' | 'tag' | 'plain' | 'task')[];
  /** What a PATCH of a stage comes to. `swallowed`: Gate answers 200, and nothing was done. `may-not-judge`: the judgment is taken back. */
  readonly patch: 'done' | 'swallowed' | 'may-not-judge';
  /** How long a manual judgment takes to see that it was given (Orca's task runs every 15 seconds, and after a PATCH at once). */
  readonly judgmentSeconds: number;
  /** How long it takes until Clouddriver's cache shows an image's tags; null: it never does. */
  readonly imageCacheSeconds: number | null;
  /**
   * When Gate answers the start of a pipeline with 422: before Orca has it, or after, as when reading Orca's answer times out.
   * Gates up to 2025 do so to whatever fails behind them (`PipelineController.invokePipelineConfig`).
   */
  readonly unprocessable: 'never' | 'before' | 'after';
  /**
   * For so long after a start Orca neither lists the execution nor knows its correlation id, which it looks up and stores in two
   * steps (`ExecutionLauncher`, `SqlExecutionRepository`).
   */
  readonly registerSeconds: number;
  /** Token that Gate demands; without it every call is redirected to the login page. */
  readonly gateToken: string | null;
  /** Roles that Fiat finds for whoever calls. */
  readonly gateRoles: readonly string[];
  /** Roles with a right on every application; a right that is not in it is everybody's, EXECUTE is READ's (Fiat's executeFallback). */
  readonly gateRights: Readonly<Partial<Record<'READ' | 'WRITE' | 'EXECUTE', readonly string[]>>>;
}

const NORMAL: Behaviour = {
  hiddenReads: 1,
  hiddenSeconds: 0.5,
  pageSize: 10,
  emptyPages: false,
  noCapacity: [],
  notOffered: [],
  quota: null,
  startFailure: null,
  keepsInterfaces: false,
  bootSeconds: 4,
  terminateSeconds: 3,
  imageSeconds: 5,
  deregistered: 'not-found',
  replaces: true,
  replaceSeconds: 5,
  validationSeconds: 3,
  validation: 'image',
  agentSeconds: 4,
  inspector: 'ENABLED',
  coverageSeconds: 2,
  scanSeconds: 6,
  coverage: null,
  networkRow: true,
  staleScan: false,
  profile: null,
  findings: null,
  suppressed: [],
  afterTermination: 'closed',
  bake: 'succeeds',
  bakeSeconds: 8,
  bakeFailure: 'Bake failed: amazon-ebs: Timeout waiting for SSH.',
  lateImage: false,
  lateImageSeconds: 2,
  bakeTags: true,
  ignoreRebake: false,
  handOut: null,
  handOutIn: {},
  bakeRegions: null,
  deploy: 'succeeds',
  deploySeconds: 5,
  deployFailure: 'You have requested more vCPU capacity than your current vCPU limit of 32 allows.',
  deployAmi: null,
  deployTags: true,
  destroy: 'succeeds',
  destroySeconds: 3,
  destroyFailure: 'Scaling activity is in progress and cannot be ended.',
  cancelSeconds: 1,
  cacheSeconds: 2,
  vanishing: [],
  patch: 'done',
  judgmentSeconds: 1,
  imageCacheSeconds: 2,
  unprocessable: 'never',
  registerSeconds: 0,
  gateToken: null,
  gateRoles: [],
  gateRights: {},
};

export interface Behaviours {
  /** The habits of all, or those of one run: what was switched for it wins. */
  of(run?: string): Behaviour;
  /** Switches habits from now on, for all or for one run; the rest stays. Throws for names that are not known. */
  switch(patch: Partial<Behaviour>, run?: string): void;
  /** Back to the habits at the start. */
  reset(): void;
}

export function createBehaviours(start: Partial<Behaviour>): Behaviours {
  const initial: Behaviour = { ...NORMAL, ...start };
  let all = initial;
  const runs = new Map<string, Partial<Behaviour>>();
  return {
    of: (run) => (run === undefined ? all : { ...all, ...runs.get(run) }),
    switch(patch, run) {
      const unknown = Object.keys(patch).filter((name) => !(name in NORMAL));
      if (unknown.length > 0) throw new Error(`no such behaviour: ${unknown.join(', ')}`);
      if (run === undefined) all = { ...all, ...patch };
      else runs.set(run, { ...runs.get(run), ...patch });
    },
    reset() {
      all = initial;
      runs.clear();
    },
  };
}

/** Every name that Temporal, AWS or Spinnaker sees: one function each, with its inverse where one is needed. */

/** Task queues: deeds; waiting, and launches with EC2, which both have a rate limit over all workers. */
export const QUEUE = { main: 'assay', poll: 'assay-poll', launch: 'assay-launch' } as const;

/** Workflow types as registered by the worker. */
export const WORKFLOW = {
  run: 'goldenImage',
  line: 'imageLine',
  lateBake: 'lateBake',
  lateDeploy: 'lateDeploy',
  lateJudgment: 'lateJudgment',
  lateLaunch: 'lateLaunch',
  sweep: 'sweepRun',
  scheduled: 'scheduledRun',
} as const;

/** Messages of a run and of a line. `decide` exists as an update and as a signal. */
export const MESSAGE = { decide: 'decide', cancel: 'cancel', published: 'published', publish: 'publish' } as const;

/** Search attributes, all Keyword. */
export const SEARCH = { line: 'AssayLine', stage: 'AssayStage', status: 'AssayStatus', image: 'AssayImage' } as const;

/** Memo field that holds the status document of a run, without its URLs. */
export const MEMO_STATUS = 'assayStatus';
/** Memo field with the SHA-256 of the request body, to tell a redelivery from another request under the same key. */
export const MEMO_BODY = 'assayBody';
/** Memo field with the id of the credential that asked: only its reading of the end counts as read. */
export const MEMO_CREDENTIAL = 'assayCredential';
/** Memo field with the evidence of the decisions that count so far. */
export const MEMO_DECISIONS = 'assayDecisions';
/** Memo field set once a cancel has been accepted: the key may begin a new attempt. */
export const MEMO_CANCELED = 'assayCanceled';

/** Tags in AWS. */
export const TAG = {
  managed: 'assay:managed',
  run: 'assay:run',
  line: 'assay:line',
  state: 'assay:state',
  expires: 'assay:expires',
} as const;

/** Not `.` and `..`, which every URL parser takes for a folder: no address could name such a run. */
const KEY = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/;
const ID = /^(?!\.{1,2}(?:~|$))([A-Za-z0-9._-]{1,100})(?:~([1-9][0-9]{0,5}))?$/;

/** A caller's key: 1 to 100 of letters, digits, dot, underscore, hyphen, but neither `.` nor `..`. */
export const isKey = (text: string): boolean => KEY.test(text);

/** A key that says for what and when; `nonce` (letters and digits) is what nobody else makes up. */
export function madeUpKey(line: string, now: Date, nonce: string): string {
  const when = now
    .toISOString()
    .replace(/[-:]|\.\d+/g, '')
    .toLowerCase();
  // What is no line's name is refused with a word about the line, not about a key that nobody gave.
  const name = line.replace(/[^A-Za-z0-9._-]/g, '').slice(0, 60);
  return `${name}-${when}-${nonce}`;
}

/** The id of a key's nth attempt: the key itself, then `<key>~2`, `<key>~3`. */
export const runId = (key: string, attempt: number): string => (attempt === 1 ? key : `${key}~${attempt}`);

/** The inverse of {@link runId}; `undefined` for what is no run id. */
export function parseRunId(id: string): { readonly key: string; readonly attempt: number } | undefined {
  const match = ID.exec(id);
  if (!match || match[2] === '1') return undefined;
  return { key: match[1] as string, attempt: match[2] === undefined ? 1 : Number(match[2]) };
}

const prefixed = (prefix: string) => ({
  of: (name: string): string => `${prefix}/${name}`,
  parse: (workflowId: string): string | undefined =>
    workflowId.startsWith(`${prefix}/`) ? workflowId.slice(prefix.length + 1) : undefined,
});

/** Workflow ids, each a function and its inverse. */
export const workflowId = {
  run: prefixed('run'),
  line: prefixed('line'),
  lateBake: prefixed('late-bake'),
  lateDeploy: prefixed('late-deploy'),
  lateJudgment: prefixed('late-judgment'),
  lateLaunch: prefixed('late-launch'),
  sweep: prefixed('sweep'),
  /** What a schedule starts; Temporal appends the time. */
  scheduled: prefixed('scheduled'),
} as const;

/** A line's schedule at Temporal. */
export const scheduleId = prefixed('schedule');

/** A line and one of the times of its schedule, ISO 8601 in UTC, whole seconds. */
export interface ScheduledTime {
  readonly line: string;
  readonly at: string;
}

/** What a workflow that a schedule started is for: Temporal appended `-2026-11-25T04:00:00Z` to its id. */
export function parseScheduled(id: string): ScheduledTime | undefined {
  const [, line, at] = /^(.+)-(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)$/.exec(workflowId.scheduled.parse(id) ?? '') ?? [];
  return line === undefined || at === undefined ? undefined : { line, at };
}

/** The key of a schedule's run: `<line>-<yyyymmddThhmmssZ>`. */
export const scheduledKey = (line: string, at: string): string => `${line}-${at.replace(/[-:]/g, '')}`;

/** The inverse of {@link scheduledKey}. */
export function parseScheduledKey(key: string): ScheduledTime | undefined {
  const match = /^(.+)-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(key);
  if (!match) return undefined;
  const [, line, year, month, day, hour, minute, second] = match;
  return { line: line as string, at: `${year}-${month}-${day}T${hour}:${minute}:${second}Z` };
}

/** Steps that start a Spinnaker execution; `tags` tells Spinnaker an image's tags, `after` is what follows the decision. */
export type SpinnakerStep = 'bake' | 'deploy' | 'destroy' | 'tags' | 'after';

/**
 * Orca's `correlationId` of a step's nth execution. Orca answers with a running execution of the same id, so `n` may grow
 * only when the execution before is known to be over.
 */
export const correlationId = (run: string, step: SpinnakerStep, n: number): string => `${run}/${step}/${n}`;

/** Whether a correlation id is one of a run's step. No run's id holds a slash. */
export const isOfStep = (id: string | null, run: string, step: SpinnakerStep): boolean =>
  id?.startsWith(`${run}/${step}/`) ?? false;

/**
 * What EC2 knows a run's nth launch by, so that asking again is no second launch. `n` may grow only when it is known that the
 * launch before made nothing.
 */
export const launchName = (run: string, n: number): string => `${run}/launch/${n}`;

/**
 * The name of an SSM parameter that can hold a line's approved image: absolute, at most 15 levels, not prefixed with `aws` or
 * `ssm` (AWS SSM API reference, PutParameter). AWS allows about 950 characters; 512 keep status documents small.
 */
export const isParameterName = (name: string): boolean =>
  name.length <= 512 && /^(?!\/(?:aws|ssm))(?:\/[a-z0-9_.-]+){1,15}$/i.test(name);
// EC2 does not say how long its ids are: today they have 8 or 17 digits, in its examples often fewer. Which ones exist it tells itself.
/** `ami-` and 4 to 17 hexadecimal digits. */
export const isImageId = (id: string): boolean => /^ami-[0-9a-f]{4,17}$/.test(id);
/** `i-` and 4 to 17 hexadecimal digits. */
export const isInstanceId = (id: string): boolean => /^i-[0-9a-f]{4,17}$/.test(id);
/** `subnet-` and up to 17 letters and digits. */
export const isSubnetId = (id: string): boolean => /^subnet-[0-9a-z]{1,17}$/.test(id);
/** `sg-` and up to 17 letters and digits. */
export const isSecurityGroupId = (id: string): boolean => /^sg-[0-9a-z]{1,17}$/.test(id);
/** An EC2 instance type, e.g. `t3.small` or `u-6tb1.metal`. */
export const isInstanceType = (name: string): boolean => /^[a-z][a-z0-9-]{1,20}\.[a-z0-9-]{2,20}$/.test(name);

const PROFILE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:instance-profile\/(?:[\w+=,.@/-]+\/)?([\w+=,.@-]{1,128})$/;
const PROFILE_NAME = /^[\w+=,.@-]{1,128}$/;
/** The name in an instance profile's name or ARN (IAM API reference, InstanceProfile); `undefined` for what is neither. */
export const instanceProfileName = (nameOrArn: string): string | undefined =>
  PROFILE_NAME.test(nameOrArn) ? nameOrArn : PROFILE_ARN.exec(nameOrArn)?.[1];

/** An AWS region's name, e.g. `us-gov-west-1` or `eusc-de-east-1`. */
export const isRegion = (name: string): boolean => /^[a-z]{2,4}(?:-[a-z]{1,12}){1,3}-\d{1,2}$/.test(name);
/** The name of a CI system whose signed deliveries may start runs. */
export const isHookSource = (name: string): boolean => /^[a-z0-9][a-z0-9_-]{0,49}$/.test(name);
/** A line's name: lower-case letters, digits, hyphen, dot; at most 60. */
export const isLineName = (name: string): boolean => /^[a-z0-9][a-z0-9.-]{0,59}$/.test(name);

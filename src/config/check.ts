/** What the form of a config cannot say: what is not there yet, and what does not fit together. */
import { fitting, isRecord } from './faults';
import { accessSchema, configSchema, hookSchema, LATER, lineSchema, type AccessFile, type LineFile } from './schema';

/** Reminders of one run: each is an activity in its history. */
const MOST_REMINDERS = 500;

/** Faults of a config as read from YAML. Looks at every part whose own form is right, whatever is wrong with the others. */
export function configFaults(raw: unknown): string[] {
  const { evidence } = fitting(configSchema, raw);
  const access = fitting(accessSchema, isRecord(raw) ? (raw['access'] ?? {}) : undefined);
  const hasSpinnaker = isRecord(raw) && raw['spinnaker'] !== undefined;
  return [
    ...(evidence && 'bucket' in evidence ? [`evidence.bucket: ${LATER}; use evidence.directory`] : []),
    ...keyFaults(access.keys ?? []),
    ...linesOf(raw).flatMap(({ name, line, given }) =>
      [
        ...stepFaults(line, hasSpinnaker),
        ...assessFaults(line),
        ...publishFaults(line),
        ...approvalFaults(line, access),
        ...scheduleFaults(line, given),
      ].map((fault) => `lines.${name}.${fault}`),
    ),
    ...hookFaults(raw),
  ];
}

interface LineParts {
  readonly name: string;
  readonly line: Partial<LineFile>;
  readonly given: unknown;
  /** Named here because the rest of `deploy` may have a fault. */
  readonly userDataFile: string | undefined;
}

/** Every line's parts that are right in themselves. */
export function linesOf(raw: unknown): readonly LineParts[] {
  const lines = isRecord(raw) && isRecord(raw['lines']) ? raw['lines'] : {};
  return Object.entries(lines).map(([name, line]) => ({
    name,
    line: fitting(lineSchema, line),
    given: line,
    userDataFile: userDataFileOf(line),
  }));
}

function userDataFileOf(line: unknown): string | undefined {
  const deploy = isRecord(line) ? line['deploy'] : undefined;
  const ec2 = isRecord(deploy) ? deploy['ec2'] : undefined;
  const file = isRecord(ec2) ? ec2['userDataFile'] : undefined;
  return typeof file === 'string' && file !== '' ? file : undefined;
}

function keyFaults(keys: AccessFile['keys']): string[] {
  return [
    ...repeated(keys.map(({ id }) => id)).map((id) => `access.keys: the id ${id} is there twice`),
    ...repeated(keys.map(({ sha256 }) => sha256)).map(() => 'access.keys: two entries have the same sha256'),
  ];
}

function scheduleFaults({ schedule }: Partial<LineFile>, given: unknown): string[] {
  if (!schedule) return [];
  return [
    ...(lacksBake(given) ? ['schedule: needs bake: a schedule brings no image'] : []),
    ...ours('schedule', schedule.parameters, [...OURS, 'amiId']),
  ];
}

/** Whether a line has no bake at all; one that is wrong has its own faults. */
const lacksBake = (line: unknown): boolean => isRecord(line) && line['bake'] === undefined;

const ours = (step: string, given: object | undefined, names: readonly string[]): string[] =>
  names
    .filter((name) => given && Object.hasOwn(given, name))
    .map((name) => `${step === '' ? '' : `${step}.`}parameters.${name}: is set by Assay`);

/** What of a source's settings does not fit together, or names a line that is not there or cannot bake. */
function hookFaults(raw: unknown): string[] {
  const hooks = isRecord(raw) && isRecord(raw['hooks']) ? raw['hooks']['ci'] : undefined;
  const lines = new Map(linesOf(raw).map(({ name, given }) => [name, given]));
  return Object.entries(isRecord(hooks) ? hooks : {}).flatMap(([source, given]) => {
    const { line, parameters = {}, when = {} } = fitting(hookSchema, given);
    const kinds = isRecord(given) ? ['standardWebhooks', 'github'].filter((kind) => given[kind] !== undefined) : [];
    const named = typeof line === 'string' ? [line] : Object.values(line?.map ?? {});
    return [
      ...(kinds.length === 1 ? [] : ['must have either standardWebhooks or github']),
      ...(kinds.includes('standardWebhooks') && Object.hasOwn(when, 'event')
        ? ['when.event: is in a header of GitHub only; name the place in the payload, as $.type']
        : []),
      ...[...new Set(named)].flatMap((name) => {
        if (!lines.has(name)) return [`line: there is no line ${name}`];
        return lacksBake(lines.get(name)) ? [`line: the line ${name} has no bake, and a delivery brings no image`] : [];
      }),
      ...ours('', parameters, [...OURS, 'amiId']),
    ].map((fault) => `hooks.ci.${source}${/^(?:line|when|parameters)/.test(fault) ? '.' : ': '}${fault}`);
  });
}

/** What Assay itself gives to the pipelines: a setting of that name would be without effect. */
const OURS = ['assayRun', 'assayLine', 'assayRegion', 'assayRegions', 'assayExpires'];
/** What the pipeline after the decision is given besides. */
const OURS_AFTER = ['amiId', 'assayStatus', 'assayVerdict', 'assayImages', 'assayEvidence'];

function stepFaults({ region, bake, deploy, spinnaker }: Partial<LineFile>, hasSpinnaker: boolean): string[] {
  const faults: string[] = [];
  const pipeline = deploy && 'pipeline' in deploy ? deploy : undefined;
  if ((bake || pipeline) && !hasSpinnaker) faults.push('bake and deploy need spinnaker in the config');
  const after = spinnaker?.afterDecision;
  if ((spinnaker?.imageTags || after) && !hasSpinnaker) faults.push('spinnaker: needs spinnaker in the config');
  faults.push(...regionFaults(bake?.regions, region));
  return [
    ...faults,
    ...ours('bake', bake?.parameters, OURS),
    ...ours('deploy', pipeline?.parameters, [...OURS, 'amiId']),
    ...ours('spinnaker.afterDecision', after && 'pipeline' in after ? after.parameters : undefined, [
      ...OURS,
      ...OURS_AFTER,
    ]),
  ];
}

function regionFaults(regions: readonly string[] | undefined, home: string | undefined): string[] {
  if (!regions) return [];
  return [
    ...repeated(regions).map((region) => `bake.regions: ${region} is there twice`),
    ...(home === undefined || regions.includes(home) ? [] : [`bake.regions: must name the line's own region ${home}`]),
  ];
}

function assessFaults({ assess = [] }: Partial<LineFile>): string[] {
  const faults = assess.flatMap((assessor, index) => {
    const [name, ...more] = Object.keys(assessor);
    if (name === undefined || more.length > 0) return [`assess[${index}]: must name one assessor`];
    return name === 'inspector2' ? [] : [`assess[${index}].${name}: ${LATER}; use inspector2`];
  });
  const twice = assess.filter((assessor) => 'inspector2' in assessor).length > 1;
  return twice ? [...faults, 'assess: inspector2 is there twice'] : faults;
}

function publishFaults({ region, publish }: Partial<LineFile>): string[] {
  const regions = publish?.regions;
  if (!regions || region === undefined) return [];
  return [
    ...(regions.some((one) => one !== region)
      ? [`publish.regions: publication outside ${region}, the line's own region, ${LATER}`]
      : []),
    ...(regions.includes(region) ? [] : [`publish.regions: must name the line's own region ${region}`]),
  ];
}

function approvalFaults({ approval }: Partial<LineFile>, { roles }: Partial<AccessFile>): string[] {
  if (!approval) return [];
  const { groups, deadlineHours, remindHours } = approval;
  const asked = Object.keys(groups);
  const faults: string[] = [];
  if (asked.length === 0) faults.push('approval.groups: must ask somebody');
  if (deadlineHours / remindHours > MOST_REMINDERS)
    faults.push(`approval.remindHours: would remind more than ${MOST_REMINDERS} times before the deadline`);
  if (!roles) return faults;
  if (roles.approver.length === 0)
    return [...faults, 'approval: access.roles.approver names no group, so nobody could approve'];
  const strangers = asked.filter((group) => group !== '*' && !roles.approver.includes(group));
  return [
    ...faults,
    ...strangers.map((group) => `approval.groups.${group}: is not in access.roles.approver, so nobody could approve`),
  ];
}

const repeated = (names: readonly string[]): string[] => [
  ...new Set(names.filter((name, index) => names.indexOf(name) !== index)),
];

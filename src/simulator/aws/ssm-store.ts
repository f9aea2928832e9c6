/** Parameters and their versions, by the SSM API reference. */
import type { SimParameter, SimParameterVersion } from '../model';
import { habitsOf, isListed, type World } from '../world';
import { AwsError } from './fault';

const MOST_VERSIONS = 100;
const MOST_LABELS = 10;

const keyOf = (region: string, name: string): string => `${region} ${name}`;

/** Name or ARN. */
const bareName = (name: string): string => /^arn:aws[a-z-]*:ssm:[^:]*:\d*:parameter(\/.+)$/.exec(name)?.[1] ?? name;

/** The parameter, if it has a version that was applied. */
export function parameterNamed(world: World, region: string, name: string): SimParameter | undefined {
  const found = world.parameters.get(keyOf(region, bareName(name)));
  return found && applied(found).length > 0 ? found : undefined;
}

/** Versions that can be read, oldest first. */
export const applied = ({ versions }: SimParameter): readonly SimParameterVersion[] =>
  versions.filter(({ state }) => state === 'applied');

/** The version of `name`, `name:3` or `name:label`. Throws what SSM throws. */
export function versionOf(
  world: World,
  region: string,
  asked: string,
): { readonly parameter: SimParameter; readonly version: SimParameterVersion; readonly selector: string | undefined } {
  const arn = asked.startsWith('arn:');
  const cut = arn ? asked.indexOf(':', asked.indexOf(':parameter/') + 1) : asked.indexOf(':');
  const [name, selector] = cut < 0 ? [asked, undefined] : [asked.slice(0, cut), asked.slice(cut + 1)];
  const parameter = parameterNamed(world, region, name);
  if (!parameter) throw new AwsError('ParameterNotFound', `Parameter ${name} not found.`);
  const all = applied(parameter);
  const version =
    selector === undefined
      ? all.at(-1)
      : all.find((one) => String(one.version) === selector || one.labels.includes(selector));
  if (!version)
    throw new AwsError(
      'ParameterVersionNotFound',
      `Systems Manager could not find version ${selector} of ${name}. Verify the version and try again.`,
    );
  return { parameter, version, selector: selector === undefined ? undefined : `:${selector}` };
}

/** The image that `resolve:ssm:<parameter>` names. Throws what RunInstances throws. */
export function resolveParameter(world: World, region: string, asked: string): string {
  try {
    return versionOf(world, region, asked).version.value;
  } catch (error) {
    const why = error instanceof Error ? error.message : '';
    throw new AwsError('InvalidParameterValue', `The Systems Manager parameter could not be resolved: ${why}`);
  }
}

export interface Put {
  readonly region: string;
  readonly name: string;
  readonly value: string;
  readonly type: string;
  readonly dataType: string;
  readonly description: string;
  readonly overwrite: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

/** Answers with the new version's number, which an `aws:ec2:image` has before its value is checked. */
export function put(world: World, given: Put): SimParameterVersion {
  const { region, name, overwrite, tags } = given;
  const key = keyOf(region, name);
  const parameter = world.parameters.get(key) ?? { name, region, tags: {}, versions: [] };
  const all = applied(parameter);
  if (all.length > 0 && !overwrite)
    throw new AwsError(
      'ParameterAlreadyExists',
      `The parameter already exists. To overwrite this value, set the overwrite option in the request to true.`,
    );
  if (parameter.versions.some(({ state }) => state === 'validating'))
    throw new AwsError(
      'TooManyUpdates',
      'There are concurrent updates for a resource that updates one at a time: the validation of an earlier value is in progress.',
    );
  if (all.length >= MOST_VERSIONS) dropOldest(parameter);
  const version: SimParameterVersion = {
    version: (all.at(-1)?.version ?? 0) + 1,
    value: given.value,
    type: given.type,
    dataType: given.dataType,
    description: given.description,
    at: world.clock.now(),
    appliedAt: null,
    state: 'validating',
    labels: [],
  };
  parameter.tags = { ...parameter.tags, ...tags };
  parameter.versions.push(version);
  world.parameters.set(key, parameter);
  world.note('parameter.put', { parameter: name, region, version: version.version, value: version.value });
  if (version.dataType === 'aws:ec2:image') validate(world, parameter, version);
  else apply(world, parameter, version);
  return version;
}

function validate(world: World, parameter: SimParameter, version: SimParameterVersion): void {
  const image = world.images.get(version.value);
  const { validation, validationSeconds } = habitsOf(world, image?.tags ?? {});
  if (validation === 'never') return world.clock.after(0.5, () => validate(world, parameter, version));
  world.clock.after(validationSeconds, () => {
    const there = image?.region === parameter.region && image.state === 'available' && isListed(world, image);
    if (validation === 'image' && there) return apply(world, parameter, version);
    version.state = 'rejected';
    world.note('parameter.rejected', { parameter: parameter.name, version: version.version, value: version.value });
  });
}

function apply(world: World, { name, region }: SimParameter, version: SimParameterVersion): void {
  version.state = 'applied';
  version.appliedAt = world.clock.now();
  world.note('parameter.applied', { parameter: name, region, version: version.version, value: version.value });
}

function dropOldest(parameter: SimParameter): void {
  const oldest = applied(parameter)[0];
  if (oldest && oldest.labels.length > 0)
    throw new AwsError(
      'ParameterMaxVersionLimitExceeded',
      `Version ${oldest.version}, the oldest version, can't be deleted because it has a label associated with it.`,
    );
  parameter.versions = parameter.versions.filter((one) => one !== oldest);
}

/** Moves labels to a version, all or none. Gives those that cannot be labels. */
export function label(
  world: World,
  parameter: SimParameter,
  number: number | undefined,
  labels: readonly string[],
): { readonly version: number; readonly invalid: readonly string[] } {
  const all = applied(parameter);
  const target = number === undefined ? all.at(-1) : all.find(({ version }) => version === number);
  if (!target)
    throw new AwsError(
      'ParameterVersionNotFound',
      `Systems Manager could not find version ${number} of ${parameter.name}.`,
    );
  const invalid = labels.filter((one) => !/^(?!aws|ssm|\d)[a-z0-9_.-]{1,100}$/i.test(one));
  const valid = labels.filter((one) => !invalid.includes(one));
  if (new Set([...target.labels, ...valid]).size > MOST_LABELS)
    throw new AwsError('ParameterVersionLabelLimitExceeded', 'A parameter version can have a maximum of ten labels.');
  for (const one of parameter.versions) one.labels = one.labels.filter((name) => !valid.includes(name));
  target.labels = [...target.labels, ...valid];
  if (valid.length > 0)
    world.note('parameter.labelled', {
      parameter: parameter.name,
      region: parameter.region,
      version: target.version,
      labels: valid,
    });
  return { version: target.version, invalid };
}

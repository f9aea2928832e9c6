/** SSM, by its API reference: Parameter Store, and the instances whose agent is online. */
import { list, record, text, texts, type Json } from '../http';
import type { SimParameter, SimParameterVersion } from '../model';
import { habitsOf, type World } from '../world';
import { agentOnlineAt } from './agents';
import { AwsError } from './fault';
import type { JsonOperation } from './json-operation';
import { paged } from './params';
import { applied, label, parameterNamed, put, versionOf } from './ssm-store';

const putParameter: JsonOperation = (world, input, region) => {
  const name = need(input, 'Name');
  const value = need(input, 'Value');
  const dataType = text(input.DataType) ?? 'text';
  const overwrite = input.Overwrite === true;
  const tags = Object.fromEntries(
    list(input.Tags).map((tag) => [String(record(tag).Key), String(record(tag).Value ?? '')]),
  );
  if (/^\/?(aws|ssm)/i.test(name))
    throw invalid(`Parameter name: can't be prefixed with "aws" or "ssm" (case-insensitive).`);
  if (!/^[A-Za-z0-9_.\-/]+$/.test(name)) throw invalid('Parameter name must match the pattern [a-zA-Z0-9_.-/]');
  if (name.includes('/') && !name.startsWith('/')) throw invalid('Parameter name must be a fully qualified name.');
  if (name.split('/').length > 16)
    throw new AwsError('HierarchyLevelLimitExceededException', 'A hierarchy can have a maximum of 15 levels.');
  if (overwrite && Object.keys(tags).length > 0)
    throw invalid(
      "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag.",
    );
  if (dataType === 'aws:ec2:image' && !/^ami-[0-9a-f]{8}(?:[0-9a-f]{9})?$/.test(value))
    throw invalid('Parameter value, cannot be validated to be of type aws:ec2:image.');
  const type = text(input.Type) ?? parameterTypeOf(world, region, name);
  const made = put(world, {
    region,
    name,
    value,
    type,
    dataType,
    overwrite,
    tags,
    description: text(input.Description) ?? '',
  });
  return { Version: made.version, Tier: 'Standard' };
};

/** A new version keeps the type when none is given; a new parameter needs one. */
function parameterTypeOf(world: World, region: string, name: string): string {
  const existing = parameterNamed(world, region, name);
  const type = existing && applied(existing).at(-1)?.type;
  if (type === undefined) throw invalid('A parameter type is required when you create a parameter.');
  return type;
}

const getParameter: JsonOperation = (world, input, region) => {
  const { parameter, version, selector } = versionOf(world, region, need(input, 'Name'));
  return { Parameter: { ...shape(world, parameter, version), Selector: selector } };
};

const getParameters: JsonOperation = (world, input, region) => {
  const names = texts(input.Names);
  if (names.length < 1 || names.length > 10) throw invalid('Names must have between 1 and 10 members');
  const answers = names.map((name) => {
    try {
      const { parameter, version, selector } = versionOf(world, region, name);
      return { ...shape(world, parameter, version), Selector: selector };
    } catch {
      return name;
    }
  });
  return {
    Parameters: answers.filter((one) => typeof one !== 'string'),
    InvalidParameters: answers.filter((one) => typeof one === 'string'),
  };
};

const labelParameterVersion: JsonOperation = (world, input, region) => {
  const labels = texts(input.Labels);
  if (labels.length === 0) throw invalid('Labels must have at least 1 member');
  const number = typeof input.ParameterVersion === 'number' ? input.ParameterVersion : undefined;
  const done = label(world, existing(world, region, need(input, 'Name')), number, labels);
  return { InvalidLabels: done.invalid, ParameterVersion: done.version };
};

const getParameterHistory: JsonOperation = (world, input, region, page) => {
  const parameter = existing(world, region, need(input, 'Name'));
  const { page: shown, next } = paged(applied(parameter), page(input.NextToken, input.MaxResults, 50));
  const parameters = shown.map((version) => ({
    ...shape(world, parameter, version),
    Description: version.description,
    Labels: version.labels,
    LastModifiedUser: `arn:aws:sts::${world.account}:assumed-role/assay/simulated`,
  }));
  return { Parameters: parameters, NextToken: next };
};

const deleteParameter: JsonOperation = (world, input, region) => {
  const parameter = existing(world, region, need(input, 'Name'));
  parameter.versions = [];
  world.note('parameter.deleted', { parameter: parameter.name, region });
  return {};
};

const describeInstanceInformation: JsonOperation = (world, input, region, page) => {
  const filters = [
    ...list(input.Filters).map((filter) => ({ key: record(filter).Key, values: texts(record(filter).Values) })),
    ...list(input.InstanceInformationFilterList).map((filter) => ({
      key: record(filter).key,
      values: texts(record(filter).valueSet),
    })),
  ];
  const known = [...world.instances.values()].flatMap((instance) => {
    const online = agentOnlineAt(world, instance, habitsOf(world, instance.tags));
    if (instance.region !== region || online === null || world.clock.now() < online) return [];
    const lost = instance.terminatedAt !== null;
    return [{ instance, ping: lost ? 'ConnectionLost' : 'Online' }];
  });
  const found = known.filter(({ instance, ping }) =>
    filters.every(({ key, values }) => {
      switch (key) {
        case 'InstanceIds':
          return values.includes(instance.id);
        case 'PingStatus':
          return values.includes(ping);
        case 'PlatformTypes':
          return values.includes('Linux');
        case 'ResourceType':
          return values.includes('EC2Instance');
        default:
          if (typeof key === 'string' && key.startsWith('tag:'))
            return values.includes(instance.tags[key.slice(4)] ?? '');
          throw new AwsError('InvalidInstanceInformationFilterValue', `The filter ${String(key)} is not valid`);
      }
    }),
  );
  const { page: shown, next } = paged(found, page(input.NextToken, input.MaxResults, 50));
  const now = world.clock.now() / 1000;
  const rows = shown.map(({ instance, ping }) => ({
    InstanceId: instance.id,
    PingStatus: ping,
    LastPingDateTime: now,
    AgentVersion: '3.3.1611.0',
    IsLatestVersion: true,
    PlatformType: 'Linux',
    PlatformName: 'Ubuntu',
    PlatformVersion: '24.04',
    ResourceType: 'EC2Instance',
    IPAddress: instance.privateIp,
    ComputerName: `ip-${instance.privateIp.replaceAll('.', '-')}`,
  }));
  return { InstanceInformationList: rows, NextToken: next };
};

function existing(world: World, region: string, name: string): SimParameter {
  const found = parameterNamed(world, region, name);
  if (!found) throw new AwsError('ParameterNotFound', `Parameter ${name} not found.`);
  return found;
}

const shape = (world: World, { name, region }: SimParameter, version: SimParameterVersion) => ({
  Name: name,
  Type: version.type,
  Value: version.value,
  Version: version.version,
  LastModifiedDate: version.at / 1000,
  ARN: `arn:aws:ssm:${region}:${world.account}:parameter${name.startsWith('/') ? '' : '/'}${name}`,
  DataType: version.dataType,
});

const invalid = (message: string): AwsError => new AwsError('ValidationException', message);

function need(input: Json, name: string): string {
  const value = text(input[name]);
  if (value === undefined || value === '')
    throw invalid(
      `1 validation error detected: Value at '${name}' failed to satisfy constraint: Member must not be null`,
    );
  return value;
}

export const SSM: Readonly<Record<string, JsonOperation>> = {
  PutParameter: putParameter,
  GetParameter: getParameter,
  GetParameters: getParameters,
  LabelParameterVersion: labelParameterVersion,
  GetParameterHistory: getParameterHistory,
  DeleteParameter: deleteParameter,
  DescribeInstanceInformation: describeInstanceInformation,
};

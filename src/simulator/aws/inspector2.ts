/** Amazon Inspector, API version 2020-06-08 (REST-JSON): account status, coverage, findings. */
import { createHash } from 'node:crypto';
import { list, record, text, texts, type Json } from '../http';
import { isListed, type World } from '../world';
import { AwsError } from './fault';
import type { JsonOperation } from './json-operation';
import { paged } from './params';
import { coverageOf, findingsOf, type CoverageRow, type FoundVulnerability } from './scans';

const batchGetAccountStatus: JsonOperation = (world, input) => {
  const asked = texts(input.accountIds);
  const ids = asked.length > 0 ? asked : [world.account];
  const state = (status: string) => ({ status, errorCode: 'ALREADY_ENABLED', errorMessage: '' });
  const status = world.behaviours.of().inspector;
  return {
    accounts: ids
      .filter((id) => id === world.account)
      .map((accountId) => ({
        accountId,
        state: state(status),
        resourceState: {
          ec2: state(status),
          ecr: state('DISABLED'),
          lambda: state('DISABLED'),
          lambdaCode: state('DISABLED'),
        },
      })),
    failedAccounts: ids
      .filter((id) => id !== world.account)
      .map((accountId) => ({
        accountId,
        errorCode: 'ACCESS_DENIED',
        errorMessage: 'Not a member',
        status: 'DISABLED',
      })),
  };
};

type Reader<T> = (one: T) => readonly string[] | string;

const COVERAGE: Readonly<Record<string, Reader<CoverageRow>>> = {
  resourceId: ({ instance }) => instance.id,
  resourceType: () => 'AWS_EC2_INSTANCE',
  scanType: ({ scanType }) => scanType,
  scanMode: () => 'EC2_SSM_AGENT_BASED',
  scanStatusCode: ({ statusCode }) => statusCode,
  scanStatusReason: ({ reason }) => reason,
};

const listCoverage: JsonOperation = (world, input, region, page) => {
  const account = { ...COVERAGE, accountId: () => world.account };
  const rows = seen(world, region).flatMap((instance) => coverageOf(world, instance));
  const found = matching(rows, record(input.filterCriteria), account, ({ instance }) => instance.tags);
  const { page: shown, next } = paged(found, page(input.nextToken, size(input, 200), 200));
  return {
    coveredResources: shown.map(({ instance, scanType, statusCode, reason, lastScannedAt }) => ({
      accountId: world.account,
      resourceId: instance.id,
      resourceType: 'AWS_EC2_INSTANCE',
      scanType,
      scanMode: 'EC2_SSM_AGENT_BASED',
      scanStatus: { statusCode, reason },
      ...(lastScannedAt === null ? {} : { lastScannedAt: lastScannedAt / 1000 }),
      resourceMetadata: { ec2: { amiId: instance.imageId, platform: 'LINUX', tags: instance.tags } },
    })),
    nextToken: next,
  };
};

const FINDINGS: Readonly<Record<string, Reader<FoundVulnerability>>> = {
  resourceId: ({ instance }) => instance.id,
  resourceType: () => 'AWS_EC2_INSTANCE',
  ec2InstanceImageId: ({ instance }) => instance.imageId,
  findingStatus: ({ status }) => status,
  findingType: () => 'PACKAGE_VULNERABILITY',
  severity: ({ cve }) => cve.severity,
  vulnerabilityId: ({ cve }) => cve.id,
  title: (one) => titleOf(one),
  fixAvailable: ({ cve }) => (cve.fixed === null ? 'NO' : 'YES'),
  exploitAvailable: ({ cve }) => (cve.exploit ? 'YES' : 'NO'),
};

const listFindings: JsonOperation = (world, input, region, page) => {
  const readers = {
    ...FINDINGS,
    awsAccountId: () => world.account,
    findingArn: (one: FoundVulnerability) => arnOf(world, one),
  };
  const all = seen(world, region).flatMap((instance) => findingsOf(world, instance));
  const found = matching(all, record(input.filterCriteria), readers, ({ instance }) => instance.tags);
  const { page: shown, next } = paged(found, page(input.nextToken, size(input, 100), 100));
  return { findings: shown.map((one) => findingJson(world, one, region)), nextToken: next };
};

const batchGetFindingDetails: JsonOperation = (world, input, region) => {
  const arns = texts(input.findingArns);
  if (arns.length < 1 || arns.length > 10) throw invalid('findingArns must have between 1 and 10 members');
  const all = seen(world, region).flatMap((instance) => findingsOf(world, instance));
  const byArn = new Map(all.map((one) => [arnOf(world, one), one]));
  return {
    findingDetails: arns.flatMap((arn) => {
      const one = byArn.get(arn);
      if (!one) return [];
      const kev = one.cve.exploit
        ? {
            cisaData: {
              dateAdded: 1_640_995_200,
              dateDue: 1_642_204_800,
              action: 'Apply updates per vendor instructions.',
            },
          }
        : {};
      return [
        {
          findingArn: arn,
          epssScore: one.cve.epss,
          riskScore: Math.round(one.cve.score * 10),
          cwes: [],
          ttps: [],
          tools: [],
          ...kev,
        },
      ];
    }),
    errors: arns
      .filter((arn) => !byArn.has(arn))
      .map((findingArn) => ({ findingArn, errorCode: 'FINDING_DETAILS_NOT_FOUND', errorMessage: 'Not found' })),
  };
};

const seen = (world: World, region: string) =>
  [...world.instances.values()].filter((instance) => instance.region === region && isListed(world, instance));

/** Values of one field: any of them; fields: all of them. Throws for lists of more than ten and fields there are not. */
function matching<T>(
  all: readonly T[],
  criteria: Json,
  readers: Readonly<Record<string, Reader<T>>>,
  tagsOf: (one: T) => Readonly<Record<string, string>>,
): readonly T[] {
  return Object.entries(criteria).reduce((left, [name, given]) => {
    const filters = list(given).map(record);
    if (filters.length < 1 || filters.length > 10) throw invalid(`${name} must have between 1 and 10 members`);
    if (name === 'resourceTags' || name === 'ec2InstanceTags')
      return left.filter((one) =>
        filters.some(
          ({ key, value }) =>
            typeof key === 'string' && key in tagsOf(one) && (value === undefined || tagsOf(one)[key] === value),
        ),
      );
    const read = readers[name];
    if (!read) throw invalid(`filterCriteria.${name} is not known`);
    return left.filter((one) => [read(one)].flat().some((value) => filters.some((filter) => compare(value, filter))));
  }, all);
}

function compare(value: string, { comparison, value: wanted }: Json): boolean {
  if (typeof wanted !== 'string') throw invalid('a filter needs a value');
  switch (comparison) {
    case 'EQUALS':
      return value === wanted;
    case 'NOT_EQUALS':
      return value !== wanted;
    case 'PREFIX':
      return value.startsWith(wanted);
    default:
      throw invalid(`comparison ${String(comparison)} is not known`);
  }
}

function size({ maxResults }: Json, most: number): number {
  if (maxResults === undefined) return Math.min(most, 50);
  if (typeof maxResults !== 'number' || maxResults < 1 || maxResults > most)
    throw invalid(`maxResults must be between 1 and ${most}`);
  return maxResults;
}

const invalid = (message: string): AwsError => new AwsError('ValidationException', message);

const titleOf = ({ cve }: FoundVulnerability): string => `${cve.id} - ${cve.package}`;

function arnOf(world: World, { instance, cve }: FoundVulnerability): string {
  const hash = createHash('md5').update(`${instance.id} ${cve.id} ${cve.package}`).digest('hex');
  return `arn:aws:inspector2:${instance.region}:${world.account}:finding/${hash}`;
}

function findingJson(world: World, one: FoundVulnerability, region: string): unknown {
  const { instance, cve, status, observedAt } = one;
  const [, epoch, version = cve.installed, release] = /^(?:(\d+):)?(.+?)(?:-([^-]+))?$/.exec(cve.installed) ?? [];
  const rpm = cve.installed.includes('.el');
  return {
    findingArn: arnOf(world, one),
    awsAccountId: world.account,
    type: 'PACKAGE_VULNERABILITY',
    title: titleOf(one),
    description: `${cve.summary}.`,
    severity: cve.severity,
    status,
    firstObservedAt: observedAt / 1000,
    lastObservedAt: observedAt / 1000,
    updatedAt: (instance.terminatedAt ?? observedAt) / 1000,
    inspectorScore: cve.score,
    epss: { score: cve.epss },
    fixAvailable: cve.fixed === null ? 'NO' : 'YES',
    exploitAvailable: cve.exploit ? 'YES' : 'NO',
    ...(cve.exploit ? { exploitabilityDetails: { lastKnownExploitAt: 1_700_000_000 } } : {}),
    remediation: {
      recommendation: { text: cve.fixed === null ? 'None provided' : `Update ${cve.package} to ${cve.fixed}` },
    },
    packageVulnerabilityDetails: {
      vulnerabilityId: cve.id,
      source: rpm ? 'REDHAT_CVE' : 'UBUNTU_CVE',
      sourceUrl: rpm ? `https://access.redhat.com/security/cve/${cve.id}` : `https://ubuntu.com/security/${cve.id}`,
      vendorSeverity: text(cve.severity.toLowerCase()),
      cvss: [
        {
          baseScore: cve.score,
          scoringVector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
          source: 'NVD',
          version: '3.1',
        },
      ],
      relatedVulnerabilities: [],
      referenceUrls: [`https://nvd.nist.gov/vuln/detail/${cve.id}`],
      vulnerablePackages: [
        {
          name: cve.package,
          version,
          ...(release === undefined ? {} : { release }),
          ...(epoch === undefined ? {} : { epoch: Number(epoch) }),
          arch: 'X86_64',
          packageManager: 'OS',
          fixedInVersion: cve.fixed ?? 'NotAvailable',
        },
      ],
    },
    resources: [
      {
        id: instance.id,
        type: 'AWS_EC2_INSTANCE',
        partition: 'aws',
        region,
        tags: instance.tags,
        details: {
          awsEc2Instance: {
            imageId: instance.imageId,
            type: instance.instanceType,
            platform: rpm ? 'CENTOS_7' : 'UBUNTU_24_04',
          },
        },
      },
    ],
  };
}

/** By path; all are POST. */
export const INSPECTOR: Readonly<Record<string, { readonly name: string; readonly act: JsonOperation }>> = {
  '/status/batch/get': { name: 'BatchGetAccountStatus', act: batchGetAccountStatus },
  '/coverage/list': { name: 'ListCoverage', act: listCoverage },
  '/findings/list': { name: 'ListFindings', act: listFindings },
  '/findings/details/batch/get': { name: 'BatchGetFindingDetails', act: batchGetFindingDetails },
};

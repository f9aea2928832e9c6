/** What Inspector, SSM and EC2 say in the assessor's tests, in their own shapes. */
import type { AssessmentSubject } from '../../../src/adapters/ports';
import type { AssessorSettings } from '../../../src/domain/settings';
import { json, xml, type Answer, type FakeAws } from './fake-aws';

export const INSTANCE = 'i-0123456789abcdef0';
export const AMI = 'ami-0123456789abcdef0';
export const LAUNCHED = '2026-11-23T10:00:00.000Z';
export const SCANNED = '2026-11-23T10:10:00.000Z';

export const SETTINGS: AssessorSettings = { kind: 'inspector2', timeoutMinutes: 60, agentMinutes: 10 };

/** A subject whose assessment began that many minutes ago. */
export const subject = (minutesAgo = 0): AssessmentSubject => ({
  run: 'r1',
  region: 'us-east-1',
  amiId: AMI,
  instanceId: INSTANCE,
  since: new Date(Date.now() - minutesAgo * 60_000).toISOString(),
});

export const account = (status: string, more = {}): Answer =>
  json({
    accounts: [
      {
        accountId: '111122223333',
        state: { status: 'ENABLED' },
        resourceState: { ec2: { status, ...more }, ecr: { status: 'DISABLED' } },
      },
    ],
    failedAccounts: [],
  });

export const instance = ({ state = 'running', image = AMI } = {}): Answer =>
  xml(
    'DescribeInstances',
    `<reservationSet><item><instancesSet><item><instanceId>${INSTANCE}</instanceId><imageId>${image}</imageId>
    <instanceState><name>${state}</name></instanceState><launchTime>${LAUNCHED}</launchTime></item></instancesSet></item></reservationSet>`,
  );

/** A row of coverage; REST-JSON has times in seconds. */
export const row = (reason: string | undefined, change: Record<string, unknown> = {}): Record<string, unknown> => ({
  resourceId: INSTANCE,
  resourceType: 'AWS_EC2_INSTANCE',
  accountId: '111122223333',
  scanType: 'PACKAGE',
  scanMode: 'EC2_SSM_AGENT_BASED',
  lastScannedAt: Date.parse(SCANNED) / 1000,
  ...(reason === undefined ? {} : { scanStatus: { statusCode: 'ACTIVE', reason } }),
  ...change,
});

export const coverage = (rows: readonly object[], nextToken?: string): Answer =>
  json({ coveredResources: rows, ...(nextToken === undefined ? {} : { nextToken }) });

export const findings = (some: readonly object[], nextToken?: string): Answer =>
  json({ findings: some, ...(nextToken === undefined ? {} : { nextToken }) });

export const agent = (PingStatus?: string): Answer =>
  json({ InstanceInformationList: PingStatus === undefined ? [] : [{ InstanceId: INSTANCE, PingStatus }] });

export const scanMode = (mode: string): Answer =>
  json({ ec2Configuration: { scanModeState: { scanMode: mode, scanModeStatus: 'SUCCESS' } } });

/** A finding about a package. */
export const packageFinding = (cve: string, change: Record<string, unknown> = {}): Record<string, unknown> => ({
  findingArn: `arn:aws:inspector2:us-east-1:111122223333:finding/${cve}`,
  awsAccountId: '111122223333',
  type: 'PACKAGE_VULNERABILITY',
  description: 'd',
  title: `${cve} - openssl`,
  remediation: { recommendation: { text: 'None Provided' } },
  severity: 'HIGH',
  firstObservedAt: 1_795_000_000,
  lastObservedAt: 1_795_000_000,
  status: 'ACTIVE',
  resources: [{ type: 'AWS_EC2_INSTANCE', id: INSTANCE, details: { awsEc2Instance: { imageId: AMI } } }],
  packageVulnerabilityDetails: {
    vulnerabilityId: cve,
    source: 'UBUNTU_CVE',
    sourceUrl: `https://ubuntu.com/security/${cve}`,
    vulnerablePackages: [{ name: 'openssl', version: '3.0.2', release: '0ubuntu1', epoch: 0 }],
  },
  ...change,
});

/** Everything as it is when a scan has found nothing. */
export function allIsWell(fake: FakeAws): void {
  fake.on('BatchGetAccountStatus', account('ENABLED'));
  fake.on('DescribeInstances', instance());
  fake.on('ListCoverage', coverage([row('SUCCESSFUL')]));
  fake.on('ListFindings', findings([]));
  fake.on('DescribeInstanceInformation', agent('Online'));
  fake.on('GetConfiguration', scanMode('EC2_SSM_AGENT_BASED'));
}

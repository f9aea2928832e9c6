/** What the assessor asks of Inspector and SSM: one question a function, each read to its last page. */
import {
  BatchGetAccountStatusCommand,
  GetConfigurationCommand,
  ListCoverageCommand,
  ListFindingsCommand,
  type CoveredResource,
  type Finding as AwsFinding,
} from '@aws-sdk/client-inspector2';
import { DescribeInstanceInformationCommand } from '@aws-sdk/client-ssm';
import { Final } from '../../../domain/errors';
import type { RegionClients } from '../clients';
import { call, type Call } from '../failures';
import { allPages } from '../paging';

const to = ({ region }: RegionClients, operation: string): Call => ({ service: 'inspector2', operation, region });

/** Inspector's word for whether it scans EC2 in our account, and its reason where it gives one. */
export async function readAccountStatus(
  clients: RegionClients,
): Promise<{ readonly status: string; readonly detail: string }> {
  // Without ids it answers for the account that asks.
  const command = new BatchGetAccountStatusCommand({});
  const answer = await call(to(clients, 'BatchGetAccountStatus'), () => clients.inspector2.send(command));
  const ec2 = answer.accounts?.[0]?.resourceState?.ec2;
  const failed = answer.failedAccounts?.[0];
  const trouble = ec2?.status === undefined ? failed : ec2;
  // Inspector fills in a code where there is no error.
  const code = trouble?.errorCode === 'ALREADY_ENABLED' ? undefined : trouble?.errorCode;
  const detail = code === undefined ? '' : [code, trouble?.errorMessage].filter(Boolean).join(': ');
  return { status: ec2?.status ?? failed?.errorCode ?? 'UNKNOWN', detail };
}

/** The instance's coverage rows of scan type PACKAGE. */
export async function readCoverage(clients: RegionClients, instanceId: string): Promise<CoveredResource[]> {
  const equals = (value: string) => [{ comparison: 'EQUALS' as const, value }];
  const filterCriteria = {
    resourceId: equals(instanceId),
    resourceType: equals('AWS_EC2_INSTANCE'),
    scanType: equals('PACKAGE'),
  };
  const rows = await allPages(async (nextToken) => {
    const command = new ListCoverageCommand({ filterCriteria, maxResults: 200, nextToken });
    const answer = await call(to(clients, 'ListCoverage'), () => clients.inspector2.send(command));
    return { items: answer.coveredResources, next: answer.nextToken };
  });
  // What a row leaves out is what was asked for; what it says otherwise is another's.
  return rows.filter(
    ({ resourceId = instanceId, scanType = 'PACKAGE' }) => resourceId === instanceId && scanType === 'PACKAGE',
  );
}

/** Every finding of the instance that is not closed, suppressed ones too; each once. */
export async function readFindings(clients: RegionClients, instanceId: string): Promise<AwsFinding[]> {
  const filterCriteria = {
    resourceId: [{ comparison: 'EQUALS' as const, value: instanceId }],
    findingStatus: [
      { comparison: 'EQUALS' as const, value: 'ACTIVE' },
      { comparison: 'EQUALS' as const, value: 'SUPPRESSED' },
    ],
  };
  const findings = await allPages(async (nextToken) => {
    const command = new ListFindingsCommand({ filterCriteria, maxResults: 100, nextToken });
    const answer = await call(to(clients, 'ListFindings'), () => clients.inspector2.send(command));
    return { items: answer.findings, next: answer.nextToken };
  });
  const ours = findings.filter(
    ({ status, resources }) =>
      status !== 'CLOSED' && (!resources?.length || resources.some(({ id }) => id === instanceId)),
  );
  // A finding that moves while pages are turned may be on two of them.
  return [...new Map(ours.map((finding, n) => [finding.findingArn ?? n, finding])).values()];
}

/** SSM's PingStatus of the instance's agent; `undefined` when it never reported. */
export async function readPing({ ssm, region }: RegionClients, instanceId: string): Promise<string | undefined> {
  const rows = await allPages(async (NextToken) => {
    const command = new DescribeInstanceInformationCommand({
      Filters: [{ Key: 'InstanceIds', Values: [instanceId] }],
      MaxResults: 50,
      NextToken,
    });
    const answer = await call({ service: 'ssm', operation: 'DescribeInstanceInformation', region }, () =>
      ssm.send(command),
    );
    return { items: answer.InstanceInformationList, next: answer.NextToken };
  });
  return rows.find(({ InstanceId }) => InstanceId === instanceId)?.PingStatus;
}

/** Whether Inspector also scans instances without an agent; where that cannot be read, it counts as no. */
export async function scansWithoutAgent(clients: RegionClients): Promise<boolean> {
  try {
    const command = new GetConfigurationCommand({});
    const answer = await call(to(clients, 'GetConfiguration'), () => clients.inspector2.send(command));
    return answer.ec2Configuration?.scanModeState?.scanMode === 'EC2_HYBRID';
  } catch (error) {
    if (error instanceof Final) return false;
    throw error;
  }
}

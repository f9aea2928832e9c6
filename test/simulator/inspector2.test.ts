import {
  BatchGetAccountStatusCommand,
  BatchGetFindingDetailsCommand,
  ListCoverageCommand,
  ListFindingsCommand,
  paginateListFindings,
  type CoveredResource,
  type Finding,
  type ListFindingsCommandInput,
} from '@aws-sdk/client-inspector2';
import { RunInstancesCommand, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { eventually } from '../setup/helpers';
import { errorName, openWorld, type Outside } from './world';

const equals = (value: string) => [{ comparison: 'EQUALS' as const, value }];

async function launched(world: Outside, profile = 'ubuntu-24', tags: Record<string, string> = {}): Promise<string> {
  const { id } = world.simulator.seed.image({ profile });
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  const TagSpecifications = Tags.length > 0 ? [{ ResourceType: 'instance' as const, Tags }] : undefined;
  const input = { ImageId: id, MinCount: 1, MaxCount: 1, ...(TagSpecifications && { TagSpecifications }) };
  const { Instances } = await world.ec2.send(new RunInstancesCommand(input));
  return Instances?.[0]?.InstanceId as string;
}

async function coverage({ inspector }: Outside, id: string): Promise<readonly CoveredResource[]> {
  const filterCriteria = { resourceId: equals(id), resourceType: equals('AWS_EC2_INSTANCE') };
  const { coveredResources = [] } = await inspector.send(new ListCoverageCommand({ filterCriteria }));
  return coveredResources;
}

const packages = async (world: Outside, id: string): Promise<CoveredResource | undefined> =>
  (await coverage(world, id)).find(({ scanType }) => scanType === 'PACKAGE');

const scanned = (world: Outside, id: string): Promise<CoveredResource> =>
  eventually(async () => {
    const row = await packages(world, id);
    return row?.scanStatus?.reason === 'SUCCESSFUL' ? row : undefined;
  });

async function findings({ inspector }: Outside, id: string): Promise<Finding[]> {
  const input: ListFindingsCommandInput = {
    filterCriteria: { resourceId: equals(id), findingStatus: equals('ACTIVE') },
  };
  const all: Finding[] = [];
  for await (const { findings: page = [] } of paginateListFindings({ client: inspector }, input)) all.push(...page);
  return all;
}

const count = (all: readonly Finding[], severity: string): number =>
  all.filter((one) => one.severity === severity).length;

test('the account is enabled for EC2, or what it was switched to', async () => {
  const world = await openWorld();
  const read = async () =>
    (await world.inspector.send(new BatchGetAccountStatusCommand({}))).accounts?.[0]?.resourceState?.ec2?.status;
  expect(await read()).toBe('ENABLED');
  world.simulator.behave({ inspector: 'SUSPENDED' });
  expect(await read()).toBe('SUSPENDED');
});

test('coverage comes, waits for the agent, then for the scan, and its NETWORK row keeps waiting', async () => {
  const world = await openWorld({ speed: 20 });
  const id = await launched(world);
  expect(await coverage(world, id)).toEqual([]);
  const reasons: (string | undefined)[] = [];
  await eventually(
    async () => {
      const row = await packages(world, id);
      const reason = row && `${row.scanStatus?.statusCode} ${row.scanStatus?.reason}`;
      if (reason !== undefined && reasons.at(-1) !== reason) reasons.push(reason);
      return row?.lastScannedAt !== undefined;
    },
    { everyMs: 5 },
  );
  expect(reasons).toEqual(['INACTIVE UNMANAGED_EC2_INSTANCE', 'ACTIVE PENDING_INITIAL_SCAN', 'ACTIVE SUCCESSFUL']);
  const rows = await coverage(world, id);
  expect(rows.find(({ scanType }) => scanType === 'NETWORK')?.scanStatus).toMatchObject({
    reason: 'PENDING_INITIAL_SCAN',
  });
  const [instance] = world.simulator.state().instances;
  expect(rows.find(({ scanType }) => scanType === 'PACKAGE')?.lastScannedAt?.getTime()).toBeGreaterThan(
    instance?.createdAt as number,
  );
});

test.each([
  ['debian-13-slim', { CRITICAL: [0, 0], HIGH: [0, 0], MEDIUM: [0, 0] }],
  ['ubuntu-24', { CRITICAL: [0, 0], HIGH: [5, 10], MEDIUM: [8, 20] }],
  ['centos-7', { CRITICAL: [5, 20], HIGH: [10, 40], MEDIUM: [1, 20] }],
] as const)('%s has the findings of its kind, over several pages', async (profile, expected) => {
  const world = await openWorld({ pageSize: 5 });
  const id = await launched(world, profile);
  expect(await findings(world, id)).toEqual([]);
  await scanned(world, id);
  const all = await findings(world, id);
  for (const [severity, [least, most]] of Object.entries(expected)) {
    expect(count(all, severity)).toBeGreaterThanOrEqual(least);
    expect(count(all, severity)).toBeLessThanOrEqual(most);
  }
  expect(new Set(all.map(({ findingArn }) => findingArn)).size).toBe(all.length);
  if (profile === 'centos-7')
    expect(all).toContainEqual(
      expect.objectContaining({
        title: 'CVE-2014-6271 - bash',
        severity: 'CRITICAL',
        exploitAvailable: 'YES',
        fixAvailable: 'YES',
        packageVulnerabilityDetails: expect.objectContaining({
          vulnerabilityId: 'CVE-2014-6271',
          vulnerablePackages: [expect.objectContaining({ name: 'bash', fixedInVersion: '4.2.45-5.el7_0.2' })],
        }),
      }),
    );
});

test('what it cannot read it says, and there is nothing then', async () => {
  const world = await openWorld();
  const id = await launched(world, 'scratch-linux');
  const row = await eventually(() => packages(world, id));
  expect(row.scanStatus).toEqual({ statusCode: 'INACTIVE', reason: 'UNSUPPORTED_OS' });
  expect(row.lastScannedAt).toBeUndefined();
  expect(await findings(world, id)).toEqual([]);
});

test.each([
  ['ACTIVE', 'DEEP_INSPECTION_NO_INVENTORY', true],
  ['INACTIVE', 'EXCLUDED_BY_TAG', false],
  ['INACTIVE', 'EC2_INSTANCE_STOPPED', false],
] as const)('coverage can be %s with the reason %s', async (statusCode, reason, isScanned) => {
  const world = await openWorld({ behaviour: { coverage: { statusCode, reason, scanned: isScanned } } });
  const id = await launched(world);
  const row = await eventually(() => packages(world, id));
  expect(row.scanStatus).toEqual({ statusCode, reason });
  expect(row.lastScannedAt !== undefined).toBe(isScanned);
});

test('habits of one run leave the others alone', async () => {
  const world = await openWorld();
  world.simulator.behave({ findings: ['CVE-2021-4034', 'CVE-2099-0001'], suppressed: ['CVE-2099-0001'] }, 'r-1');
  const [one, two] = [
    await launched(world, 'debian-13-slim', { 'assay:run': 'r-1' }),
    await launched(world, 'debian-13-slim', { 'assay:run': 'r-2' }),
  ];
  await scanned(world, one);
  await scanned(world, two);
  expect((await findings(world, one)).map(({ title }) => title)).toEqual(['CVE-2021-4034 - polkit']);
  const suppressed = { resourceId: equals(one), findingStatus: equals('SUPPRESSED') };
  const hidden = await world.inspector.send(new ListFindingsCommand({ filterCriteria: suppressed }));
  expect(hidden.findings).toHaveLength(1);
  expect(await findings(world, two)).toEqual([]);
});

test('a scan can be older than the launch', async () => {
  const world = await openWorld({ behaviour: { staleScan: true } });
  const id = await launched(world);
  const row = await scanned(world, id);
  expect(row.lastScannedAt?.getTime()).toBeLessThan(world.simulator.state().instances[0]?.createdAt as number);
});

test.each([
  ['closed', 'RESOURCE_TERMINATED', 'CLOSED'],
  ['gone', undefined, undefined],
] as const)('with the instance its findings are %s', async (afterTermination, reason, status) => {
  const world = await openWorld({ behaviour: { afterTermination } });
  const id = await launched(world);
  await scanned(world, id);
  await world.ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  await eventually(() => world.simulator.state().alive.instances === 0);
  expect(await findings(world, id)).toEqual([]);
  expect((await packages(world, id))?.scanStatus?.reason).toBe(reason);
  const all = await world.inspector.send(new ListFindingsCommand({ filterCriteria: { resourceId: equals(id) } }));
  expect(all.findings?.[0]?.status).toBe(status);
});

test('filters are any of a field and all of the fields, and bad ones are refused', async () => {
  const world = await openWorld({ pageSize: 0 });
  const id = await launched(world, 'centos-7');
  await scanned(world, id);
  const ask = (filterCriteria: object, maxResults?: number) =>
    world.inspector.send(new ListFindingsCommand({ filterCriteria, ...(maxResults && { maxResults }) }));
  const severity = [...equals('CRITICAL'), ...equals('MEDIUM')];
  const { findings: found = [] } = await ask({ severity, exploitAvailable: equals('YES') }, 100);
  expect(count(found, 'CRITICAL')).toBeGreaterThan(0);
  expect(count(found, 'MEDIUM')).toBeGreaterThan(0);
  expect(found.every(({ exploitAvailable }) => exploitAvailable === 'YES')).toBe(true);
  expect(count(found, 'HIGH')).toBe(0);
  const eleven = Array.from({ length: 11 }, () => ({ comparison: 'EQUALS', value: id }));
  expect(await errorName(ask({ resourceId: eleven }))).toBe('ValidationException');
  expect(await errorName(ask({ severity: equals('HIGH') }, 101))).toBe('ValidationException');

  const arns = found.slice(0, 1).map(({ findingArn = '' }) => findingArn);
  const details = await world.inspector.send(
    new BatchGetFindingDetailsCommand({ findingArns: [...arns, `${arns[0]?.slice(0, -4)}0000`] }),
  );
  expect(details.findingDetails?.[0]?.cisaData).toBeDefined();
  expect(details.errors?.[0]?.errorCode).toBe('FINDING_DETAILS_NOT_FOUND');
});

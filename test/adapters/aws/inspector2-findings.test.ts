import { createInspector2 } from '../../../src/adapters/aws/inspector2/assessor';
import type { Finding } from '../../../src/domain/findings';
import { allIsWell, findings, INSTANCE, packageFinding, SETTINGS, subject } from './inspector2-given';
import { useFakeAws } from './setup';

const shared = useFakeAws();
beforeEach(() => allIsWell(shared.fake));

async function found(...some: readonly object[]): Promise<readonly Finding[]> {
  if (some.length > 0) shared.fake.on('ListFindings', findings(some));
  const look = await createInspector2({ clients: shared.clients, aws: shared.aws }).look(subject(), SETTINGS);
  if (look.kind !== 'done') throw new Error(look.progress);
  expect(look.assessment.status).toBe('complete');
  return look.assessment.findings;
}

const first = async (change: Record<string, unknown>): Promise<Finding> =>
  (await found(packageFinding('CVE-2026-0001', change)))[0] as Finding;

const details = (change: Record<string, unknown>) => ({
  packageVulnerabilityDetails: { vulnerabilityId: 'CVE-2026-0001', source: 'NVD', ...change },
});

test('a finding is told in the words of the domain', async () => {
  const vulnerablePackages = [
    { name: 'openssl', version: '3.0.2', release: '0ubuntu1', epoch: 0, fixedInVersion: '0:3.0.2-0ubuntu1.18' },
    { name: 'libssl3', version: '3.0.2', epoch: 1, fixedInVersion: 'NotAvailable' },
    { name: 'libssl3', version: '3.0.2', epoch: 1, fixedInVersion: 'NotAvailable', filePath: 'usr/lib/x' },
  ];
  const finding = await first({
    severity: 'CRITICAL',
    inspectorScore: 9.1,
    epss: { score: 0.42 },
    exploitAvailable: 'YES',
    fixAvailable: 'PARTIAL',
    ...details({ vulnerablePackages, sourceUrl: 'https://nvd.nist.gov/vuln/detail/CVE-2026-0001' }),
  });
  expect(finding).toEqual({
    key: 'package/CVE-2026-0001/libssl3,openssl',
    id: 'CVE-2026-0001',
    kind: 'package',
    title: 'CVE-2026-0001 - openssl',
    severity: 'critical',
    packages: [
      { name: 'openssl', version: '3.0.2-0ubuntu1', fixedIn: '0:3.0.2-0ubuntu1.18' },
      { name: 'libssl3', version: '1:3.0.2', fixedIn: null },
    ],
    fixAvailable: true,
    exploitAvailable: true,
    epss: 0.42,
    score: 9.1,
    suppressed: false,
    url: 'https://nvd.nist.gov/vuln/detail/CVE-2026-0001',
  });
});

test.each([
  ['CRITICAL', 'critical'],
  ['HIGH', 'high'],
  ['MEDIUM', 'medium'],
  ['LOW', 'low'],
  ['INFORMATIONAL', 'info'],
  ['UNTRIAGED', 'unknown'],
  ['SOMETHING_NEW', 'unknown'],
  ['toString', 'unknown'],
  [undefined, 'unknown'],
])('the severity %s is %s', async (severity, expected) => {
  expect((await first({ severity })).severity).toBe(expected);
});

test.each([
  ['YES', true],
  ['PARTIAL', true],
  ['NO', false],
  [undefined, false],
])('a fix is available on %s: %s', async (fixAvailable, expected) => {
  expect((await first({ fixAvailable })).fixAvailable).toBe(expected);
});

test.each([
  ['YES', true],
  ['NO', false],
  [undefined, false],
])('an exploit is known on %s: %s', async (exploitAvailable, expected) => {
  expect((await first({ exploitAvailable })).exploitAvailable).toBe(expected);
});

test('what Inspector leaves out is null, and its score falls back on the worst it quotes', async () => {
  expect(await first(details({}))).toMatchObject({ epss: null, score: null, url: null, packages: [] });
  const cvss = [
    { baseScore: 5.5, version: '3.1', scoringVector: 'v', source: 'NVD' },
    { baseScore: 7.8, version: '3.1', scoringVector: 'v', source: 'UBUNTU_CVE' },
  ];
  expect((await first(details({ cvss }))).score).toBe(7.8);
  expect(await first({ epss: { score: 0 }, inspectorScore: 0 })).toMatchObject({ epss: 0, score: 0 });
});

test('only a web address becomes a link', async () => {
  const remediation = { recommendation: { Url: 'https://example.com/fix' } };
  expect((await first({ ...details({ sourceUrl: 'javascript:alert(1)' }) })).url).toBeNull();
  expect((await first({ ...details({ sourceUrl: 'javascript:alert(1)' }), remediation })).url).toBe(
    'https://example.com/fix',
  );
});

test('a key is the same on another image: for another ARN, version, order, score or state of suppression', async () => {
  const packages = [
    { name: 'b', version: '1' },
    { name: 'a', version: '1' },
  ];
  const one = await first(details({ vulnerablePackages: packages }));
  const two = await first({
    findingArn: 'arn:aws-us-gov:inspector2:us-gov-west-1:444455556666:finding/other',
    status: 'SUPPRESSED',
    severity: 'LOW',
    ...details({
      vulnerablePackages: [
        { name: 'a', version: '2' },
        { name: 'b', version: '2' },
        { name: 'b', version: '3' },
      ],
    }),
  });
  const other = await first(details({ vulnerablePackages: [{ name: 'a', version: '1' }] }));
  expect(two.key).toBe(one.key);
  expect(other.key).not.toBe(one.key);
});

test('suppressed findings are asked for, kept and marked', async () => {
  const all = await found(
    packageFinding('CVE-2026-0001', { status: 'SUPPRESSED' }),
    packageFinding('CVE-2026-0002'),
    packageFinding('CVE-2026-0003', { status: 'CLOSED' }),
  );
  expect(all.map(({ id, suppressed }) => [id, suppressed])).toEqual([
    ['CVE-2026-0001', true],
    ['CVE-2026-0002', false],
  ]);
  expect(shared.fake.of('ListFindings')[0]?.json).toMatchObject({
    filterCriteria: {
      resourceId: [{ comparison: 'EQUALS', value: INSTANCE }],
      findingStatus: [
        { comparison: 'EQUALS', value: 'ACTIVE' },
        { comparison: 'EQUALS', value: 'SUPPRESSED' },
      ],
    },
  });
});

test('all pages are read, over an empty one, and a finding on two pages counts once', async () => {
  shared.fake.on(
    'ListFindings',
    findings([packageFinding('CVE-2026-0002'), packageFinding('CVE-2026-0003')], 'two'),
    findings([], 'three'),
    findings([packageFinding('CVE-2026-0003'), packageFinding('CVE-2026-0001')]),
  );
  expect((await found()).map(({ id }) => id)).toEqual(['CVE-2026-0001', 'CVE-2026-0002', 'CVE-2026-0003']);
  expect(shared.fake.of('ListFindings').map(({ json: { nextToken } }) => nextToken)).toEqual([
    ...[undefined, 'two', 'three'],
  ]);
});

test('what is about another resource is not this image’s', async () => {
  const other = { resources: [{ type: 'AWS_EC2_INSTANCE', id: 'i-other' }] };
  expect(
    (await found(packageFinding('CVE-2026-0001', other), packageFinding('CVE-2026-0002'))).map(({ id }) => id),
  ).toEqual(['CVE-2026-0002']);
});

test('open ports and code findings are findings too, with keys of their own', async () => {
  const network = (begin: number, end: number, protocol = 'TCP') => ({
    type: 'NETWORK_REACHABILITY',
    title: 'Port range is reachable',
    findingArn: `arn:${begin}-${end}`,
    packageVulnerabilityDetails: undefined,
    networkReachabilityDetails: { openPortRange: { begin, end }, protocol, networkPath: { steps: [] } },
  });
  const code = {
    type: 'CODE_VULNERABILITY',
    title: 'CWE-798',
    findingArn: 'arn:code',
    packageVulnerabilityDetails: undefined,
    codeVulnerabilityDetails: { cwes: ['CWE-798'], detectorId: 'python/hardcoded', detectorName: 'n', filePath: {} },
  };
  const strange = {
    type: 'SOMETHING_NEW',
    title: 'New',
    findingArn: 'arn:new',
    packageVulnerabilityDetails: undefined,
  };
  const all = await found(
    packageFinding('x', network(22, 22)),
    packageFinding('x', network(8000, 8080)),
    packageFinding('x', code),
    packageFinding('x', strange),
  );
  expect(all.map(({ kind, key, id }) => [kind, key, id])).toEqual([
    ['check', 'check/New', 'New'],
    ['check', 'check/python/hardcoded', 'python/hardcoded'],
    ['network', 'network/TCP 22', 'TCP 22'],
    ['network', 'network/TCP 8000-8080', 'TCP 8000-8080'],
  ]);
});

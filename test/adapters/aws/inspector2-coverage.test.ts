import { ScanStatusReason } from '@aws-sdk/client-inspector2';
import { createInspector2 } from '../../../src/adapters/aws/inspector2/assessor';
import type { AssessmentLook } from '../../../src/adapters/ports';
import { json, jsonError } from './fake-aws';
import { agent, allIsWell, coverage, findings, INSTANCE, row, SCANNED, SETTINGS, subject } from './inspector2-given';
import { useFakeAws } from './setup';

const shared = useFakeAws();
beforeEach(() => allIsWell(shared.fake));

const look = (minutesAgo = 0): Promise<AssessmentLook> =>
  createInspector2({ clients: shared.clients, aws: shared.aws }).look(subject(minutesAgo), SETTINGS);

const progress = (text: string | RegExp) => ({
  kind: 'waiting',
  progress: typeof text === 'string' ? expect.stringContaining(text) : expect.stringMatching(text),
});
test('an instance that was scanned after its launch, without a finding, is clean', async () => {
  expect(await look()).toEqual({
    kind: 'done',
    assessment: {
      assessor: 'inspector2',
      status: 'complete',
      reason: '',
      warnings: [],
      scannedAt: SCANNED,
      findings: [],
    },
  });
  expect(shared.fake.of('ListCoverage')[0]?.json).toMatchObject({
    filterCriteria: {
      resourceId: [{ comparison: 'EQUALS', value: INSTANCE }],
      resourceType: [{ comparison: 'EQUALS', value: 'AWS_EC2_INSTANCE' }],
      scanType: [{ comparison: 'EQUALS', value: 'PACKAGE' }],
    },
  });
});

/** What each reason comes to beside a scan that is newer than the launch, at once and after the agent's time. */
const REASONS: Readonly<Record<ScanStatusReason, readonly [now: string, later: string]>> = {
  SUCCESSFUL: ['complete', 'complete'],
  DEEP_INSPECTION_COLLECTION_TIME_LIMIT_EXCEEDED: ['complete with a warning', 'complete with a warning'],
  DEEP_INSPECTION_PACKAGE_COLLECTION_LIMIT_EXCEEDED: ['complete with a warning', 'complete with a warning'],
  DEEP_INSPECTION_DAILY_SSM_INVENTORY_LIMIT_EXCEEDED: ['complete with a warning', 'complete with a warning'],
  DEEP_INSPECTION_NO_INVENTORY: ['waiting', 'complete with a warning'],
  PENDING_INITIAL_SCAN: ['waiting', 'waiting'],
  SCAN_IN_PROGRESS: ['waiting', 'waiting'],
  PENDING_REVIVAL_SCAN: ['waiting', 'waiting'],
  NO_INVENTORY: ['waiting', 'waiting'],
  INTERNAL_ERROR: ['waiting', 'waiting'],
  UNMANAGED_EC2_INSTANCE: ['waiting', 'unscannable'],
  RESOURCE_UNMANAGED: ['waiting', 'unscannable'],
  UNSUPPORTED_OS: ['unscannable', 'unscannable'],
  AGENTLESS_INSTANCE_STORAGE_LIMIT_EXCEEDED: ['unscannable', 'unscannable'],
  AGENTLESS_INSTANCE_COLLECTION_TIME_LIMIT_EXCEEDED: ['unscannable', 'unscannable'],
  EXCLUDED_BY_TAG: ['failed', 'failed'],
  ACCESS_DENIED: ['failed', 'failed'],
  ACCESS_DENIED_TO_ENCRYPTION_KEY: ['failed', 'failed'],
  EC2_INSTANCE_STOPPED: ['failed', 'failed'],
  RESOURCE_STOPPED: ['failed', 'failed'],
  RESOURCE_TERMINATED: ['failed', 'failed'],
  PENDING_DISABLE: ['failed', 'failed'],
  STALE_INVENTORY: ['failed', 'failed'],
  IMAGE_ARCHIVED: ['failed', 'failed'],
  IMAGE_SIZE_EXCEEDED: ['failed', 'failed'],
  INTEGRATION_CONNECTION_LOST: ['failed', 'failed'],
  NO_RESOURCES_FOUND: ['failed', 'failed'],
  NO_SCAN_CONFIGURATION_ASSOCIATED: ['failed', 'failed'],
  SCAN_ELIGIBILITY_EXPIRED: ['failed', 'failed'],
  SCAN_FREQUENCY_MANUAL: ['failed', 'failed'],
  SCAN_FREQUENCY_SCAN_ON_PUSH: ['failed', 'failed'],
  UNSUPPORTED_CODE_ARTIFACTS: ['failed', 'failed'],
  UNSUPPORTED_CONFIG_FILE: ['failed', 'failed'],
  UNSUPPORTED_LANGUAGE: ['failed', 'failed'],
  UNSUPPORTED_MEDIA_TYPE: ['failed', 'failed'],
  UNSUPPORTED_RUNTIME: ['failed', 'failed'],
};

test('every reason that the SDK knows is in the table', () => {
  expect(Object.keys(REASONS).sort()).toEqual(Object.keys(ScanStatusReason).sort());
});

const verdict = (result: AssessmentLook): string => {
  if (result.kind === 'waiting') return 'waiting';
  const { status, warnings } = result.assessment;
  return warnings.length > 0 ? `${status} with a warning` : status;
};

test.each(Object.entries(REASONS))('%s: %j', async (reason, [now, later]) => {
  shared.fake.on('ListCoverage', coverage([row(reason)]));
  if (reason.endsWith('UNMANAGED') || reason.startsWith('UNMANAGED'))
    shared.fake.on('DescribeInstanceInformation', agent());
  const atOnce = await look();
  expect(verdict(atOnce)).toBe(now);
  expect(verdict(await look(11))).toBe(later);
  // Whatever is not the plain success names its reason.
  if (reason !== 'SUCCESSFUL') expect(JSON.stringify(atOnce)).toContain(reason);
});

describe('it is no scan, and so is waited for,', () => {
  test.each<[string, readonly object[], string]>([
    ['when there is no row yet', [], 'not discovered'],
    ['when the reason is unknown', [row('SOMETHING_NEW')], 'SOMETHING_NEW'],
    ['when the reason has the name of something that every object has', [row('constructor')], 'constructor'],
    ['when the row has no status', [row(undefined)], 'no status'],
    ['when the scan is older than the launch', [row('SUCCESSFUL', { lastScannedAt: 1_700_000_000 })], 'older'],
    ['when no time of a scan is named', [row('SUCCESSFUL', { lastScannedAt: undefined })], 'no time'],
    [
      'when the row is not active',
      [row('SUCCESSFUL', { scanStatus: { statusCode: 'INACTIVE', reason: 'SUCCESSFUL' } })],
      'INACTIVE',
    ],
    ['when only the network was scanned', [row('SUCCESSFUL', { scanType: 'NETWORK' })], 'not discovered'],
    ['when another instance was scanned', [row('SUCCESSFUL', { resourceId: 'i-other' })], 'not discovered'],
    [
      'when deep inspection is late after an older scan',
      [row('DEEP_INSPECTION_NO_INVENTORY', { lastScannedAt: 1 })],
      'older',
    ],
  ])('%s', async (_name, rows, text) => {
    shared.fake.on('ListCoverage', coverage(rows));
    expect(await look(11)).toEqual(progress(text));
    expect(shared.fake.of('ListFindings')).toHaveLength(0);
  });
});

test('a network row that stays pending does not hold up the packages’ row, wherever the pages put it', async () => {
  const network = row('PENDING_INITIAL_SCAN', { scanType: 'NETWORK' });
  shared.fake.on(
    'ListCoverage',
    ...[1, 2].flatMap(() => [coverage([network], 'two'), coverage([], 'three'), coverage([row('SUCCESSFUL')])]),
  );
  expect(verdict(await look())).toBe('complete');
  expect(shared.fake.of('ListCoverage').map(({ json: { nextToken } }) => nextToken)).toEqual([
    ...[undefined, 'two', 'three'],
    ...[undefined, 'two', 'three'],
  ]);
});

test('a row that names neither instance nor kind of scan is of those that were asked for', async () => {
  const bare = row('SUCCESSFUL', { resourceId: undefined, scanType: undefined });
  shared.fake.on('ListCoverage', coverage([bare]));
  expect(verdict(await look())).toBe('complete');
});

test('of two ways to scan, the one that got further counts', async () => {
  const agentless = row('ACCESS_DENIED', { scanMode: 'EC2_AGENTLESS' });
  shared.fake.on('ListCoverage', coverage([agentless, row('PENDING_INITIAL_SCAN')]));
  expect(await look()).toEqual(progress('PENDING_INITIAL_SCAN'));
  shared.fake.on('ListCoverage', coverage([agentless, row('SUCCESSFUL')]));
  expect(verdict(await look())).toBe('complete');
  const newer = row('SUCCESSFUL', { scanMode: 'EC2_AGENTLESS', lastScannedAt: Date.parse(SCANNED) / 1000 + 60 });
  shared.fake.on('ListCoverage', coverage([row('SUCCESSFUL'), newer]));
  expect(await look()).toMatchObject({ assessment: { scannedAt: '2026-11-23T10:11:00.000Z' } });
});

test('a scan that ends or changes while findings are read makes the look void', async () => {
  for (const change of [
    row('SUCCESSFUL', { lastScannedAt: Date.parse(SCANNED) / 1000 + 1 }),
    row('SCAN_IN_PROGRESS'),
    row('RESOURCE_TERMINATED', { scanStatus: { statusCode: 'INACTIVE', reason: 'RESOURCE_TERMINATED' } }),
  ]) {
    shared.fake.on('ListCoverage', coverage([row('SUCCESSFUL')]), coverage([change]));
    expect(await look()).toEqual(progress('changed while'));
  }
  shared.fake.on('ListCoverage', coverage([row('SUCCESSFUL')]), coverage([]));
  expect(await look()).toEqual(progress('changed while'));
});

describe('an error of Inspector', () => {
  test.each([
    ['ThrottlingException', 429, 'TryAgain'],
    ['InternalServerException', 500, 'TryAgain'],
    ['ConflictException', 409, 'TryAgain'],
    ['AccessDeniedException', 403, 'Forbidden'],
    ['ValidationException', 400, 'Final'],
  ])('%s becomes %3$s wherever it comes', async (code, status, name) => {
    for (const operation of ['BatchGetAccountStatus', 'ListCoverage', 'ListFindings']) {
      allIsWell(shared.fake);
      shared.fake.on(operation, jsonError(code, status));
      await expect(look()).rejects.toMatchObject({ name, message: expect.stringContaining(`inspector2:${operation}`) });
    }
  });

  test('names the time to wait, which is kept', async () => {
    const throttled = jsonError('ThrottlingException', 429, 'm', {}, { 'retry-after': '42' });
    shared.fake.on('ListFindings', throttled);
    await expect(look()).rejects.toMatchObject({ retryAfterMs: 42_000 });
  });

  test('on a later page loses the look, not the findings', async () => {
    shared.fake.on('ListFindings', findings([], 'two'), jsonError('InternalServerException', 500));
    await expect(look()).rejects.toMatchObject({ name: 'TryAgain' });
  });

  test.each(['ListFindings', 'ListCoverage'])('an answer of %s without a list is no empty list', async (operation) => {
    shared.fake.on(operation, json({}));
    await expect(look()).rejects.toMatchObject({ name: 'TryAgain' });
  });
});

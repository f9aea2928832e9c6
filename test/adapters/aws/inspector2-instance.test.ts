import { createInspector2 } from '../../../src/adapters/aws/inspector2/assessor';
import type { AssessmentLook } from '../../../src/adapters/ports';
import { ec2Error, json, jsonError } from './fake-aws';
import {
  account,
  agent,
  allIsWell,
  coverage,
  instance,
  INSTANCE,
  row,
  scanMode,
  SETTINGS,
  subject,
} from './inspector2-given';
import { useFakeAws } from './setup';

const shared = useFakeAws();
beforeEach(() => allIsWell(shared.fake));

const look = (minutesAgo = 0): Promise<AssessmentLook> =>
  createInspector2({ clients: shared.clients, aws: shared.aws }).look(subject(minutesAgo), SETTINGS);

const progress = (text: string | RegExp) => ({
  kind: 'waiting',
  progress: typeof text === 'string' ? expect.stringContaining(text) : expect.stringMatching(text),
});
const ended = (status: string, reason: string | RegExp) => ({
  kind: 'done',
  assessment: {
    status,
    findings: [],
    scannedAt: null,
    reason: typeof reason === 'string' ? expect.stringContaining(reason) : expect.stringMatching(reason),
  },
});

describe('the account', () => {
  test.each(['DISABLED', 'DISABLING', 'SUSPENDED', 'SUSPENDING'])('fails the assessment when %s', async (status) => {
    shared.fake.on('BatchGetAccountStatus', account(status));
    expect(await look()).toMatchObject(ended('failed', new RegExp(`${status}.*enable it`)));
    expect(shared.fake.of('ListFindings')).toHaveLength(0);
  });

  test.each(['ENABLING', 'SOMETHING_NEW'])('is waited for when %s', async (status) => {
    shared.fake.on('BatchGetAccountStatus', account(status));
    expect(await look()).toEqual(progress(status));
  });

  test('says why it is not enabled, where Inspector says so', async () => {
    shared.fake.on(
      'BatchGetAccountStatus',
      account('SUSPENDED', { errorCode: 'SUSPEND_IN_PROGRESS', errorMessage: 'm' }),
    );
    expect(await look()).toMatchObject(ended('failed', 'SUSPEND_IN_PROGRESS: m'));
    const filler = { errorCode: 'ALREADY_ENABLED', errorMessage: '' };
    shared.fake.on('BatchGetAccountStatus', account('DISABLED', filler));
    expect(await look()).toMatchObject(ended('failed', /is DISABLED for EC2/));
  });

  test.each([
    ['ACCESS_DENIED', ended('failed', 'ACCESS_DENIED')],
    ['BLOCKED_BY_ORGANIZATION_POLICY', ended('failed', 'BLOCKED_BY_ORGANIZATION_POLICY')],
    ['ENABLE_IN_PROGRESS', progress('ENABLE_IN_PROGRESS')],
    ['SSM_THROTTLED', progress('SSM_THROTTLED')],
  ])('may have failed by itself: %s', async (errorCode, expected) => {
    shared.fake.on(
      'BatchGetAccountStatus',
      json({ accounts: [], failedAccounts: [{ accountId: '1', errorCode, errorMessage: 'm' }] }),
    );
    expect(await look()).toMatchObject(expected);
  });

  test('is not taken as enabled by an answer that says nothing', async () => {
    shared.fake.on('BatchGetAccountStatus', json({}));
    expect(await look()).toEqual(progress('UNKNOWN'));
  });
});

describe('the instance', () => {
  test.each(['stopped', 'stopping', 'shutting-down', 'terminated'])('fails the assessment when %s', async (state) => {
    shared.fake.on('DescribeInstances', instance({ state }));
    expect(await look()).toMatchObject(ended('failed', state));
  });

  test('is waited for while it is pending or not visible', async () => {
    shared.fake.on('DescribeInstances', instance({ state: 'pending' }));
    expect(await look()).toEqual(progress('pending'));
    shared.fake.on('DescribeInstances', ec2Error('InvalidInstanceID.NotFound'));
    expect(await look()).toEqual(progress('not visible'));
  });

  test('is of no use when it runs another image', async () => {
    shared.fake.on('DescribeInstances', instance({ image: 'ami-other' }));
    expect(await look()).toMatchObject(ended('failed', 'runs ami-other'));
  });
});

describe('the SSM agent', () => {
  beforeEach(() => shared.fake.on('ListCoverage', coverage([])));

  test('is given its time, then the image counts as unscannable, and what it needs is told', async () => {
    shared.fake.on('DescribeInstanceInformation', agent());
    expect(await look(9)).toEqual(progress('SSM agent has not reported'));
    expect(await look(11)).toMatchObject(ended('unscannable', /within 10 minutes.*AmazonSSMManagedInstanceCore/));
    expect(shared.fake.of('DescribeInstanceInformation')[0]?.json).toMatchObject({
      Filters: [{ Key: 'InstanceIds', Values: [INSTANCE] }],
    });
  });

  test('is found on a later page', async () => {
    const empty = json({ InstanceInformationList: [], NextToken: 'two' });
    shared.fake.on('DescribeInstanceInformation', empty, agent('Online'));
    expect(await look(11)).toEqual(progress('SSM agent is Online'));
  });

  test('that was there and is quiet is waited for, as long as Inspector counts on it', async () => {
    shared.fake.on('DescribeInstanceInformation', agent('ConnectionLost'));
    expect(await look(11)).toEqual(progress('ConnectionLost'));
    shared.fake.on('ListCoverage', coverage([row('UNMANAGED_EC2_INSTANCE')]));
    expect(await look(11)).toMatchObject(ended('unscannable', 'ConnectionLost'));
  });

  test('that is there is waited for even while Inspector does not see it', async () => {
    shared.fake.on('ListCoverage', coverage([row('UNMANAGED_EC2_INSTANCE')]));
    expect(await look(11)).toEqual(progress('UNMANAGED_EC2_INSTANCE'));
  });

  test('is not needed where Inspector also scans without one', async () => {
    shared.fake.on('DescribeInstanceInformation', agent());
    shared.fake.on('GetConfiguration', scanMode('EC2_HYBRID'));
    expect(await look(11)).toEqual(progress('without an agent'));
  });

  test('counts as needed where the scan mode may not be read, but not where that merely failed', async () => {
    shared.fake.on('DescribeInstanceInformation', agent());
    shared.fake.on('GetConfiguration', jsonError('AccessDeniedException', 403));
    expect(await look(11)).toMatchObject(ended('unscannable', 'has not reported'));
    shared.fake.on('GetConfiguration', jsonError('ThrottlingException', 429));
    await expect(look(11)).rejects.toMatchObject({ name: 'TryAgain' });
  });
});

import { createNotifier } from '../../../src/adapters/aws/notifier';
import type { Notification } from '../../../src/adapters/ports';
import { queryError, queryXml } from './fake-aws';
import { useFakeAws } from './setup';

const shared = useFakeAws();
const TOPIC = 'arn:aws:sns:eu-west-3:111122223333:golden';

const notify = async (change: Partial<Notification> = {}, topic = TOPIC): Promise<Readonly<Record<string, string>>> => {
  const notification = { subject: 'Approved', message: 'Read this', attributes: { status: 'SUCCEEDED' }, token: 't/1' };
  await createNotifier(shared.clients).notify(topic, { ...notification, ...change });
  return shared.fake.of('Publish').at(-1)?.form ?? {};
};

beforeEach(() => shared.fake.on('Publish', queryXml('Publish', '<MessageId>m-1</MessageId>')));

test('a notification goes to its topic, in the topic’s region', async () => {
  expect(await notify()).toMatchObject({
    TopicArn: TOPIC,
    Subject: 'Approved',
    Message: 'Read this',
    'MessageAttributes.entry.1.Name': 'status',
    'MessageAttributes.entry.1.Value.DataType': 'String',
    'MessageAttributes.entry.1.Value.StringValue': 'SUCCEEDED',
  });
  expect(shared.fake.asked[0]?.region).toBe('eu-west-3');
});

test.each([
  ['arn:aws-us-gov:sns:us-gov-west-1:111122223333:golden', 'us-gov-west-1'],
  ['arn:aws-cn:sns:cn-north-1:111122223333:golden', 'cn-north-1'],
])('other partitions are no exception: %s', async (topic, region) => {
  await notify({}, topic);
  expect(shared.fake.asked[0]).toMatchObject({ region, form: { TopicArn: topic } });
});

test.each([
  ['Größe: naïve\nline — 中', 'Gro?e: naive line ? ?'],
  ['  tabs\tand\u0007bells  ', 'tabs and bells'],
  ['', 'Assay'],
  ['\n\n', 'Assay'],
  ['x'.repeat(100), 'x'.repeat(100)],
  ['x'.repeat(101), `${'x'.repeat(97)}...`],
  ['😀'.repeat(200), `${'?'.repeat(97)}...`],
])('the subject %j becomes one short line of ASCII', async (subject, sent) => {
  expect((await notify({ subject }))['Subject']).toBe(sent);
});

test('an empty message is replaced by the subject, and attributes without a value are left out', async () => {
  const form = await notify({ message: ' ', attributes: { empty: '' } });
  expect(form['Message']).toBe('Approved');
  expect(Object.keys(form).filter((name) => name.startsWith('MessageAttributes'))).toEqual([]);
});

test('a message that is too large is cut between characters, with room for its attributes', async () => {
  const attributes = { reason: 'r'.repeat(1000) };
  for (const message of ['é'.repeat(200_000), `x${'é'.repeat(200_000)}`, '😀'.repeat(70_000)]) {
    const sent = (await notify({ message, attributes }))['Message'] ?? '';
    const size = Buffer.byteLength(sent) + Buffer.byteLength(`reasonString${attributes.reason}`);
    expect(size).toBeLessThanOrEqual(262_144);
    expect(size).toBeGreaterThan(262_144 - 8);
    expect(sent).toMatch(/… \(cut\)$/);
    expect(sent).not.toContain('\uFFFD');
  }
});

test('a plain topic gets no ids that only FIFO topics know', async () => {
  const form = await notify();
  expect(form).not.toHaveProperty('MessageGroupId');
  expect(form).not.toHaveProperty('MessageDeduplicationId');
});

test('a FIFO topic gets a group, and an id that is the same for the same token only', async () => {
  const first = await notify({}, `${TOPIC}.fifo`);
  const again = await notify({ message: 'other words' }, `${TOPIC}.fifo`);
  const other = await notify({ token: 't/2 ü' }, `${TOPIC}.fifo`);
  expect(first['MessageGroupId']).toBe('assay');
  expect(first['MessageDeduplicationId']).toMatch(/^[0-9a-f]{64}$/);
  expect(again['MessageDeduplicationId']).toBe(first['MessageDeduplicationId']);
  expect(other['MessageDeduplicationId']).not.toBe(first['MessageDeduplicationId']);
});

test.each(['', 'golden', 'arn:aws:sqs:us-east-1:111122223333:golden', 'arn:aws:sns:us-east-1:1:golden'])(
  'what is no ARN of a topic is refused without a request: %j',
  async (topic) => {
    await expect(notify({}, topic)).rejects.toMatchObject({ name: 'BadInput' });
    expect(shared.fake.asked).toHaveLength(0);
  },
);

test.each([
  ['NotFound', 404, 'Final'],
  ['InvalidParameter', 400, 'Final'],
  ['KMSDisabled', 400, 'Final'],
  ['AuthorizationError', 403, 'Forbidden'],
  ['KMSAccessDenied', 400, 'Forbidden'],
  ['Throttled', 429, 'TryAgain'],
  ['InternalError', 500, 'TryAgain'],
])('%s of SNS (HTTP %d) becomes %s', async (code, status, name) => {
  shared.fake.on('Publish', queryError(code, status));
  await expect(notify()).rejects.toMatchObject({ name, message: expect.stringContaining('sns:Publish in eu-west-3') });
});

import { DescribeKeyCommand } from '@aws-sdk/client-kms';
import { CreateTopicCommand, paginateListTopics, PublishCommand, type PublishCommandInput } from '@aws-sdk/client-sns';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { startSimulator } from '../../src/simulator';
import { CENTOS, UBUNTU_24 } from '../../src/simulator/data/cves';
import { errorName, openWorld } from './world';

test('STS names the account', async () => {
  const { sts } = await openWorld({ account: '999988887777' });
  expect((await sts.send(new GetCallerIdentityCommand({}))).Account).toBe('999988887777');
});

test('KMS describes keys, and does not know those that are said to be missing', async () => {
  const { kms } = await openWorld();
  const ask = (KeyId: string) => kms.send(new DescribeKeyCommand({ KeyId }));
  expect((await ask('alias/golden')).KeyMetadata).toMatchObject({ KeyState: 'Enabled', KeyManager: 'CUSTOMER' });
  expect((await ask('alias/aws/ebs')).KeyMetadata?.KeyManager).toBe('AWS');
  expect(await errorName(ask('alias/missing'))).toBe('NotFoundException');
});

describe('SNS', () => {
  test('keeps what is published, with its attributes', async () => {
    const { sns, simulator } = await openWorld();
    const { arn } = simulator.seed.topic({ name: 'golden' });
    const MessageAttributes = { verdict: { DataType: 'String', StringValue: 'deny' } };
    const sent = await sns.send(
      new PublishCommand({ TopicArn: arn, Subject: 'golden', Message: 'hello', MessageAttributes }),
    );
    expect(simulator.state().messages).toEqual([
      expect.objectContaining({
        id: sent.MessageId,
        subject: 'golden',
        message: 'hello',
        attributes: { verdict: 'deny' },
      }),
    ]);
  });

  test('a FIFO topic takes one of two with the same deduplication id', async () => {
    const { sns, simulator } = await openWorld();
    const { TopicArn } = await sns.send(
      new CreateTopicCommand({ Name: 'golden.fifo', Attributes: { FifoTopic: 'true' } }),
    );
    const input = { TopicArn, Message: 'm', MessageGroupId: 'g', MessageDeduplicationId: 'd' };
    const first = await sns.send(new PublishCommand(input));
    expect(await sns.send(new PublishCommand(input))).toMatchObject({ MessageId: first.MessageId });
    await sns.send(new PublishCommand({ ...input, MessageDeduplicationId: 'e' }));
    expect(simulator.state().messages).toHaveLength(2);
  });

  test.each<[string, Partial<PublishCommandInput>, string]>([
    ['a topic that there is not', { TopicArn: 'arn:aws:sns:us-east-1:111122223333:none' }, 'NotFoundException'],
    ['a subject with a line break', { Subject: 'a\nb' }, 'InvalidParameterException'],
    ['a deduplication id on a standard topic', { MessageDeduplicationId: 'd' }, 'InvalidParameterException'],
  ])('refuses %s', async (_what, more, code) => {
    const { sns, simulator } = await openWorld();
    const { arn } = simulator.seed.topic({ name: 'golden' });
    expect(await errorName(sns.send(new PublishCommand({ TopicArn: arn, Message: 'm', ...more })))).toBe(code);
    expect(simulator.state().messages).toEqual([]);
  });

  test('topics come in pages', async () => {
    const { sns, simulator } = await openWorld({ pageSize: 2 });
    for (const name of ['a', 'b', 'c']) simulator.seed.topic({ name });
    const sizes: number[] = [];
    for await (const { Topics = [] } of paginateListTopics({ client: sns }, {})) sizes.push(Topics.length);
    expect(sizes).toEqual([2, 1]);
  });
});

test('the data set holds about sixty different vulnerabilities, well formed', () => {
  const all = [...UBUNTU_24, ...CENTOS];
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  expect(all.length).toBeGreaterThanOrEqual(60);
  for (const { id, score, epss, severity, installed, fixed } of all) {
    expect(id).toMatch(/^CVE-20\d\d-\d{4,}$/);
    expect(epss).toBeGreaterThan(0);
    expect(epss).toBeLessThan(1);
    // CVSS 3.1, qualitative severity rating scale.
    const [least, most] = { CRITICAL: [9, 10], HIGH: [7, 8.9], MEDIUM: [4, 6.9], LOW: [0.1, 3.9] }[
      severity as 'LOW'
    ] as [number, number];
    expect([id, score >= least && score <= most]).toEqual([id, true]);
    expect(fixed).not.toBe(installed);
  }
});

test('the same seed gives the same ids', async () => {
  const ids = async (seed: number): Promise<string> => {
    const simulator = await startSimulator({ seed });
    const { id } = simulator.seed.image();
    await simulator.stop();
    return id;
  };
  expect(await ids(7)).toBe(await ids(7));
  expect(await ids(8)).not.toBe(await ids(7));
});

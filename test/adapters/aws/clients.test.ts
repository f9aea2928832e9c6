import { createAws } from '../../../src/adapters/aws/aws';
import { createAwsClients } from '../../../src/adapters/aws/clients';
import { TryAgain } from '../../../src/domain/errors';
import { ec2Error, json, jsonError, queryError, queryXml, xml } from './fake-aws';
import { ENVIRONMENT, useFakeAws } from './setup';

const shared = useFakeAws();

describe('the account', () => {
  const identity = queryXml(
    'GetCallerIdentity',
    '<Arn>arn:aws:iam::111122223333:role/assay</Arn><UserId>AIDA</UserId><Account>111122223333</Account>',
  );

  test('is asked once, by however many ask at once', async () => {
    const aws = createAws(shared.clients);
    shared.fake.on('GetCallerIdentity', identity);
    expect(await Promise.all([aws.account(), aws.account()])).toEqual(['111122223333', '111122223333']);
    expect(await aws.account()).toBe('111122223333');
    expect(shared.fake.asked).toHaveLength(1);
  });

  test('is asked again after a failure', async () => {
    const aws = createAws(shared.clients);
    shared.fake.on('GetCallerIdentity', queryError('Throttling'), identity);
    await expect(aws.account()).rejects.toBeInstanceOf(TryAgain);
    expect(await aws.account()).toBe('111122223333');
  });

  test('cannot be asked without a region, which is said', async () => {
    process.env['AWS_CONFIG_FILE'] = '/nowhere';
    const clients = createAwsClients({ endpoint: shared.fake.url });
    await expect(createAws(clients).account()).rejects.toMatchObject({
      name: 'Final',
      message: expect.stringContaining('AWS_REGION'),
    });
    clients.destroy();
  });
});

describe('the clients', () => {
  const page = xml('DescribeImages', '<imagesSet></imagesSet>');

  test('are one for each region, and their connections are kept', async () => {
    expect(shared.clients.in('eu-west-1')).toBe(shared.clients.in('eu-west-1'));
    expect(shared.clients.in('eu-west-1')).not.toBe(shared.clients.in('eu-west-2'));
    expect(shared.aws.region('eu-west-1')).toBe(shared.aws.region('eu-west-1'));
    shared.fake.on('DescribeImages', page);
    await shared.aws.region('eu-west-1').images.ofRun('a');
    await shared.aws.region('eu-west-1').images.ofRun('b');
    const ports = shared.fake.asked.map(({ port }) => port);
    expect(ports[0]).toBe(ports[1]);
  });

  test('say who they are', async () => {
    shared.fake.on('DescribeImages', page);
    await shared.aws.region('eu-west-1').images.ofRun('a');
    expect(shared.fake.asked[0]?.userAgent).toMatch(/\bassay\b/);
  });

  test('try a throttled call once more by themselves', async () => {
    shared.fake.on('DescribeImages', ec2Error('RequestLimitExceeded', 503), page);
    const aws = createAws(shared.connect({ maxAttempts: 2 }));
    expect(await aws.region('us-east-1').images.ofRun('a')).toEqual([]);
    expect(shared.fake.asked).toHaveLength(2);
  });

  test('share one source of credentials over all services and regions', async () => {
    delete process.env['AWS_ACCESS_KEY_ID'];
    process.env['AWS_CONTAINER_CREDENTIALS_FULL_URI'] = `${shared.fake.url}/credentials`;
    shared.fake.on(
      '/credentials',
      json({ AccessKeyId: 'AKIA1', SecretAccessKey: 's', Token: 't', Expiration: '2099-01-01T00:00:00Z' }),
    );
    shared.fake.on('DescribeImages', page);
    shared.fake.on('GetParameter', jsonError('ParameterNotFound'));
    try {
      const aws = createAws(shared.connect());
      for (const region of ['us-east-1', 'eu-west-1']) {
        await aws.region(region).images.ofRun('a');
        await aws.region(region).parameters.read('/a');
      }
    } finally {
      delete process.env['AWS_CONTAINER_CREDENTIALS_FULL_URI'];
      process.env['AWS_ACCESS_KEY_ID'] = ENVIRONMENT.AWS_ACCESS_KEY_ID;
    }
    expect(shared.fake.asked.map(({ operation }) => operation)).toEqual([
      '/credentials',
      ...['DescribeImages', 'GetParameter', 'DescribeImages', 'GetParameter'],
    ]);
  });

  test('take the endpoints of the SDK’s environment where none is given', async () => {
    process.env['AWS_ENDPOINT_URL'] = shared.fake.url;
    const clients = createAwsClients({ region: 'us-east-1', maxAttempts: 1 });
    shared.fake.on('GetParameter', json({ Parameter: { Value: 'ami-1', Version: 1 } }));
    expect(await createAws(clients).region('us-east-1').parameters.read('/a')).toEqual({ value: 'ami-1', version: 1 });
    clients.destroy();
    delete process.env['AWS_ENDPOINT_URL'];
  });
});

import { createServer } from 'node:net';
import { inspect } from 'node:util';
import { createAws } from '../../../src/adapters/aws/aws';
import { call } from '../../../src/adapters/aws/failures';
import { TryAgain } from '../../../src/domain/errors';
import { freePort } from '../../setup/helpers';
import { ec2Error, jsonError, type Answer } from './fake-aws';
import { ENVIRONMENT, useFakeAws } from './setup';

const shared = useFakeAws();

/** What a look at an image throws. */
const failure = async (aws = shared.aws): Promise<Error> =>
  aws
    .region('us-east-1')
    .images.describe('ami-1')
    .then(
      () => new Error('it did not fail'),
      (error: Error) => error,
    );

const failureOn = async (answer: Answer): Promise<Error> => {
  shared.fake.on('DescribeImages', answer);
  return failure();
};

test.each([
  ...['RequestLimitExceeded', 'Throttling', 'EC2ThrottledException', 'ThrottlingException', 'SlowDown'],
  ...['ExpiredToken', 'ExpiredTokenException', 'RequestExpired', 'RequestTimeTooSkewed'],
  ...['ServiceUnavailable', 'InternalError', 'Unavailable', 'InternalFailure', 'RequestTimeout'],
  ...['IncorrectState', 'ConflictException', 'IDPCommunicationError'],
])('%s is tried again, even as a 4xx', async (code) => {
  expect(await failureOn(ec2Error(code))).toMatchObject({ name: 'TryAgain', message: expect.stringContaining(code) });
});

test.each([500, 502, 503, 504, 429, 408])('an unknown code with HTTP %d is tried again', async (status) => {
  expect(await failureOn(ec2Error('SomethingNew', status))).toMatchObject({ name: 'TryAgain' });
});

test.each([
  ...['UnauthorizedOperation', 'AccessDenied', 'AccessDeniedException'],
  ...['AuthFailure', 'InvalidClientTokenId', 'UnrecognizedClientException', 'SignatureDoesNotMatch'],
  ...['OptInRequired', 'MissingAuthenticationToken', 'Blocked'],
])('%s is forbidden, whatever its HTTP status', async (code) => {
  expect(await failureOn(ec2Error(code, 403))).toMatchObject({ name: 'Forbidden' });
  expect(await failureOn(ec2Error(code, 400))).toMatchObject({ name: 'Forbidden' });
});

test('an unknown code with HTTP 403 is forbidden', async () => {
  expect(await failureOn(ec2Error('SomethingNew', 403))).toMatchObject({ name: 'Forbidden' });
});

test.each([
  'InvalidAMIID.Malformed',
  'InvalidParameterValue',
  'TagLimitExceeded',
  'SomethingNew',
  'UnsupportedOperation',
])('%s is final and named', async (code) => {
  expect(await failureOn(ec2Error(code))).toMatchObject({
    name: 'Final',
    message: `ec2:DescribeImages in us-east-1: ${code}: about ${code}`,
  });
});

test('a missing right is told with the action to grant, without the encoded authorization message', async () => {
  const message =
    'You are not authorized to perform this operation. User: arn:aws:sts::111122223333:assumed-role/assay/worker is not ' +
    'authorized to perform: ec2:DescribeImages. Encoded authorization failure message: 4qFvT2mB-x_secretsecret';
  expect((await failureOn(ec2Error('UnauthorizedOperation', 403, message))).message).toBe(
    'ec2:DescribeImages in us-east-1: UnauthorizedOperation: You are not authorized to perform this operation. User: ' +
      'arn:aws:sts::111122223333:assumed-role/assay/worker is not authorized to perform: ec2:DescribeImages.; ' +
      "grant ec2:DescribeImages to Assay's role",
  );
});

test('no key, token or signed request is ever part of an error', async () => {
  const secrets = ['AKIAIOSFODNN7EXAMPLE', 'ASIAY34FZKBOKMUTVV7A', 'IQoJb3JpZ2luX2VjEJr'.repeat(5)];
  const message = `The canonical string should have been: host:x ${secrets.join(' x-amz-security-token:')}`;
  for (const code of [
    'SignatureDoesNotMatch',
    'UnauthorizedOperation',
    'InvalidParameterValue',
    'RequestLimitExceeded',
  ]) {
    const error = await failureOn(ec2Error(code, 403, message));
    const everything = `${error.message} ${inspect(error, { depth: 8, showHidden: true })}`;
    for (const secret of [...secrets, ENVIRONMENT.AWS_SECRET_ACCESS_KEY]) expect(everything).not.toContain(secret);
    expect(error.cause).toBeUndefined();
  }
  const error = await failureOn(ec2Error('SignatureDoesNotMatch', 403, message));
  expect(error.message).not.toContain('canonical');
});

test('a signature whose time is off is tried again, since the SDK learns the time from the answer', async () => {
  for (const message of ['Signature expired: 2026 is now earlier than 2026', 'Signature not yet current: 2026'])
    expect(await failureOn(ec2Error('SignatureDoesNotMatch', 403, message))).toMatchObject({ name: 'TryAgain' });
});

test('long messages are cut', async () => {
  expect((await failureOn(ec2Error('InvalidParameterValue', 400, 'word '.repeat(500)))).message.length).toBeLessThan(
    500,
  );
});

describe('the time that AWS asks to wait is kept', () => {
  const retryAfter = async (answer: Answer): Promise<number | undefined> =>
    ((await failureOn(answer)) as TryAgain).retryAfterMs;

  test('in seconds, as a date, or not at all', async () => {
    expect(await retryAfter(ec2Error('RequestLimitExceeded', 503, '', { 'retry-after': '7' }))).toBe(7000);
    const date = new Date(Date.now() + 30_000).toUTCString();
    const ms = await retryAfter(ec2Error('RequestLimitExceeded', 503, '', { 'retry-after': date }));
    expect(ms).toBeGreaterThan(25_000);
    expect(ms).toBeLessThanOrEqual(30_000);
    expect(await retryAfter(ec2Error('RequestLimitExceeded', 503))).toBeUndefined();
    expect(await retryAfter(ec2Error('RequestLimitExceeded', 503, '', { 'retry-after': 'soon' }))).toBeUndefined();
    expect(await retryAfter(ec2Error('RequestLimitExceeded', 503, '', { 'retry-after': '0' }))).toBeUndefined();
  });

  test('but never for hours', async () => {
    expect(await retryAfter(ec2Error('RequestLimitExceeded', 503, '', { 'retry-after': '86400' }))).toBe(300_000);
  });
});

describe('on the way to AWS', () => {
  const at = (endpoint: string, more = {}) => createAws(shared.connect({ endpoint, ...more }));

  test('a refused connection is tried again', async () => {
    const error = await failure(at(`http://127.0.0.1:${await freePort()}`));
    expect(error).toMatchObject({
      name: 'TryAgain',
      message: expect.stringMatching(/cannot be reached.*ECONNREFUSED/),
    });
  });

  test('a name that does not resolve is tried again', async () => {
    expect(await failure(at('http://nowhere.invalid'))).toMatchObject({
      name: 'TryAgain',
      message: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/),
    });
  });

  test('a connection that breaks before the answer is tried again', async () => {
    shared.fake.on('DescribeImages', (_asked, response) => void response.socket?.destroy());
    expect(await failure()).toMatchObject({ name: 'TryAgain', message: expect.stringContaining('cannot be reached') });
  });

  test('an answer that never comes is given up and tried again', async () => {
    shared.fake.on('DescribeImages', () => undefined);
    expect(await failure(at(shared.fake.url, { requestTimeoutMs: 100 }))).toMatchObject({ name: 'TryAgain' });
  });

  test('an answer that stops in its middle is given up and tried again', async () => {
    shared.fake.on('DescribeImages', (_asked, response) => {
      response.writeHead(200, { 'content-type': 'text/xml', 'content-length': '1000' }).write('<DescribeImages');
      return undefined;
    });
    expect(await failure(at(shared.fake.url, { requestTimeoutMs: 100 }))).toMatchObject({ name: 'TryAgain' });
  });

  test('an answer that breaks off in its middle is tried again', async () => {
    shared.fake.on('DescribeImages', (_asked, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('<DescribeImages', () => response.socket?.destroy());
      return undefined;
    });
    expect(await failure()).toMatchObject({ name: 'TryAgain' });
  });

  test('TLS that is none is tried again', async () => {
    const server = createServer((socket) => void socket.on('error', () => undefined).end('HTTP/1.1 400 Bad\r\n\r\n'));
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
    const error = await failure(at(`https://127.0.0.1:${port}`));
    server.close();
    expect(error).toMatchObject({ name: 'TryAgain', message: expect.stringContaining('cannot be reached') });
  });

  test.each([
    [200, 'TryAgain'],
    [502, 'TryAgain'],
    [404, 'Final'],
    [403, 'Forbidden'],
  ])('a page of a proxy with HTTP %d becomes %s, without its text', async (status, name) => {
    const error = await failureOn({ status, headers: { 'content-type': 'text/html' }, body: '<html><p>proxy secret' });
    expect(error).toMatchObject({ name, message: expect.not.stringContaining('secret') });
  });

  test.each([
    [200, 'TryAgain'],
    [503, 'TryAgain'],
    [404, 'Final'],
  ])('an empty answer with HTTP %d becomes %s: it does not say that nothing is there', async (status, name) => {
    const empty = { status, body: '' };
    const said = status === 200 ? 'without the list' : `HTTP ${status} with a body that is no answer of AWS`;
    expect(await failureOn(empty)).toMatchObject({ name, message: expect.stringContaining(said) });
    const { images, instances, groups, parameters } = shared.aws.region('us-east-1');
    for (const operation of ['DescribeInstances', 'DescribeVolumes', 'DescribeSnapshots', 'DescribeAutoScalingGroups'])
      shared.fake.on(operation, empty);
    for (const operation of ['DeregisterImage', 'GetParameter']) shared.fake.on(operation, empty);
    await expect(images.ofRun('r1')).rejects.toMatchObject({ name });
    await expect(images.existingSnapshots(['snap-1'])).rejects.toMatchObject({ name });
    await expect(images.snapshotsOfRun('r1')).rejects.toMatchObject({ name });
    await expect(instances.ofRun('r1')).rejects.toMatchObject({ name });
    await expect(instances.existingVolumes(['vol-1'])).rejects.toMatchObject({ name });
    await expect(groups.describe('app-v000')).rejects.toMatchObject({ name });
    await expect(parameters.read('/a')).rejects.toMatchObject({ name });
    if (status !== 200) await expect(images.deregister('ami-1')).rejects.toMatchObject({ name });
  });

  test.each([
    [200, 'TryAgain'],
    [404, 'Final'],
  ])('a page in place of JSON with HTTP %d becomes %s', async (status, name) => {
    shared.fake.on('GetParameter', { status, headers: { 'content-type': 'text/html' }, body: '<html>secret</html>' });
    const failed = shared.aws.region('us-east-1').parameters.read('/a');
    await expect(failed).rejects.toMatchObject({ name, message: expect.not.stringContaining('secret') });
  });

  test('missing credentials are tried again and told', async () => {
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = process.env;
    delete process.env['AWS_ACCESS_KEY_ID'];
    Object.assign(process.env, { AWS_EC2_METADATA_DISABLED: 'true', HOME: '/nowhere' });
    try {
      expect(await failure(at(shared.fake.url))).toMatchObject({
        name: 'TryAgain',
        message: expect.stringContaining('no AWS credentials could be read'),
      });
      expect(shared.fake.asked).toHaveLength(0);
    } finally {
      Object.assign(process.env, { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY });
      delete process.env['AWS_EC2_METADATA_DISABLED'];
    }
  });
});

test.each([
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'CERT_HAS_EXPIRED',
  'EPROTO',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])('a failure of the way with code %s is tried again', async (code) => {
  const of = { service: 'ec2', operation: 'DescribeImages', region: 'us-east-1' } as const;
  const broken = (): Promise<never> =>
    Promise.reject(Object.assign(new Error('it broke'), { code, $metadata: { attempts: 2 } }));
  await expect(call(of, broken)).rejects.toThrow(
    new TryAgain(`ec2:DescribeImages in us-east-1: AWS cannot be reached: ${code} it broke`),
  );
});

test('a bug stays a bug', async () => {
  const of = { service: 'ec2', operation: 'DescribeImages', region: 'us-east-1' } as const;
  const bug = Object.assign(new TypeError('x is not a function'), { $metadata: { attempts: 1 } });
  await expect(call(of, () => Promise.reject(bug))).rejects.toBe(bug);
  const invalid = Object.assign(new TypeError('bad argument'), { code: 'ERR_INVALID_ARG_TYPE' });
  await expect(call(of, () => Promise.reject(invalid))).rejects.toBe(invalid);
  const { images } = shared.aws.region('us-east-1');
  await expect(images.tag('ami-1', null as unknown as Record<string, string>)).rejects.toBeInstanceOf(TypeError);
});

test('an error of SSM names its service and its action', async () => {
  shared.fake.on('PutParameter', jsonError('AccessDeniedException', 400, 'User: x is not authorized'));
  await expect(shared.aws.region('eu-west-1').parameters.write('/a', 'ami-1', '')).rejects.toThrow(
    "ssm:PutParameter in eu-west-1: AccessDeniedException: User: x is not authorized; grant ssm:PutParameter to Assay's role",
  );
});

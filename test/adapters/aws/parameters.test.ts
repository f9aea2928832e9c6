import { Final, NotFound, TryAgain } from '../../../src/domain/errors';
import { json, jsonError } from './fake-aws';
import { useFakeAws } from './setup';

const shared = useFakeAws();
const parameters = () => shared.aws.region('us-east-1').parameters;
const NAME = '/golden-ami/ubuntu/latest';

const value = (Value: string, Version: number) =>
  json({ Parameter: { Name: NAME, Type: 'String', Value, Version, DataType: 'aws:ec2:image' } });

test('a parameter is read by its name, or by its name and a label', async () => {
  shared.fake.on('GetParameter', value('ami-2', 7), value('ami-1', 6));
  expect(await parameters().read(NAME)).toEqual({ value: 'ami-2', version: 7 });
  expect(await parameters().read(NAME, 'approved')).toEqual({ value: 'ami-1', version: 6 });
  expect(shared.fake.asked.map(({ json: { Name } }) => Name)).toEqual([NAME, `${NAME}:approved`]);
});

test.each(['ParameterNotFound', 'ParameterVersionNotFound'])('a read is undefined on %s', async (code) => {
  shared.fake.on('GetParameter', jsonError(code));
  expect(await parameters().read(NAME, 'approved')).toBeUndefined();
});

test('a read fails otherwise', async () => {
  shared.fake.on('GetParameter', jsonError('AccessDeniedException'));
  await expect(parameters().read(NAME)).rejects.toThrow('grant ssm:GetParameter');
  shared.fake.on('GetParameter', json({}));
  await expect(parameters().read(NAME)).rejects.toBeInstanceOf(TryAgain);
});

test('a write makes a new version of an image parameter', async () => {
  shared.fake.on('PutParameter', json({ Version: 8, Tier: 'Standard' }));
  expect(await parameters().write(NAME, 'ami-3', 'd'.repeat(2000))).toEqual({ version: 8 });
  expect(shared.fake.asked[0]?.json).toEqual({
    Name: NAME,
    Value: 'ami-3',
    Type: 'String',
    DataType: 'aws:ec2:image',
    Overwrite: true,
    Description: 'd'.repeat(1024),
  });
});

test.each([
  ['TooManyUpdates', 'there are concurrent updates'],
  ['ValidationException', 'Validation of the previous value is in progress'],
])('a write is tried again on %s: %s', async (code, message) => {
  shared.fake.on('PutParameter', jsonError(code, 400, message));
  await expect(parameters().write(NAME, 'ami-3', '')).rejects.toBeInstanceOf(TryAgain);
});

test.each(['ValidationException', 'HierarchyTypeMismatchException', 'ParameterLimitExceeded'])(
  'a write fails for good on %s',
  async (code) => {
    shared.fake.on('PutParameter', jsonError(code));
    await expect(parameters().write(NAME, 'ami-3', '')).rejects.toBeInstanceOf(Final);
  },
);

test('labels move to a version', async () => {
  shared.fake.on('LabelParameterVersion', json({ InvalidLabels: [], ParameterVersion: 8 }));
  await parameters().label(NAME, 8, ['approved']);
  expect(shared.fake.asked[0]?.json).toEqual({ Name: NAME, ParameterVersion: 8, Labels: ['approved'] });
});

test('a label that SSM says yes to and leaves out is an error', async () => {
  shared.fake.on('LabelParameterVersion', json({ InvalidLabels: ['aws-approved'], ParameterVersion: 8 }));
  await expect(parameters().label(NAME, 8, ['ok', 'aws-approved'])).rejects.toThrow(
    new Final('ssm:LabelParameterVersion in us-east-1: /golden-ami/ubuntu/latest cannot be labelled aws-approved'),
  );
});

test('a label cannot go to a version that is not there', async () => {
  shared.fake.on('LabelParameterVersion', jsonError('ParameterVersionNotFound'));
  await expect(parameters().label(NAME, 9, ['approved'])).rejects.toBeInstanceOf(NotFound);
});

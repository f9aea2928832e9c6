/** KMS, a minimum: keys can be described. */
import { record, text } from '../http';
import { AwsError } from './fault';
import type { JsonOperation } from './json-operation';

/** Any key id, alias or ARN is a key of ours, but those whose name holds `missing`; `alias/aws/…` are AWS's own. */
const describeKey: JsonOperation = (world, input, region) => {
  const asked = text(record(input).KeyId) ?? '';
  if (asked === '') throw new AwsError('ValidationException', 'KeyId must not be null');
  if (asked.includes('missing')) throw new AwsError('NotFoundException', `Key '${asked}' does not exist`);
  const id = /([0-9a-f]{8}-[0-9a-f-]{27})$/.exec(asked)?.[1] ?? '1234abcd-12ab-34cd-56ef-1234567890ab';
  return {
    KeyMetadata: {
      AWSAccountId: world.account,
      KeyId: id,
      Arn: `arn:aws:kms:${region}:${world.account}:key/${id}`,
      CreationDate: 1_700_000_000,
      Enabled: true,
      Description: '',
      KeyUsage: 'ENCRYPT_DECRYPT',
      KeyState: 'Enabled',
      Origin: 'AWS_KMS',
      KeyManager: asked.includes('alias/aws/') ? 'AWS' : 'CUSTOMER',
      KeySpec: 'SYMMETRIC_DEFAULT',
      MultiRegion: false,
    },
  };
};

export const KMS: Readonly<Record<string, JsonOperation>> = { DescribeKey: describeKey };

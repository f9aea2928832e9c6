import {
  GetParameterCommand,
  LabelParameterVersionCommand,
  PutParameterCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import { Final, TryAgain } from '../../domain/errors';
import type { Parameters } from '../ports';
import { call, find, type Call } from './failures';

/** Most characters of a description (SSM API reference, PutParameter). */
const LONGEST_DESCRIPTION = 1024;

/** SSM parameters in one region. */
export function createParameters({
  client,
  region,
}: {
  readonly client: SSMClient;
  readonly region: string;
}): Parameters {
  const to = (operation: string): Call => ({ service: 'ssm', operation, region });
  return {
    async read(name, label) {
      const selector = label === undefined ? name : `${name}:${label}`;
      const answer = await find(to('GetParameter'), () => client.send(new GetParameterCommand({ Name: selector })));
      if (!answer) return undefined;
      const { Value: value, Version: version } = answer.Parameter ?? {};
      if (value === undefined || version === undefined)
        throw new TryAgain(`ssm:GetParameter in ${region}: the answer for ${selector} has no value or no version`);
      return { value, version };
    },

    async write(name, amiId, description) {
      const command = new PutParameterCommand({
        Name: name,
        Value: amiId,
        Type: 'String',
        DataType: 'aws:ec2:image',
        Overwrite: true,
        Description: description.slice(0, LONGEST_DESCRIPTION),
      });
      const { Version: version } = await call(to('PutParameter'), () => client.send(command));
      if (version === undefined) throw new TryAgain(`ssm:PutParameter in ${region}: the answer names no version`);
      return { version };
    },

    async label(name, version, labels) {
      const command = new LabelParameterVersionCommand({ Name: name, ParameterVersion: version, Labels: [...labels] });
      const { InvalidLabels } = await call(to('LabelParameterVersion'), () => client.send(command));
      // SSM says yes and leaves out the labels it does not like.
      if (InvalidLabels && InvalidLabels.length > 0)
        throw new Final(
          `ssm:LabelParameterVersion in ${region}: ${name} cannot be labelled ${InvalidLabels.join(', ')}`,
        );
    },
  };
}

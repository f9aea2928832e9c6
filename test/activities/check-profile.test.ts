import { MockActivityEnvironment } from '@temporalio/testing';
import { createActivities, type Deps } from '../../src/activities';
import type { InstanceProfile } from '../../src/adapters/ports';
import { Final, Forbidden, TryAgain } from '../../src/domain/errors';

const check = (look: () => Promise<InstanceProfile | undefined>): Promise<unknown> => {
  const line = { name: 'golden', region: 'us-east-1', deploy: { kind: 'ec2', instanceProfile: 'golden-test' } };
  const { checkProfile } = createActivities({
    documents: { load: async () => ({ run: 'r', settings: { line } }) },
    aws: { region: () => ({ instanceProfile: look }) },
  } as unknown as Deps);
  return new MockActivityEnvironment().run(() => checkProfile({ run: 'r', settingsRef: 'sha256:s' }));
};
const fails = (error: Error) => (): Promise<never> => Promise.reject(error);

test.each([
  ['that is there passes', async () => ({ name: 'golden-test', arn: 'arn:x', roles: ['r'] })],
  ['that may not be looked at passes: EC2 itself knows', fails(new Forbidden('AccessDenied'))],
  ['that cannot be looked at passes: EC2 itself knows', fails(new Final('InvalidAction'))],
])('a profile %s', async (_what, look) => expect(await check(look)).toBeUndefined());

test.each([
  ['that is not there', async () => undefined, /does not exist/],
  ['without a role', async () => ({ name: 'golden-test', arn: 'arn:x', roles: [] }), /has no role/],
  ['that IAM does not tell just now', fails(new TryAgain('Throttling')), /Throttling/],
])('a profile %s does not pass', async (_what, look, said) => {
  await expect(check(look)).rejects.toThrow(said);
});

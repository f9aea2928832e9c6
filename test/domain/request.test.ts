import fc from 'fast-check';
import { hasExpression, requestFaults, type RunRequest } from '../../src/domain/request';
import type { LineSettings, SpinnakerSettings } from '../../src/domain/settings';
import { AMI, INSTANCE, line, REGION, SPINNAKER } from './given';

const request = (change: Partial<RunRequest> = {}): RunRequest => ({ line: 'golden', parameters: {}, ...change });
const IMAGE = { id: AMI, region: REGION, destroy: false };
const OWN_INSTANCE = { id: INSTANCE, destroy: false };
const EC2: LineSettings['deploy'] = {
  kind: 'ec2',
  subnetIds: ['subnet-0123456789abcdef0'],
  securityGroupIds: ['sg-0123456789abcdef0'],
  instanceType: 't3.small',
  instanceProfile: 'golden-test',
  userData: null,
  timeoutMinutes: 30,
};
const faultsOf = (
  change: Partial<RunRequest>,
  settings: Partial<LineSettings> = {},
  spinnaker: SpinnakerSettings | null = SPINNAKER,
): string[] => requestFaults(request(change), line(settings), spinnaker);

describe('a request may start', () => {
  test.each<[string, Partial<RunRequest>, Partial<LineSettings>, SpinnakerSettings | null]>([
    ['with nothing but its line', {}, {}, SPINNAKER],
    ['with an image', { image: IMAGE }, {}, SPINNAKER],
    ['with an image where the line bakes none', { image: IMAGE }, { bake: null }, SPINNAKER],
    ['with image and instance', { image: IMAGE, instance: OWN_INSTANCE }, {}, SPINNAKER],
    [
      'with image and instance, without Spinnaker',
      { image: IMAGE, instance: OWN_INSTANCE },
      { bake: null, deploy: null },
      null,
    ],
    [
      'with an image, where EC2 launches the instance, without Spinnaker',
      { image: IMAGE },
      { bake: null, deploy: EC2 },
      null,
    ],
    ['with parameters', { parameters: { version: '1.4', price: '$5 {net}' } }, {}, SPINNAKER],
  ])('%s', (_, change, settings, spinnaker) => expect(faultsOf(change, settings, spinnaker)).toEqual([]));
});

describe('a request is refused', () => {
  test.each<[string, Partial<RunRequest>, Partial<LineSettings>, SpinnakerSettings | null, RegExp]>([
    ['for a malformed image', { image: { ...IMAGE, id: 'ami-1' } }, {}, SPINNAKER, /^image\.id: not an AMI id/],
    [
      'for a malformed instance',
      { image: IMAGE, instance: { id: 'i-1', destroy: true } },
      {},
      SPINNAKER,
      /^instance\.id: /,
    ],
    [
      'for an image of another region',
      { image: { ...IMAGE, region: 'eu-west-1' } },
      {},
      SPINNAKER,
      /^image\.region: .*us-east-1, not in eu-west-1/,
    ],
    ['for a malformed region', { image: { ...IMAGE, region: 'mars' } }, {}, SPINNAKER, /^image\.region: not the name/],
    ['for an instance without its image', { instance: OWN_INSTANCE }, {}, SPINNAKER, /^instance: needs image/],
    ['where there is no bake', {}, { bake: null }, SPINNAKER, /^image: the line golden has no bake/],
    [
      'where there is no deploy',
      { image: IMAGE },
      { deploy: null },
      SPINNAKER,
      /^instance: the line golden has no deploy/,
    ],
    [
      'without an image, where nothing bakes',
      {},
      { bake: null, deploy: EC2 },
      null,
      /^image: the line golden has no bake/,
    ],
    ['where nothing can bake without Spinnaker', {}, { deploy: EC2 }, null, /^spinnaker: is not configured/],
    ['where there is no Spinnaker', { image: IMAGE }, {}, null, /^spinnaker: is not configured/],
  ])('%s', (_, change, settings, spinnaker, fault) => {
    const faults = faultsOf(change, settings, spinnaker);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(fault);
  });

  test.each(['assayRun', 'assayLine', 'assayRegion', 'assayExpires', 'amiId', 'account', 'region', 'serverGroupName'])(
    'for giving %s, which Assay sets',
    (name) => expect(faultsOf({ parameters: { [name]: 'x' } })).toEqual([`parameters.${name}: is set by Assay`]),
  );

  test('with every fault at once', () => {
    const image = { id: 'x', region: 'eu-west-1', destroy: true };
    const instance = { id: 'y', destroy: true };
    const parameters = { amiId: 'z', a: '${b}', '${c}': 'd' };
    expect(faultsOf({ image, instance, parameters })).toHaveLength(6);
  });
});

describe('an expression', () => {
  test.each(['${x}', 'a${', '$${{x}}', '${${x}}', 'x\n${'])('is seen in %j', (text) => {
    expect(hasExpression(text)).toBe(true);
    expect(faultsOf({ parameters: { version: text } })).toEqual([
      'parameters.version: its value holds an expression, or ends as one begins, which Spinnaker would evaluate',
    ]);
    expect(faultsOf({ parameters: { [text]: '1' } })).toHaveLength(1);
  });

  test('that two values make together is refused with its first half, in values and in names', () => {
    expect(faultsOf({ parameters: { a: 'x$', b: '{1+1}' } })).toHaveLength(1);
    expect(faultsOf({ parameters: { a$: 'x' } })).toHaveLength(1);
    expect(faultsOf({ parameters: { a: '$5', b: '{1+1}' } })).toEqual([]);
  });

  test.each(['', '$', '{', '$ {', '{$', '#{x}', '$x', '{}'])('is not seen in %j', (text) =>
    expect(hasExpression(text)).toBe(false),
  );

  test('in any text that a request brings is never repeated', () => {
    const text = fc.string({ unit: fc.constantFrom('$', '{', '${', 'a', '}'), maxLength: 6 });
    const parameters = fc.dictionary(text, text, { maxKeys: 4 });
    fc.assert(
      fc.property(text, text, text, parameters, (ami, region, instance, given) => {
        const faults = faultsOf({
          image: { id: ami, region, destroy: false },
          instance: { id: instance, destroy: false },
          parameters: given,
        });
        for (const fault of faults) expect(hasExpression(fault)).toBe(false);
      }),
    );
  });

  test('in a parameter is always a fault, and no other parameter is', () => {
    const text = fc.string({ unit: fc.constantFrom('$', '{', 'a', '}'), maxLength: 5 });
    fc.assert(
      fc.property(fc.dictionary(text, text, { maxKeys: 5 }), (parameters) => {
        const bad = Object.entries(parameters).filter((pair) => pair.some((one) => /\$\{|\$$/.test(one)));
        expect(faultsOf({ parameters })).toHaveLength(bad.length);
      }),
    );
  });
});

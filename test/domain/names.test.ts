import fc from 'fast-check';
import {
  correlationId,
  isOfStep,
  instanceProfileName,
  isImageId,
  isInstanceId,
  isInstanceType,
  isKey,
  isLineName,
  isParameterName,
  isRegion,
  isSecurityGroupId,
  isSubnetId,
  launchName,
  madeUpKey,
  MEMO_BODY,
  MEMO_CANCELED,
  MEMO_CREDENTIAL,
  MEMO_DECISIONS,
  MEMO_STATUS,
  MESSAGE,
  parseRunId,
  QUEUE,
  runId,
  SEARCH,
  TAG,
  WORKFLOW,
  workflowId,
} from '../../src/domain/names';

const letters = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-'];
const key = fc
  .string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 100 })
  .filter((text) => text !== '.' && text !== '..');
const attempt = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 999_999 }));

describe('keys and run ids', () => {
  test('a key that is made up says for what and when, and is one whatever the line is called', () => {
    const at = new Date('2026-11-25T20:08:43.512Z');
    expect(madeUpKey('ubuntu-24-base', at, '0a1b2c')).toBe('ubuntu-24-base-20261125t200843z-0a1b2c');
    fc.assert(fc.property(fc.string(), (line) => isKey(madeUpKey(line, at, '0a1b2c'))));
  });

  test('the id of the first attempt is the key itself, then the attempt follows a tilde', () => {
    expect(runId('spring-1', 1)).toBe('spring-1');
    expect(runId('spring-1', 2)).toBe('spring-1~2');
    expect(runId('spring-1', 10)).toBe('spring-1~10');
  });

  test.each(['.', '..'])('%s is no key, and no attempt of it is a run: no address could name it', (name) => {
    expect(isKey(name)).toBe(false);
    for (const id of [name, `${name}~2`]) expect(parseRunId(id)).toBeUndefined();
    for (const id of [`${name}.x`, `x${name}`, '...']) expect(parseRunId(id)).toEqual({ key: id, attempt: 1 });
  });

  test('every key and attempt comes back from its id', () => {
    fc.assert(
      fc.property(key, attempt, (k, n) => {
        expect(isKey(k)).toBe(true);
        expect(parseRunId(runId(k, n))).toEqual({ key: k, attempt: n });
      }),
    );
  });

  test('two different attempts never share an id', () => {
    fc.assert(
      fc.property(key, attempt, key, attempt, (k1, n1, k2, n2) => {
        fc.pre(k1 !== k2 || n1 !== n2);
        expect(runId(k1, n1)).not.toBe(runId(k2, n2));
      }),
    );
  });

  test('whatever text parses as an id is the id of what it parses to', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '~', '0', '1', '2', '/', '.'), maxLength: 8 }), (text) => {
        const parsed = parseRunId(text);
        fc.pre(parsed !== undefined);
        expect(isKey(parsed.key)).toBe(true);
        expect(runId(parsed.key, parsed.attempt)).toBe(text);
      }),
    );
  });

  test.each([
    '',
    '~2',
    'a~',
    'a~0',
    'a~1',
    'a~02',
    'a~2~3',
    'a~-1',
    'a~1e3',
    'a b',
    'a/b',
    'a\n',
    'ä',
    '${a}',
    'a'.repeat(101),
  ])('%j is no run id', (text) => expect(parseRunId(text)).toBeUndefined());

  test.each(['', 'a b', 'a/b', 'a~2', 'a\n', 'ä', '${x}', '../x', 'a'.repeat(101)])('%j is no key', (text) =>
    expect(isKey(text)).toBe(false),
  );
});

test.each([
  ['its own', correlationId('spring-1', 'bake', 12), true],
  ['another step’s', correlationId('spring-1', 'deploy', 1), false],
  ['another attempt’s', correlationId('spring-1~2', 'bake', 1), false],
  ['a longer name’s', correlationId('my-spring-1', 'bake', 1), false],
  ['none', null, false],
])('of the correlation ids of a step is %s: %s', (_what, id, own) =>
  expect(isOfStep(id, 'spring-1', 'bake')).toBe(own),
);

describe('workflow ids', () => {
  const kinds = Object.entries(workflowId);

  test('have the forms that operators know', () => {
    expect(workflowId.run.of('spring-1~2')).toBe('run/spring-1~2');
    expect(workflowId.line.of('golden')).toBe('line/golden');
    expect(workflowId.lateBake.of('spring-1')).toBe('late-bake/spring-1');
    expect(workflowId.lateDeploy.of('spring-1')).toBe('late-deploy/spring-1');
    expect(workflowId.lateJudgment.of('spring-1')).toBe('late-judgment/spring-1');
    expect(workflowId.lateLaunch.of('spring-1')).toBe('late-launch/spring-1');
    expect(workflowId.sweep.of('spring-1')).toBe('sweep/spring-1');
  });

  test.each(kinds)('%s gives back the name it was made of', (_, { of, parse }) => {
    fc.assert(fc.property(fc.string(), (name) => expect(parse(of(name))).toBe(name)));
  });

  test.each(kinds)('%s does not take the id of another kind for its own', (kind, { of }) => {
    for (const [other, { parse }] of kinds) if (other !== kind) expect(parse(of('x'))).toBeUndefined();
  });

  test('a run whose key looks like another kind of workflow stays a run', () => {
    expect(workflowId.line.parse(workflowId.run.of('line/golden'))).toBeUndefined();
    expect(workflowId.run.parse('runs/x')).toBeUndefined();
    expect(workflowId.run.parse('run')).toBeUndefined();
  });
});

test('a correlation id names run, step and number, and no two steps share one', () => {
  expect(correlationId('spring-1', 'bake', 1)).toBe('spring-1/bake/1');
  const step = fc.constantFrom('bake' as const, 'deploy' as const, 'destroy' as const);
  const any = fc.tuple(key, attempt, step, fc.nat());
  fc.assert(
    fc.property(any, any, (a, b) => {
      fc.pre(JSON.stringify(a) !== JSON.stringify(b));
      const of = ([k, n, s, i]: typeof a): string => correlationId(runId(k, n), s, i);
      expect(of(a)).not.toBe(of(b));
    }),
  );
});

describe('names that open workflows and people already use', () => {
  test('do not hide one another', () => {
    for (const names of [
      QUEUE,
      WORKFLOW,
      SEARCH,
      TAG,
      [MEMO_STATUS, MEMO_BODY, MEMO_CREDENTIAL, MEMO_CANCELED, MEMO_DECISIONS],
    ])
      expect(new Set(Object.values(names)).size).toBe(Object.keys(names).length);
  });

  test('stay as operators write them', () => {
    expect(QUEUE).toEqual({ main: 'assay', poll: 'assay-poll', launch: 'assay-launch' });
    expect(SEARCH).toEqual({ line: 'AssayLine', stage: 'AssayStage', status: 'AssayStatus', image: 'AssayImage' });
    expect(MESSAGE).toMatchObject({ decide: 'decide', cancel: 'cancel' });
    expect(WORKFLOW).toMatchObject({ run: 'goldenImage', line: 'imageLine' });
  });

  test('mark in AWS what is ours', () => {
    for (const tag of Object.values(TAG)) expect(tag).toMatch(/^assay:[a-z]+$/);
  });
});

describe('names of AWS', () => {
  test.each(['ami-0abc', 'ami-0123abcd', 'ami-0123456789abcdef', 'ami-0123456789abcdef0'])('%s is an image', (id) =>
    expect(isImageId(id)).toBe(true),
  );
  test.each([
    '',
    'ami-',
    'ami-0123ABCD',
    'ami-012',
    'ami-0123456789abcdef01',
    'ami-0123abcg',
    ' ami-0123abcd',
    'ami-0123abcd\n',
    'i-0123abcd',
    'resolve:ssm:/x',
  ])('%j is no image', (id) => expect(isImageId(id)).toBe(false));

  test.each(['i-0abc', 'i-0123abcd', 'i-0123abcd0', 'i-0123456789abcdef0'])('%s is an instance', (id) =>
    expect(isInstanceId(id)).toBe(true),
  );
  test.each(['', 'i-', 'mi-0123456789abcdef0', 'i-0123ABCD', 'i-012', 'i-0123abcd\n', 'ami-0123abcd'])(
    '%j is no instance',
    (id) => expect(isInstanceId(id)).toBe(false),
  );

  test.each([
    'us-east-1',
    'us-gov-west-1',
    'ap-southeast-7',
    'us-iso-east-1',
    'eu-isoe-west-1',
    'eusc-de-east-1',
    'cn-north-1',
  ])('%s is a region', (name) => expect(isRegion(name)).toBe(true));
  test.each([
    '',
    'us',
    'us-east',
    'us-east-1a',
    'US-EAST-1',
    'us_east_1',
    'us-east-1\n',
    '${us}-east-1',
    'a-b-1',
    `us-${'e'.repeat(99)}-1`,
  ])('%j is no region', (name) => expect(isRegion(name)).toBe(false));

  test.each(['golden', 'ubuntu-24-base', 'al2023.x86', '0', 'a'.repeat(60)])('%s is a line', (name) =>
    expect(isLineName(name)).toBe(true),
  );
  test.each(['', 'Golden', '-a', '.a', 'a_b', 'a/b', 'a b', '${a}', 'a\n', '__proto__', 'a'.repeat(61)])(
    '%j is no line',
    (name) => expect(isLineName(name)).toBe(false),
  );

  test.each([
    '/golden-ami/ubuntu-24-base/latest',
    '/a',
    '/A_b.c-d/e',
    '/x/aws/ssm',
    '/a'.repeat(15),
    `/${'a'.repeat(511)}`,
  ])('%s is the name of a parameter', (name) => expect(isParameterName(name)).toBe(true));
  test.each([
    ['not absolute', 'golden/latest'],
    ['the root', '/'],
    ['an empty level', '/a//b'],
    ['a slash at its end', '/a/'],
    ['a space', '/a b'],
    ['a version', '/a:3'],
    ['an expression', '/${a}'],
    ['a line break', '/a\n'],
    ['another script', '/gölden'],
    ['the prefix of AWS', '/aws/service/ami'],
    ['the prefix of AWS in capitals', '/AWS-golden'],
    ['the prefix of SSM', '/ssm/x'],
    ['the prefix of SSM in capitals', '/Ssm'],
    ['sixteen levels', '/a'.repeat(16)],
    ['too long', `/${'a'.repeat(512)}`],
    ['nothing', ''],
  ])('%s is refused as the name of a parameter', (_, name) => expect(isParameterName(name)).toBe(false));
});

describe('what EC2 launches by', () => {
  test('each launch of a run has its own name', () => {
    expect(launchName('spring-1', 2)).toBe('spring-1/launch/2');
    fc.assert(
      fc.property(key, key, fc.nat(), fc.nat(), (a, b, n, m) => {
        expect(launchName(a, n) === launchName(b, m)).toBe(a === b && n === m);
      }),
    );
  });

  test.each([
    ['subnet-01234567', true, isSubnetId],
    ['subnet-0123456789abcdef0', true, isSubnetId],
    ['subnet-0123', true, isSubnetId],
    ['subnet-', false, isSubnetId],
    ['subnet-0123456789abcdef01', false, isSubnetId],
    ['sg-0123456789abcdef0', true, isSecurityGroupId],
    ['default', false, isSecurityGroupId],
    ['t3.small', true, isInstanceType],
    ['u-6tb1.metal', true, isInstanceType],
    ['m7g.metal-48xl', true, isInstanceType],
    ['small', false, isInstanceType],
  ] as const)('%s: %s', (text, good, check) => expect(check(text)).toBe(good));

  test.each([
    ['golden-test', 'golden-test'],
    ['arn:aws:iam::111122223333:instance-profile/golden-test', 'golden-test'],
    ['arn:aws-cn:iam::111122223333:instance-profile/teams/images/golden-test', 'golden-test'],
    ['arn:aws:iam::111122223333:role/golden-test', undefined],
    ['golden/test', undefined],
    ['', undefined],
  ])('the profile %s is called %s', (given, name) => expect(instanceProfileName(given)).toBe(name));
});

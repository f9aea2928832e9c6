import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { secretFaults } from '../../src/config';
import { change, faults, load, SMALL } from './given';

const SECRET = `whsec_${'c2VjcmV0'.repeat(4)}`;
const hooked = (hook: string): string => `${SMALL}hooks: { ci: { github: ${hook} } }\n`;

test('a source has its secrets by name, its conditions, and its mapping', () => {
  const config = load(
    hooked(`
      github: { secrets: ["\${env:NEXT}", "\${file:hook.txt}"] }
      when: { event: release, $.action: [published, edited], $.release.id: 7, $.release.draft: false }
      line: golden
      parameters: { packageVersion: $.release.tag_name, channel: stable, number: 7 }
      reason: $.release.name`)
      .replace('github: \n', 'github:\n')
      .replace('hooks: { ci: { github:', 'hooks:\n  ci:\n    github:')
      .replace(/ \} \}\n$/, '\n'),
    { NEXT: 'next' },
  );
  expect([...config.hooks.keys()]).toEqual(['github']);
  const hook = config.hooks.get('github');
  expect(hook?.secrets.map(({ place }) => place)).toEqual([
    'hooks.ci.github.github.secrets[0]',
    'hooks.ci.github.github.secrets[1]',
  ]);
  expect(hook?.secrets[0]?.secret.read()).toBe('next');
  expect(JSON.stringify(hook)).not.toContain('next');
  expect(hook).toMatchObject({
    kind: 'github',
    sameBodyAgain: 'refuse',
    mapping: {
      when: [
        { what: 'event', shown: 'event', anyOf: ['release'] },
        { what: ['action'], shown: '$.action', anyOf: ['published', 'edited'] },
        { what: ['release', 'id'], anyOf: ['7'] },
        { what: ['release', 'draft'], anyOf: ['false'] },
      ],
      line: { name: 'golden' },
      parameters: {
        packageVersion: { path: ['release', 'tag_name'], shown: '$.release.tag_name' },
        channel: { text: 'stable' },
        number: { text: '7' },
      },
      reason: { path: ['release', 'name'] },
    },
  });
  expect(load(SMALL).hooks.size).toBe(0);
});

test('a line may follow from the payload', () => {
  const config = load(
    hooked('{ standardWebhooks: { secrets: ["${env:S}"] }, line: { from: $.name, map: { base: golden } } }'),
  );
  expect(config.hooks.get('github')).toMatchObject({
    kind: 'standardWebhooks',
    mapping: { line: { from: ['name'], map: { base: 'golden' } }, when: [], parameters: {}, reason: null },
  });
});

const GOOD = 'github: { secrets: ["${env:S}"] }, line: golden';
test.each([
  ['{ line: golden }', 'hooks.ci.github: must have either standardWebhooks or github'],
  [
    `{ ${GOOD}, standardWebhooks: { secrets: ["\${env:S}"] } }`,
    'hooks.ci.github: must have either standardWebhooks or github',
  ],
  ['{ github: { secrets: [] }, line: golden }', 'hooks.ci.github.github.secrets: must name a secret'],
  [
    '{ github: { secrets: [plain] }, line: golden }',
    'hooks.ci.github.github.secrets[0]: must be ${env:NAME} or ${file:PATH}, not the secret itself',
  ],
  [
    `{ ${GOOD}, when: { action: x } }`,
    'hooks.ci.github.when.action: is neither event nor a path into the payload, as $.action',
  ],
  [`{ ${GOOD}, when: { $.a: [] } }`, 'hooks.ci.github.when.$.a: must name a value'],
  [
    `{ ${GOOD}, parameters: { a: $tag } }`,
    'hooks.ci.github.parameters.a: begins with $ and is no path into the payload, as $.release.tag_name',
  ],
  [
    `{ ${GOOD}, parameters: { a: "\${secret}" } }`,
    'hooks.ci.github.parameters.a: holds an expression, or ends as one begins, which Spinnaker would evaluate',
  ],
  [`{ ${GOOD}, parameters: { assayRun: x } }`, 'hooks.ci.github.parameters.assayRun: is set by Assay'],
  ['{ github: { secrets: ["${env:S}"] }, line: silver }', 'hooks.ci.github.line: there is no line silver'],
  [
    '{ github: { secrets: ["${env:S}"] }, line: { from: $.x, map: { a: silver, b: golden } } }',
    'hooks.ci.github.line: there is no line silver',
  ],
  [`{ ${GOOD}, wen: {} }`, 'hooks.ci.github.wen: there is no such key; did you mean when?'],
  [
    '{ standardWebhooks: { secrets: ["${env:S}"] }, line: golden, when: { event: x } }',
    'hooks.ci.github.when.event: is in a header of GitHub only; name the place in the payload, as $.type',
  ],
])('%s is refused', (hook, fault) => {
  expect(faults(hooked(hook))).toEqual([fault]);
});

test('a source has a plain name, and asks for no line that cannot bake', () => {
  expect(faults(`${SMALL}hooks: { ci: { A/B: { ${GOOD} } } }\n`)).toEqual([
    'hooks.ci.A/B: is no name of a source: lower-case letters, digits, underscore, hyphen, at most 50',
  ]);
  const baked = /\n {4}bake: .*/.exec(SMALL)?.[0] ?? '';
  expect(faults(change(baked, '', hooked(`{ ${GOOD} }`)))).toEqual([
    'hooks.ci.github.line: the line golden has no bake, and a delivery brings no image',
  ]);
});

test('only the server wants the secrets, and names those that are missing or are none', () => {
  const hook = (kind: string) => hooked(`{ ${kind}: { secrets: ["\${env:A}", "\${env:B}"] }, line: golden }`);
  const standard = load(hook('standardWebhooks'), { A: SECRET, B: 'whsec_c2hvcnQ=' });
  expect(secretFaults(standard, 'server')).toEqual([
    'hooks.ci.github.standardWebhooks.secrets[1]: ${env:B} is no secret of Standard Webhooks: whsec_ and the base64 of 24 random bytes or more',
  ]);
  expect(secretFaults(standard, 'worker')).toEqual([]);
  const github = load(hook('github'), { A: 'too short' });
  expect(secretFaults(github, 'server')).toEqual([
    'hooks.ci.github.github.secrets[0]: ${env:A} is no secret: at least 16 characters',
    'hooks.ci.github.github.secrets[1]: the environment variable B is not set',
  ]);
});

test('the examples of docs/triggers.md are accepted as they stand', () => {
  const page = readFileSync(join(__dirname, '../../docs/triggers.md'), 'utf8');
  const [hooks = '', schedule = ''] = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml]) => yaml ?? '');
  const named = SMALL.replaceAll('golden:', 'ubuntu-24-base:');
  const config = load(`${named}${schedule.split('\n').slice(2).join('\n')}${hooks}`);
  expect([...config.hooks.keys()]).toEqual(['github', 'jenkins']);
  expect(config.lines.get('ubuntu-24-base')?.schedule).toMatchObject({ timezone: 'Europe/Berlin', jitterMinutes: 30 });
  const commented = readFileSync(join(__dirname, '../../examples/assay.yaml'), 'utf8').replace(
    /^# ( *(?:hooks|ci|github|when|line|parameters):)/gm,
    '$1',
  );
  expect([...load(commented).hooks.keys()]).toEqual(['github']);
});

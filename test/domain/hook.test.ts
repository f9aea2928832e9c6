import fc from 'fast-check';
import { hookRequester, hookSecretFault, meaningOf, parsePath, type HookMapping } from '../../src/domain/hook';

const path = (shown: string) => ({ path: parsePath(shown) ?? [], shown });
const PLAIN: HookMapping = { when: [], line: { name: 'golden' }, parameters: {}, reason: null };
const meaning = (mapping: Partial<HookMapping>, payload: unknown, event: string | null = null) =>
  meaningOf('github', { ...PLAIN, ...mapping }, { id: 'd-1', event, payload });

test.each([
  ['$.a', ['a']],
  ['$.release.tag_name', ['release', 'tag_name']],
  ['$.commits[0].id', ['commits', 0, 'id']],
  ["$['odd name'].x-y", ['odd name', 'x-y']],
  ['$[3]', [3]],
])('%s is a path', (text, expected) => {
  expect(parsePath(text)).toEqual(expected);
});

test.each([
  '',
  '$',
  '$.',
  'a',
  '.a',
  '$a',
  '$.a.',
  '$..a',
  '$.a[',
  '$.a[-1]',
  '$.a[x]',
  '$.*',
  "$['']",
  '$.a b',
  '${a}',
])('%j is no path', (text) => {
  expect(parsePath(text)).toBeUndefined();
});

test('a delivery asks for a line, with texts of the config and of the payload, in the name of its source', () => {
  const mapping = {
    parameters: { packageVersion: path('$.release.tag_name'), channel: { text: 'stable' } },
    reason: path('$.release.name'),
  };
  expect(meaning(mapping, { release: { tag_name: '1.4', name: 'April' } })).toEqual({
    kind: 'request',
    request: {
      line: 'golden',
      parameters: { packageVersion: '1.4', channel: 'stable' },
      requestedBy: 'ci:github',
      source: { kind: 'ci', executionId: 'd-1' },
      reason: 'April',
    },
  });
  expect(meaning({}, null)).toMatchObject({ kind: 'request', request: { line: 'golden', parameters: {} } });
  expect(meaning({}, null)).not.toHaveProperty('request.reason');
  // No API key can have such an id.
  expect(hookRequester('x')).not.toMatch(/^[A-Za-z0-9._-]+$/);
});

test('only what meets every condition asks for anything', () => {
  const when = [
    { what: 'event' as const, shown: 'event', anyOf: ['release', 'push'] },
    { what: parsePath('$.release.id') ?? [], shown: '$.release.id', anyOf: ['7', 'true'] },
  ];
  expect(meaning({ when }, { release: { id: 7 } }, 'release').kind).toBe('request');
  expect(meaning({ when }, { release: { id: true } }, 'push').kind).toBe('request');
  expect(meaning({ when }, { release: { id: 7 } }, 'issues')).toEqual({
    kind: 'nothing',
    reason: 'event is not release or push',
  });
  for (const payload of [{ release: { id: 8 } }, { release: { id: [7] } }, { release: null }, {}, [], 'x', null])
    expect(meaning({ when }, payload, 'push')).toEqual({ kind: 'nothing', reason: '$.release.id is not 7 or true' });
  expect(meaning({ when }, { release: { id: 7 } }, null).kind).toBe('nothing');
});

test('a ping starts nothing, whatever the config says', () => {
  expect(meaning({}, {}, 'ping')).toEqual({ kind: 'nothing', reason: 'a ping starts nothing' });
});

test('a line may follow from the payload, and one that is not named starts nothing', () => {
  const line = { from: ['repository', 'name'], shown: '$.repository.name', map: { base: 'ubuntu-24-base' } };
  expect(meaning({ line }, { repository: { name: 'base' } })).toMatchObject({ request: { line: 'ubuntu-24-base' } });
  for (const name of ['other', 'constructor', '__proto__', 7, null, {}])
    expect(meaning({ line }, { repository: { name } })).toMatchObject({ kind: 'nothing' });
});

test('every fault of a delivery is named at once, by the place in the config, and nothing of it is repeated', () => {
  const parameters = { a: path('$.a'), b: path('$.b.c'), ok: path('$.ok') };
  const payload = { a: 7, b: '${secret}', ok: 'x', reason: 'r'.repeat(2001) };
  expect(meaning({ parameters, reason: path('$.none') }, payload)).toEqual({
    kind: 'faulty',
    faults: [
      'parameters.a: the payload has no text at $.a',
      'parameters.b: the payload has no text at $.b.c',
      'reason: the payload has no text at $.none',
    ],
  });
  expect(meaning({ reason: path('$.reason') }, payload)).toEqual({
    kind: 'faulty',
    faults: ['reason: is too long: at most 2000 characters'],
  });
});

test('what a payload inherits is not in it', () => {
  for (const name of ['constructor', '__proto__', 'toString', 'length'])
    expect(meaning({ parameters: { x: path(`$.${name}`) } }, {})).toMatchObject({ kind: 'faulty' });
  expect(meaning({ parameters: { x: path('$[0]') } }, 'text').kind).toBe('faulty');
  expect(meaning({ parameters: { x: path('$.0') } }, ['text']).kind).toBe('faulty');
  expect(meaning({ parameters: { x: path('$[0]') } }, ['text'])).toMatchObject({
    request: { parameters: { x: 'text' } },
  });
  expect(meaning({ parameters: { x: path('$[0]') } }, { 0: 'text' }).kind).toBe('faulty');
});

test('no payload whatever makes it fail', () => {
  const mapping = {
    when: [{ what: ['a', 0] as const, shown: '$.a[0]', anyOf: ['x'] }],
    parameters: { p: path("$.a['b']") },
  };
  fc.assert(fc.property(fc.jsonValue(), (payload) => void meaning(mapping, payload)));
});

test.each([
  ['standardWebhooks', `whsec_${'A'.repeat(22)}==`, true],
  ['standardWebhooks', 'A'.repeat(22), true],
  ['standardWebhooks', `whsec_${'A'.repeat(21)}`, false],
  ['standardWebhooks', `whsec_${'A'.repeat(21)}-`, false],
  ['standardWebhooks', 'whsec_', false],
  ['standardWebhooks', '', false],
  ['github', 'sixteen letters!', true],
  ['github', 'fifteen letters', false],
  ['github', '   fifteen letters  ', false],
] as const)('a secret of %s: %j', (kind, secret, good) => {
  expect(hookSecretFault(kind, secret) === undefined).toBe(good);
});

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { parse, stringify } from 'yaml';
import { main } from '../src/cli/main';
import { accessOf } from '../src/cli/profile';
import type { Terminal } from '../src/cli/terminal';
import { configJsonSchema, loadConfig } from '../src/config';
import { policySchema } from '../src/config/policy';
import { BadInput } from '../src/domain/errors';
import { OPERATIONS } from '../src/http/operations';
import { problemDocument, problemOf } from '../src/http/problem';
import { problemReply, statusReply } from '../src/http/replies';
import { decisionSchema, startSchema } from '../src/http/schemas';
import { HASH, load, SMALL, written } from './config/given';
import { tempDir } from './setup/helpers';

const ROOT = join(__dirname, '..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const PAGES = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'].concat(
  readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
);
const blocks = (file: string, language: string): readonly string[] =>
  [...read(file).matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, block = '']) => block);
const undent = (block: string): string => block.replace(new RegExp(`^${/^ */.exec(block)?.[0] ?? ''}`, 'gm'), '');

test.each(PAGES)('%s links only to what is there', (page) => {
  const targets = [...read(page).matchAll(/\]\((?!https?:)([^)#\s]+)/g)].map(([, target = '']) => target);
  const missing = targets.filter((target) => !existsSync(join(ROOT, normalize(join(dirname(page), target)))));
  expect(missing).toEqual([]);
});

test('CHANGELOG.md has only the kinds of changes that Keep a Changelog has, each once a version', () => {
  const [, ...versions] = read('CHANGELOG.md').split(/^## /m);
  expect(versions[0]).toMatch(/^\[Unreleased\]\n/);
  for (const version of versions) {
    const kinds = [...version.matchAll(/^### (.*)$/gm)].map(([, kind]) => kind);
    expect(['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security']).toEqual(expect.arrayContaining(kinds));
    expect(new Set(kinds).size).toBe(kinds.length);
  }
});

test('the config in the README is accepted as it stands, but for the hashes', () => {
  const [yaml = '', ...more] = blocks('README.md', 'yaml');
  expect(more).toEqual([]);
  const hashes = [HASH, HASH.replaceAll('a', 'b')];
  const config = load(undent(yaml).replace(/<hex>/g, () => hashes.shift() ?? ''));
  expect([...config.lines.keys()]).toEqual(['ubuntu-24-base']);
});

/** What `assay … --help` says, once for each command. */
const helps = new Map<string, string>();
async function helpOf(...command: readonly string[]): Promise<string> {
  const name = command.join(' ');
  const said: string[] = [];
  const terminal = { print: (text: string) => said.push(text), say: (line: string) => said.push(line) };
  if (!helps.has(name)) {
    const order = { version: '0', env: {}, doors: '', terminal: terminal as unknown as Terminal };
    expect(await main({ ...order, args: [...command, '--help'] })).toBe(0);
    helps.set(name, said.join('\n'));
  }
  return helps.get(name) ?? '';
}
const commandsIn = (help: string): readonly string[] =>
  [...(/^Commands:\n([\s\S]*?)\n\n/m.exec(help)?.[1] ?? '').matchAll(/^ {2}(\w+)/gm)].flatMap(([, name = '']) =>
    name === 'help' ? [] : [name],
  );

test('every command that is written down is one, with options that it has', async () => {
  const shown = [...PAGES, 'integrations/spinnaker/README.md', 'examples/assay.yaml']
    .filter((page) => page !== 'docs/testing.md')
    .flatMap((page) => [...read(page).matchAll(/(?:`|dist\/cli\.js )(?:assay )?((?<=assay |cli\.js )[a-z]+[^`#\n]*)/g)])
    .map(([, words = '']) => words.trim().split(/\s+/));
  expect(shown.length).toBeGreaterThan(40);
  for (const words of shown) {
    const [name = '', part = ''] = words;
    expect(commandsIn(await helpOf())).toContain(name);
    const parts = commandsIn(await helpOf(name));
    if (parts.length > 0 && words.length > 1) expect(parts).toContain(part);
    const help = await helpOf(...(parts.includes(part) ? [name, part] : [name]));
    for (const word of words)
      if (word.startsWith('--')) expect([word, help]).toEqual([word, expect.stringContaining(word)]);
  }
});

test('docs/cli.md names every command, and every part of those that have some', async () => {
  const page = read('docs/cli.md');
  for (const name of commandsIn(await helpOf())) {
    const row = page.split('\n').find((line) => line.includes(`\`assay ${name}`)) ?? '';
    expect([name, row]).toEqual([name, expect.stringMatching(/^\|/)]);
    for (const part of commandsIn(await helpOf(name)))
      expect(row).toMatch(new RegExp(`\`(?:assay ${name} )?${part}\``));
  }
});

test('docs/cli.md shows profiles that are taken', () => {
  const home = tempDir();
  mkdirSync(join(home, 'assay'));
  writeFileSync(join(home, 'assay', 'config.yaml'), blocks('docs/cli.md', 'yaml')[0] ?? '');
  writeFileSync(join(home, 'assay', 'prod.key'), 'a-key\n');
  const env = { XDG_CONFIG_HOME: home };
  expect(accessOf(env, undefined)).toEqual({ url: 'https://assay.example.com', key: 'a-key' });
  expect(accessOf(env, 'staging')).toEqual({ url: 'https://staging.example.com/assay', key: 'the-key-itself' });
});

test('the README’s scripts are there', () => {
  const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts);
  const used = [...read('README.md').matchAll(/npm run (\w+)/g)].map(([, script = '']) => script);
  expect(scripts).toEqual(expect.arrayContaining(used));
});

describe('docs/http.md', () => {
  test('names every call', () => {
    const page = read('docs/http.md');
    expect(OPERATIONS.map(({ path }) => path).filter((path) => !page.includes(path))).toEqual([]);
  });

  const [start, status, decision, problem] = blocks('docs/http.md', 'json').map(
    (block) => JSON.parse(block) as unknown,
  );

  test('shows a start request that is accepted', () => {
    expect(startSchema.safeParse(start).error).toBeUndefined();
  });

  test('shows the status document as it is', () => {
    expect(statusReply.safeParse(status).error).toBeUndefined();
    expect(Object.keys(status as object).sort()).toEqual(Object.keys(statusReply.shape).sort());
  });

  test('shows a decision that is accepted', () => {
    expect(decisionSchema.safeParse(decision).error).toBeUndefined();
  });

  test('shows a problem document as it is', () => {
    const fault = new BadInput(['line: there is no such line; there is ubuntu-24-base']);
    expect(problem).toEqual(problemDocument(problemOf(fault), 'https://assay.example.com'));
    expect(problemReply.safeParse(problem).error).toBeUndefined();
  });
});

/** A config with a part of it, or of its line, as a page shows it. Dots stand for the rest of an id. */
const withPart = (block: string): string => {
  const shown = parse(block.replace(/\b(subnet|sg)-…/g, '$1-0123456789abcdef0')) as Record<string, unknown>;
  const config = parse(SMALL.replace(/^ {2}golden:/m, '  ubuntu-24-base:')) as { lines: Record<string, object> };
  const name = 'ubuntu-24-base';
  const ofLine = { ...(shown['lines'] as Record<string, object> | undefined)?.[name] };
  for (const part of ['bake', 'deploy']) if (part in shown) Object.assign(ofLine, { [part]: shown[part] });
  const ofFile = Object.entries(shown).filter(([part]) => part === 'server' || part === 'evidence');
  expect(Object.keys(ofLine).length + ofFile.length).toBeGreaterThan(0);
  const lines = { [name]: { ...config.lines[name], ...ofLine } };
  return stringify({ ...config, ...Object.fromEntries(ofFile), lines });
};

test.each(
  ['docs/operations.md', 'docs/spinnaker.md'].flatMap((page) =>
    blocks(page, 'yaml').map((block, nth) => ({ where: `${page}, block ${nth + 1}`, block })),
  ),
)('$where shows a part of a config that is accepted', ({ block }) => {
  const other = block.replace(/^ *afterDecision: .*\n/m, '').replace(/^( *)# (afterDecision: .*)/m, '$1$2');
  for (const shown of new Set([block, other])) {
    const yaml = withPart(
      shown.replace(/\[subnet-…, subnet-…\]/, '[subnet-0123456789abcdef0, subnet-0123456789abcdef1]'),
    );
    const path = written(yaml);
    writeFileSync(join(dirname(path), 'user-data.sh'), '#!/bin/sh\n');
    expect([...loadConfig({ path, env: {} }).lines.keys()]).toEqual(['ubuntu-24-base']);
  }
});

test('docs/spinnaker.md shows a start request that is accepted', () => {
  const [start = ''] = blocks('docs/spinnaker.md', 'json');
  expect(startSchema.safeParse(JSON.parse(start)).error).toBeUndefined();
});

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
}
const keysOf = ({ properties = {}, anyOf = [], items, additionalProperties }: Schema): readonly string[] => [
  ...Object.keys(properties),
  ...[...Object.values(properties), ...anyOf, items, additionalProperties].flatMap((one) =>
    typeof one === 'object' ? keysOf(one) : [],
  ),
];

test('docs/config.md tells of every key of the config, but for those of hooks, of which docs/triggers.md does', () => {
  const { hooks, ...others } = (configJsonSchema() as Schema).properties ?? {};
  const missing = (page: string, schema: Schema): readonly string[] =>
    keysOf(schema).filter((key) => !new RegExp(`\\b${key}\\b`).test(read(page)));
  expect(missing('docs/config.md', { properties: others })).toEqual([]);
  expect(missing('docs/triggers.md', hooks ?? {})).toEqual([]);
});

test('docs/config.md shows a policy that is accepted', () => {
  const [policy = ''] = blocks('docs/config.md', 'yaml');
  expect(policySchema.safeParse(parse(policy)).error).toBeUndefined();
});

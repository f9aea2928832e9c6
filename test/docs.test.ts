import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { parse } from 'yaml';
import { policySchema } from '../src/config/policy';
import { BadInput } from '../src/domain/errors';
import { problemDocument, problemOf } from '../src/http/problem';
import { problemReply, statusReply } from '../src/http/replies';
import { decisionSchema, startSchema } from '../src/http/schemas';
import { HASH, load } from './config/given';

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

test('the config in the README is accepted as it stands, but for the hashes', () => {
  const [yaml = '', ...more] = blocks('README.md', 'yaml');
  expect(more).toEqual([]);
  const hashes = [HASH, HASH.replaceAll('a', 'b')];
  const config = load(undent(yaml).replace(/<hex>/g, () => hashes.shift() ?? ''));
  expect([...config.lines.keys()]).toEqual(['ubuntu-24-base']);
});

test('the README’s commands are commands, with options that they have', () => {
  const lines = blocks('README.md', 'sh').join('\n');
  const commands = [...lines.matchAll(/dist\/cli\.js ([^#\n]+)/g)].map(([, words = '']) => words.trim().split(/\s+/));
  expect(commands.length).toBeGreaterThan(4);
  for (const words of commands) {
    const name = words.slice(0, words[0] === 'keys' ? 2 : 1);
    const help = execFileSync(process.execPath, [join(ROOT, 'dist', 'cli.js'), ...name, '--help'], {
      encoding: 'utf8',
    });
    for (const option of words.filter((word) => word.startsWith('--'))) expect(help).toContain(option);
  }
  const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts);
  const used = [...read('README.md').matchAll(/npm run (\w+)/g)].map(([, script = '']) => script);
  expect(scripts).toEqual(expect.arrayContaining(used));
});

describe('docs/http.md', () => {
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

test('docs/config.md shows a policy that is accepted', () => {
  const [policy = ''] = blocks('docs/config.md', 'yaml');
  expect(policySchema.safeParse(parse(policy)).error).toBeUndefined();
});

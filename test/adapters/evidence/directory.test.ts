import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { createDirectoryStore } from '../../../src/adapters/evidence/directory';
import { BadInput, EvidenceChanged, Final } from '../../../src/domain/errors';
import { documentName } from '../../../src/domain/evidence';
import { tempDir } from '../../setup/helpers';

const anyText = fc.string({ unit: 'grapheme', maxLength: 200 });
const anyName = fc
  .array(fc.stringMatching(/^[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,20}$/), { minLength: 1, maxLength: 3 })
  .map((parts) => ['runs', ...parts].join('/'));

function given() {
  const directory = join(tempDir(), 'evidence');
  return { directory, store: createDirectoryStore({ directory }) };
}

const fileOf = (directory: string, ref: string): string => join(directory, 'sha256', ref.slice(7, 9), ref.slice(9));

/** Every file below, with its path. */
const filesIn = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

describe('documents by content', () => {
  test('come back as they were, under the hash of their bytes', async () => {
    const { directory, store } = given();
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        const ref = await store.put(text);
        expect(ref).toBe(`sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`);
        expect(await store.get(ref)).toBe(text);
        expect(readFileSync(fileOf(directory, ref), 'utf8')).toBe(text);
      }),
    );
  });

  test('are one document when stored twice, and again from another process', async () => {
    const { directory, store } = given();
    const ref = await store.put('one');
    expect(await store.put('one')).toBe(ref);
    expect(await createDirectoryStore({ directory }).put('one')).toBe(ref);
    expect(filesIn(directory)).toHaveLength(1);
  });

  test('that were changed in any bit, cut or made longer are detected, by get and by put', async () => {
    const { directory, store } = given();
    const text = 'signed by the worker';
    const ref = await store.put(text);
    const file = fileOf(directory, ref);
    const whole = readFileSync(file);
    const altered = fc.oneof(
      fc.tuple(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 7 })).map(([index, bit]) => {
        const bytes = Buffer.from(whole);
        bytes.writeUInt8(bytes.readUInt8(index) ^ (1 << bit), index);
        return bytes;
      }),
      fc.nat({ max: whole.length - 1 }).map((length) => whole.subarray(0, length)),
      fc.uint8Array({ minLength: 1, maxLength: 9 }).map((more) => Buffer.concat([whole, more])),
    );
    await fc.assert(
      fc.asyncProperty(altered, async (bytes) => {
        writeFileSync(file, bytes);
        await expect(store.get(ref)).rejects.toBeInstanceOf(EvidenceChanged);
        await expect(store.put(text)).rejects.toBeInstanceOf(EvidenceChanged);
      }),
    );
    writeFileSync(file, whole);
    expect(await store.get(ref)).toBe(text);
  });

  test('that are not there are NotFound; what is no reference is refused', async () => {
    const { store } = given();
    await expect(store.get(`sha256:${'0'.repeat(64)}`)).rejects.toMatchObject({ name: 'NotFound' });
    const wrong = [
      '',
      'sha256:',
      `sha256:${'0'.repeat(63)}`,
      `sha256:${'A'.repeat(64)}`,
      `sha256:../${'0'.repeat(61)}`,
    ];
    for (const ref of [...wrong, `sha256:${'0'.repeat(64)}\n`])
      await expect(store.get(ref)).rejects.toBeInstanceOf(EvidenceChanged);
  });

  test('have to be well-formed text', async () => {
    const { directory, store } = given();
    await expect(store.put('half \ud83d')).rejects.toBeInstanceOf(BadInput);
    expect(() => statSync(directory)).toThrow();
  });
});

describe('documents by name', () => {
  test('are what was written last', async () => {
    await fc.assert(
      fc.asyncProperty(anyName, anyText, anyText, async (name, first, second) => {
        // Of its own: a name may be the folder of another one.
        const { store } = given();
        await store.write(name, first);
        expect(await store.read(name)).toBe(first);
        await store.write(name, second);
        expect(await store.read(name)).toBe(second);
      }),
      { numRuns: 50 },
    );
  });

  test('that are not there are undefined', async () => {
    const { store } = given();
    await expect(store.read('runs/none.json')).resolves.toBeUndefined();
    await store.write('runs/a.json', 'x');
    await expect(store.read('runs/a.json/b')).resolves.toBeUndefined();
  });

  test('exist for every run id, the strange ones too', async () => {
    const { store } = given();
    for (const run of ['.', '..', '...', '-', '~2', '.hidden', 'a~2', 'x'.repeat(100)]) {
      await store.write(documentName.ending(run), run);
      expect(await store.read(documentName.ending(run))).toBe(run);
    }
  });

  test.each([
    '',
    '.',
    '..',
    '/',
    '/etc/passwd',
    '../outside',
    'runs/../../outside',
    'runs/..',
    'runs/./a',
    'runs//a',
    'runs/a/',
    'runs/a b',
    'runs/ä',
    'runs/a\0',
    'runs/a\n',
    'runs\\a',
    '#tmp-1',
    'sha256/ab/cd',
    'sha256',
    `runs/${'x'.repeat(256)}`,
    'a/'.repeat(600) + 'a',
  ])('cannot be called %j', async (name) => {
    const { directory, store } = given();
    await expect(store.write(name, 'x')).rejects.toBeInstanceOf(BadInput);
    await expect(store.read(name)).rejects.toBeInstanceOf(BadInput);
    expect(() => statSync(directory)).toThrow();
    expect(readdirSync(dirname(directory))).toEqual([]);
  });

  test('are listed by prefix, the last written first, without documents by content', async () => {
    const { directory, store } = given();
    await store.put('content');
    for (const name of ['runs/b.json', 'runs/a.json', 'runs/a~2.json', 'refs/a.json', 'top', 'runs/deep/er'])
      await store.write(name, name);
    const day = 86_400;
    for (const [name, days] of [
      ['runs/b.json', 3],
      ['runs/a~2.json', 2],
      ['runs/a.json', 2],
      ['refs/a.json', 1],
    ] as const)
      utimesSync(join(directory, name), days * day, days * day);
    expect(await store.list('runs/a')).toEqual(
      ['runs/a.json', 'runs/a~2.json'].map((name) => ({ name, writtenAt: 2 * day * 1_000 })),
    );
    expect((await store.list('r')).map(({ name }) => name)).toEqual([
      'runs/deep/er',
      'runs/b.json',
      'runs/a.json',
      'runs/a~2.json',
      'refs/a.json',
    ]);
    expect(await store.list('')).toHaveLength(6);
    expect(await store.list('none/')).toEqual([]);
    await expect(store.list('../')).rejects.toBeInstanceOf(BadInput);
    await expect(store.list('sha256/')).rejects.toBeInstanceOf(BadInput);
  });
});

describe('half a document is never seen', () => {
  const text = (letter: string): string => letter.repeat(200_000);

  test('while many write the same name and the same content', async () => {
    const { directory, store } = given();
    const letters = [...'abcdefgh'];
    await store.write('runs/x.json', text('a'));
    let writing = true;
    const seen = new Set<string>();
    const reader = (async () => {
      while (writing) {
        const now = await createDirectoryStore({ directory }).read('runs/x.json');
        seen.add(now === undefined ? 'nothing' : `${now[0] ?? ''} ${now.length} ${new Set(now).size}`);
      }
    })();
    const refs = await Promise.all(
      letters.flatMap((letter) => {
        const own = createDirectoryStore({ directory });
        return [own.write('runs/x.json', text(letter)), own.put(text(letter)), own.put(text('shared'))];
      }),
    );
    writing = false;
    await reader;
    for (const state of seen) expect(state).toMatch(/^[a-h] 200000 1$/);
    for (const ref of refs) if (ref) expect([200_000, 1_200_000]).toContain((await store.get(ref)).length);
    expect(filesIn(directory).filter((file) => file.includes('#tmp-'))).toEqual([]);
    expect(new Set(await store.read('runs/x.json')).size).toBe(1);
  });

  test('after a crash between writing and renaming: what is left is no document, and goes when it is old', async () => {
    const { directory, store } = given();
    await store.write('runs/a.json', 'whole');
    const left = join(directory, 'runs', '#tmp-4711-0123456789abcdef');
    const fresh = join(directory, 'runs', '#tmp-4712-0123456789abcdef');
    for (const file of [left, fresh]) writeFileSync(file, 'hal');
    const hoursAgo = new Date(Date.now() - 2 * 3_600_000);
    utimesSync(left, hoursAgo, hoursAgo);
    expect(await store.list('')).toEqual([{ name: 'runs/a.json', writtenAt: expect.any(Number) }]);
    await createDirectoryStore({ directory }).write('runs/b.json', 'x');
    expect(readdirSync(join(directory, 'runs')).sort()).toEqual(['#tmp-4712-0123456789abcdef', 'a.json', 'b.json']);
  });

  test('and a write that fails leaves the document before, and nothing else', async () => {
    const { directory, store } = given();
    await store.write('runs/a/b.json', 'x');
    await expect(store.write('runs/a', 'y')).rejects.toBeInstanceOf(Final);
    expect(filesIn(directory)).toEqual([join(directory, 'runs', 'a', 'b.json')]);
    await store.write('runs/c', 'x');
    await expect(store.write('runs/c/d', 'y')).rejects.toBeInstanceOf(Final);
    await expect(store.read('runs/a')).rejects.toBeInstanceOf(Final);
  });
});

test('directory and files are their owner’s only', async () => {
  const { directory, store } = given();
  const ref = await store.put('secret findings');
  await store.write('runs/a.json', 'x');
  const mode = (path: string): number => statSync(path).mode & 0o777;
  for (const path of [directory, join(directory, 'runs'), dirname(fileOf(directory, ref))])
    expect(mode(path)).toBe(0o700);
  for (const path of filesIn(directory)) expect(mode(path)).toBe(0o600);
});

test('a directory that went away is made again', async () => {
  const { directory, store } = given();
  await store.put('x');
  rmSync(directory, { recursive: true });
  const ref = await store.put('x');
  expect(await store.get(ref)).toBe('x');
});

test('a path that a file blocks is told as such', async () => {
  const directory = join(tempDir(), 'evidence');
  writeFileSync(directory, 'not a directory');
  const store = createDirectoryStore({ directory });
  await expect(store.write('runs/a', 'x')).rejects.toMatchObject({ name: 'Final' });
});

// Root may write anywhere, so rights show only as another user.
const asUser = process.getuid?.() === 0 ? test.skip : test;
asUser('a directory without rights is refused, with a word about whose it should be', async () => {
  const { directory, store } = given();
  mkdirSync(directory);
  chmodSync(directory, 0o500);
  await expect(store.write('runs/a', 'x')).rejects.toMatchObject({
    name: 'Forbidden',
    message: expect.stringContaining('must belong to the user') as unknown,
  });
  chmodSync(directory, 0o700);
});

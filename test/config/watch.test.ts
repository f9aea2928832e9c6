import { copyFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, watchConfig, type Config } from '../../src/config';
import { untilPasses } from '../setup/helpers';
import { change, SMALL, written } from './given';

let watched: ReturnType<typeof watchConfig> | undefined;
afterEach(() => watched?.close());

/** Watches a fresh config, and writes down what is told. */
function watching() {
  const path = written(SMALL);
  const changes: Config[] = [];
  const faults: ConfigError[] = [];
  const waits: string[][] = [];
  watched = watchConfig({
    ...{ path, env: {}, process: 'server', everyMs: 20 },
    onChange: (config, pending) => {
      changes.push(config);
      waits.push([...pending]);
    },
    onFault: (error) => faults.push(error),
  });
  return { path, watched, changes, faults, waits };
}
const OTHER = SMALL.replace('everySeconds: 1', 'everySeconds: 7');

test('a changed config is in use soon', async () => {
  const { path, watched: config, changes, faults } = watching();
  expect(config.current().pollSeconds).toBe(1);
  writeFileSync(path, OTHER);
  await untilPasses(() => expect(config.current().pollSeconds).toBe(7));
  expect(changes).toHaveLength(1);
  expect(faults).toEqual([]);
});

test('a file that is put in the place of the old one counts too, and so does a policy', async () => {
  const { path, watched: config } = watching();
  writeFileSync(`${path}.new`, OTHER);
  renameSync(`${path}.new`, path);
  await untilPasses(() => expect(config.current().pollSeconds).toBe(7));
  writeFileSync(join(path, '../policies/default.yaml'), 'review: [ { always: true } ]');
  await untilPasses(() =>
    expect(config.current().lines.get('golden')?.policy).toEqual({ deny: [], review: [{ always: true }] }),
  );
});

test('a faulty new one is refused and told, the old one is kept, and what puts it right is seen wherever it is', async () => {
  const { path, watched: config, changes, faults } = watching();
  writeFileSync(path, change('policies/default.yaml', 'policies/new.yaml', OTHER));
  await untilPasses(() => expect(faults).toHaveLength(1));
  expect(faults[0]?.faults).toEqual([expect.stringMatching(/there is no file .*new\.yaml$/)]);
  expect(config.current().pollSeconds).toBe(1);
  expect(changes).toEqual([]);
  writeFileSync(join(path, '../policies/new.yaml'), 'review: [ { always: true } ]');
  await untilPasses(() => expect(config.current().pollSeconds).toBe(7));
});

test('one whose signing key cannot be used is refused, and taken once the key is there', async () => {
  const { path, watched: config, faults } = watching();
  writeFileSync(path, change('${file:decisions.pem}', '${file:renewed.pem}', OTHER));
  await untilPasses(() => expect(faults).toHaveLength(1));
  expect(faults[0]?.faults).toEqual([
    expect.stringMatching(/^signing\.decisions\.privateKey: cannot read .*renewed\.pem: ENOENT$/),
  ]);
  expect(config.current().pollSeconds).toBe(1);
  copyFileSync(join(path, '../decisions.pem'), join(path, '../renewed.pem'));
  await untilPasses(() => expect(config.current().pollSeconds).toBe(7));
});

test('the secrets of the other process are none of its business', async () => {
  const { path, watched: config, faults } = watching();
  writeFileSync(path, change('${file:ledger.pem}', '${env:NOWHERE}', OTHER));
  await untilPasses(() => expect(config.current().pollSeconds).toBe(7));
  expect(faults).toEqual([]);
});

test('what counts from the next start is named, as long as it differs from what was there at the start', async () => {
  const { path, waits } = watching();
  for (const [text, pending] of [
    [OTHER, []],
    [change('directory: evidence', 'directory: elsewhere', OTHER), ['evidence']],
    [
      change('127.0.0.1:8080,', '127.0.0.1:8081,', change('directory: evidence', 'directory: elsewhere')),
      ['evidence', 'server'],
    ],
    [SMALL, []],
  ] as const) {
    writeFileSync(path, text);
    process.emit('SIGHUP');
    expect(waits.at(-1)).toEqual(pending);
  }
});

test('SIGHUP has it read at once, and nothing is told after the end', async () => {
  const { path, watched: config, changes } = watching();
  writeFileSync(path, OTHER);
  process.emit('SIGHUP');
  expect(config.current().pollSeconds).toBe(7);
  const told = changes.length;
  config.close();
  writeFileSync(path, SMALL);
  process.emit('SIGHUP');
  expect(config.current().pollSeconds).toBe(7);
  expect(changes).toHaveLength(told);
});

test('the first config has to be right', () => {
  const path = written('nothing: here');
  expect(() =>
    watchConfig({ path, env: {}, process: 'server', onChange: () => undefined, onFault: () => undefined }),
  ).toThrow(ConfigError);
});

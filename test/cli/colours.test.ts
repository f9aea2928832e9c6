import type { Environment } from '../../src/config/environment';
import { createTerminal, type Streams, type Terminal } from '../../src/cli/terminal';

const terminalOf = (isTTY: boolean, env: Environment): Terminal =>
  createTerminal({ stdin: { isTTY }, stdout: { isTTY }, stderr: { isTTY } } as unknown as Streams, env);

test.each<[string, boolean, Environment, boolean]>([
  ['a terminal', true, {}, true],
  ['a terminal, with an empty NO_COLOR', true, { NO_COLOR: '' }, true],
  ['a terminal, with NO_COLOR', true, { NO_COLOR: '1' }, false],
  ['a dumb terminal', true, { TERM: 'dumb' }, false],
  ['a pipe', false, {}, false],
])('colours on %s', (_what, isTTY, env, coloured) => {
  const { outStyle, errStyle } = terminalOf(isTTY, env);
  for (const style of [outStyle, errStyle]) expect(style.red('x')).toBe(coloured ? '\u001b[31mx\u001b[39m' : 'x');
});

test('what is drawn anew needs a terminal that can move its cursor, and a question somebody to answer it', async () => {
  expect(terminalOf(true, {}).errSize()).toEqual({ columns: 80, rows: 24 });
  expect(terminalOf(true, { TERM: 'dumb' }).errSize()).toBeUndefined();
  expect(terminalOf(false, {}).errSize()).toBeUndefined();
  expect(await terminalOf(false, {}).ask('Approve?')).toBeUndefined();
});

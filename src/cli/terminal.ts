/** The terminal: results on stdout, everything else on stderr, colours only where somebody sees them. */
import { createInterface } from 'node:readline/promises';
import type { ReadStream, WriteStream } from 'node:tty';
import type { Environment } from '../config/environment';

export type Paint = (text: string) => string;

export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
}

/** Select Graphic Rendition (ECMA-48): switched on, and off again by the matching code. */
const painted =
  (on: number, off: number): Paint =>
  (text) =>
    text === '' ? '' : `\u001b[${on}m${text}\u001b[${off}m`;

const same: Paint = (text) => text;

export const PLAIN: Style = { bold: same, dim: same, red: same, green: same, yellow: same };
export const COLOURED: Style = {
  bold: painted(1, 22),
  dim: painted(2, 22),
  red: painted(31, 39),
  green: painted(32, 39),
  yellow: painted(33, 39),
};

/** A text without the colours of a {@link Style}. */
// eslint-disable-next-line no-control-regex
export const unpainted = (text: string): string => text.replace(/\u001b\[\d+m/g, '');

export interface Terminal {
  /** A result, on stdout, with a line's end. */
  readonly print: (text: string) => void;
  /** A line of progress or a fault, on stderr. */
  readonly say: (line: string) => void;
  /** Writes to stderr as it is. */
  readonly draw: (text: string) => void;
  /** For what is printed, and for what is said. */
  readonly outStyle: Style;
  readonly errStyle: Style;
  /** Columns of stdout where it is a terminal. */
  readonly outColumns: number | undefined;
  /** Columns and rows of stderr where it is a terminal; may change. */
  readonly errSize: () => { readonly columns: number; readonly rows: number } | undefined;
  /** Asks a person; `undefined` where there is none: stdin or stderr is no terminal. */
  readonly ask: (question: string) => Promise<string | undefined>;
  /** Everything on stdin, for what must not stand in a command line. */
  readonly readInput: () => Promise<string>;
}

export interface Streams {
  readonly stdin: ReadStream;
  readonly stdout: WriteStream;
  readonly stderr: WriteStream;
}

/** Colours follow NO_COLOR (no-color.org) and TERM=dumb. */
export function createTerminal({ stdin, stdout, stderr }: Streams, env: Environment): Terminal {
  const styleOf = (stream: WriteStream): Style =>
    stream.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb' ? COLOURED : PLAIN;
  const write = (stream: WriteStream, text: string): void => void stream.write(text);
  return {
    print: (text) => write(stdout, `${text}\n`),
    say: (line) => write(stderr, `${line}\n`),
    draw: (text) => write(stderr, text),
    outStyle: styleOf(stdout),
    errStyle: styleOf(stderr),
    outColumns: stdout.isTTY ? stdout.columns || 80 : undefined,
    errSize: () =>
      stderr.isTTY && env['TERM'] !== 'dumb' ? { columns: stderr.columns || 80, rows: stderr.rows || 24 } : undefined,
    ask: async (question) => {
      if (!stdin.isTTY || !stderr.isTTY) return undefined;
      const lines = createInterface({ input: stdin, output: stderr });
      // Ctrl-D is an answer too: none.
      const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
      // Ctrl-C is read as a character while the line editor has the terminal.
      lines.once('SIGINT', () => {
        lines.close();
        process.kill(process.pid, 'SIGINT');
      });
      try {
        return await Promise.race([lines.question(question), closed]);
      } finally {
        lines.close();
      }
    },
    readInput: async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of stdin) chunks.push(Buffer.from(chunk as Buffer));
      return Buffer.concat(chunks).toString('utf8');
    },
  };
}

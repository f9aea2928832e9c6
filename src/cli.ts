#!/usr/bin/env node
/** The command line. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { main } from './cli/main';
import { createTerminal } from './cli/terminal';
import { environment } from './config/environment';

// A reader that has seen enough (`| head`) is no fault.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const { version } = JSON.parse(readFileSync(join(__dirname, '../package.json'), 'utf8')) as {
  readonly version: string;
};
const env = environment();
void main({ args: process.argv.slice(2), version, env, terminal: createTerminal(process, env), doors: __dirname }).then(
  (code) => {
    // Not before everything is written, and not after: what still waits for an answer that nobody wants must not keep us.
    process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
  },
);

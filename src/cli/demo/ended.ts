/** Ends the program when it is told to by a signal, with everything stopped. */
import { constants } from 'node:os';
import type { Terminal } from '../terminal';
import type { Cleanup } from './cleanup';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * On a signal runs the cleanup and ends the process with 128 and the signal's number, or with `code` where waiting for the
 * signal was all there was left to do. A second signal ends it at once; children die with us in any case. Gives back a terminal
 * on which nothing more is said from then on: what fails because everything is being stopped is no news.
 */
export function endOnSignal(terminal: Terminal, cleanup: Cleanup, code: () => number | undefined): Terminal {
  let ending = false;
  for (const signal of SIGNALS)
    process.on(signal, () => {
      const number = 128 + constants.signals[signal];
      if (ending) process.exit(number);
      ending = true;
      terminal.say('\nstopping …');
      void cleanup.run().finally(() => process.exit(code() ?? number));
    });
  return {
    ...terminal,
    say: (line) => (ending ? undefined : terminal.say(line)),
    draw: (text) => (ending ? undefined : terminal.draw(text)),
  };
}

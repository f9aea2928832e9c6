import { InvalidArgumentError, type Command } from 'commander';
import { parseRunId } from '../domain/names';
import type { Cli } from './cli';
import { operator, type OperatorOptions } from './operator';
import { clean, safeJson } from './text';

interface SweepOptions extends OperatorOptions {
  readonly run: string;
}

/** `assay sweep`: cleans up after a run that was ended from outside and could not do it itself. */
export function sweepCommand({ env, terminal }: Cli): Command {
  return operator('sweep', {
    summary:
      'Clean up after a run that was terminated inside Temporal.\n' +
      'A worker does it and reads everything back; an open run is left alone.',
    examples: ['assay sweep --run nightly-2026-11-24'],
  })
    .requiredOption('--run <run>', 'id of the run', runId)
    .option('--json', 'print JSON')
    .action(async (options: SweepOptions) => {
      const { sweep } = await import('./temporal.js');
      const cleaned = await sweep(env, {
        ...options,
        onBegin: () =>
          terminal.say('a worker cleans up; this may take some minutes, and waits for a worker if there is none'),
      });
      if (options.json) return terminal.print(safeJson({ run: options.run, cleaned }));
      for (const one of cleaned) terminal.print(clean(one));
      if (cleaned.length === 0) terminal.print('there was nothing to clean up');
    });
}

function runId(text: string): string {
  if (parseRunId(text)) return text;
  throw new InvalidArgumentError('That cannot be the id of a run.');
}

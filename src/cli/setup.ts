import type { Command } from 'commander';
import type { Cli } from './cli';
import { operator, type OperatorOptions } from './operator';
import { clean, safeJson } from './text';

/** `assay setup`: makes a Temporal server ready for Assay. */
export function setupCommand({ env, terminal }: Cli): Command {
  return operator('setup', {
    summary:
      'Register what Assay needs on a Temporal server: namespace and search attributes.\n' +
      'May be run any number of times. Which server: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, and the rest of its environment.',
    examples: ['TEMPORAL_ADDRESS=temporal.example.com:7233 assay setup'],
  })
    .option('--json', 'print JSON')
    .action(async (options: OperatorOptions) => {
      const { setUp } = await import('./temporal.js');
      const done = await setUp(env, options);
      if (options.json) return terminal.print(safeJson({ done }));
      for (const one of done) terminal.print(clean(one));
      if (done.length === 0) terminal.print('everything was there already');
    });
}

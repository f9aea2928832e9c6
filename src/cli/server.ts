import type { Command } from 'commander';
import type { Cli } from './cli';
import { runDoor } from './door';
import { operator, withConfig, type OperatorOptions } from './operator';

/** `assay server`: API and pages. The same as `node dist/server.js`. */
export function serverCommand({ env, doors, finish }: Cli): Command {
  return operator('server', {
    summary: 'Run the API server with its pages, until SIGTERM.\nAny number may run at once.',
    examples: ['assay server --config /etc/assay/assay.yaml'],
  })
    .option('--json', 'print where it listens as one JSON line')
    .action(async (options: OperatorOptions) => {
      const args = options.json ? ['--json'] : [];
      finish(await runDoor({ name: 'server', doors, env: withConfig(env, options), args, stdio: 'inherit' }));
    });
}

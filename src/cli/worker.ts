import type { Command } from 'commander';
import type { Cli } from './cli';
import { runDoor } from './door';
import { operator, withConfig, type OperatorOptions } from './operator';

/** `assay worker`: does the work of runs. The same as `node dist/worker.js`. */
export function workerCommand({ env, doors, finish }: Cli): Command {
  return operator('worker', {
    summary: 'Run a worker, until SIGTERM.\nAny number may run at once.',
    examples: ['assay worker --config /etc/assay/assay.yaml'],
  })
    .option('--json', 'print what it serves as one JSON line')
    .action(async (options: OperatorOptions) => {
      const args = options.json ? ['--json'] : [];
      finish(await runDoor({ name: 'worker', doors, env: withConfig(env, options), args, stdio: 'inherit' }));
    });
}

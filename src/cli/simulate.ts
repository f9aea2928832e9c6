import type { Command } from 'commander';
import type { Cli } from './cli';
import { simulatorAt } from './demo/backing';
import { createCleanup } from './demo/cleanup';
import { endOnSignal } from './demo/ended';
import { awsEnvironment } from './demo/environment';
import { port, speed } from './demo/options';
import { EXIT } from './exit';
import { described } from './people';
import { safeJson } from './text';

interface SimulateOptions {
  readonly port: number;
  readonly speed: number;
  readonly json?: true;
}

/** `assay simulate`: the simulated AWS and Spinnaker alone. */
export function simulateCommand({ terminal }: Cli): Command {
  return described('simulate', {
    summary:
      'Run the simulated AWS and Spinnaker alone, until Ctrl-C.\n' +
      'Prints what to export, so that AWS clients and Assay speak to it. What exists is at /_sim/state.',
    examples: ['assay simulate --port 8084 --speed 5'],
  })
    .option('--port <port>', 'port on 127.0.0.1; a free one when not given', port, 0)
    .option('--speed <factor>', 'how much faster than life', speed, 1)
    .option('--json', 'print JSON')
    .action(async (options: SimulateOptions) => {
      const cleanup = createCleanup(terminal.say);
      endOnSignal(terminal, cleanup, () => EXIT.done);
      const simulator = await simulatorAt(options.port, options.speed);
      cleanup.defer('the simulator', () => simulator.stop());
      const { url, gateUrl } = simulator;
      const env = awsEnvironment(url);
      if (options.json) terminal.print(safeJson({ url, gateUrl, env }));
      else {
        for (const [name, value] of Object.entries(env)) terminal.print(`export ${name}=${value}`);
        terminal.print(`# spinnaker.gate in the config: ${gateUrl}`);
      }
      terminal.say('Ctrl-C ends it.');
      await new Promise<never>(() => undefined);
    });
}

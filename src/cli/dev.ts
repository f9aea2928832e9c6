import type { Command } from 'commander';
import { resolve } from 'node:path';
import type { Cli } from './cli';
import { startBacking, type Backing } from './demo/backing';
import { createCleanup } from './demo/cleanup';
import { LINES } from './demo/config';
import { whileAlive } from './demo/doors';
import { endOnSignal } from './demo/ended';
import { port, portToUse, speed } from './demo/options';
import { programName } from './demo/decide';
import { EXIT } from './exit';
import { described } from './people';
import { safeJson } from './text';

interface DevOptions {
  readonly directory: string;
  readonly port: number;
  readonly simulatorPort: number;
  readonly speed: number;
  readonly json?: true;
}

/** `assay dev`: a whole Assay that stays up. */
export function devCommand(cli: Cli): Command {
  return described('dev', {
    summary:
      'Run a whole Assay on this machine, until Ctrl-C.\n' +
      'A real Temporal server, worker and server; AWS and Spinnaker are simulated and begin empty at each start. Config,\n' +
      'keys, evidence and runs are kept in ./.assay-dev; the config there may be changed, and is read again.',
    examples: ['assay dev', 'assay dev --speed 10'],
  })
    .option('--directory <directory>', 'where everything is kept', '.assay-dev')
    .option('--port <port>', 'port of API and pages on 127.0.0.1', port, 8080)
    .option('--simulator-port <port>', 'port of the simulated AWS and Spinnaker', port, 8084)
    .option('--speed <factor>', 'how much faster than life the simulated outside is', speed, 1)
    .option('--json', 'print where everything is as JSON')
    .action(async (options: DevOptions) => {
      const { terminal } = cli;
      const cleanup = createCleanup(terminal.say);
      endOnSignal(terminal, cleanup, () => EXIT.done);
      try {
        const backing = await startBacking({
          cli,
          directory: resolve(options.directory),
          port: await portToUse(options.port),
          simulatorPort: options.simulatorPort,
          speed: options.speed,
          cleanup,
        });
        if (options.json) terminal.print(safeJson(placesOf(backing)));
        else for (const line of welcome(backing)) terminal.print(line);
        await whileAlive(backing.doors, new Promise<never>(() => undefined));
      } finally {
        await cleanup.run();
      }
    });
}

const placesOf = ({ url, temporal, simulator, personas }: Backing): object => ({
  url,
  temporal: { address: temporal.address, namespace: temporal.namespace, ui: temporal.uiUrl },
  simulator: { aws: simulator.url, gate: simulator.gateUrl, state: `${simulator.url}/_sim/state` },
  keys: Object.fromEntries(Object.entries(personas).map(([name, { key }]) => [name, key])),
});

function welcome({ url, temporal, simulator, personas }: Backing): string[] {
  const program = programName();
  return [
    `pages and API      ${url}`,
    `Temporal UI        ${temporal.uiUrl ?? '(that of the server at TEMPORAL_ADDRESS)'}`,
    `Temporal           ${temporal.address}, namespace ${temporal.namespace}`,
    `simulated AWS      ${simulator.url}  (what exists: ${simulator.url}/_sim/state)`,
    `simulated Gate     ${simulator.gateUrl}`,
    '',
    `key that asks      ${personas.spinnaker.key}`,
    `key of alice       ${personas.alice.key}  (security)`,
    `key of bob         ${personas.bob.key}  (platform)`,
    '',
    'Try:',
    `  export ASSAY_URL=${url} ASSAY_KEY=${personas.spinnaker.key}`,
    ...Object.values(LINES).map((line) => `  ${program} run --line ${line} --follow`),
    `  ASSAY_KEY=${personas.alice.key} ${program} approve <run>`,
    `  ${program} list`,
    '',
    'Ctrl-C ends it.',
  ];
}

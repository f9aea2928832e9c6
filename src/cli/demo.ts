import { Option, type Command } from 'commander';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cli } from './cli';
import { startBacking } from './demo/backing';
import { createCleanup } from './demo/cleanup';
import { whileAlive } from './demo/doors';
import { endOnSignal } from './demo/ended';
import { port, portToUse, speed } from './demo/options';
import { playDemo } from './demo/play';
import { exitOfStatus } from './exit';
import { described } from './people';
import { reasonLines, summaryLine } from './run-text';
import { safeJson } from './text';

interface DemoOptions {
  readonly yes?: true;
  readonly deny?: true;
  readonly port: number;
  readonly speed: number;
  readonly json?: true;
}

/** `assay demo`: one golden image, from a Spinnaker stage to its end, on this machine alone. */
export function demoCommand(cli: Cli): Command {
  return described('demo', {
    summary:
      'See it at work: a golden image from a Spinnaker stage to the approval page.\n' +
      'A real Temporal server, worker and server; AWS and Spinnaker are simulated on the wire. Nothing real is touched,\n' +
      'and nothing is left when it ends. The exit code is that of the run: 0 published, 1 otherwise.',
    examples: ['assay demo', 'assay demo --yes --json'],
  })
    .addOption(new Option('-y, --yes', 'approve as both approvers, then end').conflicts('deny'))
    .option('--deny', 'deny, then end')
    .option('--port <port>', 'port of API and pages on 127.0.0.1; a free one when not given', port, 0)
    .option('--speed <factor>', 'how much faster than life the simulated outside is', speed, 2)
    .option('--json', 'print one JSON line at the end')
    .action((options: DemoOptions) => demo(cli, options));
}

async function demo(cli: Cli, options: DemoOptions): Promise<void> {
  const { terminal } = cli;
  const began = Date.now();
  const directory = mkdtempSync(join(tmpdir(), 'assay-demo-'));
  const cleanup = createCleanup(terminal.say);
  cleanup.defer('the temporary folder', () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  let code: number | undefined;
  const quieted = endOnSignal(terminal, cleanup, () => code);
  try {
    const ports = { port: await portToUse(options.port), simulatorPort: 0 };
    const backing = await startBacking({ cli, directory, ...ports, speed: options.speed, cleanup });
    const decision = options.yes ? 'approve' : options.deny ? 'deny' : null;
    const watched = await playDemo({ cli: { ...cli, terminal: quieted }, backing, decision });
    const { run } = watched;
    code = exitOfStatus(run.status);
    // Temporal's client takes its time to load, and no other command pays for it.
    const { resultOf } = await import('./demo/result.js');
    const result = await resultOf({ env: cli.env, backing, watched, began });
    terminal.say(summaryLine(run, terminal.errStyle));
    for (const reason of reasonLines(run)) terminal.say(`  ${reason}`);
    if (options.json) terminal.print(safeJson(result));
    else if (decision === null) {
      const { instances, images, snapshots } = result.aws;
      terminal.say(`Left in the simulated account: instances ${instances}, images ${images}, snapshots ${snapshots}.`);
      terminal.say('Everything stays up to be looked at; Ctrl-C ends it.');
      await whileAlive(backing.doors, new Promise<never>(() => undefined));
    }
    cli.finish(code);
  } finally {
    await cleanup.run();
  }
}

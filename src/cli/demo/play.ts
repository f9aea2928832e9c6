/** The demo's story: a Spinnaker stage asks for an image, people decide, the stage ends. */
import type { Cli } from '../cli';
import { hasEnded } from '../exit';
import { clean } from '../text';
import { watchRun, type Watched } from '../watching';
import type { Backing } from './backing';
import { apiAs, decideAs, howToDecide } from './decide';
import { whileAlive } from './doors';
import { playStage } from './stage';

export interface DemoOrder {
  readonly cli: Cli;
  readonly backing: Backing;
  /** What both approvers say; null: whoever watches decides. */
  readonly decision: 'approve' | 'deny' | null;
}

/** How long the worker may take to be up and look at the run. */
const PATIENCE_MS = 30_000;
/** Orca looks every 15 s at last. */
const STAGE_LIMIT_MS = 20_000;

/** Plays it, and gives back the run as it ended. Throws CliError when worker or server end meanwhile. */
export async function playDemo({ cli, backing, decision }: DemoOrder): Promise<Watched> {
  const { terminal } = cli;
  const { url, temporal, doors } = backing;
  terminal.say('');
  terminal.say(`pages        ${url}`);
  terminal.say(`API          ${url}/v1 (described at ${url}/openapi.json)`);
  terminal.say(`Temporal UI  ${temporal.uiUrl ?? 'that of the server at TEMPORAL_ADDRESS'}`);
  terminal.say(`simulator    ${backing.simulator.url}/_sim/state`);
  terminal.say('');

  const stage = await playStage(backing);
  terminal.say(`A Spinnaker pipeline asks for a golden image: execution ${stage.executionId}, run ${clean(stage.run)}`);
  const watch = (until?: (run: Watched['run']) => boolean): Promise<Watched> =>
    whileAlive(
      doors,
      watchRun({
        ...{ api: apiAs(url, backing.personas.alice), terminal, id: stage.run, firstPatienceMs: PATIENCE_MS },
        ...(until && { until }),
      }),
    );
  const judged = await watch(({ status }) => status === 'AWAITING_APPROVAL' || hasEnded(status));
  if (!hasEnded(judged.run.status)) {
    if (decision === null) for (const line of howToDecide(backing, judged.run, terminal.errStyle)) terminal.say(line);
    else await decideAs(backing, judged.run, decision, terminal);
  }
  const ended = hasEnded(judged.run.status) ? judged : await watch();
  const how = await Promise.race([
    stage.end,
    new Promise<null>((resolve) => setTimeout(resolve, STAGE_LIMIT_MS, null)),
  ]);
  terminal.say(how === null ? 'The Spinnaker stage has not looked yet.' : `The Spinnaker stage ended: ${how}`);
  return ended;
}

import { InvalidArgumentError, type Command } from 'commander';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { askedAgain, type RequestChanges } from '../domain/again';
import { madeUpKey } from '../domain/names';
import { readRequest, readRun } from './answers';
import type { Cli } from './cli';
import { CliError, EXIT, hasEnded, usage } from './exit';
import { isPassing, type Answer, type Api } from './http-client';
import { apiOf, people, runPath, type PeopleOptions } from './people';
import { clean, safeJson } from './text';
import { printEnd } from './watch';
import { watchRun } from './watching';

interface RunOptions extends PeopleOptions {
  readonly line?: string;
  readonly again?: string;
  readonly image?: string;
  readonly region?: string;
  readonly destroyImage?: true;
  readonly instance?: string;
  readonly destroyInstance?: true;
  readonly parameter: Readonly<Record<string, string>>;
  readonly reason?: string;
  readonly requestedBy?: string;
  readonly key?: string;
  readonly follow?: true;
}

/** How often a start is sent at most: the key makes sure that it is one run. */
const TRIES = 3;
const BETWEEN_TRIES_MS = 1_000;
/** How long the server may stay away right after it has accepted the run. */
const FOLLOW_PATIENCE_MS = 60_000;

/** `assay run`: asks for an image. */
export function runCommand(cli: Cli): Command {
  return people('run', {
    summary:
      'Ask for a golden image: bake one, or bring one with --image.\n' +
      'With --again, ask once more for what a run that has ended was asked for; the other options then say what is different.',
    examples: [
      'assay run --line ubuntu-24-base --reason "monthly patch" --follow',
      'assay run --line ubuntu-24-base --parameter packageVersion=1.4',
      'assay run --line ubuntu-24-base --image ami-0abc1234',
      'assay run --again nightly-2026-11-24 --parameter packageVersion=1.5 --follow',
    ],
  })
    .option('--line <line>', 'the line that the image is for; needed without --again')
    .option('--again <run>', 'ask once more for what this run was asked for; it must have ended')
    .option('--image <ami>', 'bring this image instead of baking one')
    .option('--region <region>', "region of the brought image; else the line's")
    .option('--destroy-image', 'remove the brought image if it is denied')
    .option('--instance <id>', 'examine this instance of the brought image instead of deploying one')
    .option('--destroy-instance', 'terminate the brought instance at the end')
    .option('--parameter <name=value>', 'a parameter for the pipelines; may be repeated', parameter, {})
    .option('--reason <text>', 'why; shown to who approves')
    .option('--requested-by <name>', 'who asks; may not approve')
    .option('--key <key>', 'the same key again is the same run (Idempotency-Key)')
    .option('-f, --follow', 'watch the run, and end as it ends')
    .action(async (options: RunOptions) => {
      const { terminal } = cli;
      const changes = changesOf(options);
      const api = apiOf(cli, options);
      const body = options.again === undefined ? changes : await again(api, options.again, changes);
      const key = options.key ?? madeUpKey(body.line ?? '', new Date(), randomBytes(3).toString('hex'));
      const answer = await start(api, key, body);
      const run = readRun(answer.body);
      if (!options.follow) {
        terminal.print(options.json ? safeJson(answer.body) : clean(run.id));
        if (run.pageUrl !== null) terminal.say(`${clean(run.pageUrl)}\nassay watch ${clean(run.id)}`);
        return;
      }
      terminal.say(`run ${clean(run.id)}${run.pageUrl === null ? '' : `, ${clean(run.pageUrl)}`}`);
      printEnd(cli, await watchRun({ api, terminal, id: run.id, firstPatienceMs: FOLLOW_PATIENCE_MS }), options);
    });
}

/** What a run was asked for, changed. Throws CliError for one that is still open: two of a kind would be in each other's way. */
async function again(api: Api, id: string, changes: RequestChanges): Promise<RequestChanges> {
  const run = readRun((await api.call({ path: runPath(id) })).body);
  if (!hasEnded(run.status))
    throw new CliError(EXIT.usage, `the run ${clean(run.id)} is still open (${clean(run.status)})`, {
      hint: `Wait for its end, or cancel it: assay cancel ${clean(run.id)}`,
    });
  const { body } = await api.call({ path: runPath(id, '/request') });
  return askedAgain(run, readRequest(body), changes);
}

/** What the options ask for: the body of `POST /v1/runs`. Throws CliError with every fault. */
function changesOf(options: RunOptions): RequestChanges {
  const { line, image, region, instance, parameter: parameters, reason, requestedBy } = options;
  const faults = [
    ...(line === undefined && options.again === undefined ? ['--line says what the image is for; or --again'] : []),
    ...(image === undefined && region !== undefined ? ['--region is the region of --image'] : []),
    ...(image === undefined && options.destroyImage ? ['--destroy-image needs --image'] : []),
    // Of a request that is repeated, the image may be the one it had.
    ...(image === undefined && instance !== undefined && options.again === undefined
      ? ['--instance needs --image, the image it was launched from']
      : []),
    ...(instance === undefined && options.destroyInstance ? ['--destroy-instance needs --instance'] : []),
  ];
  if (faults.length > 0) throw usage('these options ask for no run', faults);
  return {
    ...(line !== undefined && { line }),
    parameters,
    ...(image !== undefined && {
      image: { id: image, ...(region !== undefined && { region }), destroy: options.destroyImage ?? false },
    }),
    ...(instance !== undefined && { instance: { id: instance, destroy: options.destroyInstance ?? false } }),
    ...(requestedBy !== undefined && { requestedBy }),
    ...(reason !== undefined && { reason }),
  };
}

/** Sends a start until it is answered. */
async function start(api: Api, key: string, body: object): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await api.call({ method: 'POST', path: '/v1/runs', body, headers: { 'Idempotency-Key': key } });
    } catch (error) {
      if (!isPassing(error)) throw error;
      if (tries === TRIES)
        throw new CliError(error.exit, error.message, {
          faults: error.faults,
          hint: `${error.hint ?? ''} Whether the run began is not known; asking again with --key ${key} starts it once at most.`.trim(),
        });
      await sleep(BETWEEN_TRIES_MS);
    }
  }
}

function parameter(text: string, before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must be NAME=VALUE.');
  const name = text.slice(0, at);
  if (Object.hasOwn(before, name)) throw new InvalidArgumentError(`${name} is there twice.`);
  return { ...before, [name]: text.slice(at + 1) };
}

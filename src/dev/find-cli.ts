import { join } from 'node:path';
import { cacheRoot, makeEntry } from './cache';
import { runCommand, type Env } from './child';
import { isExecutable, onPath } from './executable';
import { oneLine, sdkDownload, type Download } from './sdk-download';

/** The newest CLI that `go install` accepts: from v1.6.0 on its go.mod has a replace directive, which `go install` refuses. */
const GO_VERSION = '1.5.1';
const GO_PACKAGE = `github.com/temporalio/cli/cmd/temporal@v${GO_VERSION}`;

const BUILD_LIMIT_MS = 1_200_000;
const PROGRESS_EVERY_SECONDS = 10;

/** What finding a program is given. */
export interface FindOrder {
  readonly env: Env;
  /** Gets one line at a time for people: what is being fetched or built, and for how long. */
  readonly log: (line: string) => void;
  /** How Temporal's programs are downloaded; the SDK's way when not given. */
  readonly download?: Download;
}

/**
 * Path of a Temporal CLI that has the dev server: `TEMPORAL_CLI_PATH`, else `temporal` on PATH, else one fetched or built
 * before, else the SDK's download, else built with Go. A `TEMPORAL_CLI_PATH` that names no program is an error, not a reason
 * to look further. When nothing works, one error says what was tried and why each failed.
 */
export async function findTemporalCli({ env, log, download = sdkDownload }: FindOrder): Promise<string> {
  const named = env['TEMPORAL_CLI_PATH'];
  if (named !== undefined && named !== '') {
    if (isExecutable(named)) return named;
    throw new Error(`TEMPORAL_CLI_PATH names ${named}, which is no executable file`);
  }
  const found = onPath('temporal', env);
  const broken = found === undefined ? 'no `temporal` on PATH' : await brokenCli(found, env);
  if (found !== undefined && broken === undefined) return found;

  const downloaded = join(cacheRoot(env), 'temporal-cli-sdk');
  const built = join(cacheRoot(env), `temporal-cli-${GO_VERSION}`);
  const cached = [built, downloaded].map((directory) => join(directory, 'temporal')).find(isExecutable);
  if (cached !== undefined) return cached;

  const notDownloaded = await makeEntry({
    directory: downloaded,
    waitMs: BUILD_LIMIT_MS,
    onWait: () => log('waiting for another process that downloads the Temporal CLI'),
    fill: (directory) => download({ program: 'cli', directory, name: 'temporal', env, log }),
  });
  if (notDownloaded === undefined) return join(downloaded, 'temporal');

  const notBuilt = await makeEntry({
    directory: built,
    waitMs: BUILD_LIMIT_MS,
    onWait: () => log('waiting for another process that builds the Temporal CLI'),
    fill: (directory) => buildWithGo(directory, env, log),
  });
  if (notBuilt === undefined) return join(built, 'temporal');

  throw new Error(
    [
      'There is no Temporal server to use. Any one of these gives one:',
      `  1. the Temporal CLI on PATH, or TEMPORAL_CLI_PATH naming it (TEMPORAL_CLI_PATH is not set; ${broken})`,
      `  2. the Temporal SDK's own download, which needs the network (${notDownloaded})`,
      `  3. Go 1.25 or newer on PATH, with which the CLI is built: go install ${GO_PACKAGE} (${notBuilt})`,
      'Or set TEMPORAL_ADDRESS to a Temporal server that runs already.',
    ].join('\n'),
  );
}

/** Why a program called `temporal` is not Temporal's CLI; version managers put placeholders of any name on PATH. */
async function brokenCli(path: string, env: Env): Promise<string | undefined> {
  const answer = await runCommand({ command: path, args: ['--version'], env, limitMs: 10_000 });
  if (answer.failure === undefined && answer.output.includes('temporal version')) return undefined;
  return `${path} is not Temporal's CLI: ${answer.failure ?? 'it does not say its version'}`;
}

async function buildWithGo(directory: string, env: Env, log: (line: string) => void): Promise<string | undefined> {
  const go = onPath('go', env);
  if (go === undefined) return 'no `go` on PATH';
  log(`building the Temporal CLI v${GO_VERSION} with Go; this takes some minutes, once`);
  // `go install` refuses GOBIN when it cross-compiles, and a CLI for another machine is of no use here.
  const { GOOS: _os, GOARCH: _arch, ...own } = env;
  const build = await runCommand({
    command: go,
    args: ['install', '-ldflags', '-s -w', GO_PACKAGE],
    env: { ...own, CGO_ENABLED: '0', GOBIN: directory },
    cwd: directory,
    limitMs: BUILD_LIMIT_MS,
    everySecond: (seconds) => {
      if (seconds % PROGRESS_EVERY_SECONDS === 0) log(`building the Temporal CLI … ${seconds} s`);
      return undefined;
    },
  });
  if (build.failure === undefined && isExecutable(join(directory, 'temporal'))) return undefined;
  return `go install failed: ${oneLine(build.output) || build.failure || 'it built nothing'}`;
}

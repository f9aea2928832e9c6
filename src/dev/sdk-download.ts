import { chmodSync, readdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runCommand, type Env } from './child';

/** Which of Temporal's two programs: the CLI with its dev server, or the time-skipping test server. */
export type SdkProgram = 'cli' | 'test-server';

/** Fetches a program into a folder under the name given; text given back is why it could not. */
export type Download = (order: {
  readonly program: SdkProgram;
  readonly directory: string;
  readonly name: string;
  readonly env: Env;
  readonly log: (line: string) => void;
}) => Promise<string | undefined>;

const LIMIT_MS = 300_000;
/** A network that swallows packets would hold us for minutes; a download that goes on has a file by then. */
const FIRST_BYTE_SECONDS = 15;

// The SDK downloads only in order to start the program, so it is started and stopped; in a process of its own, since the
// SDK's runtime can be set up only once in a process and that is for the worker to do.
const SCRIPT = `
const { TestWorkflowEnvironment } = require(process.argv[1]);
const [, , program, downloadDir] = process.argv;
const server = { executable: { type: 'cached-download', downloadDir } };
const started = program === 'cli' ? TestWorkflowEnvironment.createLocal({ server }) : TestWorkflowEnvironment.createTimeSkipping({ server });
started.then((it) => it.teardown()).then(() => process.exit(0), (error) => {
  console.error([error.message, error.cause && error.cause.message].filter(Boolean).join(': '));
  process.exit(1);
});`;

/** The TypeScript SDK's own download (from temporal.download, the version that fits the SDK). Fails at once where that host is not reachable. */
export const sdkDownload: Download = async ({ program, directory, name, env, log }) => {
  const started = await runCommand({
    command: process.execPath,
    args: ['-e', SCRIPT, '--', require.resolve('@temporalio/testing'), program, directory],
    env,
    cwd: dirname(directory),
    limitMs: LIMIT_MS,
    everySecond: (seconds) => {
      if (biggestFile(directory) === undefined) {
        return seconds > FIRST_BYTE_SECONDS ? `nothing arrived from temporal.download in ${seconds} s` : undefined;
      }
      if (seconds % 5 === 0) log(`downloading Temporal's ${program} … ${seconds} s`);
      return undefined;
    },
  });
  const file = biggestFile(directory);
  // A program that arrived but was slow to start is good all the same; a half one has the ending `.downloading`.
  if (file === undefined || file.includes('downloading')) {
    return oneLine(started.output) || started.failure || 'the SDK left no file behind';
  }
  renameSync(join(directory, file), join(directory, name));
  chmodSync(join(directory, name), 0o755);
  return undefined;
};

function biggestFile(directory: string): string | undefined {
  const files = readdirSync(directory).map((name) => ({ name, size: statSync(join(directory, name)).size }));
  return files.filter(({ size }) => size > 0).sort((a, b) => b.size - a.size)[0]?.name;
}

/** The last line that says something, for a message that lists several reasons. */
export const oneLine = (output: string): string =>
  output
    .split('\n')
    .filter((line) => line.trim() !== '')
    .at(-1)
    ?.trim() ?? '';

import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheRoot, makeEntry } from './cache';
import { runCommand } from './child';
import { isExecutable, onPath } from './executable';
import type { FindOrder } from './find-cli';
import { oneLine, sdkDownload } from './sdk-download';

const VERSION = '1.38.0';
const NAME = 'temporal-test-server';
const LIMIT_MS = 300_000;

/** Either the path of a time-skipping test server, or why there is none. */
export type TestServerFound = { readonly path: string } | { readonly path: undefined; readonly why: string };

/**
 * Temporal's time-skipping test server: `TEMPORAL_TEST_SERVER_PATH`, else one fetched before, else the SDK's download, else
 * the Maven artifact of the Java SDK with a Java runtime. Not to have one is no error: it is only needed to test long waits.
 */
export async function findTestServer({ env, log, download = sdkDownload }: FindOrder): Promise<TestServerFound> {
  const named = env['TEMPORAL_TEST_SERVER_PATH'];
  if (named !== undefined && named !== '') {
    if (isExecutable(named)) return { path: named };
    return { path: undefined, why: `TEMPORAL_TEST_SERVER_PATH names ${named}, which is no executable file` };
  }
  const downloaded = join(cacheRoot(env), `${NAME}-sdk`);
  const jars = join(cacheRoot(env), `${NAME}-${VERSION}`);
  const cached = [jars, downloaded].map((directory) => join(directory, NAME)).find(isExecutable);
  if (cached !== undefined) return { path: cached };

  const onWait = (): void => log('waiting for another process that fetches the time-skipping test server');
  const notDownloaded = await makeEntry({
    directory: downloaded,
    waitMs: LIMIT_MS,
    onWait,
    fill: (directory) => download({ program: 'test-server', directory, name: NAME, env, log }),
  });
  if (notDownloaded === undefined) return { path: join(downloaded, NAME) };

  const notFetched = await makeEntry({
    directory: jars,
    waitMs: LIMIT_MS,
    onWait,
    fill: (directory) => fetchWithMaven(directory, { env, log }),
  });
  if (notFetched === undefined) return { path: join(jars, NAME) };
  return {
    path: undefined,
    why: `TEMPORAL_TEST_SERVER_PATH is not set; SDK download: ${notDownloaded}; Maven and Java: ${notFetched}`,
  };
}

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>assay</groupId><artifactId>test-server</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>io.temporal</groupId><artifactId>${NAME}</artifactId><version>${VERSION}</version></dependency>
  </dependencies>
</project>
`;

// `exec`, so that the signal that ends the server reaches Java; the flags get it up sooner, as the SDK waits only five seconds.
const LAUNCHER = `#!/bin/sh
exec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$(dirname "$0")/jars/*" io.temporal.testserver.TestServer "$@"
`;

async function fetchWithMaven(directory: string, { env, log }: FindOrder): Promise<string | undefined> {
  const maven = onPath('mvn', env);
  if (maven === undefined) return 'no `mvn` on PATH';
  if (onPath('java', env) === undefined) return 'no `java` on PATH';
  log(`fetching the time-skipping test server ${VERSION} with Maven`);
  mkdirSync(join(directory, 'jars'));
  writeFileSync(join(directory, 'pom.xml'), POM);
  const fetched = await runCommand({
    command: maven,
    args: [
      ...['--batch-mode', '--quiet', 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'],
      ...['-DincludeScope=runtime', `-DoutputDirectory=${join(directory, 'jars')}`],
    ],
    env,
    cwd: directory,
    limitMs: LIMIT_MS,
    everySecond: (seconds) => {
      if (seconds % 10 === 0) log(`fetching the time-skipping test server … ${seconds} s`);
      return undefined;
    },
  });
  if (fetched.failure !== undefined) return `mvn failed: ${oneLine(fetched.output) || fetched.failure}`;
  rmSync(join(directory, 'pom.xml'));
  writeFileSync(join(directory, NAME), LAUNCHER);
  chmodSync(join(directory, NAME), 0o755);
  return undefined;
}

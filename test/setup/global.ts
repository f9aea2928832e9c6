import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { findTemporalCli } from '../../src/dev/find-cli';
import { startTemporal } from '../../src/dev/start';
import { findTestServer } from '../../src/dev/test-server';
import { TEST_ENV } from './names';

const log = (line: string): void => console.error(line);

/**
 * Finds (or makes) Temporal's programs once, starts one dev server for the whole run and tells the test files where by
 * environment variables. Where there is none to be had the tests that need it fail, and the rest still runs. Nothing has to
 * take the server down: it ends with this process.
 */
export default async function globalSetup(): Promise<void> {
  const env = process.env;
  // Tests of whole processes run what is shipped, and it has to be of today.
  execFileSync(process.execPath, [join(__dirname, '..', '..', 'scripts', 'build.js')], { stdio: 'inherit' });
  try {
    const cli = await findTemporalCli({ env, log });
    env[TEST_ENV.cli] = cli;
    if (env['TEMPORAL_ADDRESS'] === undefined) {
      const server = await startTemporal({ cli, namespace: 'assay', ui: false });
      env[TEST_ENV.address] = server.address;
    }
  } catch (error) {
    env[TEST_ENV.missing] = String(error);
    log(String(error));
  }
  env[TEST_ENV.address] ??= env['TEMPORAL_ADDRESS'];

  const found = await findTestServer({ env, log });
  if (found.path === undefined) env[TEST_ENV.noTestServer] = found.why;
  else env[TEST_ENV.testServer] = found.path;
}

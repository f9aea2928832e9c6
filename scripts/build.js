// Compiles src to dist and bundles the workflow code once, so that a worker starts without webpack. Does nothing when dist is
// that of the same sources already.
const { execFileSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..');
const dist = join(root, 'dist');
const stamp = join(dist, '.sources');

/** SHA-256 of everything that dist is made from. */
function sources() {
  const files = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  const others = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts/build.js'];
  const hash = createHash('sha256');
  for (const file of [...files.sort(), ...others.map((name) => join(root, name))]) {
    hash.update(`${file}\0`);
    hash.update(readFileSync(file));
  }
  return hash.digest('hex');
}

const now = sources();
if (existsSync(stamp) && readFileSync(stamp, 'utf8') === now) process.exit(0);

rmSync(dist, { recursive: true, force: true });
execFileSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});

const { bundleWorkflowCode } = require('@temporalio/worker');
const silent = { trace() {}, debug() {}, info() {}, warn: console.error, error: console.error, log() {} };
bundleWorkflowCode({ workflowsPath: join(dist, 'workflows', 'index.js'), logger: silent })
  .then(({ code }) => {
    writeFileSync(join(dist, 'workflow-bundle.js'), code);
    writeFileSync(stamp, now);
  })
  .catch((error) => {
    console.error(error);
    process.exit(1);
  });

// Compiles src to dist and bundles the workflow code once, so that a worker starts without webpack.
const { execFileSync } = require('node:child_process');
const { rmSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..');
const dist = join(root, 'dist');
rmSync(dist, { recursive: true, force: true });
execFileSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});

const { bundleWorkflowCode } = require('@temporalio/worker');
const silent = { trace() {}, debug() {}, info() {}, warn: console.error, error: console.error, log() {} };
bundleWorkflowCode({ workflowsPath: join(dist, 'workflows', 'index.js'), logger: silent })
  .then(({ code }) => writeFileSync(join(dist, 'workflow-bundle.js'), code))
  .catch((error) => {
    console.error(error);
    process.exit(1);
  });

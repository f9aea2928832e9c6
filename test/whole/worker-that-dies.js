// A worker that kills itself with SIGKILL around one activity, once: DIE_AT names it, DIE_WHEN is before or after it acted.
const { existsSync, writeFileSync } = require('node:fs');
const { runAsProgram, startWorker } = require('../../dist/worker.js');

const { DIE_AT, DIE_WHEN, DIE_MARK } = process.env;

function die(when, name) {
  if (name !== DIE_AT || when !== DIE_WHEN || existsSync(DIE_MARK)) return;
  writeFileSync(DIE_MARK, name);
  process.kill(process.pid, 'SIGKILL');
}

const around = ({ info }) => ({
  inbound: {
    async execute(input, next) {
      die('before', info.activityType);
      const result = await next(input);
      die('after', info.activityType);
      return result;
    },
  },
});

runAsProgram(() => startWorker({ interceptors: { activity: [around] } }));

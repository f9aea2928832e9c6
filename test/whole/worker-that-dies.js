// A worker that kills itself with SIGKILL around activities, once at each place that DIE_AT lists as `<workflow id> <activity>
// <when>`: `before` it acts; at the end of the `first` attempt that gets so far, whether that returned or threw (a poll that
// acts throws, to look again later); `after` it has returned, before the server hears of it. DIE_MARKS is a folder that
// remembers which kills are done.
const { existsSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { clearInterval, setInterval } = require('node:timers');
const { Worker } = require('@temporalio/worker');
const { runAsProgram, startWorker } = require('../../dist/worker.js');

// Without a cache no workflow belongs to one worker, so that none waits ten seconds for one that is dead.
const create = Worker.create.bind(Worker);
Worker.create = (options) => create({ ...options, maxCachedWorkflows: 0 });

const orders = new Set(JSON.parse(process.env.DIE_AT));

function die(when, { workflowExecution, activityType }) {
  const order = `${workflowExecution.workflowId} ${activityType} ${when}`;
  const mark = join(process.env.DIE_MARKS, encodeURIComponent(order));
  if (!orders.has(order) || existsSync(mark)) return;
  writeFileSync(mark, '');
  process.kill(process.pid, 'SIGKILL');
}

const around = ({ info }) => ({
  inbound: {
    async execute(input, next) {
      die('before', info);
      try {
        const result = await next(input);
        die('after', info);
        return result;
      } finally {
        die('first', info);
      }
    },
  },
});

// Loaded, it waits to be told to live, and says so in the folder DIE_LOADED.
const patience = setInterval(() => undefined, 60_000);
process.once('SIGUSR2', () => {
  clearInterval(patience);
  runAsProgram(() => startWorker({ interceptors: { activity: [around] } }));
});
writeFileSync(join(process.env.DIE_LOADED, String(process.pid)), '');

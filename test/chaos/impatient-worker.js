// The shipped worker, but for the time it gives Gate to answer: CHAOS_TIMEOUT_MS instead of half a minute.
const adapter = require('../../dist/adapters/spinnaker/index.js');

const { createSpinnaker } = adapter;
adapter.createSpinnaker = (options) => createSpinnaker({ ...options, timeoutMs: Number(process.env.CHAOS_TIMEOUT_MS) });

const { runAsProgram, startWorker } = require('../../dist/worker.js');
runAsProgram(() => startWorker());

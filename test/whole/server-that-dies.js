// A server that kills itself with SIGKILL, once, when it has started a run for a request with the header `X-Die` and before
// it answers. DIE_MARK is a file that remembers that it did.
const { existsSync, writeFileSync } = require('node:fs');
const { ServerResponse } = require('node:http');
const { runAsProgram, startServer } = require('../../dist/server.js');

const { DIE_MARK } = process.env;
const { writeHead } = ServerResponse.prototype;

ServerResponse.prototype.writeHead = function (status, ...rest) {
  const { method, url, headers } = this.req;
  const started = method === 'POST' && url === '/v1/runs' && status === 202;
  if (started && headers['x-die'] !== undefined && !existsSync(DIE_MARK)) {
    writeFileSync(DIE_MARK, '');
    process.kill(process.pid, 'SIGKILL');
  }
  return writeHead.call(this, status, ...rest);
};

runAsProgram(startServer);

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gateOf } from '../../src/activities/deps';
import { connectTemporal } from '../../src/client/connect';
import { createDeps } from '../../src/worker/deps';
import { change, load, SMALL } from '../config/given';

const GATE = 'http://127.0.0.1:8084, application: goldenami, auth: { none: {} }';

/** A Gate that knows no execution, and remembers who asked. */
async function gate(asked: string[]): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((request, response) => {
    asked.push(`${request.headers['x-spinnaker-user'] ?? request.headers.authorization ?? 'nobody'} ${request.url}`);
    response.writeHead(404, { 'Content-Type': 'application/json', Connection: 'close' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test('a changed config has its Gate asked from then on, with its own credential', async () => {
  const [before, after]: [string[], string[]] = [[], []];
  const [one, other] = [await gate(before), await gate(after)];
  const configOf = (url: string, token: string) =>
    load(change(GATE, `${url}, application: goldenami, auth: { bearer: "\${env:TOKEN}" }`), { TOKEN: token });
  let config = configOf(one.url, 'first');
  const temporal = connectTemporal({ connection: { address: '127.0.0.1:1' }, namespace: 'n' });
  const deps = createDeps(() => config, temporal);
  const look = () =>
    gateOf(deps)
      .execution('01HX')
      .catch(() => undefined);
  await look();
  config = configOf(other.url, 'second');
  await look();
  expect(before).toEqual(['Bearer first /pipelines/01HX']);
  expect(after).toEqual(['Bearer second /pipelines/01HX']);
  const same = deps.spinnaker;
  expect(deps.spinnaker).toBe(same);
  config = { ...load(SMALL), spinnaker: null };
  expect(() => gateOf(deps)).toThrow('has no `spinnaker` in its config');
  await temporal.close();
  for (const { server } of [one, other]) await new Promise((resolve) => server.close(resolve));
});

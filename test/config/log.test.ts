import { PassThrough } from 'node:stream';
import { createLog } from '../../src/config';

function logged(level: string, write: (log: ReturnType<typeof createLog>) => void): string {
  const stream = new PassThrough();
  write(createLog('assay-test', level, stream));
  return ((stream.read() as Buffer | null) ?? '').toString();
}

test('a line is one JSON document with name, time and message', () => {
  const line = logged('info', (log) => log.info({ run: 'r1' }, 'run accepted'));
  expect(JSON.parse(line)).toEqual({
    level: 30,
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    name: 'assay-test',
    run: 'r1',
    msg: 'run accepted',
  });
});

test('what could be a secret is not written, wherever it stands', () => {
  const headers = { authorization: 'Bearer hunter2', cookie: 'hunter2', 'x-api-key': 'hunter2' };
  const request = Object.assign(new Error('refused'), { config: { headers }, response: { headers } });
  const text = logged('info', (log) => {
    log.info({ token: 'hunter2', password: 'hunter2', key: 'hunter2', ...headers });
    log.info({
      req: { headers },
      res: { headers },
      headers,
      gate: { token: 'hunter2', password: 'hunter2' },
      call: headers,
    });
    log.error({ err: request });
    log.error({ error: new Error('outer', { cause: request }) });
  });
  expect(text).not.toContain('hunter2');
  expect(text).toContain('outer: refused');
});

test('an unknown level is info; silent is silent', () => {
  const both = (log: ReturnType<typeof createLog>): void => {
    log.debug('quiet');
    log.info('loud');
  };
  expect(logged('shout', both)).toMatch(/loud/);
  expect(logged('shout', both)).not.toMatch(/quiet/);
  expect(logged('silent', both)).toBe('');
});

/** What the suite keeps of the answers, so that none is kept from its checks. */
import { createCaller } from '../../src/contract/caller';
import { rawServer, type Said } from './raw-server';

test.each<readonly [string, Said, number]>([
  ['is sent again on without a word, 408', { status: 408 }, 408],
  ['is sent again on without a word, 503', { status: 503, headers: { 'Retry-After': '0' } }, 503],
  ['is followed', { status: 307, headers: { Location: '/there' } }, 307],
  ['is repeated', { status: 500 }, 500],
])('an answer that %s is kept, whoever asked', async (_how, first, status) => {
  let times = 0;
  const server = await rawServer(() => (times++ % 2 === 0 ? first : { json: { id: 'r' } }));
  const asked: string[] = [];
  const before = async (what: string): Promise<void> => void asked.push(what);
  const caller = createCaller({ url: server.url, key: 'k', patienceMs: 5_000, before });
  try {
    expect(await caller.call({ to: '/v1/runs' })).toMatchObject({ status: 200, json: { id: 'r' } });
    expect(caller.answers.map((answer) => answer.status)).toEqual([status, 200]);
    const given = { method: 'POST', url: `${server.url}/v1/runs`, headers: {}, body: undefined, timeoutMs: 5_000 };
    await caller.client.exchange(given);
    expect(caller.answers[2]).toMatchObject({ status, what: 'POST /v1/runs' });
    expect(asked).toEqual(['GET /v1/runs', 'POST /v1/runs']);
  } finally {
    caller.close();
    await server.close();
  }
});

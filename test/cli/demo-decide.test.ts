import { decideAs } from '../../src/cli/demo/decide';
import { readRun } from '../../src/cli/answers';
import { makeKey } from '../../src/cli/keys';
import { awaitingDocument } from './given';
import { fakeApi } from './program';

const persona = (id: string, subject: string) => makeKey({ id, scopes: ['decisions:write'], subject });

test('a decision that is recorded and not counted yet is told, and the demo goes on', async () => {
  const approval = { needed: 2, given: 2, by: [], refused: [], deadline: '2026-11-27T10:00:00.000Z' };
  const api = await fakeApi((_, nth) =>
    nth === 1
      ? { status: 202, body: { counted: null, reason: 'recorded; it counts once a worker has verified it' } }
      : { status: 200, body: awaitingDocument({ approval }) },
  );
  const [alice, bob] = [persona('alice', 'alice@example.com'), persona('bob', 'bob@example.com')];
  const said: string[] = [];
  const backing = { url: api.url, personas: { spinnaker: alice, alice, bob } };
  await decideAs(backing, readRun(awaitingDocument()), 'approve', { say: (line) => said.push(line) });
  await api.close();
  expect(said).toEqual(['alice@example.com: approve, recorded', 'bob@example.com: approve (2 of 2)']);
});

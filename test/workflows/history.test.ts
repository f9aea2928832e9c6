import { testTemporal } from '../setup/temporal';
import { openWorld, stubActivities, waiting, type World } from './stub-world';
import { play, SCENARIOS, type Scenario } from './scenarios';

let world: World;
beforeAll(async () => {
  world = await openWorld(await testTemporal());
});
afterAll(() => world.close());

const approved = SCENARIOS.find(({ name }) => name === 'approved') as Scenario;
const source = { kind: 'spinnaker', executionId: '01H', stageRefId: '3' };

/** An approved run, asked for by Spinnaker, whose scan is done at the nth look. */
const withLooks = (looks: number): Scenario => ({
  ...approved,
  stubs: () => {
    let seen = 0;
    const stubs = stubActivities(
      { request: { source } },
      {
        assess: async () => {
          seen += 1;
          if (seen < looks) throw waiting(`look ${seen}`, 1);
          return { assessor: 'inspector2', status: 'complete', ref: 'sha256:a' };
        },
      },
    );
    return stubs;
  },
});

const events = async (scenario: Scenario): Promise<number> =>
  (await (await play(world, scenario)).describe()).historyLength;

test('the history of an approved run is as long with 2,000 looks at the scan as with 2, and under 200 events', async () => {
  const few = await events(withLooks(2));
  const many = await events(withLooks(2_000));
  // How many workflow tasks the same events are told in varies a little with timing: three events each.
  expect(Math.abs(many - few)).toBeLessThanOrEqual(9);
  expect(many).toBeLessThan(200);
  expect(few).toBeLessThan(200);
}, 240_000);

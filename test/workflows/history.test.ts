import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultPayloadConverter } from '@temporalio/common';
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

/** An approved run whose scan is done at the nth look. */
const withLooks = (looks: number, request: object = {}): Scenario => ({
  ...approved,
  stubs: () => {
    let seen = 0;
    return stubActivities(
      { request },
      {
        assess: async () => {
          seen += 1;
          if (seen < looks) throw waiting(`look ${seen}`, 1);
          return { assessor: 'inspector2', status: 'complete', ref: 'sha256:a' };
        },
      },
    );
  },
});

/** The line's signal may come before or after the run begins to wait for it: a timer, started and canceled, more or less. */
const ONE_TIMER = 2;

/** All events, and those that say something: in how many workflow tasks the same is told depends on timing. */
async function eventsOf(scenario: Scenario): Promise<{ readonly all: number; readonly telling: number }> {
  const { events } = await (await play(world, scenario)).fetchHistory();
  const types = (events ?? []).map(({ eventType }) => eventType ?? 0);
  // EVENT_TYPE_WORKFLOW_TASK_SCHEDULED to _FAILED (temporal.api.enums.v1.EventType).
  return { all: types.length, telling: types.filter((type) => type < 5 || type > 9).length };
}

test('the history of an approved run says the same with 2,000 looks at the scan as with 2, in fewer than 200 events', async () => {
  const few = await eventsOf(withLooks(2));
  const many = await eventsOf(withLooks(2_000));
  expect(Math.abs(many.telling - few.telling)).toBeLessThanOrEqual(ONE_TIMER);
  expect(Math.max(few.all, many.all)).toBeLessThan(200);
}, 240_000);

test('each activity of a run says in the Temporal UI what it does', async () => {
  const { events } = await (await play(world, approved)).fetchHistory();
  const scheduled = (events ?? []).filter(({ activityTaskScheduledEventAttributes: activity }) => activity);
  expect(scheduled.length).toBeGreaterThan(10);
  const said = scheduled.map(({ activityTaskScheduledEventAttributes: activity, userMetadata }) => [
    activity?.activityType?.name,
    userMetadata?.summary ? defaultPayloadConverter.fromPayload<string>(userMetadata.summary) : '',
  ]);
  expect(said.filter(([, summary]) => summary === '')).toEqual([]);
  expect(said).toContainEqual(['awaitBake', 'waits for the bake, and reads its images']);
});

test('docs/design.md states the numbers', async () => {
  const design = readFileSync(join(__dirname, '..', '..', 'docs', 'design.md'), 'utf8');
  const [, plain, asked] = /has (\d+) events, and (\d+) where a Spinnaker stage asked/.exec(design) ?? [];
  const told = (await eventsOf(withLooks(2))).telling;
  expect(Math.abs(told - Number(plain))).toBeLessThanOrEqual(ONE_TIMER);
  const bySpinnaker = await eventsOf(withLooks(2, { source }));
  // Each change of stage is one look at the stage that asked; the last of them may be overtaken by the end.
  expect(Math.abs(bySpinnaker.telling - Number(asked))).toBeLessThanOrEqual(3 + ONE_TIMER);
  expect(bySpinnaker.all).toBeLessThan(200);
}, 60_000);

import { runSettings } from '../../src/config';
import { change, faults, load } from './given';

const scheduled = (schedule: string): string => change('    policy:', `    schedule: ${schedule}\n    policy:`);

test('a schedule has its defaults, and its parameters are texts', () => {
  expect(runSettings(load(scheduled('{ cron: "0 4 * * 1" }')), 'golden')?.line.schedule).toEqual({
    cron: '0 4 * * 1',
    timezone: 'UTC',
    overlap: 'skip',
    jitterMinutes: 0,
    paused: null,
    catchupHours: 24,
    parameters: {},
  });
  const all =
    '{ cron: "@daily", timezone: Asia/Kolkata, overlap: bufferOne, jitterMinutes: 30, paused: true, catchupHours: 1.5, parameters: { n: 7 } }';
  expect(runSettings(load(scheduled(all)), 'golden')?.line.schedule).toEqual({
    cron: '@daily',
    timezone: 'Asia/Kolkata',
    overlap: 'bufferOne',
    jitterMinutes: 30,
    paused: true,
    catchupHours: 1.5,
    parameters: { n: '7' },
  });
});

test.each([
  ['{ cron: "0 4 * *" }', 'cron: must have five fields: minute, hour, day of the month, month, day of the week'],
  ['{ cron: "60 4 * * *" }', 'cron: its minute is none'],
  ['{ cron: "0 4 30 feb *" }', 'cron: names a day that none of its months has'],
  ['{ cron: "0 4 * * *", timezone: Mars/Olympus }', 'timezone: is no time zone, as Europe/Berlin or UTC'],
  ['{ cron: "0 4 * * *", timezone: europe/berlin }', 'timezone: must be written Europe/Berlin'],
  ['{ cron: "0 4 * * *", overlap: terminateOther }', expect.stringContaining('overlap: ')],
  ['{ cron: "0 4 * * *", jitterMinutes: -1 }', expect.stringContaining('jitterMinutes: ')],
  ['{ cron: "0 4 * * *", catchupHours: 0.001 }', 'catchupHours: must be a minute at least'],
  ['{ cron: "0 4 * * *", parameters: { amiId: x } }', 'parameters.amiId: is set by Assay'],
  [
    '{ cron: "0 4 * * *", parameters: { a: "${x}" } }',
    'parameters.a: holds an expression, or ends as one begins, which Spinnaker would evaluate',
  ],
  ['{ cron: "0 4 * * *", time: 4 }', 'time: there is no such key'],
])('the schedule %s is refused', (schedule, fault) => {
  const told = faults(scheduled(schedule)).map((one) => one.replace('lines.golden.schedule.', ''));
  expect(told).toEqual([fault]);
});

test('a schedule brings no image, so its line has to bake', () => {
  const yaml = scheduled('{ cron: "0 4 * * 1" }').replace(/\n {4}bake: .*/, '');
  expect(faults(yaml)).toEqual(['lines.golden.schedule: needs bake: a schedule brings no image']);
});

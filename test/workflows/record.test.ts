import { RunRecord } from '../../src/workflows/record';

test('a timeline of the longest entries, in the characters that JSON writes longest, fits into one payload of Temporal', () => {
  const record = new RunRecord({
    ...{ id: 'r', key: 'r', attempt: 1, line: 'golden', token: 't', bodyHash: 'h', credential: 'ci' },
  });
  // An approver may approve and withdraw as often as they like, each time with 2,000 characters.
  for (let n = 0; n < 1_000; n += 1) record.note(`alice@example.com says approve: ${'\u0001'.repeat(2_000)}`);
  expect(record.timeline).toHaveLength(300);
  expect(Buffer.byteLength(JSON.stringify(record.timeline))).toBeLessThan(1_500_000);
  record.timeline.splice(0);
  record.note('short');
  expect(record.timeline).toMatchObject([{ text: 'short' }]);
});

import { documentOf, withUrls, type Execution } from '../../src/client/view';
import { MEMO_STATUS } from '../../src/domain/names';
import { statusOf } from '../http/door';

const execution = (temporalStatus: string, shown: object, waitingFor: readonly string[] = []): Execution => ({
  temporalStatus,
  memo: { [MEMO_STATUS]: { ...statusOf('r1'), ...shown } },
  closedAt: '2026-01-01T01:00:00.000Z',
  waitingFor,
});

test.each([
  ['RUNNING', 'baking: gone'],
  // A person may do that to a workflow of a newer server; it goes on when they let it.
  ['PAUSED', 'baking: paused inside Temporal: gone'],
  ['SOMETHING_NEW', 'baking: something new inside Temporal: gone'],
])('a run that is %s inside Temporal is open', (status, progress) => {
  const document = documentOf(execution(status, { progress: 'baking' }, ['gone', 'more']));
  expect(document).toMatchObject({ status: 'RUNNING', progress, error: null });
});

test.each([
  ['FAILED', 'failed'],
  ['CANCELLED', 'cancelled'],
  ['TERMINATED', 'terminated'],
  ['TIMED_OUT', 'timed out'],
  ['CONTINUED_AS_NEW', 'continued as new'],
  ['COMPLETED', 'completed'],
])('a run that is %s inside Temporal without an ending has failed, and left what a sweep finds', (status, how) => {
  const document = documentOf(execution(status, {}));
  expect(document).toMatchObject({
    status: 'FAILED',
    progress: `${how} inside Temporal`,
    closedAt: expect.any(String),
  });
  expect(document?.error).toContain('assay sweep --run r1');
});

test('a run that ended is as it showed itself', () => {
  expect(documentOf(execution('COMPLETED', { status: 'DENIED', progress: 'denied' }))).toMatchObject({
    status: 'DENIED',
    progress: 'denied',
  });
});

test('a memo of something else is no run', () => {
  expect(documentOf({ ...execution('RUNNING', {}), memo: {} })).toBeUndefined();
});

test.each(['\u0001', '漢', '${', '"'])('what activities wait for, with %j, leaves it under 4 KiB and inert', (text) => {
  const long = 'x'.repeat(160);
  const document = documentOf(execution('RUNNING', { reasons: ['r'.repeat(1_800)] }, [text.repeat(3_000)]));
  if (!document) throw new Error('no document');
  const urls = {
    publicUrl: `https://${long}.example.com`,
    temporalUi: `https://${long}.example.org`,
    namespace: 'assay',
  };
  const body = JSON.stringify(withUrls(document, urls));
  expect(Buffer.byteLength(body)).toBeLessThan(4096);
  expect(body).not.toContain('${');
});

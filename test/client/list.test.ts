import { randomUUID } from 'node:crypto';
import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectTemporal, type Temporal } from '../../src/client/connect';
import { Unreachable } from '../../src/client/errors';
import { BadInput } from '../../src/domain/errors';
import { MEMO_STATUS, QUEUE, SEARCH, WORKFLOW, workflowId } from '../../src/domain/names';
import type { StatusDocument } from '../../src/domain/status';
import { defineSearchAttributeKey } from '@temporalio/common';
import { statusOf } from '../http/door';
import { untilPasses } from '../setup/helpers';
import { testTemporal } from '../setup/temporal';
import { assay, forgotten, ORDER, type Assay } from './given';

let temporal: Temporal;
let address: string;
beforeEach(async () => {
  const place = await testTemporal();
  ({ address } = place);
  temporal = connectTemporal({ connection: { address }, namespace: place.namespace });
});
afterEach(() => temporal.close());

const NOW = Date.now();
/** Dates an ending's file, in minutes ago. */
function dated({ directory }: Assay, id: string, minutesAgo: number): void {
  const at = new Date(NOW - minutesAgo * 60_000);
  utimesSync(join(directory, 'runs', `${id}.json`), at, at);
}

async function everyPage({ runs }: Assay, limit: number): Promise<string[][]> {
  const pages: string[][] = [];
  let cursor: string | null = null;
  do {
    const page = await runs.list({ limit, ...(cursor !== null && { cursor }) });
    pages.push(page.runs.map(({ id }) => id));
    ({ cursor } = page);
  } while (cursor !== null && pages.length < 50);
  return pages;
}

/** A run at Temporal that shows this, with no worker to change it. */
async function shows(changes: Partial<StatusDocument>): Promise<string> {
  const id = randomUUID();
  const document = statusOf(id, changes);
  await temporal.client.workflow.start(WORKFLOW.run, {
    workflowId: workflowId.run.of(id),
    taskQueue: QUEUE.main,
    args: [],
    memo: { [MEMO_STATUS]: document },
    typedSearchAttributes: [{ key: defineSearchAttributeKey(SEARCH.status, 'KEYWORD'), value: document.status }],
  });
  return id;
}

test('a run that only the archive remembers is on the first page, and nothing is said to follow', async () => {
  const given = assay(temporal);
  await forgotten(given, 'long-ago');
  expect(await given.runs.list({ line: 'golden' })).toMatchObject({ runs: [{ id: 'long-ago' }], cursor: null });
  expect(await given.runs.list({ line: 'silver' })).toEqual({ runs: [], cursor: null });
});

test('pages are filled from Temporal and then from the archive, the last ended first, and the last has no cursor', async () => {
  const given = assay(temporal);
  const begun: string[] = [];
  for (let n = 0; n < 3; n++) begun.unshift((await given.runs.start({ ...ORDER, key: `z-${n}` })).id);
  for (const [id, minutesAgo] of [
    ['a', 5],
    ['b', 3],
    ['c', 4],
    ['d', 3],
  ] as const) {
    await forgotten(given, id);
    dated(given, id, minutesAgo);
  }
  // Its end is stored, and Temporal still knows it: it is there once.
  await forgotten(given, 'z-1');
  const all = [...begun, 'b', 'd', 'c', 'a'];
  await untilPasses(async () => expect(await everyPage(given, 10)).toEqual([all]));
  const pages = await everyPage(given, 2);
  expect(pages.flat()).toEqual(all);
  expect(pages.at(-1)).not.toEqual([]);
});

test('one call looks at 200 endings at most, and a list that grows meanwhile skips and repeats nothing', async () => {
  const given = assay(temporal);
  for (let n = 0; n < 230; n++) {
    await forgotten(given, `r-${n}`, { line: n === 229 ? 'silver' : 'golden' });
    dated(given, `r-${n}`, n + 1);
  }
  let read = 0;
  const { ending } = given.archive;
  given.archive.ending = (run) => {
    read++;
    return ending(run);
  };
  const first = await given.runs.list({ line: 'silver' });
  expect(first).toMatchObject({ runs: [], cursor: expect.any(String) });
  expect(read).toBeLessThanOrEqual(200);
  await forgotten(given, 'newest', { line: 'silver' });
  const second = await given.runs.list({ line: 'silver', cursor: first.cursor as string });
  expect(second).toMatchObject({ runs: [{ id: 'r-229' }], cursor: null });
});

test('a run that was ended inside Temporal is found as FAILED, and not as what it showed last', async () => {
  const { runs } = assay(temporal);
  const asking = await shows({ status: 'AWAITING_APPROVAL', stage: 'awaiting-approval' });
  const terminated = await shows({ status: 'AWAITING_APPROVAL', stage: 'awaiting-approval' });
  await temporal.client.workflow.getHandle(workflowId.run.of(terminated)).terminate('by hand');
  const ids = async (status: StatusDocument['status']) => (await runs.list({ status })).runs.map(({ id }) => id);
  await untilPasses(async () => expect(await ids('FAILED')).toEqual([terminated]));
  expect(await ids('AWAITING_APPROVAL')).toEqual([asking]);
  expect(await ids('RUNNING')).toEqual([]);
});

test('an ending that was changed is left out and told, and the others are shown', async () => {
  const given = assay(temporal);
  for (const id of ['sound', 'changed', 'moved']) await forgotten(given, id);
  writeFileSync(join(given.directory, 'runs', 'changed.json'), 'something else');
  await given.evidence.write('runs/moved.json', (await given.evidence.read('runs/sound.json')) as string);
  expect((await given.runs.list({})).runs.map(({ id }) => id)).toEqual(['sound']);
  expect(given.damages.sort()).toEqual([
    'the evidence of run changed is damaged: a token has not three parts',
    'the evidence of run moved is damaged: its ending is that of run sound',
  ]);
  await expect(given.runs.status('changed')).rejects.toMatchObject({ name: 'EvidenceChanged' });
});

const cursorOf = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const token = Buffer.from('made up').toString('base64url');
test.each([
  'made-up',
  cursorOf({ temporal: token }),
  cursorOf([{ temporal: token }, 'made up']),
  cursorOf([{ archive: null }, 'made up']),
  cursorOf(null),
])('the cursor %s is none that a list gave out', async (cursor) => {
  const { runs } = assay(temporal);
  await expect(runs.list({ cursor })).rejects.toThrow(BadInput);
});

test('a cursor that was altered is none either', async () => {
  const given = assay(temporal);
  for (const id of ['a', 'b']) await forgotten(given, id);
  const { cursor } = await given.runs.list({ limit: 1 });
  const text = Buffer.from(cursor as string, 'base64url').toString('utf8');
  const altered = Buffer.from(text.replace(/"endedAt":\d/, '"endedAt":9')).toString('base64url');
  expect(await given.runs.list({ cursor: cursor as string })).toMatchObject({ runs: [{}], cursor: null });
  await expect(given.runs.list({ cursor: altered })).rejects.toThrow(BadInput);
});

test('a Temporal that is not set up yet cannot list, and says so', async () => {
  const without = connectTemporal({ connection: { address }, namespace: `none-${randomUUID()}` });
  await expect(assay(without).runs.list({})).rejects.toThrow(Unreachable);
  await without.client.workflowService.registerNamespace({
    namespace: without.namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  await untilPasses(async () =>
    expect(await without.client.workflowService.describeNamespace({ namespace: without.namespace })).toBeDefined(),
  );
  await expect(assay(without).runs.list({ line: 'golden' })).rejects.toThrow(Unreachable);
  await without.close();
});

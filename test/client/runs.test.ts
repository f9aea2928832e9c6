import { randomUUID } from 'node:crypto';
import { Client, type WorkflowClientInterceptor } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time';
import { connectTemporal, type Temporal } from '../../src/client/connect';
import { Conflict, Unreachable } from '../../src/client/errors';
import { createSetup } from '../../src/client/setup';
import { createSignatures } from '../../src/adapters/evidence/seal';
import { documentName, NO_REFS, type EndingStatement } from '../../src/domain/evidence';
import { BadInput } from '../../src/domain/errors';
import { workflowId } from '../../src/domain/names';
import { freePort, untilPasses } from '../setup/helpers';
import { testTemporal } from '../setup/temporal';
import { ALICE, assay, decisions, ORDER, REQUEST } from './given';
import { openWorld, stubActivities, waiting, type World } from '../workflows/stub-world';

let world: World;
let temporal: Temporal;
beforeAll(async () => {
  const place = await testTemporal();
  world = await openWorld(place);
  temporal = connectTemporal({ connection: { address: place.address }, namespace: place.namespace });
});
afterAll(async () => {
  await world.close();
  await temporal.close();
});

test('a run starts with no worker alive, and its first status is there at once, with its URLs', async () => {
  const { runs } = assay(temporal);
  const begun = await runs.start({ ...ORDER, key: randomUUID() });
  expect(begun).toMatchObject({ status: 'RUNNING', stage: 'baking', attempt: 1, line: 'golden' });
  expect(begun.statusUrl).toBe(`https://assay.example.com/x/v1/runs/${begun.id}`);
  expect(begun.temporalUrl).toBe(`http://ui/namespaces/n/workflows/run%2F${begun.id}`);
  expect(await runs.status(begun.id)).toEqual(begun);
  expect(await runs.status('nobody-asked')).toBeUndefined();
});

test('the Temporal UI shows from the first moment on what was asked for, and no Markdown of the caller', async () => {
  const { runs } = assay(temporal);
  const reason = 'monthly `patch`\n\n[click](http://evil.example)';
  const { id } = await runs.start({ ...ORDER, key: randomUUID(), request: { ...REQUEST, reason } });
  const described = await temporal.client.workflow.getHandle(workflowId.run.of(id)).describe();
  expect(await described.staticSummary()).toBe('golden image of golden');
  expect(await described.staticDetails()).toBe(
    [
      '- line: `golden`',
      '- asked for by: `eve@example.com`',
      '- with the credential: `ci`',
      "- why: `monthly 'patch' [click](http://evil.example)`",
    ].join('\n'),
  );
});

test('while a run goes on its attributes and details follow it: it is listed by its image, and the Temporal UI tells where it stands', async () => {
  const { runs } = assay(temporal);
  const { activities } = stubActivities();
  const key = randomUUID();
  await world.during(activities, async () => {
    const { id } = await runs.start({ ...ORDER, key });
    await untilPasses(async () => expect(await runs.status(id)).toMatchObject({ status: 'AWAITING_APPROVAL' }));
    const { amiId: image } = (await runs.status(id)) ?? {};
    if (typeof image !== 'string') throw new Error('people are asked about no image');
    const listed = async (filter: object) => (await runs.list(filter)).runs.map((run) => run.id);
    await untilPasses(async () => expect(await listed({ image, status: 'AWAITING_APPROVAL' })).toContain(id));
    expect(await listed({ image: 'ami-ffffffff' })).not.toContain(id);
    const handle = temporal.client.workflow.getHandle(workflowId.run.of(id));
    const { typedSearchAttributes } = await handle.describe();
    const said = Object.fromEntries(typedSearchAttributes.getAll().map(({ key: { name }, value }) => [name, value]));
    expect(said).toMatchObject({ AssayLine: 'golden', AssayStage: 'awaiting-approval', AssayImage: image });
    const shown = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
    expect(shown.currentDetails).toContain(`**AWAITING_APPROVAL** · awaiting-approval`);
    expect(shown.currentDetails).toContain(`image \`${image}\``);
    await runs.cancel(id, ALICE, '');
    await untilPasses(async () => expect(await runs.status(id)).toMatchObject({ status: 'CANCELED' }));
  });
});

test('twenty equal starts at once make one run, and another body under the same key is a conflict', async () => {
  const { runs } = assay(temporal);
  const key = randomUUID();
  const begun = await Promise.all(Array.from({ length: 20 }, () => runs.start({ ...ORDER, key })));
  expect(new Set(begun.map(({ id }) => id))).toEqual(new Set([key]));
  const other = { ...ORDER, key, request: { ...REQUEST, reason: 'another' } };
  await expect(runs.start(other)).rejects.toThrow(Conflict);
});

test('a Spinnaker stage is its own key, and the order of names in a body does not matter', async () => {
  const { runs } = assay(temporal);
  const executionId = randomUUID();
  const source = { kind: 'spinnaker', executionId, stageRefId: '3' };
  const first = await runs.start({ ...ORDER, request: { ...REQUEST, source } });
  const turned = { ...source, kind: source.kind, parameters: {} };
  expect(first.key).toBe(`${executionId}-3`);
  const again = await runs.start({
    ...ORDER,
    request: { source, parameters: {}, requestedBy: 'eve@example.com', line: 'golden' },
  });
  expect(again.id).toBe(first.id);
  expect(turned.kind).toBe('spinnaker');
});

test('once its end was read by who asked, or a cancel was accepted, a key begins another attempt', async () => {
  const { runs } = assay(temporal);
  const { activities } = stubActivities({ verdict: 'deny' });
  await world.during(activities, async () => {
    const key = randomUUID();
    const first = await runs.start({ ...ORDER, key });
    await untilPasses(async () => expect(await runs.status(first.id)).toMatchObject({ status: 'DENIED' }));
    await runs.endRead(first.id, 'somebody-else');
    expect((await runs.start({ ...ORDER, key })).id).toBe(key);
    await runs.endRead(first.id, 'ci');
    const second = await runs.start({ ...ORDER, key });
    expect(second).toMatchObject({ id: `${key}~2`, key, attempt: 2 });
  });
  const slow = stubActivities({}, { assess: () => Promise.reject(waiting('scanning')) });
  await world.during(slow.activities, async () => {
    const key = randomUUID();
    const first = await runs.start({ ...ORDER, key });
    expect(await runs.cancelByKey(key, ALICE, 'restart')).toMatchObject({ canceled: true });
    expect((await runs.start({ ...ORDER, key })).id).toBe(`${key}~2`);
    await runs.cancelByKey(key, ALICE, '');
    await untilPasses(async () => expect(await runs.status(`${key}~2`)).toMatchObject({ status: 'CANCELED' }));
    await untilPasses(async () => expect(await runs.status(first.id)).toMatchObject({ status: 'CANCELED' }));
    expect(await runs.cancel(first.id, ALICE, '')).toMatchObject({ canceled: true });
  });
});

test('with no worker alive a decision is recorded and a cancel is noted, and both count later', async () => {
  const { runs } = assay(temporal);
  const idle = stubActivities();
  const { id } = await runs.start({ ...ORDER, key: randomUUID() });
  await world.during(idle.activities, () =>
    untilPasses(async () => expect(await runs.status(id)).toMatchObject({ status: 'AWAITING_APPROVAL' })),
  );
  expect(await runs.decide(id, { verdict: 'deny', comment: 'no', evidenceDigest: 'sha256:e' }, ALICE)).toEqual({
    kind: 'recorded',
  });
  expect(await runs.cancel(id, ALICE, '')).toMatchObject({ canceled: null });
  const verifyDecision = async ({ token }: { token: string }) => {
    const signatures = createSignatures({
      publicKeys: () => [decisions.publicKey],
      access: () => ({
        keys: [{ id: 'alice', subject: 'alice@example.com', groups: ['security'], scopes: ['decisions:write'] }],
        revoked: [],
      }),
    });
    return { decision: signatures.decision(token), ref: 'sha256:d' };
  };
  const { activities } = stubActivities({}, { verifyDecision });
  await world.during(activities, () =>
    untilPasses(async () => expect(['DENIED', 'CANCELED']).toContain((await runs.status(id))?.status)),
  );
}, 60_000);

test('a decision too early is refused so, and one after the end is refused as closed', async () => {
  const { runs } = assay(temporal);
  let release = false;
  const { activities } = stubActivities(
    { verdict: 'deny' },
    {
      assess: async () => {
        if (!release) throw waiting('coverage is PENDING_INITIAL_SCAN');
        return { assessor: 'inspector2', status: 'complete', ref: 'sha256:a' };
      },
    },
  );
  const order = { verdict: 'approve', comment: '', evidenceDigest: 'sha256:e' } as const;
  await world.during(activities, async () => {
    const { id } = await runs.start({ ...ORDER, key: randomUUID() });
    await untilPasses(async () =>
      expect((await runs.status(id))?.progress).toContain('coverage is PENDING_INITIAL_SCAN'),
    );
    expect(await runs.decide(id, order, ALICE)).toEqual({ kind: 'refused', reason: 'not-yet' });
    release = true;
    await untilPasses(async () => expect(await runs.status(id)).toMatchObject({ status: 'DENIED' }));
    expect(await runs.decide(id, order, ALICE)).toEqual({ kind: 'refused', reason: 'closed' });
    expect(await runs.decide('nobody-asked', order, ALICE)).toBeUndefined();
  });
});

/** The same Temporal, which gives each run a second to live. */
function hasty(): Temporal {
  const { client, namespace, ask } = temporal;
  const interceptors = {
    workflow: [
      {
        startWithDetails: (input, next) =>
          next({ ...input, options: { ...input.options, workflowExecutionTimeout: msToTs('1 second') } }),
      } satisfies WorkflowClientInterceptor,
    ],
  };
  const bounded = new Client({ connection: client.connection, namespace, interceptors });
  return { ...temporal, ask: (call, limitMs) => ask(() => call(bounded), limitMs) };
}

test.each([
  {
    how: 'terminated',
    end: async (key: string) => {
      const { id } = await assay(temporal).runs.start({ ...ORDER, key });
      await world.client.workflow.getHandle(workflowId.run.of(id)).terminate('by hand');
    },
  },
  { how: 'timed out', end: (key: string) => assay(hasty()).runs.start({ ...ORDER, key }) },
])('a run that was $how inside Temporal is FAILED and names the sweep, in lists too', async ({ how, end }) => {
  const { runs } = assay(temporal);
  const id = randomUUID();
  await end(id);
  const failed = {
    id,
    status: 'FAILED',
    progress: `${how} inside Temporal`,
    error: expect.stringContaining(`assay sweep --run ${id}`),
    closedAt: expect.any(String),
  };
  await untilPasses(async () => expect(await runs.status(id)).toMatchObject(failed));
  await untilPasses(async () =>
    expect((await runs.list({ status: 'FAILED' })).runs).toContainEqual(expect.objectContaining(failed)),
  );
});

test('runs are listed by line and status, page by page, and after them what only the archive knows', async () => {
  const { runs, evidence, sealer } = assay(temporal);
  const ids = await Promise.all(
    Array.from({ length: 5 }, async () => (await runs.start({ ...ORDER, key: randomUUID() })).id),
  );
  const { id: pattern } = await runs.start({ ...ORDER, key: randomUUID() });
  const document = await runs.status(pattern);
  const status = { ...document, id: 'long-ago', key: 'long-ago', status: 'DENIED' } as EndingStatement['status'];
  const ending: EndingStatement = {
    ...{ kind: 'ending', run: 'long-ago', status, timeline: [], refs: NO_REFS, bodyHash: 'h', credential: 'ci' },
  };
  await evidence.write(documentName.ending('long-ago'), sealer.seal(ending));
  await untilPasses(async () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await runs.list({ line: 'golden', limit: 2, ...(cursor && { cursor }) });
      seen.push(...page.runs.map(({ id }) => id));
      cursor = page.cursor ?? undefined;
    } while (cursor);
    expect(seen).toEqual(expect.arrayContaining([...ids, 'long-ago']));
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.at(-1)).toBe('long-ago');
  });
  expect((await runs.list({ line: 'golden" OR AssayLine != "x' })).runs).toEqual([]);
  await expect(runs.list({ cursor: 'made-up' })).rejects.toThrow(BadInput);
  expect(await runs.status('long-ago')).toMatchObject({ status: 'DENIED' });
});

test('an unknown line is refused with those that there are', async () => {
  const { runs } = assay(temporal);
  const order = { ...ORDER, request: { ...REQUEST, line: 'silver' } };
  await expect(runs.start(order)).rejects.toMatchObject({ faults: ['line: there is no such line; there is golden'] });
});

test('a Temporal that is not there is told as unreachable, within seconds', async () => {
  const nowhere = connectTemporal({ connection: { address: `127.0.0.1:${await freePort()}` }, namespace: 'n' });
  const { runs } = assay(nowhere);
  await expect(runs.start({ ...ORDER, key: randomUUID() })).rejects.toThrow(Unreachable);
  await expect(createSetup(nowhere).setup()).rejects.toThrow(Unreachable);
  await expect(createSetup(nowhere).faults()).rejects.toThrow('does not answer');
  await nowhere.close();
}, 30_000);

test('setup registers what is missing, once, however many do it at the same time', async () => {
  const namespace = `setup-${randomUUID()}`;
  const { address } = await testTemporal();
  const fresh = connectTemporal({ connection: { address }, namespace });
  expect(await createSetup(fresh).faults()).toEqual([expect.stringContaining('assay setup')]);
  await Promise.all([createSetup(fresh).setup(), createSetup(fresh).setup(), createSetup(fresh).setup()]);
  expect(await createSetup(fresh).faults()).toEqual([]);
  expect(await createSetup(fresh).setup()).toEqual([]);
  await fresh.close();
}, 60_000);

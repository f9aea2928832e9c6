import { randomUUID } from 'node:crypto';
import type { Actor } from '../../src/client/api';
import { connectTemporal, type Temporal } from '../../src/client/connect';
import { Conflict } from '../../src/client/errors';
import { createSignatures } from '../../src/adapters/evidence/seal';
import { startTemporal } from '../../src/dev/start';
import { EvidenceChanged } from '../../src/domain/errors';
import {
  documentName,
  NO_REFS,
  type AssessmentStatement,
  type DecisionStatement,
  type EvaluationStatement,
  type SettingsStatement,
} from '../../src/domain/evidence';
import { workflowId } from '../../src/domain/names';
import { untilPasses } from '../setup/helpers';
import { temporalCli, testTemporal } from '../setup/temporal';
import { openWorld, quickSettings, stubActivities, waiting, type Stubs, type World } from '../workflows/stub-world';
import { ALICE, assay, decisions, forgotten, ORDER, REQUEST, type Assay } from './given';

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

const BOB: Actor = { credential: 'bob', subject: 'bob@example.com', groups: ['platform'] };
const EVE: Actor = { credential: 'eve', subject: 'eve@example.com', groups: ['security'] };
const NOBODY: Actor = { credential: 'nobody', subject: 'nobody@example.com', groups: [] };
const KEYS = [ALICE, BOB, EVE, NOBODY].map(({ credential, subject, groups }) => ({
  ...{ id: credential, subject, groups, scopes: ['decisions:write'] },
}));
const DIGEST = 'sha256:e';
const APPROVE = { verdict: 'approve', comment: 'fine', evidenceDigest: DIGEST } as const;

/** Activities that keep what the doors read: the settings of the run, and decisions as the worker verifies them. */
function keeping({ evidence, sealer, signer }: Assay, change: Partial<Stubs> = {}) {
  const signatures = createSignatures({
    publicKeys: () => [decisions.publicKey],
    access: () => ({ keys: KEYS, revoked: [] }),
  });
  return stubActivities(
    {},
    {
      openRun: async ({ run, line }) => {
        const at = new Date().toISOString();
        const settings = quickSettings();
        const request = signer.request({
          ...{ kind: 'request', run, key: run, request: REQUEST, credential: 'ci', subject: null, at },
        });
        const statement: SettingsStatement = { kind: 'settings', run, line, settings, request, at };
        const settingsRef = await evidence.put(sealer.seal(statement));
        await evidence.write(documentName.refs(run), JSON.stringify({ refs: { ...NO_REFS, settings: settingsRef } }));
        return { request: REQUEST, credential: 'ci', subject: null, settings, settingsRef };
      },
      verifyDecision: async ({ run, token }) => {
        const decision = signatures.decision(token);
        const statement: DecisionStatement = { kind: 'decision', run, decision, token };
        return { decision, ref: await evidence.put(sealer.seal(statement)) };
      },
      ...change,
    },
  );
}

async function asked({ runs }: Assay): Promise<string> {
  const { id } = await runs.start({ ...ORDER, key: randomUUID() });
  await untilPasses(async () => expect(await runs.status(id)).toMatchObject({ status: 'AWAITING_APPROVAL' }));
  return id;
}

async function updatesOf(id: string): Promise<number> {
  const { events } = await world.client.workflow.getHandle(workflowId.run.of(id)).fetchHistory();
  return (events ?? []).filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes).length;
}

test('what is certain to be refused reaches no workflow, and who may not decide is noted once', async () => {
  const given = assay(temporal);
  const { runs } = given;
  await world.during(keeping(given).activities, async () => {
    const id = await asked(given);
    const refusal = (reason: string) => ({ kind: 'refused', reason });
    for (let n = 0; n < 3; n++) {
      expect(await runs.decide(id, { ...APPROVE, evidenceDigest: 'sha256:old' }, ALICE)).toEqual(
        refusal('stale-evidence'),
      );
      expect(await runs.decide(id, APPROVE, EVE)).toEqual(refusal('requester'));
      expect(await runs.decide(id, APPROVE, NOBODY)).toEqual(refusal('not-entitled'));
    }
    expect(await updatesOf(id)).toBe(2);
    expect(await runs.decide(id, APPROVE, ALICE)).toMatchObject({ kind: 'counted' });
    for (let n = 0; n < 3; n++) expect(await runs.decide(id, APPROVE, ALICE)).toEqual(refusal('already-decided'));
    expect(await updatesOf(id)).toBe(3);
    expect(await runs.status(id)).toMatchObject({
      approval: {
        given: 1,
        by: ['alice@example.com'],
        refused: [
          { by: 'eve@example.com', reason: 'requester' },
          { by: 'nobody@example.com', reason: 'not-entitled' },
        ],
      },
    });
    // Taking it back, and another person, still get through.
    const withdraw = { verdict: 'withdraw', comment: '', evidenceDigest: null } as const;
    expect(await runs.decide(id, withdraw, ALICE)).toMatchObject({
      kind: 'counted',
      status: { approval: { given: 0 } },
    });
    expect(await runs.decide(id, { ...APPROVE, verdict: 'deny' }, BOB)).toMatchObject({ kind: 'counted' });
    await untilPasses(async () => expect(await runs.status(id)).toMatchObject({ status: 'DENIED' }));
  });
});

test('a decision before anything is asked and one after the last are refused with no worker alive too', async () => {
  const given = assay(temporal);
  const { runs } = given;
  const { id } = await runs.start({ ...ORDER, key: randomUUID() });
  expect(await runs.decide(id, APPROVE, ALICE)).toEqual({ kind: 'refused', reason: 'not-yet' });
  const publishing = keeping(given, { readPublication: () => Promise.reject(waiting('publishing')) });
  await world.during(publishing.activities, async () => {
    await untilPasses(async () => expect(await runs.status(id)).toMatchObject({ status: 'AWAITING_APPROVAL' }));
    await runs.decide(id, APPROVE, ALICE);
    expect(await runs.decide(id, APPROVE, BOB)).toMatchObject({ kind: 'counted' });
    await untilPasses(async () => expect(await runs.status(id)).toMatchObject({ stage: 'publishing' }));
  });
  expect(await runs.decide(id, APPROVE, EVE)).toEqual({ kind: 'refused', reason: 'closed' });
});

test('a cancel that Temporal noted too late opens no other attempt; one that will be taken up does', async () => {
  const given = assay(temporal);
  const { runs } = given;
  const publishing = keeping(given, { readPublication: () => Promise.reject(waiting('publishing')) });
  await world.during(publishing.activities, async () => {
    const id = await asked(given);
    for (const who of [ALICE, BOB]) await runs.decide(id, APPROVE, who);
    await untilPasses(async () => expect(await runs.status(id)).toMatchObject({ stage: 'publishing' }));
    await world.client.workflow.getHandle(workflowId.run.of(id)).cancel();
    expect(await runs.start({ ...ORDER, key: id })).toMatchObject({ id, stage: 'publishing' });
  });
  const { id } = await runs.start({ ...ORDER, key: randomUUID() });
  await world.client.workflow.getHandle(workflowId.run.of(id)).cancel();
  expect(await runs.start({ ...ORDER, key: id })).toMatchObject({ id: `${id}~2` });
});

test('where a workflow that is no run has the id, the key is a conflict', async () => {
  const { runs } = assay(temporal);
  const key = randomUUID();
  await world.client.workflow.start('another', { workflowId: workflowId.run.of(key), taskQueue: 'none' });
  await expect(runs.start({ ...ORDER, key })).rejects.toThrow(Conflict);
});

describe('the report', () => {
  const said = [{ by: 'alice@example.com', verdict: 'approve', comment: 'fine', at: expect.any(String) }];

  test('shows the decisions that count so far, and in the end those that counted', async () => {
    const given = assay(temporal);
    const { runs, archive, evidence, sealer } = given;
    const evaluation: EvaluationStatement = {
      ...{ kind: 'evaluation', run: '', digest: DIGEST, verdict: 'review', reasons: ['always'], at: '' },
      counts: { critical: 0, high: 0, medium: 0, low: 0, info: 0, unknown: 0, total: 0, new: 0, fixed: 0, waived: 0 },
      basis: {
        ...{ run: '', amiId: 'ami-1', settings: '', assessments: [], findings: [], waivers: [] },
        ...{ diff: { against: null, added: ['x'], removed: [] }, policy: { deny: [], review: [] } },
        onIncomplete: 'review',
      },
    };
    const { evaluate } = stubActivities().activities;
    const { activities } = keeping(given, {
      async evaluate(input) {
        const ref = await evidence.put(sealer.seal({ ...evaluation, run: input.run }));
        const refs = { ...(await archive.refs(input.run)), evaluation: ref };
        await evidence.write(documentName.refs(input.run), JSON.stringify({ refs }));
        return { ...(await evaluate(input)), ref };
      },
      assess: async ({ run, amiId, instanceId }) => {
        const assessment = { assessor: 'inspector2', status: 'complete', reason: '', warnings: [] } as const;
        const statement: AssessmentStatement = {
          ...{ kind: 'assessment', run, amiId, instanceId },
          assessment: { ...assessment, scannedAt: null, findings: [] },
        };
        return { assessor: 'inspector2', status: 'complete', ref: await evidence.put(sealer.seal(statement)) };
      },
      closeRun: (input) => evidence.write(documentName.ending(input.run), sealer.seal({ kind: 'ending', ...input })),
    });
    await world.during(activities, async () => {
      const id = await asked(given);
      expect(await runs.report(id)).toMatchObject({ verdict: 'review', decisions: [] });
      await runs.decide(id, APPROVE, ALICE);
      expect(await runs.report(id)).toMatchObject({
        ...{ request: REQUEST, evidenceDigest: DIGEST, reasons: ['always'], diff: { added: ['x'] } },
        ...{ decisions: said, timeline: [] },
      });
      await runs.cancel(id, ALICE, '');
      await untilPasses(async () => expect(await runs.status(id)).toMatchObject({ status: 'CANCELED' }));
      const entry = { at: expect.any(String), stage: 'done', text: 'ended CANCELED' };
      expect(await runs.report(id)).toMatchObject({
        ...{ decisions: said, assessments: [{ status: 'complete' }], timeline: expect.arrayContaining([entry]) },
      });
    });
  });

  const NOTHING = {
    ...{ evidenceDigest: null, verdict: null, reasons: [], assessments: [], findings: [], decisions: [] },
    diff: { against: null, added: [], removed: [] },
  };

  test('of a run that ended without a judgement has its timeline, and nothing where there is nothing', async () => {
    const given = assay(temporal);
    const timeline = [{ at: '2026-11-24T00:00:00.000Z', stage: 'baking', text: 'accepted' }];
    await forgotten(given, 'failed-early', { status: 'FAILED' }, { timeline });
    const run = await given.runs.status('failed-early');
    expect(await given.runs.report('failed-early')).toEqual({ run, request: null, ...NOTHING, timeline });
  });

  test('is not there while the run goes on unjudged, and is once it was terminated', async () => {
    const { runs } = assay(temporal);
    const { id } = await runs.start({ ...ORDER, key: randomUUID() });
    expect(await runs.report(id)).toBe('not-yet');
    await world.client.workflow.getHandle(workflowId.run.of(id)).terminate('by hand');
    expect(await runs.report(id)).toMatchObject({ run: { status: 'FAILED' }, request: null, ...NOTHING, timeline: [] });
  });

  test('is refused with the name of the run where a document is not the one that was stored, or is gone', async () => {
    const given = assay(temporal);
    const { evidence, sealer, runs } = given;
    const at = new Date().toISOString();
    const settings: SettingsStatement = {
      ...{ kind: 'settings', run: 'another', line: 'golden', settings: quickSettings(), request: '', at },
    };
    const foreign = await evidence.put(sealer.seal(settings));
    const gone = `sha256:${'0'.repeat(64)}`;
    for (const [id, ref] of [
      ['moved', foreign],
      ['gone', gone],
    ] as const) {
      await forgotten(given, id, {}, { refs: { ...NO_REFS, settings: ref } });
      await expect(runs.report(id)).rejects.toThrow(EvidenceChanged);
      await expect(runs.report(id)).rejects.toThrow(`the evidence of run ${id} is damaged`);
    }
    await forgotten(given, 'garbled');
    await evidence.write(documentName.refs('garbled'), '{');
    await expect(runs.report('garbled')).rejects.toThrow('the evidence of run garbled is damaged');
  });
});

test('a run began when it was accepted, by the first answer as by the last', async () => {
  const given = assay(temporal);
  const { runs } = given;
  const { id, startedAt } = await runs.start({ ...ORDER, key: randomUUID() });
  await world.during(keeping(given).activities, async () => {
    await untilPasses(async () => expect(await runs.status(id)).toMatchObject({ status: 'AWAITING_APPROVAL' }));
    expect(await runs.status(id)).toMatchObject({ startedAt });
    await runs.cancel(id, ALICE, '');
    await untilPasses(async () => expect(await runs.status(id)).toMatchObject({ status: 'CANCELED', startedAt }));
  });
});

test.each([
  { ending: 'CANCELED', answer: { canceled: true, reason: 'the run was canceled' } },
  { ending: 'DENIED', answer: { canceled: false, reason: 'the run has ended DENIED' } },
])('a cancel of a run that ends $ending just as it is sent tells how it ended', async ({ ending, answer }) => {
  const given = assay(temporal);
  await world.during(keeping(given).activities, async () => {
    const id = await asked(given);
    let calls = 0;
    const late: Temporal = {
      ...temporal,
      async ask(call, limitMs) {
        // The first call looks at the run, which is still open then.
        if (++calls === 2) {
          if (ending === 'CANCELED') await given.runs.cancel(id, ALICE, '');
          else await given.runs.decide(id, { ...APPROVE, verdict: 'deny' }, ALICE);
          await untilPasses(async () => expect(await given.runs.status(id)).toMatchObject({ status: ending }));
        }
        return temporal.ask(call, limitMs);
      },
    };
    expect(await assay(late).runs.cancel(id, BOB, '')).toEqual(answer);
    expect(calls).toBe(3);
  });
});

test('where Temporal takes no more updates of a run, a decision is recorded and a cancel still gets through', async () => {
  const server = await startTemporal({
    ...{ cli: temporalCli(), namespace: 'assay', ui: false },
    settings: ['history.maxTotalUpdates=1'],
  });
  const own = await openWorld(server);
  const there = connectTemporal({ connection: { address: server.address }, namespace: server.namespace });
  const given = assay(there);
  const { runs } = given;
  await own.during(keeping(given).activities, async () => {
    const id = await asked(given);
    expect(await runs.decide(id, APPROVE, ALICE)).toMatchObject({ kind: 'counted' });
    expect(await runs.decide(id, APPROVE, NOBODY)).toEqual({ kind: 'recorded' });
    await untilPasses(async () =>
      expect(await runs.status(id)).toMatchObject({ approval: { refused: [{ by: 'nobody@example.com' }] } }),
    );
    expect(await runs.cancel(id, ALICE, '')).toMatchObject({ canceled: null });
    await untilPasses(async () => expect(await runs.status(id)).toMatchObject({ status: 'CANCELED' }));
  });
  await own.close();
  await there.close();
  await server.stop();
});

import type { Decision } from '../../src/domain/approval';
import type { EvidenceRef, RunRefs } from '../../src/domain/evidence';
import { TAG } from '../../src/domain/names';
import type { SimulatorOptions } from '../../src/simulator';
import { COUNTS, runSettings } from '../domain/given';
import { openBench, POLL, REGION, RUN, type Attempts, type Bench } from './harness';

const LINE = 'golden';
const PARAMETER = '/golden-ami/golden/latest';
const OURS = { [TAG.managed]: 'true', [TAG.run]: RUN, [TAG.line]: LINE, [TAG.state]: 'candidate' };

interface Given extends Bench {
  readonly amiId: string;
  readonly digest: string;
  readonly refs: RunRefs;
  say(by: string, verdict: Decision['verdict'], change?: Partial<Decision>): Promise<EvidenceRef>;
  approve(): Promise<RunRefs>;
  publish(refs: RunRefs, options?: Attempts): Promise<unknown>;
  unpublish(options?: Attempts): Promise<unknown>;
  parameter(): readonly { readonly value: string; readonly labels: readonly string[]; readonly state: string }[];
  stateTag(): string | undefined;
}

/** A run that was judged `review` and asks a person of security and one of platform. */
async function given(options: SimulatorOptions = {}): Promise<Given> {
  const bench = await openBench(options);
  const { documents, sealer, signer, simulator } = bench;
  const { id: amiId } = simulator.seed.image({ tags: OURS });
  const at = new Date().toISOString();
  const request = {
    line: LINE,
    parameters: {},
    requestedBy: 'eve@example.com',
    image: { id: amiId, region: REGION, destroy: false },
  };
  const token = signer.request({ kind: 'request', run: RUN, key: RUN, request, credential: 'ci', subject: null, at });
  const settings = { ...runSettings({ region: REGION }), pollSeconds: POLL };
  const settingsRef = await documents.store({ kind: 'settings', run: RUN, line: LINE, settings, request: token, at });
  const image = {
    ...{ id: amiId, region: REGION, name: 'seeded', ownerId: '111122223333', state: 'available', createdAt: at },
    ...{ snapshotIds: [], tags: OURS },
  };
  const candidate = await documents.store({ kind: 'candidate', run: RUN, image, baked: false, siblings: [] });
  const assessed = await documents.store({
    ...{ kind: 'assessment', run: RUN, amiId, instanceId: 'i-0123456789abcdef0' },
    assessment: {
      assessor: 'inspector2',
      status: 'incomplete',
      reason: '',
      warnings: [],
      scannedAt: null,
      findings: [],
    },
  });
  const basis = {
    ...{ run: RUN, amiId, settings: settingsRef, assessments: [assessed], findings: [], waivers: [] as const },
    ...{
      diff: { against: null, added: [], removed: [] },
      policy: settings.line.policy,
      onIncomplete: settings.line.onIncomplete,
    },
  };
  const digest = sealer.digest(basis);
  const evaluation = await documents.store({
    ...{ kind: 'evaluation', run: RUN, digest, basis, verdict: 'review', reasons: [], counts: COUNTS, at },
  });
  const refs: RunRefs = {
    settings: settingsRef,
    bake: null,
    candidate,
    assessments: [assessed],
    evaluation,
    decisions: [],
  };
  let said = 0;
  const say: Given['say'] = async (by, verdict, change = {}) => {
    said += 1;
    const decision: Decision = {
      ...{ id: `d${said}`, run: RUN, verdict, comment: '', evidenceDigest: digest, by: `${by}@example.com` },
      ...{ groups: [by === 'bob' ? 'platform' : 'security'], credential: by },
      at: new Date(Date.parse(at) + said * 1000).toISOString(),
      ...change,
    };
    const verified = await bench.run('verifyDecision', { run: RUN, token: signer.decision(decision) });
    if ('refused' in verified) throw new Error(verified.refused);
    return verified.ref;
  };
  return {
    ...bench,
    ...{ amiId, digest, refs, say },
    approve: async () => ({ ...refs, decisions: [await say('alice', 'approve'), await say('bob', 'approve')] }),
    async publish(all, attempts) {
      await bench.run('enqueuePublication', { run: RUN, line: LINE, refs: all });
      return bench.run('publish', { run: RUN, line: LINE }, attempts);
    },
    unpublish: (attempts) => bench.run('unpublish', { run: RUN, line: LINE, error: 'broken' }, attempts),
    parameter: () => simulator.state().parameters.find(({ name }) => name === PARAMETER)?.versions ?? [],
    stateTag: () => simulator.state().images.find(({ id }) => id === amiId)?.tags[TAG.state],
  };
}

describe('every decision that was verified counts, whatever the order to publish names', () => {
  test('two approvals publish', async () => {
    const run = await given();
    expect(await run.publish(await run.approve())).toMatchObject({ kind: 'published' });
    expect(run.parameter()).toMatchObject([{ value: run.amiId, labels: ['approved'] }]);
  });

  test('a withdrawal cannot be left out', async () => {
    const run = await given();
    const decisions = [await run.say('alice', 'approve')];
    await run.say('alice', 'withdraw', { evidenceDigest: null });
    decisions.push(await run.say('bob', 'approve'));
    await expect(run.publish({ ...run.refs, decisions })).rejects.toThrow('do not suffice');
    expect(run.parameter()).toEqual([]);
  });

  test('a denial cannot be left out', async () => {
    const run = await given();
    await run.say('carol', 'deny');
    await expect(run.publish(await run.approve())).rejects.toThrow('denied this image');
    expect(run.parameter()).toEqual([]);
  });

  test('what the run did not count does not count here either: said twice, or too late', async () => {
    const run = await given();
    const decisions = [
      await run.say('alice', 'approve'),
      await run.say('alice', 'deny'),
      await run.say('bob', 'approve'),
    ];
    await run.say('carol', 'deny');
    await run.say('bob', 'withdraw');
    expect(await run.publish({ ...run.refs, decisions })).toMatchObject({ kind: 'published' });
  });
});

describe('a write of the parameter', () => {
  test('that failed for certain is made again within seconds, whatever the pace of polling', async () => {
    const run = await given();
    run.simulator.faults.add({ service: 'ssm', operation: 'PutParameter', kind: 'throttle' });
    const begun = Date.now();
    await run.publish(await run.approve());
    expect(Date.now() - begun).toBeLessThan(9_000);
    expect(run.parameter()).toHaveLength(1);
  }, 30_000);

  test('that is under way is not made again', async () => {
    const run = await given({ speed: 1, behaviour: { validationSeconds: 4 } });
    await run.publish(await run.approve());
    expect(run.simulator.requests().filter(({ operation }) => operation === 'PutParameter')).toHaveLength(1);
  }, 30_000);
});

describe('a publication that failed', () => {
  const writes = (run: Given) => run.simulator.requests().filter(({ operation }) => operation === 'PutParameter');
  const stopAt = (part: string) => (said: string) => {
    if (said.includes(part)) throw new Error(`stopped: ${said}`);
  };
  /** The parameter shows our image, and the labels have moved; then nothing goes on. */
  const halfway = async (options: SimulatorOptions = {}): Promise<Given> => {
    const run = await given(options);
    run.simulator.seed.parameter({ name: PARAMETER, value: run.simulator.seed.image().id, labels: ['approved'] });
    run.simulator.faults.add({
      ...{ service: 'ssm', operation: 'LabelParameterVersion', kind: 'accept-then-drop', contains: '"approved"' },
    });
    await expect(run.publish(await run.approve(), { between: stopAt('LabelParameterVersion') })).rejects.toThrow(
      'stopped',
    );
    expect(run.parameter()).toMatchObject([{ labels: ['previous'] }, { value: run.amiId, labels: ['approved'] }]);
    return run;
  };

  test('takes back parameter and label, with one write however long AWS validates it', async () => {
    const run = await halfway({ behaviour: { validationSeconds: 60 } });
    const before = run.parameter()[0]?.value;
    await expect(run.unpublish({ between: stopAt('still changes') })).rejects.toThrow('stopped');
    expect(run.parameter()).toMatchObject([
      { value: before, labels: ['previous'] },
      { value: run.amiId, labels: [] },
      { value: before, labels: ['approved'] },
    ]);
    expect(writes(run)).toHaveLength(2);
  }, 60_000);

  test('reverts nothing that the run did not write', async () => {
    const run = await given();
    const older = run.simulator.seed.image().id;
    run.simulator.seed.parameter({ name: PARAMETER, value: older, labels: ['approved'] });
    run.simulator.seed.parameter({ name: PARAMETER, value: run.amiId });
    await run.documents.writeRefs(RUN, run.refs);
    expect(await run.unpublish()).toEqual({ kind: 'failed', error: 'broken' });
    expect(writes(run)).toEqual([]);
    expect(run.parameter()).toMatchObject([{ value: older, labels: ['approved'] }, { value: run.amiId }]);
  });
});

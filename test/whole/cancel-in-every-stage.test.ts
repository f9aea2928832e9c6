import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Stage } from '../../src/domain/run';
import { eventually } from '../setup/helpers';
import { openAssay, type Assay } from './assay';
import { APPROVED, ended, leftOf, NOTHING, NOTHING_EVER } from './left';

/** A cancel in every stage. Something holds each run in its stage, so that it cannot have moved on when the cancel comes. */
let assay: Assay;
beforeAll(async () => {
  assay = await openAssay({
    lines: {
      judged: {},
      published: {},
      old: { bake: { pipeline: 'bake-golden', parameters: { baseOs: 'centos-7' } } },
    },
  });
}, 120_000);
afterAll(() => assay.close());

const LIMIT_MS = 240_000;
const cancelOf = (stage: Stage): string => `cancel-${stage}`;

interface Hold {
  readonly line?: string;
  /** Set up before the run starts; gives back what lets it go. */
  hold(run: string): (() => void) | void;
  /** Shown once the run is held. */
  readonly shows: RegExp;
}

const HOLDS: { readonly [stage in Stage]?: Hold } = {
  baking: {
    hold: (run) => assay.simulator.behave({ bake: 'never-ends' }, run),
    shows: /bake-golden .* is RUNNING/,
  },
  tagging: {
    hold: (run) =>
      assay.simulator.faults.add({
        ...{ service: 'ec2', operation: 'CreateTags', kind: 'throttle', count: 'always', contains: run },
      }),
    shows: /CreateTags .* RequestLimitExceeded/,
  },
  deploying: {
    hold: (run) => assay.simulator.behave({ deploy: 'waits' }, run),
    shows: /deploy-candidate .* is RUNNING/,
  },
  assessing: {
    hold: (run) => assay.simulator.behave({ scanSeconds: null }, run),
    shows: /the first scan is pending/,
  },
  evaluating: {
    line: 'judged',
    // A catalogue that cannot be read, as on a disk that is out of order.
    hold() {
      const catalogue = join(assay.folder, 'evidence', 'lines', 'judged.json');
      mkdirSync(join(catalogue, '..'), { recursive: true });
      symlinkSync(catalogue, catalogue);
      return () => rmSync(catalogue);
    },
    shows: /the disk does not answer/,
  },
  'awaiting-approval': { hold: () => undefined, shows: /waiting for a decision/ },
};

test.concurrent.each(Object.entries(HOLDS) as [Stage, Hold][])(
  'in the stage %s: everything is taken away',
  async (stage, { line = 'golden', hold, shows }) => {
    const run = cancelOf(stage);
    const release = hold(run);
    await assay.start({ line }, run);
    await assay.until(run, (status) => status.stage === stage && shows.test(status.progress));
    expect(await assay.cancel(run)).toMatchObject({ canceled: true });
    expect(await assay.until(run, ended)).toMatchObject({
      status: 'CANCELED',
      error: null,
      published: [],
      reasons: expect.arrayContaining(['canceled by ci: not needed']),
    });
    release?.();
    expect(await stagesOf(run)).toEqual(upTo(stage));
    expect(leftOf(assay, run)).toEqual(stage === 'baking' ? NOTHING_EVER : NOTHING);
    // Asked again, it is still so.
    expect(await assay.cancel(run)).toMatchObject({ canceled: true });
    expect(await assay.status(run)).toMatchObject({ status: 'CANCELED' });
  },
  LIMIT_MS,
);

test.concurrent(
  'in the stage publishing, and after the end, it is too late',
  async () => {
    const run = cancelOf('publishing');
    assay.simulator.behave({ validation: 'never' }, run);
    await assay.start({ line: 'published' }, run);
    await assay.approve(run);
    await assay.until(run, ({ stage }) => stage === 'publishing');
    await eventually(() => versionsOf('published').some(({ state }) => state === 'validating'), { timeoutMs: 30_000 });
    expect(await assay.cancel(run)).toEqual({
      canceled: false,
      reason: 'the last needed decision has been counted',
    });
    expect(await assay.status(run)).toMatchObject({ status: 'RUNNING', stage: 'publishing' });
    assay.simulator.behave({ validation: 'image' }, run);
    expect(await assay.until(run, ended)).toMatchObject({ status: 'SUCCEEDED', error: null });
    expect(leftOf(assay, run)).toEqual(APPROVED);
    expect(versionsOf('published')).toEqual([expect.objectContaining({ state: 'applied' })]);

    expect(await assay.cancel(run)).toMatchObject({ canceled: false });
    expect(await assay.status(run)).toMatchObject({ status: 'SUCCEEDED', stage: 'done' });
    expect(leftOf(assay, run)).toEqual(APPROVED);
  },
  LIMIT_MS,
);

test.concurrent(
  'in the stage cleaning-up it is too late, and the ending stays what it was',
  async () => {
    const run = cancelOf('cleaning-up');
    assay.simulator.behave({ destroy: 'never-ends' }, run);
    await assay.start({ line: 'old' }, run);
    const destroy = await eventually(
      () => assay.simulator.state().executions.find((one) => one.kind === 'destroy' && one.parameters.assayRun === run),
      { timeoutMs: 90_000 },
    );
    expect(await assay.cancel(run)).toEqual({ canceled: false, reason: 'the run is ending' });
    expect(await assay.status(run)).toMatchObject({ status: 'RUNNING', stage: 'cleaning-up' });
    // As a person would who finds the pipeline hanging.
    assay.simulator.behave({ destroy: 'succeeds' }, run);
    await fetch(`${assay.simulator.gateUrl}/pipelines/${destroy.id}/cancel`, { method: 'PUT' });
    expect(await assay.until(run, ended)).toMatchObject({ status: 'DENIED', verdict: 'deny' });
    expect(leftOf(assay, run)).toEqual(NOTHING);
  },
  LIMIT_MS,
);

const ORDER: readonly Stage[] = ['baking', 'tagging', 'deploying', 'assessing', 'evaluating', 'awaiting-approval'];
/** The stages of a run that was cancelled in one. */
const upTo = (stage: Stage): readonly Stage[] => [
  ...ORDER.slice(0, ORDER.indexOf(stage) + 1),
  ...(['cleaning-up', 'done'] as const),
];

/** The stages that a run went through, by its report's timeline. */
async function stagesOf(run: string): Promise<readonly string[]> {
  const { body } = await assay.call('alice', 'GET', `/v1/runs/${run}/report`);
  const timeline = body['timeline'] as readonly { readonly stage: string }[];
  return [...new Set(timeline.map(({ stage }) => stage))];
}

const versionsOf = (line: string) =>
  assay.simulator.state().parameters.find(({ name }) => name === `/golden-ami/${line}/latest`)?.versions ?? [];

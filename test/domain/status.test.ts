import fc from 'fast-check';
import type { Approval } from '../../src/domain/approval';
import { hasExpression } from '../../src/domain/request';
import { NOTHING_KNOWN, type Outcome, type RunState } from '../../src/domain/run';
import { inert, statusDocument, withProgress, type RunIdentity, type StatusDocument } from '../../src/domain/status';
import { anyState, hostileText } from './any';
import {
  after,
  AMI,
  approval,
  AT,
  COUNTS,
  decision,
  DIGEST,
  INSTANCE,
  publication,
  REGION,
  RUN,
  runSettings,
  texts,
} from './given';

const IDENTITY: RunIdentity = { id: RUN, key: RUN, attempt: 1, line: 'golden', startedAt: AT };
const LONGEST: RunIdentity = {
  id: `${'k'.repeat(100)}~999999`,
  key: 'k'.repeat(100),
  attempt: 999_999,
  line: 'l'.repeat(60),
  startedAt: AT,
};
const KNOWN = {
  image: { amiId: AMI, region: REGION, baked: true, siblings: [] },
  instance: { instanceId: INSTANCE, volumeIds: [], server: null },
  assessments: [],
  evaluation: {
    ...{ verdict: 'review' as const, reasons: ['needs review: 2 high findings'] },
    ...{ findings: COUNTS, evidenceDigest: DIGEST, ref: DIGEST },
  },
  approval: approval(),
};
const show = (
  state: RunState,
  progress = 'going on',
  settings: ReturnType<typeof runSettings> | null = runSettings(),
) => statusDocument(IDENTITY, state, progress, settings);
const done = (outcome: Outcome): StatusDocument => show({ ...KNOWN, stage: 'done', outcome, closedAt: after(60) });
const judged = (reasons: readonly string[]): StatusDocument =>
  show({ ...KNOWN, stage: 'publishing', evaluation: { ...KNOWN.evaluation, reasons } });
const awaiting = (change: Partial<Approval>): StatusDocument =>
  show({ ...KNOWN, stage: 'awaiting-approval', approval: approval(change) });

const bytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
const url = `https://assay.example.com/${'u'.repeat(274)}`;
const withUrls = (document: StatusDocument): StatusDocument => ({
  ...document,
  ...{ statusUrl: url, pageUrl: url, reportUrl: url, temporalUrl: url },
});

describe('a status document of any run, whatever the outside put into it,', () => {
  const any = fc.tuple(anyState, hostileText(), fc.boolean(), fc.constantFrom(IDENTITY, LONGEST));
  const made = any.map(([state, progress, known, run]) =>
    statusDocument(run, state, progress, known ? runSettings() : null),
  );

  test('stays under 4 KiB with four URLs of 300 characters', () => {
    expect(url).toHaveLength(300);
    fc.assert(
      fc.property(made, (document) => expect(bytes(withUrls(document))).toBeLessThan(4096)),
      { numRuns: 400 },
    );
  });

  test('takes another progress as far as it has room', () => {
    fc.assert(
      fc.property(made, hostileText(), (document, text) => {
        const { progress, ...rest } = withProgress(document, text);
        expect({ ...rest, progress: document.progress }).toEqual(document);
        expect(progress.length).toBeLessThanOrEqual(2 * 300);
        expect(progress).not.toContain('${');
        expect(bytes(withUrls({ ...rest, progress }))).toBeLessThan(4096);
      }),
      { numRuns: 400 },
    );
    const short = show({ ...NOTHING_KNOWN, stage: 'baking' });
    expect(withProgress(short, 'x'.repeat(400)).progress).toBe(`${'x'.repeat(299)}…`);
    expect(withProgress(short, `\u0007${'${'.repeat(200)}`).progress).toMatch(/^ (\$\u200b\{){149}…$/);
    const room = Math.floor((2880 - bytes(judged([]))) / 8) - 3;
    const full = judged(Array.from({ length: 8 }, (_, nth) => `${nth}`.repeat(room)));
    expect(withProgress(full, '漢'.repeat(300))).toBe(full);
  });

  test('holds no expression, not even when it is read, written and made inert again', () => {
    fc.assert(
      fc.property(made, (document) => {
        expect(JSON.stringify(document)).not.toContain('${');
        for (const text of texts(JSON.parse(JSON.stringify(document)))) expect(hasExpression(text)).toBe(false);
        expect(inert(document)).toEqual(document);
      }),
      { numRuns: 300 },
    );
  });

  test('is well-formed Unicode without control characters', () => {
    fc.assert(
      fc.property(made, (document) => {
        for (const text of texts(document)) {
          expect(text).not.toMatch(/\p{Cs}/u);
          expect(text).not.toMatch(/\p{Cc}/u);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('always has one scalar status, one text of progress and the run’s own names, whole', () => {
    fc.assert(
      fc.property(anyState, hostileText(), (state, progress) => {
        const document = statusDocument(LONGEST, state, progress, runSettings());
        expect(typeof document.status).toBe('string');
        expect(typeof document.progress).toBe('string');
        expect(document).toMatchObject({ ...LONGEST, stage: state.stage });
        expect(document.closedAt === null).toBe(state.stage !== 'done');
      }),
    );
  });

  test('has all its fields, null where nothing is known', () => {
    fc.assert(
      fc.property(made, (document) => {
        expect(Object.keys(document)).toEqual(Object.keys(show({ ...NOTHING_KNOWN, stage: 'baking' })));
        for (const value of Object.values(document)) expect(value).not.toBeUndefined();
      }),
    );
  });
});

describe('a status document', () => {
  test('of a run that has only begun knows its line and no more', () => {
    expect(show({ ...NOTHING_KNOWN, stage: 'baking' }, 'accepted', null)).toEqual({
      ...{ id: RUN, key: RUN, line: 'golden', attempt: 1, status: 'RUNNING', stage: 'baking', progress: 'accepted' },
      ...{ amiId: null, region: null, images: [], instanceId: null, findings: null, verdict: null, reasons: [] },
      ...{ approval: null, evidenceDigest: null, published: [], error: null, startedAt: AT, closedAt: null },
      ...{ statusUrl: null, pageUrl: null, reportUrl: null, temporalUrl: null },
    });
  });

  test('names the line’s region before there is an image', () => {
    expect(show({ ...NOTHING_KNOWN, stage: 'baking' }).region).toBe(REGION);
  });

  test('of a run that waits says of what, for whom and until when', () => {
    const refused = [{ by: 'eve', reason: 'requester' as const, at: AT }];
    expect(awaiting({ decisions: [decision({ by: 'bob' })], refused })).toMatchObject({
      ...{ status: 'AWAITING_APPROVAL', amiId: AMI, region: REGION, instanceId: INSTANCE, findings: COUNTS },
      ...{ images: [{ region: REGION, amiId: AMI }], verdict: 'review', evidenceDigest: DIGEST },
      reasons: ['needs review: 2 high findings'],
      approval: { needed: 2, given: 1, by: ['bob'], refused, deadline: after(72 * 60) },
    });
  });

  test('does not show who approved and took it back as an approver', () => {
    expect(awaiting({ decisions: [decision({ verdict: 'withdraw' })] }).approval).toMatchObject({ given: 0, by: [] });
  });

  test('of a published image says where', () => {
    const document = done({ kind: 'published', published: [publication()], reasons: [] });
    expect(document).toMatchObject({
      status: 'SUCCEEDED',
      published: [publication()],
      error: null,
      closedAt: after(60),
    });
  });

  test('of an image that gave way to a newer one names that first', () => {
    const document = done({ kind: 'published', published: [], reasons: ['superseded by ami-1'] });
    expect(document).toMatchObject({ status: 'SUCCEEDED', published: [] });
    expect(document.reasons).toEqual(['superseded by ami-1', 'needs review: 2 high findings']);
  });

  test('of a failed run tells the error', () => {
    expect(done({ kind: 'failed', error: 'the bake ended TERMINAL', reasons: [] })).toMatchObject({
      ...{ status: 'FAILED', error: 'the bake ended TERMINAL', published: [] },
    });
  });

  test('of a run that cannot clean up says what is stuck, and has not ended', () => {
    const outcome: Outcome = { kind: 'denied', reasons: ['denied by nina'] };
    const document = show({ ...KNOWN, stage: 'cleaning-up', outcome, stuck: ['instance: i-1 is running'] });
    expect(document).toMatchObject({ status: 'RUNNING', closedAt: null });
    expect(document.reasons.slice(0, 2)).toEqual(['denied by nina', 'instance: i-1 is running']);
  });

  test('says the same reason once', () => {
    const reasons = ['needs review: 2 high findings'];
    expect(done({ kind: 'denied', reasons }).reasons).toEqual(reasons);
  });
});

describe('what is too long', () => {
  test('is left as it is up to the limit', () => {
    const reasons = Array.from({ length: 8 }, (_, n) => `reason ${n}`);
    expect(judged(reasons).reasons).toEqual(reasons);
  });

  test('is cut, with a count of the reasons that are left out', () => {
    const reasons = judged(Array.from({ length: 30 }, (_, n) => `reason ${n}`)).reasons;
    expect(reasons).toHaveLength(9);
    expect(reasons[0]).toBe('reason 0');
    expect(reasons[8]).toBe('and 22 more');
  });

  test('leaves fewer reasons where they are long, and counts those too', () => {
    const reasons = judged(Array.from({ length: 30 }, (_, n) => `${n} ${'語'.repeat(400)}`)).reasons;
    const told = reasons.length - 1;
    expect(told).toBeGreaterThan(0);
    expect(reasons[told]).toBe(`and ${30 - told} more`);
    expect(reasons[0]).toMatch(/^0 語+…$/);
  });

  test('counts approvers, and says among the reasons how many refusals it leaves out', () => {
    const people = Array.from({ length: 12 }, (_, n) => decision({ by: `person-${n}` }));
    const refused = Array.from({ length: 20 }, (_, n) => ({ by: `eve-${n}`, reason: 'requester' as const, at: AT }));
    const document = awaiting({ decisions: people, refused });
    const shown = document.approval?.by.length ?? 0;
    expect(document.approval?.by.at(-1)).toBe(`and ${12 - (shown - 1)} more`);
    const left = 20 - (document.approval?.refused.length ?? 0);
    expect(document.approval?.refused.at(-1)?.by).toBe('eve-19');
    expect(document.reasons.at(-1)).toBe(`not shown: ${left} more decisions refused`);
  });

  test('shows the candidate first, and says among the reasons how many images of other regions it leaves out', () => {
    const siblings = Array.from({ length: 40 }, (_, n) => ({ region: `eu-west-${n}`, amiId: AMI }));
    const state = { ...KNOWN, stage: 'evaluating' as const };
    expect(show({ ...state, image: { ...KNOWN.image, siblings: siblings.slice(0, 2) } }).images).toEqual([
      { region: REGION, amiId: AMI },
      ...siblings.slice(0, 2),
    ]);
    const document = show({ ...state, image: { ...KNOWN.image, siblings } });
    expect(document.images[0]).toEqual({ region: REGION, amiId: AMI });
    const left = 41 - document.images.length;
    expect(document.reasons.at(-1)).toBe(`not shown: ${left} images of other regions`);
  });

  test('says among the reasons how many publications it leaves out', () => {
    const published = Array.from({ length: 20 }, (_, n) => publication({ region: `us-east-${n}` }));
    const document = done({ kind: 'published', published, reasons: [] });
    expect(document.published.length).toBeGreaterThan(0);
    expect(document.reasons.at(-1)).toBe(`not shown: ${20 - document.published.length} more published`);
  });

  test('is never cut in the middle of a character', () => {
    for (const lead of ['', 'x'])
      expect(show({ ...KNOWN, stage: 'evaluating' }, lead + '😀'.repeat(300)).progress).toMatch(/^x?(?:😀)+…$/u);
  });

  test('never becomes an expression by being cut, wherever the cut falls', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 150, max: 320 }),
        fc.constantFrom('${x}', '$${{x}}', '${${', '$\u0000{'),
        (n, text) => {
          const long = `${'x'.repeat(n)}${text.repeat(100)}`;
          const document = show(
            { ...KNOWN, stage: 'evaluating', evaluation: { ...KNOWN.evaluation, reasons: [long] } },
            long,
          );
          for (const one of texts(document)) expect(hasExpression(one)).toBe(false);
        },
      ),
    );
  });
});

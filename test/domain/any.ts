/** Generators of any value of the domain, the worst ones too. */
import fc from 'fast-check';
import type { RefusalReason } from '../../src/domain/approval';
import type { Assessment, AssessmentStatus, Finding } from '../../src/domain/findings';
import { SEVERITIES } from '../../src/domain/findings';
import type { Rule } from '../../src/domain/policy';
import type { Known, Outcome, RunState } from '../../src/domain/run';
import { AT, DIGEST, RUN } from './given';

/** Texts as the outside may send them: expressions whole and in parts, quotes, control characters, any script, halves of characters. */
export const hostileText = (maxLength = 1500): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({ unit: 'binary', maxLength }),
    fc
      .array(
        fc.constantFrom(
          '${',
          '$',
          '{',
          '}',
          '$${{',
          '${${',
          '#{',
          '$\u200b{',
          '"',
          '\\',
          '\u0000',
          '\n',
          '😀',
          '語',
          '\ud83d',
          '\ude00',
        ),
        { maxLength },
      )
      .map((parts) => parts.join('')),
    fc.nat({ max: maxLength }).map((n) => `${'x'.repeat(n)}\${jndi:evil}`),
    fc.nat({ max: maxLength }).map((n) => '語'.repeat(n)),
    fc.nat({ max: maxLength }).map((n) => '\u0001'.repeat(n)),
    fc.nat({ max: maxLength }).map((n) => '\ud83d'.repeat(n)),
    fc.nat({ max: maxLength }).map((n) => '${'.repeat(n)),
  );

const severity = fc.constantFrom(...SEVERITIES);

export const anyFinding: fc.Arbitrary<Finding> = fc.record({
  key: fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 2 }),
  id: fc.constantFrom('CVE-1', 'CVE-2'),
  kind: fc.constantFrom('package' as const, 'network' as const, 'check' as const),
  title: fc.constantFrom('one', 'two'),
  severity,
  packages: fc.array(
    fc.record({
      name: fc.constantFrom('openssl', 'zlib'),
      version: fc.constantFrom('1', '2'),
      fixedIn: fc.constantFrom('3', null),
    }),
    { maxLength: 3 },
  ),
  fixAvailable: fc.boolean(),
  exploitAvailable: fc.boolean(),
  epss: fc.constantFrom(null, 0, 0.5, 1),
  score: fc.constantFrom(null, 0, 5, 10),
  suppressed: fc.boolean(),
  url: fc.constantFrom(null, 'https://example.com/1'),
});

export const anyAssessment = (
  status: fc.Arbitrary<AssessmentStatus> = fc.constantFrom('complete', 'incomplete', 'unscannable', 'failed'),
): fc.Arbitrary<Assessment> =>
  fc.record({
    assessor: fc.constantFrom('inspector2', 'other'),
    status,
    reason: fc.constantFrom('', 'no agent'),
    warnings: fc.constant([]),
    scannedAt: fc.constant(AT),
    findings: fc.array(anyFinding, { maxLength: 6 }),
  });

const condition = fc.record(
  {
    severity: fc.oneof(severity, fc.array(severity, { minLength: 1, maxLength: 3 })),
    fixAvailable: fc.boolean(),
    exploitAvailable: fc.boolean(),
    moreThan: fc.nat({ max: 3 }),
  },
  { requiredKeys: [] },
);
const anyRule: fc.Arbitrary<Rule> = fc.oneof(
  { arbitrary: condition as fc.Arbitrary<Rule>, weight: 6 },
  { arbitrary: fc.constant<Rule>({ always: true }), weight: 1 },
);
export const anyPolicy = fc.record({
  deny: fc.array(anyRule, { maxLength: 3 }),
  review: fc.array(anyRule, { maxLength: 3 }),
});

const REFUSALS: readonly RefusalReason[] = [
  'requester',
  'not-entitled',
  'stale-evidence',
  'already-decided',
  'bad-signature',
];
const moment = fc
  .date({ min: new Date('2020-01-01'), max: new Date('2099-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());
const hostileList = fc.array(hostileText(), { maxLength: 40 });

const anyPlace = { amiId: hostileText(200), region: hostileText(200) };
const anyImage = fc.record({
  ...anyPlace,
  baked: fc.boolean(),
  siblings: fc.array(fc.record(anyPlace), { maxLength: 30 }),
});
const anyInstance = fc.record({
  instanceId: hostileText(200),
  volumeIds: fc.array(fc.string(), { maxLength: 3 }),
  server: fc.constant(null),
});
const anyEvaluation = fc.record({
  verdict: fc.constantFrom('approve' as const, 'review' as const, 'deny' as const),
  reasons: hostileList,
  findings: fc.record({
    ...{ critical: fc.nat(), high: fc.nat(), medium: fc.nat(), low: fc.nat(), info: fc.nat(), unknown: fc.nat() },
    ...{ total: fc.nat(), new: fc.option(fc.nat()), fixed: fc.option(fc.nat()), waived: fc.nat() },
  }),
  evidenceDigest: fc.constant(DIGEST),
  ref: fc.constant(DIGEST),
});
const anyDecision = fc.record({
  id: fc.uuid(),
  run: fc.constant(RUN),
  verdict: fc.constantFrom('approve' as const, 'deny' as const, 'withdraw' as const),
  comment: hostileText(),
  evidenceDigest: fc.constantFrom(DIGEST, null),
  by: hostileText(400),
  groups: fc.subarray(['security', 'platform']),
  credential: fc.constantFrom('bob-laptop', null),
  at: moment,
});
const anyApproval = fc.record({
  evidenceDigest: fc.constant(DIGEST),
  deadline: moment,
  decisions: fc.array(anyDecision, { maxLength: 20 }),
  refused: fc.array(fc.record({ by: hostileText(400), reason: fc.constantFrom(...REFUSALS), at: moment }), {
    maxLength: 20,
  }),
});
const anyKnown = fc.record({
  image: fc.option(anyImage),
  instance: fc.option(anyInstance),
  assessments: fc.constant([]),
  evaluation: fc.option(anyEvaluation),
  approval: fc.option(anyApproval),
}) satisfies fc.Arbitrary<Known>;
const anyPublication = fc.record({
  account: hostileText(100),
  region: hostileText(100),
  parameter: fc.oneof(fc.constant('/golden-ami/golden/latest'), fc.constant(`/${'p'.repeat(511)}`), hostileText()),
  version: fc.nat(),
  amiId: hostileText(100),
});
const anyOutcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({
    kind: fc.constant('published' as const),
    published: fc.array(anyPublication, { maxLength: 20 }),
    reasons: hostileList,
  }),
  fc.record({ kind: fc.constantFrom('denied' as const, 'canceled' as const), reasons: hostileList }),
  fc.record({ kind: fc.constant('failed' as const), error: hostileText(5000), reasons: hostileList }),
);

/** Any state a run can be in, with the worst texts the outside could put into it. */
export const anyState: fc.Arbitrary<RunState> = fc.oneof(
  anyKnown.map((known) => ({ ...known, stage: 'baking' as const })),
  fc
    .record({
      stage: fc.constantFrom('tagging' as const, 'deploying' as const, 'assessing' as const, 'evaluating' as const),
      known: anyKnown,
      image: anyImage,
      instance: anyInstance,
    })
    .map(({ known, ...rest }) => ({ ...known, ...rest })),
  fc
    .record({
      stage: fc.constantFrom('awaiting-approval' as const, 'publishing' as const),
      known: anyKnown,
      image: anyImage,
      instance: anyInstance,
      evaluation: anyEvaluation,
      approval: anyApproval,
    })
    .map(({ known, ...rest }) => ({ ...known, ...rest })),
  fc
    .record({ stage: fc.constant('cleaning-up' as const), known: anyKnown, outcome: anyOutcome, stuck: hostileList })
    .map(({ known, ...rest }) => ({ ...known, ...rest })),
  fc
    .record({ stage: fc.constant('done' as const), known: anyKnown, outcome: anyOutcome, closedAt: moment })
    .map(({ known, ...rest }) => ({ ...known, ...rest })),
);

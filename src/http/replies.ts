/** What answers look like, for the OpenAPI document. Tests hold the answers against these. */
import { z } from 'zod';
import { SEVERITIES } from '../domain/findings';
import { STAGES, STATUSES } from '../domain/run';

const time = z.iso.datetime();
const optional = z.string().nullable();

const publication = z
  .strictObject({
    account: z.string(),
    region: z.string(),
    parameter: z.string(),
    version: z.number().int(),
    amiId: z.string(),
  })
  .meta({ id: 'Publication' });

const count = z.number().int().min(0);

/** The status document; strings that are not known yet are null, but `status` and `progress` are always strings. */
export const statusReply = z
  .strictObject({
    id: z.string(),
    key: z.string(),
    line: z.string(),
    attempt: z.number().int().min(1),
    status: z.enum(STATUSES),
    stage: z.enum(STAGES),
    progress: z.string(),
    amiId: optional,
    region: optional,
    images: z.array(z.strictObject({ region: z.string(), amiId: z.string() })),
    instanceId: optional,
    findings: z
      .strictObject({
        ...(Object.fromEntries(SEVERITIES.map((severity) => [severity, count])) as Record<
          (typeof SEVERITIES)[number],
          typeof count
        >),
        total: count,
        new: count.nullable(),
        fixed: count.nullable(),
        waived: count,
      })
      .nullable(),
    verdict: z.enum(['approve', 'review', 'deny']).nullable(),
    reasons: z.array(z.string()),
    approval: z
      .strictObject({
        needed: count,
        given: count,
        by: z.array(z.string()),
        refused: z.array(z.strictObject({ by: z.string(), reason: z.string(), at: time })),
        deadline: time,
      })
      .nullable(),
    evidenceDigest: optional,
    published: z.array(publication),
    error: optional,
    startedAt: time,
    closedAt: time.nullable(),
    statusUrl: optional,
    pageUrl: optional,
    reportUrl: optional,
    temporalUrl: optional,
  })
  .meta({ id: 'Status' });

/** What was asked for: a start request with everything filled in. Its source may be one that only Assay itself names. */
export const requestReply = z
  .strictObject({
    line: z.string(),
    image: z.strictObject({ id: z.string(), region: z.string(), destroy: z.boolean() }).optional(),
    instance: z.strictObject({ id: z.string(), destroy: z.boolean() }).optional(),
    parameters: z.record(z.string(), z.string()),
    requestedBy: z.string().optional(),
    source: z
      .strictObject({
        kind: z.string(),
        executionId: z.string().optional(),
        stageRefId: z.string().optional(),
        url: z.string().optional(),
      })
      .optional(),
    reason: z.string().optional(),
  })
  .meta({ id: 'RunRequest' });

export const runsReply = z.strictObject({ runs: z.array(statusReply), cursor: optional }).meta({ id: 'Runs' });

/** A delivery that asks for nothing. */
export const notStartedReply = z
  .strictObject({ started: z.literal(false), reason: z.string() })
  .meta({ id: 'NotStarted' });

export const cancelReply = z
  .strictObject({ canceled: z.boolean().nullable(), reason: z.string() })
  .meta({ id: 'CancelAnswer' });

/** A decision that was stored, and that no worker has looked at yet. */
export const recordedReply = z.strictObject({ counted: z.null(), reason: z.string() }).meta({ id: 'DecisionRecorded' });

const catalogueEntry = z
  .strictObject({
    run: z.string(),
    amiId: z.string(),
    region: z.string(),
    createdAt: time,
    state: z.literal('approved'),
    approvedAt: time,
    published: z.array(publication),
    findingKeys: z.array(z.string()),
  })
  .meta({ id: 'CatalogueEntry' });

export const lineReply = z
  .strictObject({
    line: z.string(),
    region: z.string(),
    parameter: z.string(),
    approved: catalogueEntry.nullable(),
  })
  .meta({ id: 'Line' });

export const linesReply = z.strictObject({ lines: z.array(lineReply) }).meta({ id: 'Lines' });
export const imagesReply = z.strictObject({ images: z.array(catalogueEntry) }).meta({ id: 'Images' });

export const approvedReply = z
  .strictObject({
    line: z.string(),
    region: z.string(),
    amiId: z.string(),
    run: z.string(),
    approvedAt: time,
    publication,
  })
  .meta({ id: 'Approved' });

const finding = z
  .strictObject({
    key: z.string(),
    id: z.string(),
    kind: z.enum(['package', 'network', 'check']),
    title: z.string(),
    severity: z.enum(SEVERITIES),
    packages: z.array(z.strictObject({ name: z.string(), version: z.string(), fixedIn: optional })),
    fixAvailable: z.boolean(),
    exploitAvailable: z.boolean(),
    epss: z.number().nullable(),
    score: z.number().nullable(),
    suppressed: z.boolean(),
    url: optional,
  })
  .meta({ id: 'Finding' });

export const reportReply = z
  .strictObject({
    run: statusReply,
    request: z.looseObject({ line: z.string() }).nullable(),
    evidenceDigest: optional,
    verdict: z.enum(['approve', 'review', 'deny']).nullable(),
    reasons: z.array(z.string()),
    assessments: z.array(
      z.strictObject({
        assessor: z.string(),
        status: z.enum(['complete', 'incomplete', 'unscannable', 'failed']),
        reason: z.string(),
        warnings: z.array(z.string()),
        scannedAt: time.nullable(),
        findings: z.array(finding),
      }),
    ),
    findings: z.array(finding),
    diff: z.strictObject({ against: optional, added: z.array(z.string()), removed: z.array(z.string()) }),
    decisions: z.array(
      z.strictObject({
        by: z.string(),
        verdict: z.enum(['approve', 'deny', 'withdraw']),
        comment: z.string(),
        at: time,
      }),
    ),
    timeline: z.array(z.strictObject({ at: time, stage: z.string(), text: z.string() })),
  })
  .meta({ id: 'Report' });

/** RFC 9457, with one entry in `errors` for each fault. */
export const problemReply = z
  .strictObject({
    type: z.url(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    errors: z
      .array(
        z.strictObject({
          detail: z.string(),
          pointer: z.string().optional(),
          parameter: z.string().optional(),
          header: z.string().optional(),
        }),
      )
      .optional(),
  })
  .meta({ id: 'Problem' });

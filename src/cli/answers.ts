/** What the API answers, as far as people are shown it. Unknown fields and words are let through: the server may be newer. */
import { z } from 'zod';
import { SEVERITIES } from '../domain/findings';
import { CliError, EXIT } from './exit';

const text = z.string();
const maybe = text.nullable().default(null);
const texts = z.array(text).default([]);

const publication = z.looseObject({
  account: text,
  region: text,
  parameter: text,
  version: z.number(),
  amiId: text,
});

const counts = z.looseObject({
  ...(Object.fromEntries(SEVERITIES.map((severity) => [severity, z.number().default(0)])) as Record<
    (typeof SEVERITIES)[number],
    z.ZodDefault<z.ZodNumber>
  >),
  total: z.number(),
  new: z.number().nullable().default(null),
  fixed: z.number().nullable().default(null),
  waived: z.number().default(0),
});

const approval = z.looseObject({
  needed: z.number(),
  given: z.number(),
  by: texts,
  refused: z.array(z.looseObject({ by: text, reason: text, at: text })).default([]),
  deadline: text,
});

const runSchema = z.looseObject({
  id: text,
  line: text,
  status: text,
  stage: text,
  progress: text,
  attempt: z.number().default(1),
  amiId: maybe,
  region: maybe,
  images: z.array(z.looseObject({ region: text, amiId: text })).default([]),
  instanceId: maybe,
  findings: counts.nullable().default(null),
  verdict: maybe,
  reasons: texts,
  approval: approval.nullable().default(null),
  evidenceDigest: maybe,
  published: z.array(publication).default([]),
  error: maybe,
  startedAt: text,
  closedAt: maybe,
  statusUrl: maybe,
  pageUrl: maybe,
  reportUrl: maybe,
  temporalUrl: maybe,
});
/** A status document. */
export type RunView = z.output<typeof runSchema>;

const pageSchema = z.looseObject({ runs: z.array(runSchema), cursor: maybe });

const finding = z.looseObject({
  id: text,
  title: text.default(''),
  severity: text,
  packages: z.array(z.looseObject({ name: text, version: text, fixedIn: maybe })).default([]),
  fixAvailable: z.boolean().default(false),
  exploitAvailable: z.boolean().default(false),
  epss: z.number().nullable().default(null),
  score: z.number().nullable().default(null),
});
export type FindingView = z.output<typeof finding>;

const reportSchema = z.looseObject({
  request: z.looseObject({ requestedBy: text.optional(), reason: text.optional() }).nullable().default(null),
  assessments: z.array(z.looseObject({ assessor: text, status: text, reason: text.default('') })).default([]),
  findings: z.array(finding).default([]),
  decisions: z.array(z.looseObject({ by: text, verdict: text, comment: text, at: text })).default([]),
  timeline: z.array(z.looseObject({ at: text, stage: text, text })).default([]),
});
/** The report of a run. */
export type ReportView = z.output<typeof reportSchema>;

const requestSchema = z.looseObject({
  line: text,
  image: z.looseObject({ id: text, region: text, destroy: z.boolean().default(false) }).optional(),
  instance: z.looseObject({ id: text, destroy: z.boolean().default(false) }).optional(),
  parameters: z.record(text, text).default({}),
  requestedBy: text.optional(),
  reason: text.optional(),
});

const approvedSchema = z.looseObject({ amiId: text });

const catalogueEntry = z.looseObject({
  run: text,
  amiId: text,
  region: text,
  createdAt: text,
  state: text,
  approvedAt: text,
  published: z.array(publication).default([]),
});
const lineSchema = z.looseObject({
  line: text,
  region: text,
  parameter: text,
  approved: catalogueEntry.nullable().default(null),
});
export type LineView = z.output<typeof lineSchema>;
export type CatalogueView = z.output<typeof catalogueEntry>;

const reader =
  <T>(schema: z.ZodType<T>) =>
  (body: unknown): T => {
    const parsed = schema.safeParse(body);
    if (parsed.success) return parsed.data;
    throw new CliError(EXIT.unreachable, 'the answer is not one of Assay’s', {
      faults: parsed.error.issues.slice(0, 5).map(({ path, message }) => `${path.map(String).join('.')}: ${message}`),
      hint: 'Is the address in ASSAY_URL or the profile right, and the server of a version near this program’s?',
    });
  };

/** Each throws CliError for what is no such answer. */
export const readRun = reader(runSchema);
export const readPage = reader(pageSchema);
export const readReport = reader(reportSchema);
export const readRequest = reader(requestSchema);
export const readApproved = reader(approvedSchema);
export const readLines = reader(z.looseObject({ lines: z.array(lineSchema) }));
export const readLine = reader(lineSchema);
export const readImages = reader(z.looseObject({ images: z.array(catalogueEntry) }));
export const readCancel = reader(z.looseObject({ canceled: z.boolean().nullable(), reason: text.default('') }));

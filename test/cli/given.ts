import type { StatusDocument } from '../../src/domain/status';

/** A status document, as the API would send it. */
export const statusDocument = (more: Partial<StatusDocument> = {}): StatusDocument => ({
  id: 'nightly-1',
  key: 'nightly-1',
  line: 'ubuntu-24-base',
  attempt: 1,
  status: 'RUNNING',
  stage: 'baking',
  progress: 'baking in Spinnaker',
  amiId: null,
  region: 'us-east-1',
  images: [],
  instanceId: null,
  findings: null,
  verdict: null,
  reasons: [],
  approval: null,
  evidenceDigest: null,
  published: [],
  error: null,
  startedAt: '2026-11-24T10:00:00.000Z',
  closedAt: null,
  statusUrl: 'http://assay.test/v1/runs/nightly-1',
  pageUrl: 'http://assay.test/runs/nightly-1',
  reportUrl: 'http://assay.test/v1/runs/nightly-1/report',
  temporalUrl: null,
  ...more,
});

const AMI = 'ami-0123456789abcdef0';

/** The same, waiting for people. */
export const awaitingDocument = (more: Partial<StatusDocument> = {}): StatusDocument =>
  statusDocument({
    status: 'AWAITING_APPROVAL',
    stage: 'awaiting-approval',
    progress: 'waiting for 2 of 2 approvals',
    amiId: AMI,
    images: [{ region: 'us-east-1', amiId: AMI }],
    instanceId: 'i-0123456789abcdef0',
    findings: { critical: 0, high: 2, medium: 5, low: 1, info: 0, unknown: 0, total: 8, new: 1, fixed: 3, waived: 0 },
    verdict: 'review',
    reasons: ['needs review: 2 critical or high findings'],
    approval: { needed: 2, given: 0, by: [], refused: [], deadline: '2026-11-27T10:00:00.000Z' },
    evidenceDigest: `sha256:${'a'.repeat(64)}`,
    ...more,
  });

/** The same, published. */
export const publishedDocument = (more: Partial<StatusDocument> = {}): StatusDocument =>
  awaitingDocument({
    status: 'SUCCEEDED',
    stage: 'done',
    progress: 'published',
    approval: {
      needed: 2,
      given: 2,
      by: ['alice@example.com', 'bob@example.com'],
      refused: [],
      deadline: '2026-11-27T10:00:00.000Z',
    },
    published: [
      {
        account: '111122223333',
        region: 'us-east-1',
        parameter: '/golden-ami/ubuntu-24-base/latest',
        version: 7,
        amiId: AMI,
      },
    ],
    closedAt: '2026-11-24T10:12:30.000Z',
    ...more,
  });

/** A report of {@link awaitingDocument}, as far as people are shown it. */
export const reportDocument = (): object => ({
  run: awaitingDocument(),
  request: { line: 'ubuntu-24-base', parameters: {}, requestedBy: 'carol@example.com', reason: 'monthly patch' },
  evidenceDigest: `sha256:${'a'.repeat(64)}`,
  verdict: 'review',
  reasons: ['needs review: 2 critical or high findings'],
  assessments: [
    { assessor: 'inspector2', status: 'complete', reason: '', warnings: [], scannedAt: null, findings: [] },
  ],
  findings: [
    finding({ id: 'CVE-2026-1000', severity: 'medium', epss: 0.9 }),
    finding({ id: 'CVE-2026-2000', severity: 'high', epss: 0.01 }),
    finding({ id: 'CVE-2026-3000', severity: 'high', epss: 0.5, exploitAvailable: true }),
  ],
  diff: { against: null, added: [], removed: [] },
  decisions: [],
  timeline: [
    { at: '2026-11-24T10:00:00.000Z', stage: 'baking', text: 'accepted' },
    { at: '2026-11-24T10:02:05.000Z', stage: 'tagging', text: 'tagging' },
    { at: '2026-11-24T10:02:08.000Z', stage: 'deploying', text: 'deploying' },
    { at: '2026-11-24T10:03:08.000Z', stage: 'assessing', text: 'assessing' },
    { at: '2026-11-24T10:06:08.000Z', stage: 'awaiting-approval', text: 'waiting' },
  ],
});

/** A finding. */
export const finding = (more: object): object => ({
  key: 'package/CVE-2026-1000/openssl',
  id: 'CVE-2026-1000',
  kind: 'package',
  title: 'openssl: overflow',
  severity: 'high',
  packages: [{ name: 'openssl', version: '3.0.1', fixedIn: '3.0.2' }],
  fixAvailable: true,
  exploitAvailable: false,
  epss: null,
  score: null,
  suppressed: false,
  url: null,
  ...more,
});

/** A problem document as the API would send it. */
export const problem = (status: number, name: string, more: object = {}): { status: number; body: object } => ({
  status,
  body: {
    type: `http://assay.test/problems/${name}`,
    title: `Title of ${name}`,
    status,
    detail: `About ${name}`,
    ...more,
  },
});

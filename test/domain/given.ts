/** Values for tests of the domain: one good example of each. */
import type { Approval, ApprovalContext, Decision } from '../../src/domain/approval';
import type { Assessment, Finding, FindingCounts } from '../../src/domain/findings';
import type { Image } from '../../src/domain/image';
import type { Publication } from '../../src/domain/run';
import type { LineSettings, RunSettings, SpinnakerSettings } from '../../src/domain/settings';

export const RUN = 'spring-1';
export const AMI = 'ami-0123456789abcdef0';
export const INSTANCE = 'i-0123456789abcdef0';
export const REGION = 'us-east-1';
export const ACCOUNT = '111122223333';
export const AT = '2026-03-01T10:00:00.000Z';
export const DIGEST = `sha256:${'a'.repeat(64)}`;

/** So many minutes after {@link AT}. */
export const after = (minutes: number): string => new Date(Date.parse(AT) + minutes * 60_000).toISOString();

export const line = (change: Partial<LineSettings> = {}): LineSettings => ({
  name: 'golden',
  region: REGION,
  bake: { pipeline: 'bake-golden', regions: [REGION], parameters: {}, timeoutMinutes: 60 },
  deploy: {
    kind: 'pipeline',
    pipeline: 'deploy-candidate',
    destroyPipeline: 'destroy-candidate',
    parameters: {},
    timeoutMinutes: 30,
  },
  assess: [{ kind: 'inspector2', timeoutMinutes: 60, agentMinutes: 10 }],
  policy: { deny: [{ severity: 'critical' }], review: [{ severity: 'high' }] },
  onIncomplete: 'review',
  approval: {
    groups: { security: 1, platform: 1 },
    deadlineHours: 72,
    remindHours: 24,
    auto: false,
    unsigned: 'refuse',
  },
  publish: { parameter: '/golden-ami/golden/latest' },
  notify: { topicArns: [] },
  spinnaker: { imageTags: null, afterDecision: null },
  ...change,
});

export const SPINNAKER: SpinnakerSettings = {
  application: 'goldenami',
  bakeLimitMinutes: 30,
  unreachableMinutes: 60,
  watchSeconds: 120,
};

export const runSettings = (change: Partial<LineSettings> = {}): RunSettings => ({
  line: line(change),
  spinnaker: SPINNAKER,
  pollSeconds: 30,
  approvers: ['security', 'platform'],
});

export const finding = (change: Partial<Finding> = {}): Finding => ({
  key: 'package:CVE-2024-3094:xz-utils',
  id: 'CVE-2024-3094',
  kind: 'package',
  title: 'xz-utils: backdoor',
  severity: 'high',
  packages: [{ name: 'xz-utils', version: '5.6.0', fixedIn: '5.6.1+really5.4.5' }],
  fixAvailable: true,
  exploitAvailable: false,
  epss: 0.4,
  score: 10,
  suppressed: false,
  url: null,
  ...change,
});

export const assessment = (change: Partial<Assessment> = {}): Assessment => ({
  assessor: 'inspector2',
  status: 'complete',
  reason: '',
  warnings: [],
  scannedAt: AT,
  findings: [],
  ...change,
});

export const decision = (change: Partial<Decision> = {}): Decision => ({
  id: 'd1',
  run: RUN,
  verdict: 'approve',
  comment: '',
  evidenceDigest: DIGEST,
  by: 'bob@example.com',
  groups: ['security'],
  credential: 'bob-laptop',
  at: after(10),
  ...change,
});

export const approval = (change: Partial<Approval> = {}): Approval => ({
  evidenceDigest: DIGEST,
  deadline: after(72 * 60),
  decisions: [],
  refused: [],
  ...change,
});

export const context = (change: Partial<ApprovalContext> = {}): ApprovalContext => ({
  settings: line().approval,
  approvers: ['security', 'platform'],
  requestedBy: 'alice@example.com',
  askedBy: null,
  credential: 'spinnaker',
  ...change,
});

export const image = (change: Partial<Image> = {}): Image => ({
  id: AMI,
  region: REGION,
  name: 'golden-20260301',
  ownerId: ACCOUNT,
  state: 'available',
  createdAt: AT,
  snapshotIds: ['snap-1'],
  tags: {},
  ...change,
});

export const COUNTS: FindingCounts = {
  ...{ critical: 0, high: 2, medium: 5, low: 1, info: 0, unknown: 0 },
  ...{ total: 8, new: 1, fixed: 3, waived: 0 },
};

export const publication = (change: Partial<Publication> = {}): Publication => ({
  account: ACCOUNT,
  region: REGION,
  parameter: '/golden-ami/golden/latest',
  version: 7,
  amiId: AMI,
  ...change,
});

/** Every text in a value, the names of fields too. */
export const texts = (value: unknown): string[] =>
  typeof value === 'string'
    ? [value]
    : typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([name, entry]) => [name, ...texts(entry)])
      : [];

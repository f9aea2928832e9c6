/** Amazon Inspector v2 on a running instance of the image. */
import type { Assessment } from '../../../domain/findings';
import { NotFound } from '../../../domain/errors';
import type { AssessorSettings } from '../../../domain/settings';
import type { AssessmentLook, AssessmentSubject, Assessor, Aws } from '../../ports';
import type { AwsClients, RegionClients } from '../clients';
import { coverageOf, fingerprint, type Coverage } from './coverage';
import { toFinding } from './finding';
import { readAccountStatus, readCoverage, readFindings, readPing, scansWithoutAgent } from './reads';

const waiting = (progress: string): AssessmentLook => ({ kind: 'waiting', progress });

const done = (assessment: Omit<Assessment, 'assessor'>): AssessmentLook => ({
  kind: 'done',
  assessment: { assessor: 'inspector2', ...assessment },
});

const over = (status: 'unscannable' | 'failed', reason: string): AssessmentLook =>
  done({ status, reason, warnings: [], scannedAt: null, findings: [] });

/**
 * Assesses an instance by Inspector's own continuous scan: it starts nothing, it looks whether the scan is there and whole.
 * No findings count as none only beside a scan that ended after the launch and did not change while they were read.
 */
export function createInspector2({ clients, aws }: { readonly clients: AwsClients; readonly aws: Aws }): Assessor {
  return {
    async look(subject, settings) {
      const region = clients.in(subject.region);
      const account = await lookAtAccount(region);
      if (account) return account;
      const instance = await lookAtInstance(aws, subject);
      if ('kind' in instance) return instance;

      const rows = await readCoverage(region, subject.instanceId);
      const coverage = coverageOf(rows, instance.launchedAt);
      switch (coverage.kind) {
        case 'over':
          return over(coverage.status, coverage.reason);
        case 'wait':
        case 'unmanaged':
          return lookAtAgent(region, subject, settings, coverage);
        case 'late':
          if (withinGrace(subject, settings)) return waiting(coverage.warnings.join('; '));
          return read(region, subject, fingerprint(rows), coverage);
        case 'scanned':
          return read(region, subject, fingerprint(rows), coverage);
      }
    },
  };
}

async function lookAtAccount(clients: RegionClients): Promise<AssessmentLook | undefined> {
  const { status, detail } = await readAccountStatus(clients);
  const said = `${status}${detail ? ` (${detail})` : ''}`;
  switch (status) {
    case 'ENABLED':
      return undefined;
    case 'DISABLED':
    case 'DISABLING':
    case 'SUSPENDED':
    case 'SUSPENDING':
      return over(
        'failed',
        `Amazon Inspector is ${said} for EC2 in this account and ${clients.region}: enable it there`,
      );
    case 'ACCESS_DENIED':
    case 'ACCOUNT_IS_ISOLATED':
    case 'BLOCKED_BY_ORGANIZATION_POLICY':
      return over('failed', `Amazon Inspector cannot be used in ${clients.region}: ${said}`);
    default:
      return waiting(`Amazon Inspector is ${said} for EC2 in ${clients.region}`);
  }
}

async function lookAtInstance(
  aws: Aws,
  { region, instanceId, amiId }: AssessmentSubject,
): Promise<AssessmentLook | { readonly launchedAt: string }> {
  try {
    const { imageId, state, launchedAt } = await aws.region(region).instances.describe(instanceId);
    if (imageId !== amiId) return over('failed', `${instanceId} runs ${imageId}, not ${amiId}`);
    if (state === 'running') return { launchedAt };
    if (state === 'pending') return waiting(`${instanceId} is pending`);
    return over('failed', `${instanceId} is ${state}`);
  } catch (error) {
    if (error instanceof NotFound) return waiting(`${instanceId} is not visible`);
    throw error;
  }
}

/** No scan yet: is there hope of one? Only an agent that has been given its time and never came says no. */
async function lookAtAgent(
  clients: RegionClients,
  subject: AssessmentSubject,
  settings: AssessorSettings,
  coverage: Extract<Coverage, { readonly kind: 'wait' | 'unmanaged' }>,
): Promise<AssessmentLook> {
  const { instanceId } = subject;
  const ping = await readPing(clients, instanceId);
  const agent = ping === undefined ? 'has not reported' : `is ${ping}`;
  const progress = `${coverage.progress}; the SSM agent ${agent}`;
  if (ping === 'Online' || withinGrace(subject, settings)) return waiting(progress);
  // An agent that was there and is quiet now may come back, as long as Inspector still counts on it.
  if (ping !== undefined && coverage.kind === 'wait') return waiting(progress);
  if (await scansWithoutAgent(clients)) return waiting(`${progress}; Inspector also scans without an agent`);
  return over(
    'unscannable',
    `the SSM agent of ${instanceId} ${agent} within ${settings.agentMinutes} minutes: it needs the agent in the image, ` +
      'the policy AmazonSSMManagedInstanceCore in its instance profile and a way to SSM',
  );
}

async function read(
  clients: RegionClients,
  { instanceId }: AssessmentSubject,
  before: string,
  { scannedAt, warnings }: Extract<Coverage, { readonly kind: 'scanned' | 'late' }>,
): Promise<AssessmentLook> {
  const findings = (await readFindings(clients, instanceId)).map(toFinding);
  if (fingerprint(await readCoverage(clients, instanceId)) !== before)
    return waiting('the scan changed while its findings were read');
  findings.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return done({ status: 'complete', reason: '', warnings, scannedAt, findings });
}

const withinGrace = ({ since }: AssessmentSubject, { agentMinutes }: AssessorSettings): boolean =>
  Date.now() - Date.parse(since) < agentMinutes * 60_000;

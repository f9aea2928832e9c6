/** Inspector's findings in the words of the domain. */
import type {
  Finding as AwsFinding,
  FindingType,
  Severity as AwsSeverity,
  VulnerablePackage,
} from '@aws-sdk/client-inspector2';
import type { Finding, FindingPackage, Severity } from '../../../domain/findings';

const SEVERITY: Readonly<Record<AwsSeverity, Severity>> = {
  CRITICAL: 'critical',
  HIGH: 'high',
  MEDIUM: 'medium',
  LOW: 'low',
  INFORMATIONAL: 'info',
  UNTRIAGED: 'unknown',
};

const KIND: Readonly<Record<FindingType, Finding['kind']>> = {
  PACKAGE_VULNERABILITY: 'package',
  NETWORK_REACHABILITY: 'network',
  CODE_VULNERABILITY: 'check',
};

/** A finding of Inspector's as one of ours. What it leaves out is null or unknown, never better than that. */
export function toFinding(finding: AwsFinding): Finding {
  const kind = lookUp(KIND, finding.type) ?? 'check';
  const packages = distinct((finding.packageVulnerabilityDetails?.vulnerablePackages ?? []).map(toPackage));
  const id = idOf(finding);
  const names = [...new Set(packages.map(({ name }) => name))].sort();
  return {
    key: [kind, id, ...(names.length > 0 ? [names.join(',')] : [])].join('/'),
    id,
    kind,
    title: finding.title ?? id,
    severity: lookUp(SEVERITY, finding.severity) ?? 'unknown',
    packages,
    fixAvailable: finding.fixAvailable === 'YES' || finding.fixAvailable === 'PARTIAL',
    exploitAvailable: finding.exploitAvailable === 'YES',
    epss: finding.epss?.score ?? null,
    score: scoreOf(finding),
    suppressed: finding.status === 'SUPPRESSED',
    url: urlOf(finding),
  };
}

/** Names the same problem the same way on every image of a line: no ARN, account, instance or time is in it. */
function idOf({
  packageVulnerabilityDetails,
  networkReachabilityDetails,
  codeVulnerabilityDetails,
  title,
}: AwsFinding): string {
  if (packageVulnerabilityDetails?.vulnerabilityId !== undefined) return packageVulnerabilityDetails.vulnerabilityId;
  if (networkReachabilityDetails) {
    const { protocol, openPortRange } = networkReachabilityDetails;
    const { begin = 0, end = 0 } = openPortRange ?? {};
    return `${protocol ?? 'ANY'} ${begin === end ? begin : `${begin}-${end}`}`;
  }
  return codeVulnerabilityDetails?.detectorId ?? title ?? 'unnamed';
}

function toPackage({ name, version, epoch, release, fixedInVersion }: VulnerablePackage): FindingPackage {
  const full = `${epoch ? `${epoch}:` : ''}${version ?? ''}${release ? `-${release}` : ''}`;
  // Inspector says NotAvailable where there is no fixed version.
  const fixedIn = !fixedInVersion || /^not\s?available$/i.test(fixedInVersion) ? null : fixedInVersion;
  return { name: name ?? 'unnamed', version: full, fixedIn };
}

/** One package may be named once for each path or architecture. */
const distinct = (packages: readonly FindingPackage[]): FindingPackage[] => [
  ...new Map(packages.map((one) => [JSON.stringify([one.name, one.version, one.fixedIn]), one])).values(),
];

/** Inspector's own score, else the worst of those it quotes. */
function scoreOf({ inspectorScore, packageVulnerabilityDetails }: AwsFinding): number | null {
  if (inspectorScore !== undefined) return inspectorScore;
  const quoted = (packageVulnerabilityDetails?.cvss ?? []).flatMap(({ baseScore }) => baseScore ?? []);
  return quoted.length > 0 ? Math.max(...quoted) : null;
}

/** Only a web address is passed on: pages make links of it. */
function urlOf({ packageVulnerabilityDetails, remediation }: AwsFinding): string | null {
  const urls = [packageVulnerabilityDetails?.sourceUrl, remediation?.recommendation?.Url];
  return urls.find((url) => url !== undefined && /^https?:\/\//i.test(url)) ?? null;
}

const lookUp = <T>(table: Readonly<Record<string, T>>, name: string | undefined): T | undefined =>
  name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;

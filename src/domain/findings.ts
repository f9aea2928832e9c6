/** Findings and assessments: what assessors say about an image. */

/** From worst to least; `unknown` is what the assessor could not rate (e.g. Inspector's UNTRIAGED). */
export const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info', 'unknown'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** One vulnerability in one package (or one reachable port, one failed check) on one image. */
export interface Finding {
  /** Stable across runs of a line, so that two images can be compared: kind, vulnerability and package names. */
  readonly key: string;
  /** CVE or vendor id. */
  readonly id: string;
  readonly kind: 'package' | 'network' | 'check';
  readonly title: string;
  readonly severity: Severity;
  readonly packages: readonly FindingPackage[];
  readonly fixAvailable: boolean;
  readonly exploitAvailable: boolean;
  /** Exploit prediction, 0 to 1. */
  readonly epss: number | null;
  /** CVSS-like score, 0 to 10. */
  readonly score: number | null;
  /** Hidden by a suppression rule at the source: still counted and shown here, because an admin's rule must not shrink a gate. */
  readonly suppressed: boolean;
  readonly url: string | null;
}

export interface FindingPackage {
  readonly name: string;
  readonly version: string;
  readonly fixedIn: string | null;
}

/** `unscannable`: this assessor can never say anything of this image. Only `complete` with no findings is clean. */
export type AssessmentStatus = 'complete' | 'incomplete' | 'unscannable' | 'failed';

/** One assessor's result for one run. */
export interface Assessment {
  readonly assessor: string;
  readonly status: AssessmentStatus;
  /** Why it is not complete; empty when it is. */
  readonly reason: string;
  readonly warnings: readonly string[];
  readonly scannedAt: string | null;
  readonly findings: readonly Finding[];
}

/** Findings by severity. */
export type SeverityCounts = Readonly<Record<Severity, number>>;

/** The `findings` of a status document: counts, and the difference to the line's approved image (null where there is none). */
export interface FindingCounts extends SeverityCounts {
  readonly total: number;
  readonly new: number | null;
  readonly fixed: number | null;
  readonly waived: number;
}

/**
 * Several assessors may find the same: one finding each key, the worst severity wins, facts are united. The result is the
 * same in whatever order the assessments come.
 */
export function uniteFindings(assessments: readonly Assessment[]): Finding[] {
  const united = new Map<string, Finding>();
  for (const finding of assessments.flatMap((assessment) => assessment.findings)) {
    const known = united.get(finding.key);
    const packages = unitePackages([...(known?.packages ?? []), ...finding.packages]);
    united.set(finding.key, { ...(known ? unite(known, finding) : finding), packages });
  }
  return [...united.values()].sort((a, b) => rank(a.severity) - rank(b.severity) || compare(a.key, b.key));
}

function unite(a: Finding, b: Finding): Finding {
  const order = rank(a.severity) - rank(b.severity) || compare(wording(a), wording(b));
  const worst = order <= 0 ? a : b;
  return {
    ...worst,
    fixAvailable: a.fixAvailable || b.fixAvailable,
    exploitAvailable: a.exploitAvailable || b.exploitAvailable,
    epss: highest(a.epss, b.epss),
    score: highest(a.score, b.score),
    suppressed: a.suppressed && b.suppressed,
  };
}

/** The facts of which one assessor's are taken whole; decides between equally bad ones. */
const wording = ({ id, kind, title, url }: Finding): string => JSON.stringify([id, kind, title, url]);

function unitePackages(packages: readonly FindingPackage[]): FindingPackage[] {
  const united = new Map(packages.map((one) => [JSON.stringify([one.name, one.version, one.fixedIn]), one]));
  return [...united].sort(([a], [b]) => compare(a, b)).map(([, one]) => one);
}

/** Counts by severity, and how many are new or fixed against the approved image's finding keys. */
export function countFindings(findings: readonly Finding[], approved: readonly string[] | null): FindingCounts {
  const counts = { critical: 0, high: 0, medium: 0, low: 0, info: 0, unknown: 0 };
  for (const { severity } of findings) counts[severity] += 1;
  const before = approved === null ? null : new Set(approved);
  const now = new Set(findings.map(({ key }) => key));
  return {
    ...counts,
    total: findings.length,
    new: before === null ? null : findings.filter(({ key }) => !before.has(key)).length,
    fixed: before === null ? null : [...before].filter((key) => !now.has(key)).length,
    waived: 0,
  };
}

const rank = (severity: Severity): number => SEVERITIES.indexOf(severity);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const highest = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.max(a, b);

/** A run in words: what `watch`, `show` and the decisions show of it. Pure. */
import { SEVERITIES } from '../domain/findings';
import { STAGES } from '../domain/run';
import type { FindingView, ReportView, RunView } from './answers';
import { hasEnded } from './exit';
import { timeOf, tookMs, type Sightings } from './sightings';
import type { Paint, Style } from './terminal';
import { clean, count, duration, pad, table } from './text';

/** The colour of a status. */
export function paintOf(status: string, style: Style): Paint {
  if (status === 'SUCCEEDED') return style.green;
  if (status === 'AWAITING_APPROVAL') return style.yellow;
  return hasEnded(status) ? style.red : style.bold;
}

/** One line for each stage: those that were seen with their time, then those to come. */
export function stageLines(run: RunView, sightings: Sightings, now: number, style: Style): string[] {
  const ended = hasEnded(run.status);
  const wide = Math.max(...STAGES.map((stage) => stage.length));
  const seen = sightings
    .filter(({ stage }) => stage !== 'done')
    .map((sighting) => {
      const current = !ended && sighting.stage === run.stage;
      const ms = tookMs(sighting, now);
      const name = pad(clean(sighting.stage), wide);
      const took = ms === undefined ? '' : duration(ms);
      return current
        ? `  ${style.yellow('●')} ${style.bold(name)}  ${took}`.trimEnd()
        : `  ${style.green('✓')} ${name}  ${style.dim(took)}`.trimEnd();
    });
  if (ended) return seen;
  const position = (STAGES as readonly string[]).indexOf(run.stage);
  const coming = position === -1 ? [] : STAGES.slice(position + 1).filter((stage) => stage !== 'done');
  return [...seen, ...coming.map((stage) => style.dim(`  · ${stage}`))];
}

/** Severities with their counts, worst first, and the difference to the approved image. */
export function findingLines({ findings }: RunView, style: Style): string[] {
  if (!findings) return [];
  const lines = table(
    [...SEVERITIES, 'total'],
    [[...SEVERITIES.map((severity) => String(findings[severity])), String(findings.total)]],
  );
  const { new: added, fixed, waived } = findings;
  const since = added === null || fixed === null ? 'no approved image to compare with' : `${added} new, ${fixed} fixed`;
  const [header = '', ...rows] = lines;
  return [style.dim(header), ...rows, style.dim(waived > 0 ? `${since}, ${waived} waived` : since)];
}

/** The worst findings, one a line. */
export function worstFindings(findings: readonly FindingView[], most: number, columns?: number): string[] {
  const rank = (severity: string): number => {
    const index = (SEVERITIES as readonly string[]).indexOf(severity);
    return index === -1 ? SEVERITIES.length : index;
  };
  const worst = [...findings].sort((a, b) => rank(a.severity) - rank(b.severity) || (b.epss ?? 0) - (a.epss ?? 0));
  if (worst.length === 0) return [];
  const lines = table(
    ['severity', 'id', 'package', 'installed', 'fixed in', 'exploit', 'epss'],
    worst.slice(0, most).map(({ severity, id, packages, exploitAvailable, epss }) => {
      const [first] = packages;
      const more = packages.length > 1 ? ` +${packages.length - 1}` : '';
      return [
        severity,
        id,
        `${first?.name ?? '-'}${more}`,
        first?.version ?? '-',
        first?.fixedIn ?? '-',
        exploitAvailable ? 'known' : '-',
        epss === null ? '-' : epss.toFixed(3),
      ];
    }),
    columns,
  );
  return worst.length > most ? [...lines, `… and ${worst.length - most} more in the report`] : lines;
}

/** Who approved, how many are missing, and who was refused. */
export function approvalLines({ approval }: RunView): string[] {
  if (!approval) return [];
  const { needed, given, by, refused, deadline } = approval;
  return [
    `${given} of ${needed} given${by.length === 0 ? '' : ` by ${by.map(clean).join(', ')}`}; until ${clean(deadline)}`,
    ...refused.map(({ by: who, reason, at }) => `refused: ${clean(who)} (${clean(reason)}) at ${clean(at)}`),
  ];
}

/** Where the image was published. */
export const publicationLines = ({ published }: RunView): string[] =>
  published.map(
    ({ account, region, parameter, version, amiId }) =>
      `${clean(parameter)} version ${version} = ${clean(amiId)} in ${clean(region)}, account ${clean(account)}`,
  );

/** The image, and after it those that the same bake made in other regions. */
export const imagesOf = ({ amiId, region, images }: RunView): string[] => {
  const all = images.length > 0 ? images : amiId === null ? [] : [{ amiId, region }];
  return all.map(imageText);
};

const imageText = ({ amiId, region }: { readonly amiId: string; readonly region: string | null }): string =>
  `${clean(amiId)}${region === null ? '' : ` in ${clean(region)}`}`;

/** How a run ended, or where it stands, in one line. */
export function summaryLine(run: RunView, style: Style): string {
  const { amiId, region } = run;
  const image = amiId === null ? '' : `  ${imageText({ amiId, region })}`;
  const where = run.published.length === 0 ? '' : `  published in ${count(run.published.length, 'place')}`;
  return `${paintOf(run.status, style)(clean(run.status))}  ${clean(run.id)}${image}${where}`;
}

/** Why a run ended as it did. */
export const reasonLines = (run: RunView): string[] => [
  ...(run.error === null ? [] : [`error: ${clean(run.error)}`]),
  ...run.reasons.map(clean),
];

/** The readable page of `assay show`. `report` where there is one. */
export function page(run: RunView, sightings: Sightings, more: PageMore): string {
  const { report, now, style, columns } = more;
  const started = timeOf(run.startedAt);
  const end = run.closedAt === null ? now : (timeOf(run.closedAt) ?? now);
  const facts: [string, string | null][] = [
    ...imagesOf(run).map((image): [string, string] => ['image', image]),
    ['instance', run.instanceId && clean(run.instanceId)],
    ['attempt', run.attempt > 1 ? String(run.attempt) : null],
    ['asked by', report?.request?.requestedBy === undefined ? null : clean(report.request.requestedBy)],
    ['reason', report?.request?.reason === undefined ? null : clean(report.request.reason)],
    [
      'started',
      `${clean(run.startedAt)}${started === null ? '' : ` (${duration(end - started)}${run.closedAt === null ? ' so far' : ' in all'})`}`,
    ],
    ['closed', run.closedAt && clean(run.closedAt)],
    ['verdict', run.verdict && clean(run.verdict)],
    ['evidence', run.evidenceDigest && clean(run.evidenceDigest)],
  ];
  const links: [string, string | null][] = [
    ['page', run.pageUrl && clean(run.pageUrl)],
    ['report', run.reportUrl && clean(run.reportUrl)],
    ['status', run.statusUrl && clean(run.statusUrl)],
    ['temporal', run.temporalUrl && clean(run.temporalUrl)],
  ];
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0
      ? []
      : ['', style.bold(title), ...lines.map((line) => (line.startsWith('  ') ? line : `  ${line}`))];
  const pairs = (given: readonly [string, string | null][]): string[] =>
    given.flatMap(([name, value]) =>
      value === null || value === '' ? [] : [`  ${style.dim(pad(name, 8))}  ${value}`],
    );
  return [
    `${style.bold(clean(run.line))}  ${clean(run.id)}  ${paintOf(run.status, style)(clean(run.status))}`,
    clean(run.progress),
    '',
    ...pairs(facts),
    ...section('Stages', stageLines(run, sightings, now, style)),
    ...section(`Findings`, findingLines(run, style)),
    ...section(
      'Worst findings',
      worstFindings(report?.findings ?? [], 10, columns === undefined ? undefined : columns - 2),
    ),
    ...section(
      'Assessments',
      (report?.assessments ?? []).map(
        ({ assessor, status, reason }) =>
          `${clean(assessor)}: ${clean(status)}${reason === '' ? '' : ` (${clean(reason)})`}`,
      ),
    ),
    ...section('Reasons', reasonLines(run)),
    ...section('Approval', approvalLines(run)),
    ...section(
      'Decisions',
      (report?.decisions ?? []).map(
        ({ by, verdict, comment, at }) =>
          `${clean(at)}  ${clean(by)}: ${clean(verdict)}${comment === '' ? '' : `, “${clean(comment)}”`}`,
      ),
    ),
    ...section('Published', publicationLines(run)),
    ...section('Links', pairs(links)),
  ].join('\n');
}

export interface PageMore {
  readonly report: ReportView | null;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly style: Style;
  readonly columns?: number;
}

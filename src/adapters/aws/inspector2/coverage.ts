/** Whether Inspector has scanned an instance since its launch. */
import type { CoveredResource } from '@aws-sdk/client-inspector2';
import { meaningOf, type Meaning } from './reasons';

export type Coverage =
  | { readonly kind: 'scanned'; readonly scannedAt: string; readonly warnings: readonly string[] }
  /** As scanned, but better waited a while for more. */
  | { readonly kind: 'late'; readonly scannedAt: string; readonly warnings: readonly string[] }
  | { readonly kind: 'wait' | 'unmanaged'; readonly progress: string }
  | { readonly kind: 'over'; readonly status: 'unscannable' | 'failed'; readonly reason: string };

/** Judges an instance's rows of scan type PACKAGE; the network has a row of its own, which is scanned twice a day. */
export function coverageOf(rows: readonly CoveredResource[], launchedAt: string): Coverage {
  const sorted = rows.map((row) => judge(row, launchedAt)).sort((a, b) => rank(a) - rank(b) || newest(a, b));
  return sorted[0] ?? { kind: 'wait', progress: 'Inspector has not discovered the instance yet' };
}

/** The same for two looks between which no scan ended and nothing else changed. */
export const fingerprint = (rows: readonly CoveredResource[]): string =>
  JSON.stringify(
    rows
      .map(({ scanMode, scanStatus, lastScannedAt }) =>
        [scanMode, scanStatus?.statusCode, scanStatus?.reason, lastScannedAt?.toISOString()].join(' '),
      )
      .sort(),
  );

function judge({ scanStatus, lastScannedAt }: CoveredResource, launchedAt: string): Coverage {
  const reason: string = scanStatus?.reason ?? 'no status';
  const { meaning, words } = meaningOf(reason);
  switch (meaning) {
    case 'wait':
    case 'unmanaged':
      return { kind: meaning, progress: words };
    case 'unscannable':
    case 'failed':
      return { kind: 'over', status: meaning, reason: words };
    case 'done':
    case 'partial':
    case 'late':
      return scanned(meaning, words);
  }

  function scanned(how: Extract<Meaning, 'done' | 'partial' | 'late'>, said: string): Coverage {
    if (scanStatus?.statusCode !== 'ACTIVE')
      return { kind: 'wait', progress: `Inspector does not watch the instance: ${scanStatus?.statusCode} ${reason}` };
    if (!lastScannedAt) return { kind: 'wait', progress: `${said}, but Inspector names no time of a scan` };
    const scannedAt = lastScannedAt.toISOString();
    if (lastScannedAt.getTime() < Date.parse(launchedAt))
      return { kind: 'wait', progress: `the last scan (${scannedAt}) is older than the instance (${launchedAt})` };
    return { kind: how === 'late' ? 'late' : 'scanned', scannedAt, warnings: how === 'done' ? [] : [said] };
  }
}

/** An instance may have a row for each way of scanning (with and without agent): the one that got furthest counts. */
function rank(coverage: Coverage): number {
  switch (coverage.kind) {
    case 'scanned':
      return coverage.warnings.length > 0 ? 1 : 0;
    case 'late':
      return 2;
    case 'wait':
      return 3;
    case 'unmanaged':
      return 4;
    case 'over':
      return 5;
  }
}

const newest = (a: Coverage, b: Coverage): number =>
  'scannedAt' in a && 'scannedAt' in b ? Date.parse(b.scannedAt) - Date.parse(a.scannedAt) : 0;

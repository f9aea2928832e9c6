/** What Inspector knows of an instance at this moment: its coverage rows and its findings. */
import type { Behaviour } from '../behaviour';
import { findingNamed, PROFILES } from '../data/profiles';
import type { Cve } from '../data/cves';
import type { SimInstance } from '../model';
import { habitsOf, type World } from '../world';
import { agentOnlineAt } from './agents';

export interface CoverageRow {
  readonly instance: SimInstance;
  readonly scanType: 'PACKAGE' | 'NETWORK';
  readonly statusCode: string;
  readonly reason: string;
  /** Milliseconds since 1970, or null. */
  readonly lastScannedAt: number | null;
}

/** No row until Inspector has discovered the instance. */
export function coverageOf(world: World, instance: SimInstance): readonly CoverageRow[] {
  const habits = habitsOf(world, instance.tags);
  const from = rowAt(world, instance, habits);
  if (from === null || world.clock.now() < from) return [];
  const terminated = instance.terminatedAt !== null;
  if (terminated && habits.afterTermination === 'gone') return [];
  const rest = { instance, scanType: 'PACKAGE' as const };
  const status = terminated
    ? { statusCode: 'INACTIVE', reason: 'RESOURCE_TERMINATED', lastScannedAt: scannedAt(world, instance, habits) }
    : packageStatus(world, instance, habits);
  // Network reachability runs every twelve hours: its row of a young instance only ever waits.
  const network = {
    instance,
    scanType: 'NETWORK' as const,
    statusCode: 'ACTIVE',
    reason: 'PENDING_INITIAL_SCAN',
    lastScannedAt: null,
  };
  return [...(habits.networkRow && !terminated ? [network] : []), { ...rest, ...status }];
}

const rowAt = (world: World, { runningAt }: SimInstance, { coverageSeconds }: Behaviour): number | null =>
  runningAt === null || coverageSeconds === null ? null : runningAt + world.clock.lasts(coverageSeconds);

type Status = Pick<CoverageRow, 'statusCode' | 'reason' | 'lastScannedAt'>;

function packageStatus(world: World, instance: SimInstance, habits: Behaviour): Status {
  const { coverage } = habits;
  const now = world.clock.now();
  if (coverage) {
    const scanned = coverage.scanned ?? coverage.reason === 'SUCCESSFUL';
    const at = scannedAt(world, instance, habits) ?? now;
    return { statusCode: coverage.statusCode, reason: coverage.reason, lastScannedAt: scanned ? at : null };
  }
  if (!profile(world, instance, habits).scannable)
    return { statusCode: 'INACTIVE', reason: 'UNSUPPORTED_OS', lastScannedAt: null };
  const online = agentOnlineAt(world, instance, habits);
  if (online === null || now < online)
    return { statusCode: 'INACTIVE', reason: 'UNMANAGED_EC2_INSTANCE', lastScannedAt: null };
  const at = scannedAt(world, instance, habits);
  return at === null
    ? { statusCode: 'ACTIVE', reason: 'PENDING_INITIAL_SCAN', lastScannedAt: null }
    : { statusCode: 'ACTIVE', reason: 'SUCCESSFUL', lastScannedAt: at };
}

/** When the first scan ended; null while it has not. */
function scannedAt(world: World, instance: SimInstance, habits: Behaviour): number | null {
  const row = rowAt(world, instance, habits);
  const online = agentOnlineAt(world, instance, habits);
  if (row === null || online === null || habits.scanSeconds === null) return null;
  const end = Math.max(row, online) + world.clock.lasts(habits.scanSeconds);
  if (world.clock.now() < end || (instance.terminatedAt !== null && instance.terminatedAt < end)) return null;
  return habits.staleScan ? instance.createdAt - 86_400_000 : end;
}

function profile(world: World, { imageId }: SimInstance, habits: Behaviour) {
  return PROFILES[habits.profile ?? world.images.get(imageId)?.profile ?? 'ubuntu-24'];
}

export interface FoundVulnerability {
  readonly instance: SimInstance;
  readonly cve: Cve;
  readonly status: 'ACTIVE' | 'SUPPRESSED' | 'CLOSED';
  readonly observedAt: number;
}

/** Empty until the first scan has ended. */
export function findingsOf(world: World, instance: SimInstance): readonly FoundVulnerability[] {
  const habits = habitsOf(world, instance.tags);
  const terminated = instance.terminatedAt !== null;
  if (terminated && habits.afterTermination === 'gone') return [];
  const row = coverageOf(world, instance).find(({ scanType }) => scanType === 'PACKAGE');
  if (!row || row.lastScannedAt === null) return [];
  const observedAt = row.lastScannedAt;
  const cves = habits.findings?.map(findingNamed) ?? profile(world, instance, habits).findings;
  return cves.map((cve) => {
    const status = terminated ? 'CLOSED' : habits.suppressed.includes(cve.id) ? 'SUPPRESSED' : 'ACTIVE';
    return { instance, cve, status, observedAt };
  });
}

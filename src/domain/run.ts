/** A run: one image's passage from request to ending. One value, a union by stage: each stage carries exactly what is known by then. */
import type { Approval } from './approval';
import type { FindingCounts } from './findings';
import type { Verdict } from './policy';

/** An image by where it is. */
export interface RegionImage {
  readonly region: string;
  readonly amiId: string;
}

/**
 * The image a run is about. `baked`: made by this run, so it is the run's to remove. `siblings`: what the same bake made in
 * other regions; they share the candidate's fate.
 */
export interface CandidateImage extends RegionImage {
  readonly baked: boolean;
  readonly siblings: readonly RegionImage[];
}

/** The instance that is examined. `server` is how Spinnaker knows it; null for a brought one. */
export interface TestInstance {
  readonly instanceId: string;
  readonly volumeIds: readonly string[];
  readonly server: ServerGroup | null;
}

export interface ServerGroup {
  /** Spinnaker's name of it; null where no execution tells it. */
  readonly account: string | null;
  readonly region: string;
  readonly name: string;
}

/** What one assessor said, by reference: findings themselves never enter history. */
export interface AssessmentRef {
  readonly assessor: string;
  readonly status: string;
  readonly ref: string;
}

export interface Evaluation {
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
  readonly findings: FindingCounts;
  /** SHA-256 over image, assessments, findings, diff, waivers and policy: what an approver saw. */
  readonly evidenceDigest: string;
  readonly ref: string;
}

export interface Publication {
  readonly account: string;
  readonly region: string;
  readonly parameter: string;
  readonly version: number;
  readonly amiId: string;
}

export const STAGES = [
  'baking',
  'tagging',
  'deploying',
  'assessing',
  'evaluating',
  'awaiting-approval',
  'publishing',
  'cleaning-up',
  'done',
] as const;
export type Stage = (typeof STAGES)[number];

export const STATUSES = ['RUNNING', 'AWAITING_APPROVAL', 'SUCCEEDED', 'DENIED', 'FAILED', 'CANCELED'] as const;
export type Status = (typeof STATUSES)[number];
export type EndStatus = Exclude<Status, 'RUNNING' | 'AWAITING_APPROVAL'>;

export const isEnd = (status: Status): status is EndStatus => status !== 'RUNNING' && status !== 'AWAITING_APPROVAL';

/** What was learnt on the way, each part null until it is known. */
export interface Known {
  readonly image: CandidateImage | null;
  readonly instance: TestInstance | null;
  readonly assessments: readonly AssessmentRef[];
  readonly evaluation: Evaluation | null;
  readonly approval: Approval | null;
}

type With<K extends keyof Known> = Known & { readonly [P in K]: NonNullable<Known[P]> };

/** How a run ends. Every way out is here. */
export type Outcome =
  | { readonly kind: 'published'; readonly published: readonly Publication[]; readonly reasons: readonly string[] }
  | { readonly kind: 'denied'; readonly reasons: readonly string[] }
  | { readonly kind: 'canceled'; readonly reasons: readonly string[] }
  | { readonly kind: 'failed'; readonly error: string; readonly reasons: readonly string[] };

export type RunState =
  | ({ readonly stage: 'baking' } & Known)
  | ({ readonly stage: 'tagging' } & With<'image'>)
  | ({ readonly stage: 'deploying' } & With<'image'>)
  | ({ readonly stage: 'assessing' } & With<'image' | 'instance'>)
  | ({ readonly stage: 'evaluating' } & With<'image' | 'instance'>)
  | ({ readonly stage: 'awaiting-approval' } & With<'image' | 'instance' | 'evaluation' | 'approval'>)
  | ({ readonly stage: 'publishing' } & With<'image' | 'instance' | 'evaluation'>)
  | ({ readonly stage: 'cleaning-up'; readonly outcome: Outcome; readonly stuck: readonly string[] } & Known)
  | ({ readonly stage: 'done'; readonly outcome: Outcome; readonly closedAt: string } & Known);

export const NOTHING_KNOWN: Known = { image: null, instance: null, assessments: [], evaluation: null, approval: null };

/** The status a state shows outside. An ending shows only when everything was read back as clean. */
export function statusOf(state: RunState): Status {
  if (state.stage === 'awaiting-approval') return 'AWAITING_APPROVAL';
  return state.stage === 'done' ? endStatus(state.outcome) : 'RUNNING';
}

export function endStatus({ kind }: Outcome): EndStatus {
  switch (kind) {
    case 'published':
      return 'SUCCEEDED';
    case 'denied':
      return 'DENIED';
    case 'canceled':
      return 'CANCELED';
    case 'failed':
      return 'FAILED';
  }
}

/** `assay:state` of the run's image after this outcome. */
export const imageStateAfter = ({ kind }: Outcome): 'approved' | 'denied' =>
  kind === 'published' ? 'approved' : 'denied';

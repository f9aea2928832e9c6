/**
 * Evidence: every document a decision rests on. Documents are statements, each bound to its run and sealed by the worker,
 * so that none can be moved to another run or made up by whoever can write to Temporal.
 */
import type { Decision } from './approval';
import type { Assessment, Finding, FindingCounts } from './findings';
import type { Image } from './image';
import type { OnIncomplete, Policy, Verdict } from './policy';
import type { RunRequest } from './request';
import type { EndStatus, Publication } from './run';
import type { RunSettings } from './settings';
import type { StatusDocument } from './status';

/** `sha256:` and 64 hexadecimal digits: the hash of the stored bytes. */
export type EvidenceRef = string;

/** What the server signs when it accepts a request. */
export interface RequestStatement {
  readonly kind: 'request';
  readonly run: string;
  readonly key: string;
  readonly request: RunRequest;
  /** Id of the credential that asked; who it claims to ask for is `request.requestedBy`. */
  readonly credential: string;
  /** Whom that credential speaks for; null where it speaks for nobody. */
  readonly subject: string | null;
  readonly at: string;
}

/** What a line's schedule asks for, sealed by the worker: it has no key of the server's, and may ask for nothing else. */
export interface ScheduledStatement extends Omit<RequestStatement, 'kind'> {
  readonly kind: 'scheduled';
}

/** A run's first act: the settings of its line, kept until its end. */
export interface SettingsStatement {
  readonly kind: 'settings';
  readonly run: string;
  readonly line: string;
  readonly settings: RunSettings;
  /** The signed request, as it was verified. */
  readonly request: string;
  readonly at: string;
}

/** What the bake made, as read from Spinnaker's execution. */
export interface BakeStatement {
  readonly kind: 'bake';
  readonly run: string;
  readonly executionId: string;
  readonly images: readonly { readonly region: string; readonly amiId: string }[];
}

/** The image when it became the candidate. */
export interface CandidateStatement {
  readonly kind: 'candidate';
  readonly run: string;
  readonly image: Image;
  readonly baked: boolean;
  /** What the same bake made in other regions, when it was checked. */
  readonly siblings: readonly Image[];
}

export interface AssessmentStatement {
  readonly kind: 'assessment';
  readonly run: string;
  readonly amiId: string;
  readonly instanceId: string;
  readonly assessment: Assessment;
}

/** Everything an approver sees. `digest` is over `basis`. */
export interface EvaluationStatement {
  readonly kind: 'evaluation';
  readonly run: string;
  readonly digest: string;
  readonly basis: EvaluationBasis;
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
  readonly counts: FindingCounts;
  readonly at: string;
}

export interface EvaluationBasis {
  readonly run: string;
  readonly amiId: string;
  readonly settings: EvidenceRef;
  readonly assessments: readonly EvidenceRef[];
  readonly findings: readonly Finding[];
  readonly diff: {
    readonly against: string | null;
    readonly added: readonly string[];
    readonly removed: readonly string[];
  };
  readonly waivers: readonly [];
  readonly policy: Policy;
  readonly onIncomplete: OnIncomplete;
}

/** A decision that was verified. `token` is null for one by plain signal, where the line allows those. */
export interface DecisionStatement {
  readonly kind: 'decision';
  readonly run: string;
  readonly decision: Decision;
  readonly token: string | null;
}

/** When people were asked: the deadline counts from here, for the run and for the right to publish. */
export interface AskedStatement {
  readonly kind: 'asked';
  readonly run: string;
  readonly at: string;
}

/** A publication that was read back from AWS, or that gave way to a newer image. */
export interface PublicationStatement {
  readonly kind: 'publication';
  readonly run: string;
  readonly line: string;
  readonly result: PublicationResult;
  readonly at: string;
}

export type PublicationResult =
  | { readonly kind: 'published'; readonly published: readonly Publication[] }
  | { readonly kind: 'superseded'; readonly by: string }
  | { readonly kind: 'failed'; readonly error: string };

/** The last document of a run: answers for it when Temporal has forgotten it. */
export interface EndingStatement {
  readonly kind: 'ending';
  readonly run: string;
  readonly status: StatusDocument & { readonly status: EndStatus };
  readonly timeline: readonly TimelineEntry[];
  readonly refs: RunRefs;
  readonly bodyHash: string;
  readonly credential: string;
}

export interface TimelineEntry {
  readonly at: string;
  readonly stage: string;
  readonly text: string;
}

/** Where a run's evidence is. */
export interface RunRefs {
  readonly settings: EvidenceRef | null;
  readonly bake: EvidenceRef | null;
  readonly candidate: EvidenceRef | null;
  readonly assessments: readonly EvidenceRef[];
  readonly evaluation: EvidenceRef | null;
  /** Decisions that counted. */
  readonly decisions: readonly EvidenceRef[];
}

/** A run that has stored nothing yet. */
export const NO_REFS: RunRefs = {
  settings: null,
  bake: null,
  candidate: null,
  assessments: [],
  evaluation: null,
  decisions: [],
};

export type Statement =
  | RequestStatement
  | ScheduledStatement
  | SettingsStatement
  | BakeStatement
  | CandidateStatement
  | AssessmentStatement
  | EvaluationStatement
  | DecisionStatement
  | AskedStatement
  | PublicationStatement
  | EndingStatement
  | Catalogue;

/** A line's catalogue: kept as a named document, written only after a publication was read back. */
export interface Catalogue {
  readonly kind: 'catalogue';
  readonly line: string;
  /** Newest last. */
  readonly images: readonly CatalogueEntry[];
}

export interface CatalogueEntry {
  readonly run: string;
  readonly amiId: string;
  readonly region: string;
  /** EC2's CreationDate, ISO 8601. */
  readonly createdAt: string;
  readonly state: 'approved';
  readonly approvedAt: string;
  readonly published: readonly Publication[];
  readonly findingKeys: readonly string[];
}

/** Names of the documents that are found by name instead of by content. */
export const documentName = {
  ending: (run: string): string => `runs/${run}.json`,
  refs: (run: string): string => `refs/${run}.json`,
  endRead: (run: string): string => `read/${run}.json`,
  asked: (run: string): string => `asked/${run}.json`,
  publication: (run: string): string => `publications/${run}.json`,
  /** Written before a parameter is, so that a lost answer is told from a write that never was. */
  publicationIntent: (run: string): string => `intents/${run}.json`,
  /** As the intent, of the write that takes a publication back. */
  reversal: (run: string): string => `reversals/${run}.json`,
  catalogue: (line: string): string => `lines/${line}.json`,
} as const;

/** Where every decision of a run that was verified is found by name, so that none can be left out. */
export const decisionName = {
  folder: (run: string): string => `decisions/${run}/`,
  of: (run: string, ref: EvidenceRef): string => `decisions/${run}/${ref.replace(/^sha256:/, '')}.json`,
} as const;

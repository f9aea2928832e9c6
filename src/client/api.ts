/** What doors may ask of Assay. Implemented in this folder, on Temporal and the evidence store. */
import type { DecisionVerdict, RefusalReason } from '../domain/approval';
import type { CatalogueEntry, TimelineEntry } from '../domain/evidence';
import type { Assessment, Finding } from '../domain/findings';
import type { Verdict } from '../domain/policy';
import type { RunRequest } from '../domain/request';
import type { Publication, Status } from '../domain/run';
import type { StatusDocument } from '../domain/status';

// Every call throws `Unreachable` when Temporal (or the evidence store) does not answer in time. Status documents that come
// from here have their URLs.

export interface StartOrder {
  /** The caller's `Idempotency-Key`; without one the key is made from the source, else made up. */
  readonly key?: string;
  readonly request: RunRequest;
  /** Id of the credential that asks. */
  readonly credential: string;
  /** Whom it speaks for; null where it speaks for nobody. */
  readonly subject: string | null;
  /**
   * The key stands for one run for ever: no restart follows it. The text is what the order is known again by, where what it is
   * read as may change with the config.
   */
  readonly once?: string;
}

export interface Actor {
  /** Id of the credential. */
  readonly credential: string;
  /** Who acts: the key's subject, else its id. */
  readonly subject: string;
  readonly groups: readonly string[];
}

export interface DecisionOrder {
  readonly verdict: DecisionVerdict;
  readonly comment: string;
  readonly evidenceDigest: string | null;
}

export type DecisionAnswer =
  | { readonly kind: 'counted'; readonly status: StatusDocument }
  /** Stored by Temporal, but no worker has looked at it yet. */
  | { readonly kind: 'recorded' }
  | { readonly kind: 'refused'; readonly reason: RefusalReason };

export interface CancelAnswer {
  /** `null`: recorded, not taken up yet. */
  readonly canceled: boolean | null;
  readonly reason: string;
}

export interface RunFilter {
  readonly line?: string;
  readonly status?: Status;
  readonly image?: string;
  readonly cursor?: string;
  /** 1 to 100; default 50. */
  readonly limit?: number;
}

export interface RunPage {
  readonly runs: readonly StatusDocument[];
  readonly cursor: string | null;
}

/** The evidence of a run, readable. */
export interface Report {
  readonly run: StatusDocument;
  /** Null for a run that ended before its request was verified. */
  readonly request: RunRequest | null;
  readonly evidenceDigest: string | null;
  readonly verdict: Verdict | null;
  readonly reasons: readonly string[];
  readonly assessments: readonly Assessment[];
  readonly findings: readonly Finding[];
  readonly diff: {
    readonly against: string | null;
    readonly added: readonly string[];
    readonly removed: readonly string[];
  };
  readonly decisions: readonly {
    readonly by: string;
    readonly verdict: DecisionVerdict;
    readonly comment: string;
    readonly at: string;
  }[];
  readonly timeline: readonly TimelineEntry[];
}

export interface RunsApi {
  /** Throws BadInput (every fault) and Conflict (same key, other body). The same order again is the same run. */
  start(order: StartOrder): Promise<StatusDocument>;
  /** `undefined`: no such run. */
  status(id: string): Promise<StatusDocument | undefined>;
  /** Marks that the end of a run was read, if `credential` is the one that started it and the run has ended. */
  endRead(id: string, credential: string): Promise<void>;
  /** Newest first. Throws BadInput for a cursor that is none. */
  list(filter: RunFilter): Promise<RunPage>;
  /** `undefined`: no such run. */
  decide(id: string, order: DecisionOrder, actor: Actor): Promise<DecisionAnswer | undefined>;
  /** Unknown and finished runs are fine. */
  cancel(id: string, actor: Actor, reason: string): Promise<CancelAnswer>;
  /** The key's latest attempt. A key that is not known yet is fine too. */
  cancelByKey(key: string, actor: Actor, reason: string): Promise<CancelAnswer>;
  /** What was asked for. `undefined`: no such run, or one that nobody can tell this of any more. */
  request(id: string): Promise<RunRequest | undefined>;
  /** `undefined`: no such run. `not-yet`: the run goes on, and nothing was judged so far. */
  report(id: string): Promise<Report | 'not-yet' | undefined>;
}

export interface LineSummary {
  readonly line: string;
  readonly region: string;
  readonly parameter: string;
  readonly approved: CatalogueEntry | null;
}

export interface ApprovedImage {
  readonly line: string;
  readonly region: string;
  readonly amiId: string;
  readonly run: string;
  readonly approvedAt: string;
  readonly publication: Publication;
}

export interface LinesApi {
  list(): Promise<readonly LineSummary[]>;
  /** `undefined`: no such line. */
  get(line: string): Promise<LineSummary | undefined>;
  /** Newest first; `undefined`: no such line. */
  images(line: string): Promise<readonly CatalogueEntry[] | undefined>;
  /** `undefined`: no such line, or nothing is approved in that region (default: the line's own). */
  approved(line: string, region?: string): Promise<ApprovedImage | undefined>;
}

export interface SetupApi {
  /** What keeps Assay from working on this Temporal server; empty when it is ready. */
  faults(): Promise<readonly string[]>;
  /** Registers what is missing: namespace and search attributes. Idempotent; says what it did. */
  setup(): Promise<readonly string[]>;
}

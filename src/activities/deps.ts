import type {
  Assessors,
  Aws,
  EvidenceStore,
  Lines,
  Notifier,
  Requests,
  Runs,
  Sealer,
  Settings,
  Signatures,
  Spinnaker,
} from '../adapters/ports';
import { Final } from '../domain/errors';
import type { Documents } from './documents';

/** Everything the activities are given. Made once by the worker. */
export interface Deps {
  readonly settings: Settings;
  readonly aws: Aws;
  /** Null where no Gate is configured. To be asked for each time: a changed config has another Gate. */
  readonly spinnaker: Spinnaker | null;
  readonly assessors: Assessors;
  readonly evidence: EvidenceStore;
  readonly documents: Documents;
  readonly sealer: Sealer;
  readonly signatures: Signatures;
  readonly notifier: Notifier;
  readonly runs: Runs;
  readonly requests: Requests;
  readonly lines: Lines;
}

/** Gate, for a step that cannot do without. */
export function gateOf({ spinnaker }: Deps): Spinnaker {
  if (!spinnaker) throw new Final('this worker has no `spinnaker` in its config, so it can neither bake nor deploy');
  return spinnaker;
}

import type { Decision, RefusalReason } from '../domain/approval';
import type { EvidenceRef } from '../domain/evidence';
import { EvidenceChanged, Forbidden } from '../domain/errors';
import type { Signatures } from '../adapters/ports';
import type { Deps } from './deps';

/** A decision that came without a signature, as a plain signal carries it. */
export interface PlainDecision {
  readonly id: string;
  readonly by: string;
  readonly verdict: Decision['verdict'];
  readonly comment: string;
  readonly evidenceDigest: string | null;
  readonly at: string;
}

export type Verified =
  { readonly decision: Decision; readonly ref: EvidenceRef } | { readonly refused: RefusalReason; readonly by: string };

export const createDecideActivities = ({ signatures, documents }: Deps) => ({
  /** Verifies a decision: its signature, its run, and that this worker's config still lets it count. */
  async verifyDecision({ run, token }: { run: string; token: string }): Promise<Verified> {
    const decision = opened(signatures, token);
    if (typeof decision === 'string') return { refused: decision, by: 'unknown' };
    if (decision.run !== run) return { refused: 'bad-signature', by: decision.by };
    return { decision, ref: await documents.storeDecision({ kind: 'decision', run, decision, token }) };
  },

  /** Seals when people were asked, once: from then on the deadline counts, for the run and for its publication. */
  async openApproval({ run }: { run: string }): Promise<{ readonly at: string }> {
    const before = await documents.readNamed('asked', run);
    if (before) return { at: before.at };
    const at = new Date().toISOString();
    await documents.writeNamed({ kind: 'asked', run, at });
    return { at };
  },

  /** Takes a plain decision, on a line that allows those: its groups are those of its subject's API keys. */
  async takePlainDecision({ run, plain }: { run: string; plain: PlainDecision }): Promise<Verified> {
    const groups = signatures.groupsOf(plain.by);
    const decision: Decision = { ...plain, run, groups, credential: null };
    return { decision, ref: await documents.storeDecision({ kind: 'decision', run, decision, token: null }) };
  },
});

function opened(signatures: Signatures, token: string): Decision | 'bad-signature' | 'revoked' {
  try {
    return signatures.decision(token);
  } catch (error) {
    if (error instanceof EvidenceChanged) return 'bad-signature';
    if (error instanceof Forbidden) return 'revoked';
    throw error;
  }
}

/** Runs as the server wires them, on a fresh evidence store. */
import { createArchive, type Archive } from '../../src/client/archive';
import type { Actor } from '../../src/client/api';
import type { Temporal } from '../../src/client/connect';
import { createRuns } from '../../src/client/runs';
import { createDirectoryStore } from '../../src/adapters/evidence/directory';
import { generateKeyPair } from '../../src/adapters/evidence/keys';
import { createSealer, createSignatures, createSigner } from '../../src/adapters/evidence/seal';
import { documentName, NO_REFS, type EndingStatement } from '../../src/domain/evidence';
import type { RunRequest } from '../../src/domain/request';
import type { StatusDocument } from '../../src/domain/status';
import { tempDir } from '../setup/helpers';
import { quickSettings } from '../workflows/stub-world';
import { statusOf } from '../http/door';

const ledger = generateKeyPair();
export const decisions = generateKeyPair();
export const REQUEST: RunRequest = { line: 'golden', parameters: {}, requestedBy: 'eve@example.com' };
export const ORDER = { request: REQUEST, credential: 'ci', subject: null };
export const ALICE: Actor = { credential: 'alice', subject: 'alice@example.com', groups: ['security'] };

export type Assay = ReturnType<typeof assay>;

export function assay(on: Temporal) {
  const directory = tempDir();
  const evidence = createDirectoryStore({ directory });
  const damages: string[] = [];
  const sealer = createSealer({ privateKey: () => ledger.privateKey, publicKeys: () => [] });
  const signatures = createSignatures({
    publicKeys: () => [decisions.publicKey],
    access: () => ({ keys: [], revoked: [] }),
  });
  const archive: { -readonly [K in keyof Archive]: Archive[K] } = createArchive({
    evidence,
    sealer,
    request: (token) => signatures.request(token),
  });
  const signer = createSigner({ privateKey: () => decisions.privateKey });
  const runs = createRuns({
    temporal: on,
    archive,
    sign: signer,
    settings: (line) => (line === 'golden' ? quickSettings() : undefined),
    lines: () => ['golden'],
    damaged: ({ message }) => damages.push(message),
    urls: () => ({ publicUrl: 'https://assay.example.com/x/', temporalUi: 'http://ui', namespace: 'n' }),
  });
  return { runs, evidence, sealer, archive, signer, directory, damages };
}

/** Stores the ending of a run that Temporal does not know. */
export async function forgotten(
  { evidence, sealer }: Assay,
  id: string,
  changes: Partial<StatusDocument> = {},
  more: Partial<EndingStatement> = {},
): Promise<void> {
  const status = { ...statusOf(id), status: 'DENIED', stage: 'done', ...changes } as EndingStatement['status'];
  const ending: EndingStatement = {
    ...{ kind: 'ending', run: id, status, timeline: [], refs: NO_REFS, bodyHash: 'h', credential: 'ci' },
    ...more,
  };
  await evidence.write(documentName.ending(id), sealer.seal(ending));
}

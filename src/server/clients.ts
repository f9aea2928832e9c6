import type { FastifyBaseLogger } from 'fastify';
import { createDirectoryStore } from '../adapters/evidence/directory';
import { createSealer, createSignatures, createSigner } from '../adapters/evidence/seal';
import { createArchive } from '../client/archive';
import type { Temporal } from '../client/connect';
import { createLines } from '../client/lines';
import { createRuns } from '../client/runs';
import { createSetup } from '../client/setup';
import { linesOfNow, type Config } from '../config';
import type { Clients } from './serve';

export interface ClientsOptions {
  /** The config of now: keys and lines are looked up anew each time. */
  readonly config: () => Config;
  readonly temporal: Temporal;
  /** Base of the Temporal UI, for links; null where it is not known. */
  readonly temporalUi: string | null;
  readonly log: FastifyBaseLogger;
}

/** Wires what the routes ask. The server signs requests and decisions, and opens the worker's seals; it seals nothing. */
export function createClients({ config, temporal, temporalUi, log }: ClientsOptions): Clients {
  const { evidence: where, server } = config();
  const evidence = createDirectoryStore(where);
  const sealer = createSealer({ privateKey: null, publicKeys: () => config().signing.ledger.publicKeys });
  const signatures = createSignatures({
    publicKeys: () => config().signing.decisions.publicKeys,
    ledgerKeys: () => config().signing.ledger.publicKeys,
    access: () => config().access,
  });
  const signer = createSigner({ privateKey: () => signingKeyOf(config()) });
  const archive = createArchive({ evidence, sealer, request: (token) => signatures.request(token) });
  return {
    runs: createRuns({
      temporal,
      archive,
      sign: { request: (statement) => signer.request(statement), decision: (decision) => signer.decision(decision) },
      ...linesOfNow(config),
      damaged: ({ message }) => log.error({ reason: message }, 'a list leaves out a run whose evidence is damaged'),
      urls: () => ({ publicUrl: server.publicUrl, temporalUi, namespace: temporal.namespace }),
    }),
    lines: createLines({ archive, lines: () => config().lines }),
    setup: createSetup(temporal),
    close: () => temporal.close(),
  };
}

function signingKeyOf({ signing }: Config): string {
  // Checked when the server starts; a reload may have taken it away since.
  if (!signing.decisions.privateKey)
    throw new Error('signing.decisions.privateKey is missing, and the server signs with it');
  return signing.decisions.privateKey.read();
}

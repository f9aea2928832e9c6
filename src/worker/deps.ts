import { createAws } from '../adapters/aws/aws';
import { createAwsClients } from '../adapters/aws/clients';
import { createInspector2 } from '../adapters/aws/inspector2/assessor';
import { createNotifier } from '../adapters/aws/notifier';
import { createDirectoryStore } from '../adapters/evidence/directory';
import type { Spinnaker } from '../adapters/ports';
import { createSealer, createSignatures } from '../adapters/evidence/seal';
import { createSpinnaker } from '../adapters/spinnaker';
import { createDocuments, type Deps } from '../activities';
import { createArchive } from '../client/archive';
import type { Temporal } from '../client/connect';
import { createLinePort, createRunsPort } from '../client/lines';
import { createRequestsPort } from '../client/start';
import { linesOfNow, type Config } from '../config';

/** Wires everything the activities are given. `config` is the config of now: keys and lines are looked up anew each time. */
export function createDeps(config: () => Config, temporal: Temporal): Deps {
  const first = config();
  // Whose account this is can be asked in any region; without a line the SDK's own is taken.
  const [line] = first.lines.values();
  const clients = createAwsClients(line ? { region: line.region } : {});
  const aws = createAws(clients);
  const evidence = createDirectoryStore(first.evidence);
  const sealer = createSealer({
    privateKey: () => signingKeyOf(config()),
    publicKeys: () => config().signing.ledger.publicKeys,
  });
  const signatures = createSignatures({
    publicKeys: () => config().signing.decisions.publicKeys,
    ledgerKeys: () => config().signing.ledger.publicKeys,
    access: () => config().access,
  });
  const archive = createArchive({ evidence, sealer, request: (token) => signatures.request(token) });
  const gate = gateOfNow(config);
  const lines = linesOfNow(config);
  return {
    settings: {
      forLine: lines.settings,
      userData: (ref) => config().userData.get(ref),
    },
    aws,
    get spinnaker() {
      return gate();
    },
    assessors: { inspector2: createInspector2({ clients, aws }) },
    evidence,
    documents: createDocuments(evidence, sealer),
    sealer,
    signatures,
    notifier: createNotifier(clients),
    runs: createRunsPort(temporal, archive),
    requests: createRequestsPort({
      ...{ temporal, archive },
      // What a schedule asks for bears the worker's own seal: the server's key is the server's.
      sign: (statement) => sealer.seal({ ...statement, kind: 'scheduled' }),
      ...lines,
    }),
    lines: createLinePort(temporal, () => config().publicationsPerHistory),
  };
}

/** Gate by the config of now: made anew when a changed config was read. */
function gateOfNow(config: () => Config): () => Spinnaker | null {
  let made: { readonly by: Config['spinnaker']; readonly gate: Spinnaker | null } | undefined;
  return () => {
    const { spinnaker } = config();
    if (!made || made.by !== spinnaker) made = { by: spinnaker, gate: spinnaker && createSpinnaker(spinnaker) };
    return made.gate;
  };
}

function signingKeyOf({ signing }: Config): string {
  // Checked when the worker starts; a reload may have taken it away since.
  if (!signing.ledger.privateKey) throw new Error('signing.ledger.privateKey is missing, and the worker seals with it');
  return signing.ledger.privateKey.read();
}

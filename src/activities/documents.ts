import type { EvidenceStore, Sealer } from '../adapters/ports';
import { documentName, type Catalogue, type EvidenceRef, type RunRefs, type Statement } from '../domain/evidence';

/** Evidence as statements: sealed on the way in, opened and checked on the way out. */
export interface Documents {
  store(statement: Statement): Promise<EvidenceRef>;
  load<K extends Statement['kind']>(kind: K, ref: EvidenceRef): Promise<Extract<Statement, { readonly kind: K }>>;
  writeNamed(name: string, statement: Statement): Promise<void>;
  readNamed<K extends Statement['kind']>(
    kind: K,
    name: string,
  ): Promise<Extract<Statement, { readonly kind: K }> | undefined>;
  writeRefs(run: string, refs: RunRefs): Promise<void>;
  readRefs(run: string): Promise<RunRefs | undefined>;
  readCatalogue(line: string): Promise<Catalogue>;
  writeCatalogue(catalogue: Catalogue): Promise<void>;
}

export function createDocuments(evidence: EvidenceStore, sealer: Sealer): Documents {
  const readJson = async <T>(name: string): Promise<T | undefined> => {
    const text = await evidence.read(name);
    return text === undefined ? undefined : (JSON.parse(text) as T);
  };
  return {
    store: (statement) => evidence.put(sealer.seal(statement)),
    load: async (kind, ref) => sealer.open(kind, await evidence.get(ref)),
    writeNamed: (name, statement) => evidence.write(name, sealer.seal(statement)),
    readNamed: async (kind, name) => {
      const text = await evidence.read(name);
      return text === undefined ? undefined : sealer.open(kind, text);
    },
    // References need no seal: what they lead to is sealed and bound to its run.
    writeRefs: (run, refs) => evidence.write(documentName.refs(run), JSON.stringify({ refs })),
    readRefs: async (run) => (await readJson<{ refs: RunRefs }>(documentName.refs(run)))?.refs,
    readCatalogue: async (line) => (await readJson<Catalogue>(documentName.catalogue(line))) ?? { line, images: [] },
    writeCatalogue: (catalogue) => evidence.write(documentName.catalogue(catalogue.line), JSON.stringify(catalogue)),
  };
}

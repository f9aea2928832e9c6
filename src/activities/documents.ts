import type { EvidenceStore, Sealer } from '../adapters/ports';
import { EvidenceChanged } from '../domain/errors';
import {
  decisionName,
  documentName,
  type AskedStatement,
  type Catalogue,
  type DecisionStatement,
  type EndingStatement,
  type EvidenceRef,
  type PublicationStatement,
  type RunRefs,
  type Statement,
} from '../domain/evidence';

/** Statements that are found by their run instead of by their content: there is one of each. */
type Named = EndingStatement | PublicationStatement | AskedStatement;

/** Evidence as statements: sealed on the way in, opened and checked on the way out. */
export interface Documents {
  store(statement: Statement): Promise<EvidenceRef>;
  load<K extends Statement['kind']>(kind: K, ref: EvidenceRef): Promise<Extract<Statement, { readonly kind: K }>>;
  writeNamed(statement: Named): Promise<void>;
  /** Throws EvidenceChanged when the document was sealed for another run. */
  readNamed<K extends Named['kind']>(
    kind: K,
    run: string,
  ): Promise<Extract<Statement, { readonly kind: K }> | undefined>;
  /** Stores a verified decision by content, and by name among its run's. */
  storeDecision(statement: DecisionStatement): Promise<EvidenceRef>;
  /** Every verified decision of a run, whatever its references name. */
  decisionsOf(run: string): Promise<readonly DecisionStatement[]>;
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
    writeNamed: (statement) => evidence.write(documentName[statement.kind](statement.run), sealer.seal(statement)),
    readNamed: async (kind, run) => {
      const text = await evidence.read(documentName[kind](run));
      if (text === undefined) return undefined;
      const statement: Named = sealer.open(kind, text);
      if (statement.run !== run) throw new EvidenceChanged(`the ${kind} of run ${run} is that of run ${statement.run}`);
      return statement as Extract<Statement, { readonly kind: typeof kind }>;
    },
    async storeDecision(statement) {
      const sealed = sealer.seal(statement);
      const ref = await evidence.put(sealed);
      await evidence.write(decisionName.of(statement.run, ref), sealed);
      return ref;
    },
    async decisionsOf(run) {
      const names = await evidence.list(decisionName.folder(run));
      const texts = await Promise.all(names.map(({ name }) => evidence.read(name)));
      const decisions = texts.flatMap((text) => (text === undefined ? [] : sealer.open('decision', text)));
      if (decisions.some((one) => one.run !== run))
        throw new EvidenceChanged(`among the decisions of run ${run} there is one of another run`);
      return decisions;
    },
    // References need no seal: what they lead to is sealed and bound to its run.
    writeRefs: (run, refs) => evidence.write(documentName.refs(run), JSON.stringify({ refs })),
    readRefs: async (run) => (await readJson<{ refs: RunRefs }>(documentName.refs(run)))?.refs,
    async readCatalogue(line) {
      const text = await evidence.read(documentName.catalogue(line));
      if (text === undefined) return { kind: 'catalogue', line, images: [] };
      const catalogue = sealer.open('catalogue', text);
      if (catalogue.line !== line) throw new EvidenceChanged(`the catalogue of ${line} is that of ${catalogue.line}`);
      return catalogue;
    },
    writeCatalogue: (catalogue) => evidence.write(documentName.catalogue(catalogue.line), sealer.seal(catalogue)),
  };
}

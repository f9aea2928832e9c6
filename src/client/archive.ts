import type { EvidenceStore, Sealer } from '../adapters/ports';
import {
  documentName,
  type Catalogue,
  type EndingStatement,
  type EvidenceRef,
  type RequestStatement,
  type RunRefs,
  type Statement,
} from '../domain/evidence';
import { EvidenceChanged } from '../domain/errors';
import { parseRunId } from '../domain/names';

/** The evidence store as the doors read it: what answers when Temporal has forgotten a run. */
export interface Archive {
  ending(run: string): Promise<EndingStatement | undefined>;
  /** Ids of ended runs. */
  ended(): Promise<readonly string[]>;
  refs(run: string): Promise<RunRefs | undefined>;
  load<K extends Statement['kind']>(kind: K, ref: EvidenceRef): Promise<Extract<Statement, { readonly kind: K }>>;
  request(token: string): RequestStatement;
  catalogue(line: string): Promise<Catalogue>;
  endWasRead(run: string): Promise<boolean>;
  markEndRead(run: string): Promise<void>;
}

export interface ArchiveOptions {
  readonly evidence: EvidenceStore;
  /** Opens the worker's seals. */
  readonly sealer: Pick<Sealer, 'open'>;
  /** Opens the server's own signatures. */
  readonly request: (token: string) => RequestStatement;
}

export function createArchive({ evidence, sealer, request }: ArchiveOptions): Archive {
  return {
    request,
    async ending(run) {
      const text = await evidence.read(documentName.ending(run));
      if (text === undefined) return undefined;
      const ending = sealer.open('ending', text);
      if (ending.run !== run) throw new EvidenceChanged(`the ending of run ${run} is that of run ${ending.run}`);
      return ending;
    },
    async ended() {
      const names = await evidence.list('runs/');
      return names
        .map((name) => name.slice('runs/'.length).replace(/\.json$/, ''))
        .filter((run) => parseRunId(run) !== undefined);
    },
    async refs(run) {
      const text = await evidence.read(documentName.refs(run));
      return text === undefined ? undefined : (JSON.parse(text) as { refs: RunRefs }).refs;
    },
    load: async (kind, ref) => sealer.open(kind, await evidence.get(ref)),
    async catalogue(line) {
      const text = await evidence.read(documentName.catalogue(line));
      if (text === undefined) return { kind: 'catalogue', line, images: [] };
      const catalogue = sealer.open('catalogue', text);
      if (catalogue.line !== line) throw new EvidenceChanged(`the catalogue of ${line} is that of ${catalogue.line}`);
      return catalogue;
    },
    endWasRead: async (run) => (await evidence.read(documentName.endRead(run))) !== undefined,
    markEndRead: (run) => evidence.write(documentName.endRead(run), JSON.stringify({ run })),
  };
}

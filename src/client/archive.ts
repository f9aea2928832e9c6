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
import { EvidenceChanged, NotFound } from '../domain/errors';
import { parseRunId } from '../domain/names';

/**
 * The evidence store as the doors read it: what answers when Temporal has forgotten a run. What is not as it was stored, and
 * what should be there and is not, is thrown as EvidenceChanged that names the run or line.
 */
export interface Archive {
  ending(run: string): Promise<EndingStatement | undefined>;
  /** Ended runs, the last ended first. */
  ended(): Promise<readonly EndedRun[]>;
  refs(run: string): Promise<RunRefs | undefined>;
  load<K extends Statement['kind']>(
    run: string,
    kind: K,
    ref: EvidenceRef,
  ): Promise<Extract<Statement, { readonly kind: K }>>;
  request(token: string): RequestStatement;
  catalogue(line: string): Promise<Catalogue>;
  endWasRead(run: string): Promise<boolean>;
  markEndRead(run: string): Promise<void>;
}

/** `endedAt`: when its ending was stored, milliseconds since 1970. */
export interface EndedRun {
  readonly run: string;
  readonly endedAt: number;
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
    ending: (run) =>
      evidenceOf(`run ${run}`, async () => {
        const text = await evidence.read(documentName.ending(run));
        if (text === undefined) return undefined;
        const ending = sealer.open('ending', text);
        if (ending.run !== run) throw new EvidenceChanged(`its ending is that of run ${ending.run}`);
        return ending;
      }),
    async ended() {
      const documents = await evidence.list('runs/');
      return documents
        .map(({ name, writtenAt }) => ({
          run: name.slice('runs/'.length).replace(/\.json$/, ''),
          endedAt: writtenAt,
        }))
        .filter(({ run }) => parseRunId(run) !== undefined);
    },
    refs: (run) =>
      evidenceOf(`run ${run}`, async () => {
        const text = await evidence.read(documentName.refs(run));
        return text === undefined ? undefined : refsOf(text);
      }),
    load: (run, kind, ref) =>
      evidenceOf(`run ${run}`, async () => {
        const statement = sealer.open(kind, await evidence.get(ref));
        if ('run' in statement && statement.run !== run)
          throw new EvidenceChanged(`its ${kind} is that of run ${statement.run}`);
        return statement;
      }),
    catalogue: (line) =>
      evidenceOf(`line ${line}`, async () => {
        const text = await evidence.read(documentName.catalogue(line));
        if (text === undefined) return { kind: 'catalogue', line, images: [] };
        const catalogue = sealer.open('catalogue', text);
        if (catalogue.line !== line) throw new EvidenceChanged(`its catalogue is that of ${catalogue.line}`);
        return catalogue;
      }),
    endWasRead: async (run) => (await evidence.read(documentName.endRead(run))) !== undefined,
    markEndRead: (run) => evidence.write(documentName.endRead(run), JSON.stringify({ run })),
  };
}

/** Names whose evidence it is that is damaged. */
async function evidenceOf<T>(what: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof EvidenceChanged) && !(error instanceof NotFound)) throw error;
    throw new EvidenceChanged(`the evidence of ${what} is damaged: ${error.message}`, { cause: error });
  }
}

function refsOf(text: string): RunRefs {
  try {
    return (JSON.parse(text) as { refs: RunRefs }).refs;
  } catch {
    throw new EvidenceChanged('its references are not JSON');
  }
}

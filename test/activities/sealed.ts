/** For activities without a store: the sealed settings of a run, as `sealedSettings` reads them. */
import type { Documents } from '../../src/activities/documents';
import { NO_REFS } from '../../src/domain/evidence';
import type { LineSettings } from '../../src/domain/settings';
import { AT, runSettings } from '../domain/given';

export const sealedDocuments = (run: string, line: Partial<LineSettings> = {}): Documents => {
  const settings = { kind: 'settings', run, line: 'golden', settings: runSettings(line), request: '', at: AT };
  return {
    readRefs: async () => ({ ...NO_REFS, settings: 'sha256:s' }),
    load: async () => settings,
  } as unknown as Documents;
};

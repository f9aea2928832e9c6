import type { Decision } from '../domain/approval';
import { isKey, parseRunId } from '../domain/names';
import { isEnd } from '../domain/run';
import type { RunsApi } from './api';
import { listRuns, type Listing } from './list';
import { lookAt } from './look';
import { cancel, decide, latestAttempt } from './messages';
import { reportOf } from './report';
import { requestOf } from './request';
import { startRun, type Starting } from './start';
import { withUrls, type Urls } from './view';

export interface RunsOptions extends Omit<Starting, 'sign'>, Pick<Listing, 'damaged'> {
  readonly sign: {
    readonly request: Starting['sign'];
    readonly decision: (decision: Decision) => string;
  };
  /** Where runs can be looked at, by the config of now. */
  readonly urls: () => Urls;
}

/** Runs, on Temporal and the evidence store. */
export function createRuns(options: RunsOptions): RunsApi {
  const { temporal, archive, sign, urls } = options;
  const shown = <T extends Parameters<typeof withUrls>[0]>(document: T) => withUrls(document, urls());
  return {
    start: async (order) => shown(await startRun({ ...options, sign: sign.request }, order)),
    async status(id) {
      if (!parseRunId(id)) return undefined;
      const known = await lookAt(temporal, archive, id);
      return known && shown(known.document);
    },
    async endRead(id, credential) {
      const known = await lookAt(temporal, archive, id);
      if (!known || !isEnd(known.document.status) || known.credential !== credential) return;
      if (!(await archive.endWasRead(id))) await archive.markEndRead(id);
    },
    async list(filter) {
      const { runs, cursor } = await listRuns(options, filter);
      return { runs: runs.map(shown), cursor };
    },
    async decide(id, order, actor) {
      if (!parseRunId(id)) return undefined;
      const answer = await decide({ temporal, archive, sign: sign.decision }, id, order, actor);
      return answer?.kind === 'counted' ? { ...answer, status: shown(answer.status) } : answer;
    },
    async cancel(id, actor, reason) {
      if (!parseRunId(id)) return { canceled: false, reason: 'there is no such run' };
      return cancel({ temporal, archive }, id, actor, reason);
    },
    async cancelByKey(key, actor, reason) {
      const latest = isKey(key) ? await latestAttempt({ temporal, archive }, key) : undefined;
      if (latest === undefined) return { canceled: false, reason: 'there is no run with that key' };
      return cancel({ temporal, archive }, latest, actor, reason);
    },
    request: async (id) => (parseRunId(id) ? requestOf(temporal, archive, id) : undefined),
    async report(id) {
      const known = parseRunId(id) ? await lookAt(temporal, archive, id) : undefined;
      return known && reportOf(archive, shown(known.document), known.decisions);
    },
  };
}

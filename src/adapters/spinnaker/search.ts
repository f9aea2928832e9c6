/** Finding a run's executions by what Assay put into their triggers. */
import { Final, TryAgain } from '../../domain/errors';
import { correlationId, type SpinnakerStep } from '../../domain/names';
import type { Execution } from '../ports';
import { detail, read } from './answers';
import { listedOf, type Listed } from './execution';
import type { Gate } from './gate';

interface Search {
  readonly run: string;
  readonly step: SpinnakerStep;
  readonly pipeline: string;
  /** With contexts, outputs and tasks. Without them statuses and triggers are whole all the same. */
  readonly expand: boolean;
}

/**
 * Most results of one search. A full answer is asked for again with more: Orca's `startIndex` counts within what one search
 * has collected, so that the pages behind the first stay empty.
 */
const SIZES = [25, 250, 2500];

/**
 * Every execution of a run's step that Gate lists, oldest first: by its correlation id, and by its `assayRun`, because an
 * execution that a person runs again from Deck keeps the parameters but loses the correlation id.
 */
export function createSearch(gate: Gate, application: string): (search: Search) => Promise<readonly Execution[]> {
  async function ask(trigger: object, { pipeline, expand }: Search): Promise<readonly Listed[]> {
    let found: readonly Listed[] = [];
    for (const size of SIZES) {
      const answer = await gate({
        method: 'GET',
        path: ['applications', application, 'executions', 'search'],
        query: {
          pipelineName: pipeline,
          // Standard base64: Orca decodes with Java's `Base64.getDecoder`.
          trigger: Buffer.from(JSON.stringify(trigger), 'utf8').toString('base64'),
          size: String(size),
          expand: String(expand),
        },
      });
      const missing = (): Final =>
        new Final(`Gate knows no application "${application}"${detail(answer)}: check spinnaker.application`);
      const all = read(answer, { missing });
      // Nothing is not the same as none: Gate answers so when Orca failed, and a start would follow.
      if (!Array.isArray(all)) throw new TryAgain(`${answer.what}: ${answer.status} without a list`);
      found = listedOf(all);
      if (all.length < size) break;
    }
    return found;
  }

  return async (search) => {
    const { run, step, pipeline } = search;
    const byId = await ask({ correlationId: `${quoted(`${run}/${step}/`)}[0-9]+` }, search);
    const byRun = await ask({ parameters: { assayRun: quoted(run) } }, search);
    // Compared again: Orca's comparison also takes other letter cases and, unquoted, other texts.
    const ours = [...byId, ...byRun].filter(({ execution, ...listed }) =>
      execution.correlationId === null
        ? listed.run === run && listed.pipeline === pipeline
        : execution.correlationId === correlationId(run, step, numberOf(execution) ?? 0),
    );
    const unique = new Map(ours.map((listed) => [listed.execution.id, listed]));
    return [...unique.values()].sort(oldestFirst).map(({ execution }) => execution);
  };
}

/** The `n` of a correlation id; `undefined` without one. */
export function numberOf(execution: Execution): number | undefined {
  const match = /\/([1-9][0-9]{0,8})$/.exec(execution.correlationId ?? '');
  return match ? Number(match[1]) : undefined;
}

/** A text as a regular expression that matches it alone. */
const quoted = (given: string): string => given.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

const oldestFirst = (a: Listed, b: Listed): number =>
  a.builtAt - b.builtAt || (a.execution.id < b.execution.id ? -1 : Number(a.execution.id > b.execution.id));

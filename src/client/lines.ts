import { WithStartWorkflowOperation } from '@temporalio/client';
import type { Lines, Runs } from '../adapters/ports';
import type { CatalogueEntry } from '../domain/evidence';
import { MESSAGE, QUEUE, WORKFLOW, workflowId } from '../domain/names';
import { isEnd } from '../domain/run';
import type { LineSettings } from '../domain/settings';
import type { LinesApi } from './api';
import type { PublishArgument } from '../workflows/messages';
import type { Archive } from './archive';
import type { Temporal } from './connect';
import { lookAt } from './look';

export interface LinesOptions {
  readonly archive: Archive;
  /** The lines of the config of now. */
  readonly lines: () => ReadonlyMap<string, LineSettings>;
}

/** Lines, from config and catalogue. */
export function createLines({ archive, lines }: LinesOptions): LinesApi {
  const published = async (line: string): Promise<CatalogueEntry | undefined> =>
    (await archive.catalogue(line)).images.findLast((entry) => entry.published.length > 0);
  const summary = async ({ name, region, publish }: LineSettings) => ({
    line: name,
    region,
    parameter: publish.parameter,
    approved: (await published(name)) ?? null,
  });
  return {
    list: () => Promise.all([...lines().values()].map(summary)),
    async get(line) {
      const settings = lines().get(line);
      return settings && summary(settings);
    },
    async images(line) {
      return lines().has(line) ? [...(await archive.catalogue(line)).images].reverse() : undefined;
    },
    async approved(line, region) {
      const settings = lines().get(line);
      const entry = settings && (await published(line));
      const publication = entry?.published.find((one) => one.region === (region ?? settings?.region));
      if (!entry || !publication) return undefined;
      const { run, approvedAt } = entry;
      return { line, region: publication.region, amiId: publication.amiId, run, approvedAt, publication };
    },
  };
}

/**
 * A run's line, for the worker: puts a publication in its queue, and starts the line where there is none. `entriesPerRun`: how many
 * of them the line takes before it continues as new, by the config of now.
 */
export const createLinePort = (temporal: Temporal, entriesPerRun: () => number): Lines => ({
  async enqueue({ line, run }) {
    await temporal.ask(
      (client) =>
        client.workflow.executeUpdateWithStart(MESSAGE.publish, {
          args: [{ run, entriesPerRun: entriesPerRun() } satisfies PublishArgument],
          startWorkflowOperation: new WithStartWorkflowOperation(WORKFLOW.line, {
            workflowId: workflowId.line.of(line),
            workflowIdConflictPolicy: 'USE_EXISTING',
            taskQueue: QUEUE.main,
            args: [{ line }],
            staticSummary: `publications of ${line}, one at a time`,
          }),
        }),
      ENQUEUE_MS,
    );
  },
});

/** The line takes up an update with its next workflow task; a busy worker may take a while. */
const ENQUEUE_MS = 30_000;

/** How other runs stand, for the worker. */
export const createRunsPort = (temporal: Temporal, archive: Archive): Runs => ({
  async standing(run) {
    const known = await lookAt(temporal, archive, run);
    if (known) return isEnd(known.document.status) ? 'ended' : 'open';
    // A run that was terminated and forgotten has no ending, but it left its references.
    return (await archive.refs(run)) ? 'ended' : 'unknown';
  },
});

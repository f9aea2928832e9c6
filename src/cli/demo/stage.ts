/** The Spinnaker stage of the demo: one webhook stage in a pipeline that the simulated Gate shows. */
import { runId } from '../../domain/names';
import type { Backing } from './backing';
import { LINES } from './config';

export interface PlayedStage {
  readonly executionId: string;
  /** Id of the run that it asked for. */
  readonly run: string;
  /** Resolves with the status in which the stage ended, in Orca's words. */
  readonly end: Promise<string>;
}

const REF_ID = '1';

/** Begins the stage; the run has been accepted when it answers. Throws when it was refused. */
export async function playStage({ url, simulator, personas }: Backing): Promise<PlayedStage> {
  const execution = simulator.outside.start({
    name: 'golden-image',
    stages: [{ refId: REF_ID, name: 'Golden AMI', status: 'RUNNING' }],
  });
  const headers = { Authorization: `Bearer ${personas.spinnaker.key}`, 'Content-Type': 'application/json' };
  const answer = await fetch(`${url}/v1/runs`, {
    method: 'POST',
    headers,
    body: JSON.stringify({
      line: LINES.review,
      source: { kind: 'spinnaker', executionId: execution.id, stageRefId: REF_ID },
      reason: 'monthly patch',
    }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return { executionId: execution.id, run: runId(`${execution.id}-${REF_ID}`, 1), end: Promise.resolve('?') };
}

/** The Spinnaker stage of the demo: one webhook stage, as Orca plays it, in a pipeline that the simulated Gate shows. */
import { playWebhookStage } from '../../contract/webhook-stage';
import { runId } from '../../domain/names';
import { CliError, EXIT } from '../exit';
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

/** Begins the stage; the run has been accepted when it answers. Throws CliError when it was refused. */
export async function playStage({ url, simulator, personas }: Backing): Promise<PlayedStage> {
  const execution = simulator.outside.start({
    name: 'golden-image',
    stages: [{ refId: REF_ID, name: 'Golden AMI', status: 'RUNNING' }],
  });
  const key = `${execution.id}-${REF_ID}`;
  let accepted: () => void = () => undefined;
  const started = new Promise<void>((resolve) => (accepted = resolve));
  const end = playWebhookStage({
    url: `${url}/v1/runs`,
    headers: { Authorization: `Bearer ${personas.spinnaker.key}` },
    payload: {
      line: LINES.review,
      source: { kind: 'spinnaker', executionId: execution.id, stageRefId: REF_ID },
      reason: 'monthly patch',
    },
    statusUrlResolution: 'locationHeader',
    statusJsonPath: '$.status',
    progressJsonPath: '$.progress',
    successStatuses: 'SUCCEEDED',
    canceledStatuses: 'CANCELED',
    terminalStatuses: 'DENIED,FAILED',
    cancelEndpoint: `${url}/v1/runs/by-key/${key}/cancel`,
    signal: execution.signal,
    onProgress: ({ status, context }) => {
      execution.update({ stages: [{ refId: REF_ID, status, context }] });
      if ('statusEndpoint' in context) accepted();
    },
  });
  const refused = await Promise.race([started, end]);
  if (refused)
    throw new CliError(EXIT.bad, `the stage ended ${refused.status}: ${refused.error ?? 'no run was accepted'}`);
  return { executionId: execution.id, run: runId(key, 1), end: end.then(({ status }) => status) };
}

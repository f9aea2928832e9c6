// The only place of these tests that knows where the player of Spinnaker's webhook stage lives.
import { playWebhookStage } from '../../src/contract/webhook-stage';
import { KEYS, type Assay } from './assay';

export type StageResult = Awaited<ReturnType<typeof playWebhookStage>>;

export interface StageOrder {
  /** Where the stage sends its calls. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly line?: string;
}

export interface PlayedStage {
  /** Id of the run that it asks for. */
  readonly run: string;
  readonly result: Promise<StageResult>;
}

const REF = '3';

/** Plays the webhook stage of a Spinnaker execution that Gate shows: the execution ends as its stage does. */
export function playStage({ simulator }: Assay, { url, headers, line = 'golden' }: StageOrder): PlayedStage {
  const execution = simulator.outside.start({ stages: [{ refId: REF, status: 'RUNNING' }] });
  const run = `${execution.id}-${REF}`;
  const play = async (): Promise<StageResult> => {
    const result = await playWebhookStage({
      url: `${url}/v1/runs`,
      headers: { Authorization: `Bearer ${KEYS.ci}`, ...headers },
      payload: { line, source: { kind: 'spinnaker', executionId: execution.id, stageRefId: REF } },
      statusJsonPath: '$.status',
      progressJsonPath: '$.progress',
      successStatuses: 'SUCCEEDED',
      canceledStatuses: 'CANCELED',
      terminalStatuses: 'DENIED,FAILED',
      cancelEndpoint: `${url}/v1/runs/by-key/${run}/cancel`,
      // Quicker than Orca, and otherwise as patient.
      ...{ createBackoffMs: 300, pollMs: 300 },
      signal: execution.signal,
    });
    execution.update({ stages: [{ refId: REF, status: result.status }] });
    return result;
  };
  return { run, result: play() };
}

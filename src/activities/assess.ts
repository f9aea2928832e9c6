import type { EvidenceRef } from '../domain/evidence';
import type { Assessment } from '../domain/findings';
import type { AssessmentRef } from '../domain/run';
import type { AssessorSettings } from '../domain/settings';
import { Final } from '../domain/errors';
import { notReady } from './attempt';
import type { Deps } from './deps';

export interface AssessInput {
  readonly run: string;
  readonly region: string;
  readonly amiId: string;
  readonly instanceId: string;
  /** When assessing began, ISO 8601. */
  readonly since: string;
  readonly assessor: AssessorSettings;
  readonly pollSeconds: number;
}

export const createAssessActivities = ({ assessors, documents, aws }: Deps) => {
  const store = async (input: AssessInput, assessment: Assessment): Promise<AssessmentRef> => {
    const { run, amiId, instanceId } = input;
    const ref: EvidenceRef = await documents.store({ kind: 'assessment', run, amiId, instanceId, assessment });
    return { assessor: assessment.assessor, status: assessment.status, ref };
  };
  return {
    /** Takes one look an attempt; stores the result as evidence once there is one. */
    async assess(input: AssessInput): Promise<AssessmentRef> {
      const { assessor, pollSeconds } = input;
      const look = await assessors[assessor.kind].look(input, assessor);
      if (look.kind === 'waiting') throw notReady(`${assessor.kind}: ${look.progress}`, pollSeconds);
      // What is sealed about an image must come from an instance that runs it, whatever this activity was given.
      const { imageId } = await aws.region(input.region).instances.describe(input.instanceId);
      if (imageId !== input.amiId) throw new Final(`${input.instanceId} runs ${imageId}, not ${input.amiId}`);
      return store(input, { ...look.assessment, assessor: assessor.kind });
    },

    /** Records that an assessor never came to a result: `incomplete` when its time ran out, `failed` when it broke. */
    async recordUnassessed(
      input: AssessInput & { status: 'incomplete' | 'failed'; reason: string },
    ): Promise<AssessmentRef> {
      const { status, reason } = input;
      return store(input, {
        assessor: input.assessor.kind,
        status,
        reason,
        warnings: [],
        scannedAt: null,
        findings: [],
      });
    },
  };
};

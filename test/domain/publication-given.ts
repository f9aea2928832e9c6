/** The evidence of a run that may publish. */
import type { AssessmentStatement } from '../../src/domain/evidence';
import type { Finding } from '../../src/domain/findings';
import type { PublicationEvidence } from '../../src/domain/publication';
import type { LineSettings } from '../../src/domain/settings';
import {
  after,
  AMI,
  assessment,
  AT,
  COUNTS,
  decision,
  DIGEST,
  finding,
  image,
  INSTANCE,
  REGION,
  RUN,
  runSettings,
} from './given';

const SETTINGS_REF = 'sha256:settings';

export const SAM = decision({ id: '1', by: 'sam@example.com', groups: ['security'], credential: 'sam' });
export const PAT = decision({ id: '2', by: 'pat@example.com', groups: ['platform'], credential: 'pat', at: after(20) });

/** A run that may publish: baked, assessed, judged `review`, approved by two people. */
export function evidence(
  settings: Partial<LineSettings> = {},
  findings: readonly Finding[] = [finding()],
): PublicationEvidence {
  const line = runSettings(settings).line;
  const statement: AssessmentStatement = {
    kind: 'assessment',
    ...{ run: RUN, amiId: AMI, instanceId: INSTANCE, assessment: assessment({ findings }) },
  };
  return {
    run: RUN,
    line: 'golden',
    request: {
      kind: 'request',
      ...{ run: RUN, key: RUN, credential: 'spinnaker', subject: null, at: AT },
      request: { line: 'golden', parameters: {}, requestedBy: 'alice@example.com' },
    },
    settings: {
      kind: 'settings',
      ...{ run: RUN, line: 'golden', settings: { ...runSettings(), line }, request: 'token', at: AT },
    },
    settingsRef: SETTINGS_REF,
    bake: { kind: 'bake', run: RUN, executionId: 'B1', images: [{ region: REGION, amiId: AMI }] },
    candidate: { kind: 'candidate', run: RUN, image: image(), baked: true, siblings: [] },
    assessments: [{ ref: 'sha256:a', statement }],
    evaluation: {
      kind: 'evaluation',
      ...{ run: RUN, digest: DIGEST, verdict: 'review', reasons: [], counts: COUNTS, at: AT },
      basis: {
        ...{ run: RUN, amiId: AMI, settings: SETTINGS_REF, assessments: ['sha256:a'], findings, waivers: [] },
        diff: { against: null, added: [], removed: [] },
        ...{ policy: line.policy, onIncomplete: line.onIncomplete },
      },
    },
    digest: DIGEST,
    asked: null,
    decisions: [SAM, PAT],
  };
}

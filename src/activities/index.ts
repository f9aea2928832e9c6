import { createAssessActivities } from './assess';
import { attended } from './attempt';
import { createBakeActivities } from './bake';
import { createDecideActivities } from './decide';
import { createDeployActivities } from './deploy';
import type { Deps } from './deps';
import { createEvaluateActivities } from './evaluate';
import { createImageActivities } from './image';
import { createLateBakeActivities } from './late-bake';
import { createLaunchActivities } from './launch';
import { createNotifyActivities } from './notify';
import { createPublishActivities } from './publish';
import { createRunActivities } from './run';
import { createTellSpinnakerActivities } from './tell-spinnaker';
import { createScheduleActivities } from './schedule';
import { createUndoBakeActivities } from './undo-bake';
import { createUndoDeployActivities } from './undo-deploy';
import { createUndoImageActivities } from './undo-image';
import { createWatchActivities } from './watch';

/** All activities, attended: each heartbeats by itself and speaks Temporal's language of errors. */
export const createActivities = (deps: Deps) =>
  attended({
    ...createRunActivities(deps),
    ...createBakeActivities(deps),
    ...createImageActivities(deps),
    ...createDeployActivities(deps),
    ...createLaunchActivities(deps),
    ...createAssessActivities(deps),
    ...createEvaluateActivities(deps),
    ...createDecideActivities(deps),
    ...createPublishActivities(deps),
    ...createNotifyActivities(deps),
    ...createWatchActivities(deps),
    ...createTellSpinnakerActivities(deps),
    ...createScheduleActivities(deps),
    ...createUndoBakeActivities(deps),
    ...createLateBakeActivities(deps),
    ...createUndoDeployActivities(deps),
    ...createUndoImageActivities(deps),
  });

export type Activities = ReturnType<typeof createActivities>;
export { createDocuments } from './documents';
export type { Deps } from './deps';

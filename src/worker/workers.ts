import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, Worker, type NativeConnection, type WorkerOptions } from '@temporalio/worker';
import { createActivities, type Deps } from '../activities';
import { QUEUE } from '../domain/names';

/** Looks at the outside per second, of all workers of this namespace together: AWS refills a describe bucket by 20 a second. */
const POLLS_PER_SECOND = 50;
/** The same for launches with EC2: AWS refills the bucket of RunInstances, which holds 5, by 2 a second. */
const LAUNCHES_PER_SECOND = 2;
/** What a worker still does after it was told to stop; an activity that takes longer is tried again elsewhere. */
const GRACE = '10s';

export interface WorkersOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly deps: Deps;
  /** For tests that look at, or kill, what happens around an activity. */
  readonly interceptors?: WorkerOptions['interceptors'];
}

/** Makes the workers of this process, one for each task queue. Nothing runs yet. */
export async function createWorkers({ connection, namespace, deps, interceptors }: WorkersOptions): Promise<Worker[]> {
  const common = {
    ...{ connection, namespace, activities: createActivities(deps), shutdownGraceTime: GRACE },
    ...(interceptors && { interceptors }),
  } satisfies Partial<WorkerOptions>;
  return [
    await Worker.create({ ...common, taskQueue: QUEUE.main, ...(await workflowCode()) }),
    await Worker.create({ ...common, taskQueue: QUEUE.poll, maxTaskQueueActivitiesPerSecond: POLLS_PER_SECOND }),
    await Worker.create({ ...common, taskQueue: QUEUE.launch, maxTaskQueueActivitiesPerSecond: LAUNCHES_PER_SECOND }),
  ];
}

/** The bundle that the build made; without one (sources run as they are) it is made now, which takes some seconds. */
async function workflowCode(): Promise<Pick<WorkerOptions, 'workflowBundle'>> {
  const codePath = join(__dirname, '..', 'workflow-bundle.js');
  if (existsSync(codePath)) return { workflowBundle: { codePath } };
  return { workflowBundle: await bundleWorkflowCode({ workflowsPath: require.resolve('../workflows') }) };
}

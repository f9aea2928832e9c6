/** A pipeline that deploys one test instance: a server group, which is an Auto Scaling group in AWS. */
import { createGroup, nextGroupName } from '../groups';
import type { SimGroup } from '../model';
import { instancesOf, type World } from '../world';
import type { SimExecution, SimStage } from './model';
import { addStage, endExecution, endStage, failWith, parameter, runOf, runTags } from './stages';

/** The Spinnaker account that test instances go to. */
export const DEPLOY_ACCOUNT = 'test';

export function runDeploy(world: World, execution: SimExecution): void {
  const habits = world.behaviours.of(runOf(execution));
  const region = parameter(execution, 'assayRegion') ?? 'us-east-1';
  const parent = addStage(world, execution, { refId: '1', type: 'deploy', name: 'Deploy', context: { clusters: [] } });
  const child = addStage(world, execution, {
    refId: '1<1',
    type: 'createServerGroup',
    name: `Deploy in ${region}`,
    parent,
    context: {
      account: DEPLOY_ACCOUNT,
      credentials: DEPLOY_ACCOUNT,
      cloudProvider: 'aws',
      application: execution.application,
    },
    tasks: ['determineHealthProviders', 'createServerGroup', 'monitorDeploy', 'waitForUpInstances'],
  });
  const stages = { parent, child };
  world.clock.after(habits.deploySeconds / 2, () => {
    if (execution.canceled || habits.deploy === 'never-ends') return;
    if (habits.deploy === 'fails' || habits.deploy === 'continues') {
      fail(world, execution, stages, habits.deployFailure);
      return;
    }
    const group = make(world, execution, child, region);
    if (!group) {
      fail(world, execution, stages, `No AMI found for ${parameter(execution, 'amiId') ?? 'the cluster'}`);
      return;
    }
    world.clock.after(habits.deploySeconds / 2, () => settle(world, execution, stages, group));
  });
}

interface Stages {
  readonly parent: SimStage;
  readonly child: SimStage;
}

/** Undefined when the image cannot be launched. */
function make(world: World, execution: SimExecution, child: SimStage, region: string): SimGroup | undefined {
  const habits = world.behaviours.of(runOf(execution));
  const imageId = habits.deployAmi ?? parameter(execution, 'amiId') ?? '';
  const image = world.images.get(imageId);
  if (image?.region !== region || image.state !== 'available') return undefined;
  const name = nextGroupName(world, region, `${execution.application}-candidate`);
  const expires = parameter(execution, 'assayExpires');
  const tags = { ...runTags(execution), ...(expires === undefined ? {} : { 'assay:expires': expires }) };
  const group = createGroup(world, {
    name,
    region,
    imageId,
    desired: 1,
    tags: habits.deployTags ? tags : {},
    barren: habits.deploy === 'no-instance' || habits.deploy === 'waits',
    by: 'deploy',
  });
  Object.assign(child.context, {
    'deploy.account.name': DEPLOY_ACCOUNT,
    'deploy.server.groups': { [region]: [name] },
    'kato.tasks': [
      {
        id: world.ids.ulid(),
        status: { completed: true, failed: false, retryable: false },
        history: [],
        resultObjects: [{ serverGroupNames: [`${region}:${name}`], deployments: [] }],
      },
    ],
  });
  return group;
}

/** Waits for the instance to be up, as `waitForUpInstances` does. */
function settle(world: World, execution: SimExecution, stages: Stages, group: SimGroup): void {
  if (execution.canceled) return;
  const habits = world.behaviours.of(runOf(execution));
  if (habits.deploy === 'fails-late') {
    fail(world, execution, stages, habits.deployFailure);
    return;
  }
  const up = instancesOf(world, group).some(({ state }) => state === 'running');
  if (!up && habits.deploy !== 'no-instance') {
    world.clock.after(0.5, () => settle(world, execution, stages, group));
    return;
  }
  endStage(world, stages.child, 'SUCCEEDED');
  endStage(world, stages.parent, 'SUCCEEDED');
  endExecution(world, execution);
}

/** Clouddriver's errors are in its tasks; a wait that ran out is the stage's own. */
function fail(world: World, execution: SimExecution, { parent, child }: Stages, message: string): void {
  const habits = world.behaviours.of(runOf(execution));
  if (child.context['kato.tasks'] === undefined) {
    child.context['kato.tasks'] = [
      {
        id: world.ids.ulid(),
        status: { completed: true, failed: true, retryable: false },
        history: [],
        resultObjects: [],
        exception: { type: 'EXCEPTION', operation: 'createServerGroup', cause: 'AmazonServiceException', message },
      },
    ];
  } else failWith(child, message);
  endStage(world, child, 'TERMINAL');
  endStage(world, parent, habits.deploy === 'continues' ? 'FAILED_CONTINUE' : 'TERMINAL');
  endExecution(world, execution);
}

/** A pipeline that destroys a server group. */
import { deleteGroup } from '../groups';
import type { SimGroup } from '../model';
import { groupNamed, type World } from '../world';
import type { SimExecution, SimStage } from './model';
import { addStage, endExecution, endStage, failWith, runOf } from './stages';

export interface DestroyTarget {
  readonly region: string;
  readonly name: string;
}

export function runDestroy(world: World, execution: SimExecution, { region, name }: DestroyTarget): void {
  const habits = world.behaviours.of(runOf(execution));
  const stage = addStage(world, execution, {
    refId: '1',
    type: 'destroyServerGroup',
    name: 'Destroy Server Group',
    context: { cloudProvider: 'aws', region, serverGroupName: name, asgName: name },
    tasks: ['disableServerGroup', 'destroyServerGroup', 'monitorServerGroup', 'waitForDestroyedServerGroup'],
  });
  if (habits.destroy === 'never-ends') return;
  world.clock.after(habits.destroySeconds / 2, () => {
    if (execution.canceled) return;
    if (habits.destroy === 'fails' || habits.destroy === 'continues') {
      failWith(stage, habits.destroyFailure);
      endStage(world, stage, habits.destroy === 'continues' ? 'FAILED_CONTINUE' : 'TERMINAL');
      endExecution(world, execution);
      return;
    }
    // Clouddriver takes a group that is not there for destroyed.
    const group = groupNamed(world, region, name);
    if (group && habits.destroy !== 'lies') deleteGroup(world, group, 'destroy');
    world.clock.after(habits.destroySeconds / 2, () =>
      settle(world, execution, stage, habits.destroy === 'lies' ? undefined : group),
    );
  });
}

/** Waits until the group is gone; one of the same name that came after it does not count. */
function settle(world: World, execution: SimExecution, stage: SimStage, group: SimGroup | undefined): void {
  if (execution.canceled) return;
  if (group && group.deletedAt === null) {
    world.clock.after(0.5, () => settle(world, execution, stage, group));
    return;
  }
  endStage(world, stage, 'SUCCEEDED');
  endExecution(world, execution);
}

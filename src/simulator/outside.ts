/** Pipelines of somebody else, played by hand. */
import type { SimExecution } from './gate/model';
import { changeOutside, createOutside, type NewOutside, type OutsideChange } from './gate/outside';
import type { World } from './world';

export interface OutsideExecution {
  readonly id: string;
  /** Aborted when the execution is cancelled through Gate. */
  readonly signal: AbortSignal;
  update(change: OutsideChange): void;
}

export interface Outside {
  /** An execution that Gate shows, whose stages change only by `update` (and by a cancel through Gate). */
  start(given?: NewOutside): OutsideExecution;
  find(id: string): OutsideExecution | undefined;
}

export function createOutsides(world: World): Outside {
  const handle = (execution: SimExecution): OutsideExecution => {
    const cancel = new AbortController();
    if (execution.canceled) cancel.abort();
    execution.onCancel.push(() => cancel.abort());
    return { id: execution.id, signal: cancel.signal, update: (change) => changeOutside(world, execution, change) };
  };
  return {
    start: (given) => handle(createOutside(world, given)),
    find(id) {
      const execution = world.executions.get(id);
      return execution?.kind === 'outside' ? handle(execution) : undefined;
    },
  };
}

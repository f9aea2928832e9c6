/** A request that has been recognised: what it is, how to do it, and how to fail it. */
import type { FaultPlan, Target } from './faults';
import type { Reply } from './http';

export interface Call extends Target {
  readonly region: string;
  /** Does it. */
  act(): Reply;
  /** The answer of a planned fault that takes the place of the deed; `undefined` for kinds that need no answer of the service's own. */
  fail(plan: FaultPlan): Reply | undefined;
}

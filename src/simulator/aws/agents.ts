/** When an instance's SSM agent comes online, and what Inspector makes of it. */
import type { Behaviour } from '../behaviour';
import type { SimInstance } from '../model';
import type { World } from '../world';

/** Null: not at all, or not yet known when. */
export const agentOnlineAt = (world: World, { runningAt }: SimInstance, { agentSeconds }: Behaviour): number | null =>
  runningAt === null || agentSeconds === null ? null : runningAt + world.clock.lasts(agentSeconds);

/** A call's longest time: an answer must come well before Orca stops reading, 20 s after its request. */
import { Unreachable } from '../client/errors';

/** Fails with Unreachable after `ms`. What was begun may still be done, so it has to bear being asked for again. */
export async function within<T>(ms: number, service: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Unreachable(service, `no answer within ${ms} ms`)), ms);
    // Nobody waits for an answer once the server has closed.
    timer.unref();
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

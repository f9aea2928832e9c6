import type { TemporalPorts } from './ports';

const EVERY_MS = 1_000;
const LIMIT_MS = 5_000;
/** One query may rightly be interrupted; a database that is stuck says so every time. */
const TIMES = 2;

/**
 * Calls `heal` when the dev server's database is stuck, and watches on when it is done. The function given back ends the
 * watching; it does not wait for a `heal` under way.
 *
 * The dev server (Temporal 1.29, `modernc.org/sqlite` 1.34) has one connection to its SQLite database. A query that is cancelled
 * at the wrong moment (a worker that shuts down while it polls is enough) leaves that connection interrupted for good: from then
 * on every call fails with "interrupted (9)", and nothing but a restart helps. Seen in memory and on a file, within
 * seconds of many calls with deadlines of a few milliseconds; reported of the driver in superseriousbusiness/gotosocial#2731. What
 * was written before is on the file.
 */
export function watchDatabase(ports: TemporalPorts, heal: () => Promise<void>): () => void {
  let times = 0;
  let timer: NodeJS.Timeout;
  let over = false;
  const later = (): void => {
    if (over) return;
    timer = setTimeout(() => void look(), EVERY_MS);
    timer.unref();
  };
  const look = async (): Promise<void> => {
    times = (await isInterrupted(ports)) ? times + 1 : 0;
    if (times >= TIMES && !over) {
      times = 0;
      await heal();
    }
    later();
  };
  later();
  return () => {
    over = true;
    clearTimeout(timer);
  };
}

/** Asks for what the server reads from its database each time (Temporal's HTTP API, `ListNamespaces`). */
async function isInterrupted({ http }: TemporalPorts): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${http}/api/v1/namespaces?pageSize=1`, {
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    const text = await answer.text();
    return !answer.ok && text.includes('interrupted (9)');
  } catch {
    return false;
  }
}

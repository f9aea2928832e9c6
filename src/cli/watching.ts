/** Watching a run until it ends: asks again and again, shows where it stands, and outlives restarts of the server. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readRun, type RunView } from './answers';
import { hasEnded } from './exit';
import { ApiProblem, isPassing, type Api } from './http-client';
import { runPath } from './people';
import { approvalLines, findingLines, paintOf, stageLines } from './run-text';
import { sight, timeOf, type Sightings } from './sightings';
import { unpainted, type Style, type Terminal } from './terminal';
import { clean, duration, truncate, widthOf } from './text';

/** Between two looks. */
const EVERY_MS = 1_000;
/** How long the server may stay away once it has answered. */
const PATIENCE_MS = 10 * 60_000;
/** Between two drawings, so that the times go on. */
const REDRAW_MS = 250;

export interface Watch {
  readonly api: Api;
  readonly terminal: Terminal;
  readonly id: string;
  /** Ends the watch when it returns true; the run's end when not given. */
  readonly until?: (run: RunView) => boolean;
  /** Longest that the server may stay away before the first answer, 0 when not given: the command was just typed. */
  readonly firstPatienceMs?: number;
}

/** The run as it was last seen, with the server's own JSON. */
export interface Watched {
  readonly run: RunView;
  readonly body: unknown;
}

/** Waits for a run. Throws CliError when the server stays away too long, or answers that there is no such run. */
export async function watchRun({ api, terminal, id, until, firstPatienceMs = 0 }: Watch): Promise<Watched> {
  const show = terminal.errSize() === undefined ? plainShow(terminal) : drawnShow(terminal);
  const done = until ?? ((run: RunView): boolean => hasEnded(run.status));
  let sightings: Sightings = [];
  let last: RunView | undefined;
  let answeredAt = Date.now();
  try {
    for (;;) {
      let waitMs = EVERY_MS;
      try {
        const { body } = await api.call({ path: runPath(id) });
        last = readRun(body);
        answeredAt = Date.now();
        sightings = sight(sightings, last, answeredAt);
        show.update({ run: last, sightings, trouble: null });
        if (done(last)) return { run: last, body };
      } catch (error) {
        if (!isPassing(error)) throw error;
        if (Date.now() - answeredAt >= (last ? PATIENCE_MS : firstPatienceMs)) throw error;
        if (error instanceof ApiProblem) waitMs = Math.max(EVERY_MS, (error.retryAfter ?? 0) * 1_000);
        show.update({ run: last, sightings, trouble: error.message });
      }
      await sleep(waitMs);
    }
  } finally {
    show.end();
  }
}

export interface Seen {
  readonly run: RunView | undefined;
  readonly sightings: Sightings;
  /** Why there is no newer answer. */
  readonly trouble: string | null;
}

interface Show {
  readonly update: (seen: Seen) => void;
  readonly end: () => void;
}

/** A line for each change: for logs and pipes. */
function plainShow(terminal: Terminal): Show {
  let last: string | undefined;
  return {
    update: (seen) => {
      const said = plainLine(seen);
      if (said === last) return;
      last = said;
      terminal.say(`${new Date().toISOString().slice(11, 19)}Z  ${said}`);
    },
    end: () => undefined,
  };
}

/** Where a run stands, in one line without times that would make each one different. */
export function plainLine({ run, trouble }: Seen): string {
  if (trouble !== null) return `${clean(trouble)}; trying again`;
  if (!run) return 'nothing is known yet';
  const parts = [clean(run.status), ...(hasEnded(run.status) ? [] : [clean(run.stage)]), clean(run.progress)];
  return parts.filter((part, index) => parts.indexOf(part) === index).join('  ');
}

/** Redrawn in place. */
function drawnShow(terminal: Terminal): Show {
  let seen: Seen = { run: undefined, sightings: [], trouble: null };
  let drawn = 0;
  const draw = (): void => {
    const size = terminal.errSize() ?? { columns: 80, rows: 24 };
    // A block taller than the screen cannot be redrawn: what has scrolled off is out of the cursor's reach.
    const lines = frame(seen, Date.now(), terminal.errStyle, size.columns).slice(0, Math.max(1, size.rows - 1));
    terminal.draw(`${erase(drawn)}${lines.map((line) => `${line}\n`).join('')}`);
    drawn = lines.length;
  };
  const timer = setInterval(draw, REDRAW_MS);
  return {
    update: (now) => {
      seen = now;
      draw();
    },
    end: () => clearInterval(timer),
  };
}

/** Cursor up to the block's first line, then everything below it away (ECMA-48: CPL, ED). */
const erase = (lines: number): string => (lines === 0 ? '' : `\u001b[${lines}F\u001b[J`);

/** The block that is drawn; no line is wider than the terminal, or the next drawing would not find its place. */
export function frame({ run, sightings, trouble }: Seen, now: number, style: Style, columns: number): string[] {
  if (!run) return [truncate(trouble === null ? 'asking …' : clean(trouble), columns - 1)];
  const started = timeOf(run.startedAt);
  const end = run.closedAt === null ? now : (timeOf(run.closedAt) ?? now);
  const elapsed = started === null ? '' : `  ${duration(end - started)}`;
  const status = paintOf(run.status, style)(clean(run.status));
  return [
    `${clean(run.line)}  ${clean(run.id)}  ${status}${elapsed}`,
    ...stageLines(run, sightings, now, style),
    `  ${clean(run.progress)}`,
    ...findingLines(run, style).map((line) => `  ${line}`),
    ...approvalLines(run).map((line) => `  ${line}`),
    ...(run.status === 'AWAITING_APPROVAL' && run.pageUrl !== null ? [`  decide at ${clean(run.pageUrl)}`] : []),
    ...(trouble === null ? [] : [style.yellow(`  ${clean(trouble)}; trying again`)]),
  ].map((line) => fit(line, columns - 1));
}

/** Cut, at the price of its colours, if it is too wide. */
function fit(line: string, columns: number): string {
  const plain = unpainted(line);
  return widthOf(plain) <= columns ? line : truncate(plain, columns);
}

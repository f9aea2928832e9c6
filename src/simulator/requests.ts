/** The log of what was asked of the simulator. */
import type { FaultKind, Service } from './faults';

export interface LoggedRequest {
  readonly seq: number;
  readonly service: Service;
  readonly operation: string;
  readonly region: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** What was asked, without headers: parameters, or path and body. */
  readonly params: string;
  /** The planned fault that it met. */
  readonly fault: FaultKind | null;
  /** HTTP status of the answer; null when there was none (yet). */
  status: number | null;
}

const MOST_PARAMS = 2_000;
/** The oldest go first. */
const MOST_REQUESTS = 50_000;

export interface RequestLog {
  add(request: Omit<LoggedRequest, 'seq' | 'status'>): LoggedRequest;
  all(): readonly LoggedRequest[];
}

export function createRequestLog(): RequestLog {
  const logged: LoggedRequest[] = [];
  let seq = 0;
  return {
    add(request) {
      seq += 1;
      const entry = { ...request, params: request.params.slice(0, MOST_PARAMS), seq, status: null };
      logged.push(entry);
      if (logged.length > MOST_REQUESTS) logged.splice(0, MOST_REQUESTS / 10);
      return entry;
    },
    all: () => structuredClone(logged),
  };
}

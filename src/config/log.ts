import pino, { type DestinationStream, type Logger } from 'pino';
import { messageOf } from '../domain/errors';

/** Places where a log line could hold a secret; what is there is replaced. */
const SECRET = [
  'authorization',
  'cookie',
  'x-api-key',
  'token',
  'key',
  'password',
  'privateKey',
  'req.headers',
  'res.headers',
  'headers',
  '*.authorization',
  '*.cookie',
  '*["x-api-key"]',
  '*.token',
  '*.password',
  '*.privateKey',
];

/** A process's log: one JSON line an event on stderr, times in ISO 8601. */
export function createLog(name: string, level: string, stream: DestinationStream = pino.destination(2)): Logger {
  const levels = Object.keys(pino.levels.values);
  return pino(
    {
      name,
      level: levels.includes(level) || level === 'silent' ? level : 'info',
      redact: { paths: SECRET, censor: '[secret]' },
      // Errors of HTTP clients carry the whole request, headers included: only what every error has is told.
      serializers: { err: brief, error: brief },
      timestamp: pino.stdTimeFunctions.isoTime,
      base: { name },
    },
    stream,
  );
}

const brief = (error: unknown): unknown =>
  error instanceof Error ? { type: error.name, message: messageOf(error), stack: error.stack } : error;

export type ChangeLog = Pick<Logger, 'info' | 'warn' | 'error'>;

/** Tells that a changed config is in use, and what of it has to wait: at a level that is seen. */
export function tellChange(log: ChangeLog, pending: readonly string[]): void {
  if (pending.length === 0) return log.info('config read again');
  log.warn({ pending }, 'config read again; what is pending counts from the next start');
}

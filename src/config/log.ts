import pino, { type DestinationStream, type Logger } from 'pino';

/** Places where a log line could hold a secret; what is there is replaced. */
const SECRET = [
  'authorization',
  'cookie',
  'x-api-key',
  'token',
  'key',
  'password',
  'req.headers',
  'res.headers',
  '*.authorization',
  '*.cookie',
  '*["x-api-key"]',
  '*.token',
  '*.password',
];

/** A process's log: one JSON line an event on stderr, times in ISO 8601. */
export function createLog(name: string, level: string, stream: DestinationStream = pino.destination(2)): Logger {
  const levels = Object.keys(pino.levels.values);
  return pino(
    {
      name,
      level: levels.includes(level) || level === 'silent' ? level : 'info',
      redact: { paths: SECRET, censor: '[secret]' },
      timestamp: pino.stdTimeFunctions.isoTime,
      base: { name },
    },
    stream,
  );
}

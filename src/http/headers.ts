/** Headers of every answer. */
import type { PublicAddress } from './options';

const YEAR_SECONDS = 31_536_000;

/** Nothing may be loaded but our own style and script, nothing may frame the pages, and no answer is stored. */
export function securityHeaders({ origin, secure }: PublicAddress): Readonly<Record<string, string>> {
  const own = `'self' ${origin}`;
  return {
    'Content-Security-Policy': [
      "default-src 'none'",
      `style-src ${own}`,
      `script-src ${own}`,
      `connect-src ${own}`,
      `form-action ${own}`,
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
    'Cache-Control': 'no-store',
    ...(secure && { 'Strict-Transport-Security': `max-age=${YEAR_SECONDS}` }),
  };
}

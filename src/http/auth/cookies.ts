/** Cookies of the pages: never readable by script, never sent from other sites. */
import type { PublicAddress } from '../options';

export const SESSION_COOKIE = 'assay_session';
/** Ties a login form to the browser it was shown in. */
export const LOGIN_COOKIE = 'assay_login';

/** A cookie's value from a `Cookie` header; only what our own tokens are made of. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  for (const part of (header ?? '').split(';')) {
    const [key, value] = part.trim().split('=', 2);
    if (key === name && value !== undefined && /^[A-Za-z0-9_-]{1,100}$/.test(value)) return value;
  }
  return undefined;
}

/** A `Set-Cookie` header; an empty value removes the cookie. It ends with the browser's session. */
export function setCookie({ prefix, secure }: PublicAddress, name: string, value: string): string {
  const attributes = [`Path=${prefix === '' ? '/' : prefix}`, 'HttpOnly', 'SameSite=Strict'];
  if (secure) attributes.push('Secure');
  if (value === '') attributes.push('Max-Age=0');
  return `${name}=${value}; ${attributes.join('; ')}`;
}

/** Signing in with an API key, and the page that a link from another site goes through. */
import type { PublicAddress } from '../options';
import { html, type Html } from './html';

/** `csrf` ties the form to the browser's own cookie. */
export function loginPage({ url }: PublicAddress, csrf: string, next: string, refused: boolean): Html {
  return html`<h1>Sign in</h1>
    ${refused && html`<p class="notice" role="alert">That key is unknown or expired.</p>`}
    <form class="panel" method="post" action="${url}/login">
      <input type="hidden" name="csrf" value="${csrf}" /><input type="hidden" name="next" value="${next}" />
      <label for="key">API key</label>
      <input id="key" name="key" type="password" autocomplete="off" required autofocus aria-describedby="key-help" />
      <p id="key-help">
        A key with the scope <code>runs:read</code>; to decide, also <code>decisions:write</code>. It is not stored, and
        you stay signed in for 8 hours at most.
      </p>
      <button>Sign in</button>
    </form>`;
}

/**
 * Browsers keep a SameSite=Strict cookie back when a link on another site is followed, so somebody who is signed in would be
 * asked for a key again. One step through our own site brings the cookie along.
 */
export const bouncePage = (target: string): string =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>Assay</title>
        <meta http-equiv="refresh" content="0; url=${target}" />
      </head>
      <body>
        <p><a href="${target}">Go on</a></p>
      </body>
    </html> `.text;

/** Where to go after signing in: a path of ours, never another site. */
export const safeNext = (next: unknown): string =>
  typeof next === 'string' && /^\/(?![/\\])[A-Za-z0-9/._~%?&=:-]{0,1000}$/.test(next) ? next : '/';

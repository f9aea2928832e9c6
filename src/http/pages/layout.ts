/** What all pages share. */
import type { Session } from '../auth/sessions';
import type { PublicAddress } from '../options';
import { html, type Html } from './html';

export interface Layout {
  readonly address: PublicAddress;
  readonly title: string;
  /** `null`: nobody is signed in. */
  readonly session: Session | null;
  readonly body: Html;
  /** Without script the page loads itself again after so many seconds; only where nothing can be typed. */
  readonly reloadSeconds?: number;
}

/** A whole document. */
export function layout({ address: { url }, title, session, body, reloadSeconds }: Layout): string {
  const reload =
    reloadSeconds !== undefined && html`<noscript><meta http-equiv="refresh" content="${reloadSeconds}" /></noscript>`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · Assay</title>
        <link rel="stylesheet" href="${url}/assets/assay.css" />
        <script defer src="${url}/assets/assay.js"></script>
        ${reload}
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        <header><a class="brand" href="${url}/">Assay</a>${session && who(url, session)}</header>
        <main id="main">${body}</main>
        <footer>Golden machine images, delivered.</footer>
      </body>
    </html> `.text;
}

const who = (url: string, { key, csrf }: Session): Html =>
  html` <span class="who">Signed in as ${key.subject ?? key.id}</span>
    <form method="post" action="${url}/logout">
      <input type="hidden" name="csrf" value="${csrf}" /><button>Sign out</button>
    </form>`;

/** A moment, readable by people and machines. */
export const moment = (iso: string | null): Html | null =>
  iso === null ? null : html`<time datetime="${iso}">${iso.replace('T', ' ').replace(/(?:\.\d+)?Z$/, ' UTC')}</time>`;

/** A link to the web; what is no http(s) URL stays text. */
export const webLink = (url: string, text: string): Html =>
  /^https?:\/\//i.test(url) ? html`<a href="${url}" rel="noreferrer">${text}</a>` : html`${text}`;

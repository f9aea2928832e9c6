/** How Gate is told who asks: one of the ways that Gate's security modules know (gate-x509, -basic, -oauth2, API tokens, header). */
import { Forbidden, messageOf, TryAgain } from '../../domain/errors';

/** A secret, or where to get it: thunks are asked again for every request, so that a renewed one counts at once. */
export type Secret = string | (() => string);

export type GateAuth =
  | { readonly x509: { readonly cert: Secret; readonly key: Secret; readonly ca?: Secret } }
  /** Sent as `X-Spinnaker-Token` (API tokens, Spinnaker 2026.2 and later). */
  | { readonly token: Secret }
  | { readonly bearer: Secret }
  | { readonly basic: { readonly user: string; readonly password: Secret } }
  /** Sent as `X-SPINNAKER-USER`; believed by a Gate without security and behind a proxy with header authentication. */
  | { readonly user: string }
  | { readonly none: unknown };

/** Client certificate of a connection, PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
}

export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly certificate: Certificate | null;
  /** What must never show up in a text. */
  readonly secrets: readonly string[];
}

/** The credentials of now. Throws TryAgain when a secret cannot be read, Forbidden when it cannot be sent. */
export function credentialsOf(auth: GateAuth): Credentials {
  if ('x509' in auth) {
    const { cert, key, ca } = auth.x509;
    const certificate = {
      cert: reveal(cert),
      key: reveal(key),
      ...(ca === undefined ? {} : { ca: reveal(ca) }),
    };
    return { headers: {}, certificate, secrets: [] };
  }
  if ('token' in auth) return byHeader('X-Spinnaker-Token', '', reveal(auth.token));
  if ('bearer' in auth) return byHeader('Authorization', 'Bearer ', reveal(auth.bearer));
  if ('basic' in auth) {
    const password = reveal(auth.basic.password);
    const encoded = Buffer.from(`${auth.basic.user}:${password}`, 'utf8').toString('base64');
    const { headers, certificate, secrets } = byHeader('Authorization', 'Basic ', encoded);
    return { headers, certificate, secrets: [...secrets, password] };
  }
  if ('user' in auth) return { headers: { 'X-SPINNAKER-USER': auth.user }, certificate: null, secrets: [] };
  return { headers: {}, certificate: null, secrets: [] };
}

/** Who a start is noted under (`trigger.user`). What Gate allows does not depend on it. */
export function userOf(auth: GateAuth): string {
  if ('user' in auth) return auth.user;
  return 'basic' in auth ? auth.basic.user : 'assay';
}

function byHeader(name: string, scheme: string, secret: string): Credentials {
  // Node would refuse such a header too, but its message is not ours to vouch for.
  if (!/^[\x21-\x7e]+$/.test(secret)) throw new Forbidden('the secret for Gate is empty or cannot be sent in a header');
  return { headers: { [name]: scheme + secret }, certificate: null, secrets: [secret] };
}

/** Files end with a line break, secrets do not. */
function reveal(secret: Secret): string {
  try {
    return (typeof secret === 'string' ? secret : secret()).trim();
  } catch (error) {
    throw new TryAgain(`a secret for Gate cannot be read: ${messageOf(error)}`);
  }
}

/** User data of a test instance: anybody who may describe the instance can read it, so no secret may stand in it. */

/** Most bytes of user data before base64 (EC2 API reference, RunInstances). */
export const LONGEST_USER_DATA = 16_384;

/** A plain secret: its line, from 1, and what it looks like. The secret itself is never repeated. */
export interface PlainSecret {
  readonly line: number;
  readonly what: string;
}

/** Ends a name under which a secret is kept: `DB_PASSWORD`, `agent.token`, `apiKey`; not `TOKEN_FILE`, `secret-id`. */
const NAME = String.raw`[\w.-]*?(?:password|passwd|passphrase|passcode|secret|token|credentials?|api[_-]?key|access[_-]?key|secret[_-]?key|private[_-]?key|auth[_-]?key|license[_-]?key|activation[_-]?(?:key|code))`;

interface Shape {
  readonly what: string;
  /** With a group `value` where what stands there may also be a reference. */
  readonly pattern: RegExp;
}

const shape = (what: string, pattern: string, flags = 'gi'): Shape => ({ what, pattern: new RegExp(pattern, flags) });

const VALUE = String.raw`(?<value>"[^"]*"|'[^']*'|[^\s"';&|)]+)`;

const SHAPES: readonly Shape[] = [
  // What is a secret by its own form.
  shape('an AWS access key', String.raw`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`, 'g'),
  shape('a private key', String.raw`-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-\d`, 'g'),
  shape(
    'a token of a known service',
    String.raw`\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,}|glpat-[\w-]{20,}|xox[abeprs]-[\w-]{10,}|sk_live_\w{16,}|AIza[\w-]{35}|hvs\.[\w-]{20,}|npm_[A-Za-z0-9]{30,}|dop_v1_[0-9a-f]{40,})`,
    'g',
  ),
  shape('a JSON Web Token', String.raw`\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}`, 'g'),
  shape('a password hash', String.raw`\$(?:1|2[abxy]?|5|6|y|argon2id?)\$[^\s$]{1,64}\$[^\s$'"]{8,}`, 'g'),
  // What stands where a secret belongs.
  shape('a bearer token', String.raw`\bbearer\s+(?<value>[A-Za-z0-9._~+/=-]{16,})`),
  shape('a user with a password', String.raw`\bauthorization:\s*basic\s+(?<value>[A-Za-z0-9+/=]{6,})`),
  shape('a URL with a password', String.raw`\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@"'<>]*:(?<value>[^\s/@"']+)@`),
  shape('a URL with a token', String.raw`\bhttps?:\/\/(?<value>[A-Za-z0-9_.~-]{20,})@`),
  shape('a user with a password', String.raw`\s(?:-u|--user|--proxy-user)[ =]["']?[^\s:"'$]+:(?<value>[^\s"']+)`),
  shape(
    'a password',
    String.raw`\becho\s+(?:-\w+\s+)?["']?[\w.-]+:(?<value>[^\s"'|]+)["']?\s*\|\s*(?:sudo\s+)?chpasswd`,
  ),
  shape('an assigned secret', String.raw`(?<![$\w{.-])["']?${NAME}["']?=(?!=)${VALUE}`),
  shape('an assigned secret', String.raw`(?<![\w-])--${NAME}(?:=|\s+)(?!-)${VALUE}`),
  shape('an assigned secret', String.raw`["']${NAME}["']\s*:\s*${VALUE}`),
  shape('a header with a secret', String.raw`["']${NAME}:\s*(?<value>[^\s"']+)["']`),
  // A setting of its own line, in YAML or INI.
  shape(
    'an assigned secret',
    String.raw`^\s*(?:-\s+)?["']?${NAME}["']?\s*(?::\s|=\s)\s*(?<value>"[^"]*"|'[^']*'|[^\s#][^#]*)`,
  ),
];

/** What is no secret although it stands where one belongs: a reference, or the name of what is read at boot. */
const REFERENCES: readonly RegExp[] = [
  /^$/,
  // A variable, a command's output, a template's place holder.
  /^[$`<%]|^\{\{|^@|^(?:bearer|basic|token)\s+\$/i,
  // The name of an SSM parameter, a file, an ARN, a dynamic reference.
  /^\/[\w./-]*$/,
  /^arn:/,
  /^resolve:/,
  /^(?:true|false|yes|no|null|none|~|\d{1,3})$/i,
  // A block of YAML, a list, a mapping: what is in it has lines of its own.
  /^[|>[{][+-]?\s*$/,
];

/** Plain secrets in a text, by line; at most one of each look for a line. */
export function plainSecrets(text: string): PlainSecret[] {
  return text.split(/\r\n|[\n\r]/).flatMap((content, index) => {
    const found = SHAPES.filter(({ pattern }) => [...content.matchAll(pattern)].some(isLiteral)).map(
      ({ what }) => what,
    );
    return [...new Set(found)].map((what) => ({ line: index + 1, what }));
  });
}

function isLiteral({ groups }: RegExpExecArray | RegExpMatchArray): boolean {
  const given = groups?.['value']?.trim();
  if (given === undefined) return true;
  const quoted = /^(["'])(.*)\1$/.exec(given);
  const value = quoted?.[2] ?? given;
  // Within single quotes a shell puts nothing in the place of `$`.
  if (quoted?.[1] === "'" && value.startsWith('$') && !/^\$\{?[A-Z_]+\}?$|^\$\(/.test(value)) return true;
  return !REFERENCES.some((reference) => reference.test(value));
}

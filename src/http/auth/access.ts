/** Who may do what: API keys by hash, and the rights of people by group. */

export const SCOPES = ['runs:read', 'runs:write', 'decisions:write', 'lines:write', 'waivers:write', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

export interface AccessKey {
  readonly id: string;
  /** SHA-256 of the whole key as it is sent, 64 hexadecimal digits. */
  readonly sha256: string;
  readonly scopes: readonly string[];
  /** Whom the key speaks for; without one, itself. */
  readonly subject?: string | null;
  readonly groups?: readonly string[];
  /** ISO 8601; the key is refused from then on. */
  readonly expires?: string | null;
}

export interface Access {
  readonly keys: readonly AccessKey[];
  /** Subjects whose decisions count no more. */
  readonly revoked: readonly string[];
}

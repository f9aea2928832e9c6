/** The config as the processes use it: checked, with absolute paths, settings in the domain's words, secrets by reference. */
import type { LineSettings, SpinnakerSettings } from '../domain/settings';
import type { Secret } from './secret';

export interface Config {
  /** Absolute path of the file. */
  readonly path: string;
  /** Files it was made from, to be watched. */
  readonly files: readonly string[];
  readonly server: {
    readonly host: string;
    readonly port: number;
    readonly publicUrl: string;
    readonly trustProxy: boolean | string | string[];
    readonly rateLimit: { readonly perSecond: number; readonly burst: number };
  };
  readonly evidence: { readonly directory: string };
  readonly spinnaker: (SpinnakerSettings & { readonly gate: string; readonly auth: GateAuthConfig }) | null;
  readonly pollSeconds: number;
  readonly access: {
    readonly keys: readonly AccessKeyConfig[];
    readonly approvers: readonly string[];
    readonly revoked: readonly string[];
  };
  readonly signing: { readonly decisions: KeyPairConfig; readonly ledger: KeyPairConfig };
  readonly lines: ReadonlyMap<string, LineSettings>;
}

export interface AccessKeyConfig {
  readonly id: string;
  readonly sha256: string;
  readonly scopes: readonly string[];
  readonly subject: string | null;
  readonly groups: readonly string[];
  /** ISO 8601. */
  readonly expires: string | null;
}

export interface KeyPairConfig {
  /** Read only by the process that signs. Null where it is not given. */
  readonly privateKey: Secret | null;
  /** PEMs. */
  readonly publicKeys: readonly string[];
}

/** How Gate is told who asks. Functions read the secret anew each time. */
export type GateAuthConfig =
  | { readonly x509: { readonly cert: () => string; readonly key: () => string; readonly ca?: () => string } }
  | { readonly token: () => string }
  | { readonly bearer: () => string }
  | { readonly basic: { readonly user: string; readonly password: () => string } }
  | { readonly user: string }
  | { readonly none: Readonly<Record<string, never>> };

/** A config that cannot be used, with every fault. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(
    readonly path: string,
    readonly faults: readonly string[],
  ) {
    super(`${path} cannot be used:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
  }
}

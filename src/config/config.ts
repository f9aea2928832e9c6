/** The config as the processes use it: checked, with absolute paths, settings in the domain's words, secrets by reference. */
import type { EvidenceRef } from '../domain/evidence';
import type { HookKind, HookMapping } from '../domain/hook';
import type { LineSettings, SpinnakerSettings } from '../domain/settings';
import type { Stamp } from './reader';
import type { Secret } from './secret';

export interface Config {
  /** Absolute path of the file. */
  readonly path: string;
  /** Files it was made from, by absolute path, as they were when they were read. */
  readonly files: ReadonlyMap<string, Stamp>;
  readonly server: {
    readonly host: string;
    readonly port: number;
    readonly publicUrl: string;
    readonly trustProxy: boolean | string | string[];
    readonly rateLimit: { readonly perSecond: number; readonly burst: number };
  };
  readonly evidence: { readonly directory: string };
  readonly spinnaker: SpinnakerConfig | null;
  readonly pollSeconds: number;
  /** Publications after which a line's workflow goes on with a new history. */
  readonly publicationsPerHistory: number;
  readonly access: {
    readonly keys: readonly AccessKeyConfig[];
    readonly approvers: readonly string[];
    readonly revoked: readonly string[];
  };
  readonly signing: { readonly decisions: KeyPairConfig; readonly ledger: KeyPairConfig };
  readonly lines: ReadonlyMap<string, LineSettings>;
  /** Texts of user data that the lines' settings name. */
  readonly userData: ReadonlyMap<EvidenceRef, string>;
  /** CI systems that may ask by signed deliveries, by name. */
  readonly hooks: ReadonlyMap<string, HookConfig>;
}

export interface HookConfig {
  readonly kind: HookKind;
  /** Each of them signs; several while one is replaced by another. Read only by the server. */
  readonly secrets: readonly ConfigSecret[];
  /** Of GitHub, which signs no id: what a body means that has come before under another id. */
  readonly sameBodyAgain: 'refuse' | 'start';
  readonly mapping: HookMapping;
}

interface SpinnakerConfig extends SpinnakerSettings {
  readonly gate: string;
  readonly auth: GateAuthConfig;
  /** What `auth` reads, to be checked before it is needed. */
  readonly secrets: readonly ConfigSecret[];
}

/** A secret and where the config names it. */
export interface ConfigSecret {
  readonly place: string;
  readonly secret: Secret;
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
    /** Files it was read from: a change of any of them may put it right. */
    readonly files: ReadonlyMap<string, Stamp> = new Map(),
  ) {
    super(`${path} cannot be used:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
  }
}

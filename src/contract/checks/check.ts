/** What a check is, and how it says no. */
import type { Caller, Told } from '../caller';

/** The contract is broken here. */
export class Fault extends Error {
  override readonly name = 'Fault';
}

/** It cannot be seen here whether the contract is kept. */
export class Unknown extends Error {
  override readonly name = 'Unknown';
}

export interface CheckContext {
  readonly url: string;
  readonly key: string;
  readonly line: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly workerMs: number;
  readonly pollMs: number;
  readonly caller: Caller;
  /** Ids of every run that was started. */
  readonly runs: Set<string>;
  /** Of the pipeline that is made up. */
  readonly execution: string;
  /** What one check leaves to those after it. */
  readonly state: { created?: Told; run?: string; location?: string };
}

export interface NamedCheck {
  readonly name: string;
  /** Others build on it. */
  readonly base?: true;
  /** What was seen; throws Fault and Unknown. */
  readonly run: (context: CheckContext) => Promise<string>;
}

/** Throws Fault unless it is so. */
export function need(so: boolean, otherwise: string): asserts so {
  if (!so) throw new Fault(otherwise);
}

/** An answer in a few words. */
export const brief = ({ what, status, body }: Told): string => `${what}: ${status} ${body.slice(0, 200)}`.trim();

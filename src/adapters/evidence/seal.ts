/** Seals of the worker on evidence, and the server's signatures on requests and decisions. */
import { createHash } from 'node:crypto';
import type { Decision } from '../../domain/approval';
import { sameActor } from '../../domain/approval';
import type { RequestStatement, Statement } from '../../domain/evidence';
import { EvidenceChanged, Final, Forbidden } from '../../domain/errors';
import { isOfSchedule } from '../../domain/schedule';
import type { Sealer, Signatures } from '../ports';
import { canonical } from './canonical';
import { openToken, signToken, useOf } from './jws';
import { signingKey, verifyingKey, type VerifyingKey } from './keys';

/** An evaluation carries every finding of an image; this is far above any that was seen. */
const MOST_SEALED = 64 * 1024 * 1024;
/** A request's body is at most 256 KiB, and base64 makes a third more of it. */
const MOST_SIGNED = 1024 * 1024;

/** The scope without which a key's decisions count no more. */
const DECIDING = 'decisions:write';

export interface SealerOptions {
  /** PEM of `signing.ledger.privateKey`; null where there is none (the server): it opens, and seals nothing. */
  readonly privateKey: (() => string) | null;
  /** PEMs of `signing.ledger.publicKeys`: also those of keys that were replaced, as long as their seals are to be opened. */
  readonly publicKeys: () => readonly string[];
}

/** Seals and opens statements. The private key's own public half always opens. Keys are asked for when they are needed. */
export function createSealer({ privateKey, publicKeys }: SealerOptions): Sealer {
  const own = privateKey && remembering(privateKey, signingKey);
  const known = rememberingAll(publicKeys);
  return {
    seal(statement) {
      if (!own) throw new Final('there is no signing.ledger.privateKey here, so nothing can be sealed');
      return signToken(`statement-${statement.kind}`, statement, own());
    },
    open<K extends Statement['kind']>(kind: K, sealed: string) {
      const keys = own ? [own(), ...known()] : known();
      return ofKind(kind, openToken(`statement-${kind}`, sealed, keys, MOST_SEALED));
    },
    digest: (value) => `sha256:${createHash('sha256').update(canonical(value)).digest('hex')}`,
  };
}

/** What the server signs, so that whoever can write to Temporal cannot make it up. */
export interface Signer {
  request(statement: RequestStatement): string;
  decision(decision: Decision): string;
}

export function createSigner({ privateKey }: { readonly privateKey: () => string }): Signer {
  const own = remembering(privateKey, signingKey);
  return {
    request: (statement) => signToken('request', statement, own()),
    decision: (decision) => signToken('decision', decision, own()),
  };
}

/** An API key, as far as a decision made with it needs it. */
export interface DecidingKey {
  readonly id: string;
  /** Whom the key speaks for; without one, itself. */
  readonly subject?: string | null;
  readonly groups?: readonly string[];
  readonly scopes: readonly string[];
  /** ISO 8601; the key counts until then. */
  readonly expires?: string | null;
}

export interface SignaturesOptions {
  /** PEMs of `signing.decisions.publicKeys`. */
  readonly publicKeys: () => readonly string[];
  /** PEMs of `signing.ledger.publicKeys`, by which workers seal what schedules ask for; none: no schedule may ask. */
  readonly ledgerKeys?: () => readonly string[];
  /** Keys and revoked subjects of now. */
  readonly access: () => { readonly keys: readonly DecidingKey[]; readonly revoked: readonly string[] };
}

/** Verifies what the server signed. A decision is worth what its credential is worth now, never more than when it was made. */
export function createSignatures({ publicKeys, ledgerKeys = () => [], access }: SignaturesOptions): Signatures {
  const known = rememberingAll(publicKeys);
  const sealers = rememberingAll(ledgerKeys);
  return {
    request(token) {
      if (useOf(token) !== 'statement-scheduled')
        return ofKind('request', openToken('request', token, known(), MOST_SIGNED));
      const sealed = ofKind('scheduled', openToken('statement-scheduled', token, sealers(), MOST_SIGNED));
      if (!isOfSchedule(sealed))
        throw new EvidenceChanged('a request was sealed for a schedule that cannot have made it');
      return { ...sealed, kind: 'request' };
    },

    decision(token) {
      const decision = decisionOf(openToken('decision', token, known(), MOST_SIGNED));
      const { keys, revoked } = access();
      if (revoked.some((subject) => sameActor(subject, decision.by)))
        throw new Forbidden('decisions of this person count no more');
      const key = keys.find(({ id }) => id === decision.credential);
      if (!key || !mayDecide(key)) throw new Forbidden('the credential of the decision may decide no more');
      if (!sameActor(subjectOf(key), decision.by)) throw new Forbidden('the credential now speaks for somebody else');
      const groups = decision.groups.filter((group) => key.groups?.includes(group));
      return { ...decision, groups };
    },

    groupsOf(subject) {
      const { keys, revoked } = access();
      if (revoked.some((one) => sameActor(one, subject))) return [];
      const own = keys.filter((key) => mayDecide(key) && sameActor(subjectOf(key), subject));
      return [...new Set(own.flatMap(({ groups }) => groups ?? []))];
    },
  };
}

const subjectOf = ({ subject, id }: DecidingKey): string => subject ?? id;

function mayDecide({ scopes, expires }: DecidingKey): boolean {
  // What is no time is an end that nobody can tell, so the key does not count.
  const current = expires === undefined || expires === null || Date.now() < Date.parse(expires);
  return current && scopes.includes(DECIDING);
}

function ofKind<K extends Statement['kind']>(kind: K, value: unknown): Extract<Statement, { readonly kind: K }> {
  if (!isObject(value) || value.kind !== kind) throw new EvidenceChanged(`a sealed ${kind} says that it is none`);
  return value as unknown as Extract<Statement, { readonly kind: K }>;
}

function decisionOf(value: unknown): Decision {
  if (!isObject(value) || typeof value.by !== 'string' || typeof value.run !== 'string' || !Array.isArray(value.groups))
    throw new EvidenceChanged('a signed decision is none');
  return value as unknown as Decision;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** Reads a key again only when its PEM is another one. */
function remembering<T>(pem: () => string, parse: (pem: string) => T): () => T {
  let last: { readonly pem: string; readonly key: T } | undefined;
  return () => {
    const now = pem();
    if (last?.pem !== now) last = { pem: now, key: parse(now) };
    return last.key;
  };
}

function rememberingAll(pems: () => readonly string[]): () => readonly VerifyingKey[] {
  let last = new Map<string, VerifyingKey>();
  return () => {
    last = new Map(pems().map((pem) => [pem, last.get(pem) ?? verifyingKey(pem)]));
    return [...last.values()];
  };
}

/** A signed delivery from another system, read as a request for a run: what of its payload counts, the config says. */
import { LONGEST_REASON, type RunRequest } from './request';

/** Whose way of signing a source has. */
export type HookKind = 'standardWebhooks' | 'github';

const LEAST_BYTES = 16;

/**
 * What is wrong with a secret; undefined: nothing. Asked again at each use: a file may hold something else by then, and whoever
 * guesses a key may sign. Standard Webhooks: `whsec_` and the base64 of 24 to 64 random bytes; GitHub's is any text. Fewer than
 * 16 bytes are no secret.
 */
export function hookSecretFault(kind: HookKind, secret: string): string | undefined {
  if (kind === 'github')
    return secret.trim().length < LEAST_BYTES ? `is no secret: at least ${LEAST_BYTES} characters` : undefined;
  const base64 = /^(?:whsec_)?([A-Za-z0-9+/]+)={0,2}$/.exec(secret)?.[1] ?? '';
  return Math.floor((base64.length * 3) / 4) < LEAST_BYTES
    ? 'is no secret of Standard Webhooks: whsec_ and the base64 of 24 random bytes or more'
    : undefined;
}

/** A place in a payload: names and indices, from the outside in. */
export type PayloadPath = readonly (string | number)[];

/** A text as it stands, or the one at a place in the payload. */
export type HookValue =
  { readonly text: string } | { readonly path: PayloadPath; /** As it is written. */ readonly shown: string };

export interface HookCondition {
  /** The delivery's event by its header, or a place in the payload. */
  readonly what: 'event' | PayloadPath;
  readonly shown: string;
  readonly anyOf: readonly string[];
}

/** What a source's deliveries ask for. */
export interface HookMapping {
  readonly when: readonly HookCondition[];
  /** A line, or one by what stands at a place in the payload. */
  readonly line:
    | { readonly name: string }
    | {
        readonly from: PayloadPath;
        readonly shown: string;
        readonly map: Readonly<Record<string, string>>;
      };
  readonly parameters: Readonly<Record<string, HookValue>>;
  readonly reason: HookValue | null;
}

export interface Delivery {
  /** As the sender numbers it; the same for its every try. */
  readonly id: string;
  /** The sender's word for what happened, where it is in a header. */
  readonly event: string | null;
  readonly payload: unknown;
}

export type DeliveryMeaning =
  | { readonly kind: 'request'; readonly request: RunRequest }
  /** The source's settings ask for nothing here. */
  | { readonly kind: 'nothing'; readonly reason: string }
  | { readonly kind: 'faulty'; readonly faults: readonly string[] };

/** Who asks when a source does: the requester, and the credential. No API key can have this id. */
export const hookRequester = (source: string): string => `ci:${source}`;

/** What a delivery asks for. Nothing that it holds is repeated in a reason or a fault. */
export function meaningOf(source: string, mapping: HookMapping, delivery: Delivery): DeliveryMeaning {
  const { id, event, payload } = delivery;
  // GitHub says so once when a hook is made, whatever events it is for.
  if (event === 'ping') return { kind: 'nothing', reason: 'a ping starts nothing' };
  const unmet = mapping.when.find(({ what, anyOf }) => {
    const value = what === 'event' ? event : scalarAt(payload, what);
    return value === null || !anyOf.includes(value);
  });
  if (unmet) return { kind: 'nothing', reason: `${unmet.shown} is not ${unmet.anyOf.join(' or ')}` };
  const line = lineOf(mapping.line, payload);
  if (line === undefined) return { kind: 'nothing', reason: 'no line is named for what this delivery is about' };
  const faults: string[] = [];
  const textOf = (place: string, value: HookValue): string => {
    if ('text' in value) return value.text;
    const found = valueAt(payload, value.path);
    if (typeof found === 'string') return found;
    faults.push(`${place}: the payload has no text at ${value.shown}`);
    return '';
  };
  const parameters = Object.fromEntries(
    Object.entries(mapping.parameters).map(([name, value]) => [name, textOf(`parameters.${name}`, value)]),
  );
  const reason = mapping.reason && textOf('reason', mapping.reason);
  if (reason !== null && reason.length > LONGEST_REASON)
    faults.push(`reason: is too long: at most ${LONGEST_REASON} characters`);
  if (faults.length > 0) return { kind: 'faulty', faults };
  const request: RunRequest = {
    line,
    parameters,
    requestedBy: hookRequester(source),
    source: { kind: 'ci', executionId: id },
    ...(reason !== null && { reason }),
  };
  return { kind: 'request', request };
}

function lineOf(line: HookMapping['line'], payload: unknown): string | undefined {
  if ('name' in line) return line.name;
  const value = scalarAt(payload, line.from);
  return value !== null && Object.hasOwn(line.map, value) ? line.map[value] : undefined;
}

const STEP = /\.([A-Za-z0-9_-]+)|\[(\d{1,6})\]|\['([^'\]]+)'\]/g;
const WHOLE = new RegExp(`^\\$(?:${STEP.source})+$`);

/** Reads `$.release.tag_name`, `$.commits[0].id` or `$['odd name']`; `undefined` for what is no such path. */
export function parsePath(text: string): PayloadPath | undefined {
  if (!WHOLE.test(text)) return undefined;
  return [...text.matchAll(STEP)].map(([, name, index, quoted]) =>
    index === undefined ? ((name ?? quoted) as string) : Number(index),
  );
}

/** What a payload itself holds at a place, never what it inherits. */
function valueAt(payload: unknown, path: PayloadPath): unknown {
  return path.reduce<unknown>((value, step) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value) !== (typeof step === 'number'))
      return undefined;
    return Object.hasOwn(value, step) ? (value as Record<string | number, unknown>)[step] : undefined;
  }, payload);
}

/** A text, number or truth value as text, to be compared; null for anything else. */
function scalarAt(payload: unknown, path: PayloadPath): string | null {
  const value = valueAt(payload, path);
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : null;
}

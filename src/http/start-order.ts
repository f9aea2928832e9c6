/** A start request's every fault at once: of its key, its form, and what its line makes of it. */
import type { IncomingHttpHeaders } from 'node:http';
import type { StartOrder } from '../client/api';
import { isKey } from '../domain/names';
import type { RunRequest } from '../domain/request';
import type { AppOptions } from './options';
import { tryParse } from './parse';
import { badRequest, faultOf, type Fault } from './problem';
import { keySchema, looseStartSchema, regionIn, startSchema, toRunRequest, type RegionOf } from './schemas';

/** A start as it was sent. */
interface SentStart {
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

/**
 * Throws a `bad-request` problem. `requestFaults` is asked even when the form is faulty, as far as that can be read; where it
 * is not given, only the form is looked at. `before`: faults that are known already, of what the body was made from.
 */
export function readStart(
  { headers, body }: SentStart,
  { requestFaults, regionOf = () => undefined }: Pick<AppOptions, 'requestFaults' | 'regionOf'>,
  before: readonly Fault[] = [],
): Omit<StartOrder, 'credential' | 'subject'> {
  const parsed = tryParse(startSchema, body, 'body');
  const key = headers['idempotency-key'];
  const faults: Fault[] = [...keyFaults(key), ...(parsed.ok ? [] : parsed.faults)];
  if (parsed.ok && key === undefined) faults.push(...derivedKeyFaults(parsed.value.source));
  const request = parsed.ok ? toRunRequest(parsed.value, regionOf) : legible(body, regionOf);
  if (request && requestFaults) faults.push(...unsaid(faults, requestFaults(request).map(faultOf)));
  if (before.length > 0 || faults.length > 0 || !parsed.ok) throw badRequest([...faults, ...before]);
  return { request: toRunRequest(parsed.value, regionOf), ...(typeof key === 'string' && { key }) };
}

function keyFaults(key: string | string[] | undefined): Fault[] {
  if (key === undefined) return [];
  const parsed = tryParse(keySchema, key, 'body');
  return parsed.ok ? [] : parsed.faults.map(({ detail }) => ({ header: 'Idempotency-Key', detail }));
}

/** Without a header the key is `<executionId>-<stageRefId>`, and has to be one. */
function derivedKeyFaults(
  source: { executionId?: string | undefined; stageRefId?: string | undefined } | undefined,
): Fault[] {
  const { executionId, stageRefId } = source ?? {};
  if (executionId === undefined || stageRefId === undefined || isKey(`${executionId}-${stageRefId}`)) return [];
  const detail = 'makes no key: executionId-stageRefId must be 1 to 100 of letters, digits, dot, underscore, hyphen';
  return [{ pointer: '#/source', detail }];
}

/** What can be read of a faulty request; parts of the wrong type are left out, and an instance goes with its image. */
function legible(body: unknown, regionOf: RegionOf): RunRequest | undefined {
  const parsed = looseStartSchema.safeParse(body);
  if (!parsed.success) return undefined;
  const { line, image, instance, parameters } = parsed.data;
  return {
    line,
    parameters,
    ...(image && { image: { id: image.id, region: regionIn(image, line, regionOf), destroy: false } }),
    ...(instance && image && { instance: { ...instance, destroy: false } }),
  };
}

/** Faults that say something new: none is told of a place that has one already, of what it holds, or of what holds it. */
function unsaid(said: readonly Fault[], more: readonly Fault[]): Fault[] {
  const at = new Set<string>();
  const holds = new Set<string>();
  for (const { pointer } of said) {
    if (pointer === undefined) continue;
    at.add(pointer);
    for (const one of upTo(pointer)) holds.add(one);
  }
  return more.filter(
    ({ pointer }) => pointer === undefined || !(holds.has(pointer) || upTo(pointer).some((one) => at.has(one))),
  );
}

/** A pointer after those that hold it. The whole body is none of them: what is said of it is said of nothing in particular. */
function upTo(pointer: string): string[] {
  const parts = pointer.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 2).join('/'));
}

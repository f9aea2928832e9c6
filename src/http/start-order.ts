/** A start request's every fault at once: of its key, its form, and what its line makes of it. */
import type { FastifyRequest } from 'fastify';
import type { StartOrder } from '../client/api';
import { isKey } from '../domain/names';
import type { RunRequest } from '../domain/request';
import { tryParse } from './parse';
import { badRequest, faultOf, type Fault } from './problem';
import { keySchema, looseStartSchema, startSchema, toRunRequest } from './schemas';

/** Throws a `bad-request` problem. `lineFaults` is asked even when the form is faulty, as far as that can be read. */
export function readStart(
  { headers, body }: FastifyRequest,
  lineFaults: ((request: RunRequest) => readonly string[]) | undefined,
): Omit<StartOrder, 'credential' | 'subject'> {
  const parsed = tryParse(startSchema, body, 'body');
  const key = headers['idempotency-key'];
  const faults: Fault[] = [...keyFaults(key), ...(parsed.ok ? [] : parsed.faults)];
  if (parsed.ok && key === undefined) faults.push(...derivedKeyFaults(parsed.value.source));
  const request = parsed.ok ? toRunRequest(parsed.value) : legible(body);
  if (request && lineFaults) {
    const seen = faults.flatMap(({ pointer }) => (pointer === undefined ? [] : [pointer]));
    const more = lineFaults(request).map(faultOf);
    faults.push(...more.filter(({ pointer }) => pointer === undefined || !seen.some((one) => related(one, pointer))));
  }
  if (faults.length > 0 || !parsed.ok) throw badRequest(faults);
  return { request: toRunRequest(parsed.value), ...(typeof key === 'string' && { key }) };
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
function legible(body: unknown): RunRequest | undefined {
  const parsed = looseStartSchema.safeParse(body);
  if (!parsed.success) return undefined;
  const { line, image, instance, parameters } = parsed.data;
  return {
    line,
    parameters,
    ...(image && { image: { ...image, destroy: false } }),
    ...(instance && image && { instance: { ...instance, destroy: false } }),
  };
}

/** Whether one pointer is the other, or holds it: then the second fault says nothing new. */
const related = (a: string, b: string): boolean => a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);

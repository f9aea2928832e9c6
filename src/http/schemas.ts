/** What callers may send. The OpenAPI document is made from these too. Unknown fields are refused everywhere. */
import { z } from 'zod';
import { isImageId, isInstanceId, isKey, isLineName, isRegion } from '../domain/names';
import { LONGEST_REASON, LONGEST_REQUESTER, type RunRequest } from '../domain/request';
import { STATUSES } from '../domain/run';

const text = (most: number) => z.string().max(most);
const some = (most: number) => z.string().min(1).max(most);
const named = (is: (value: string) => boolean, message: string) => z.string().refine(is, { message });

const amiId = named(isImageId, 'not an AMI id (ami- and 4 to 17 hexadecimal digits)').meta({ example: 'ami-0abc1234' });
const instanceId = named(isInstanceId, 'not an instance id (i- and 4 to 17 hexadecimal digits)');
const region = named(isRegion, 'not the name of an AWS region').meta({ example: 'us-east-1' });
const lineName = named(isLineName, 'not a line’s name').meta({ example: 'ubuntu-24-base' });

const isWebUrl = (value: string): boolean => /^https?:\/\/\S+$/i.test(value) && URL.canParse(value);

const sourceSchema = z
  .strictObject({
    kind: some(50).optional(),
    executionId: some(100).optional(),
    stageRefId: some(100).optional(),
    url: text(2048).refine(isWebUrl, { message: 'not an http or https URL' }).optional(),
  })
  .meta({ description: 'What asked. Execution and stage make the key when no Idempotency-Key is sent.' });

/** `POST /v1/runs`. */
export const startSchema = z
  .strictObject({
    line: lineName,
    image: z
      .strictObject({ id: amiId, region: region.optional(), destroy: z.boolean().default(false) })
      .optional()
      .meta({
        description:
          'An image that is brought: nothing is baked. Without `region` it is in that of the line. `destroy` lets a denied one be removed.',
      }),
    instance: z
      .strictObject({ id: instanceId, destroy: z.boolean().default(false) })
      .optional()
      .meta({ description: 'An instance that runs the brought image: nothing is deployed. Needs `image`.' }),
    parameters: z
      .record(some(200), z.string())
      .default({})
      .meta({ description: 'For the pipelines. Values are strings; none may hold an expression of Spinnaker.' }),
    requestedBy: some(LONGEST_REQUESTER).optional(),
    source: sourceSchema.optional(),
    reason: text(LONGEST_REASON).optional(),
  })
  .meta({ id: 'StartRequest' });

/** The `Idempotency-Key` header. */
export const keySchema = named(
  isKey,
  'must be 1 to 100 of letters, digits, dot, underscore, hyphen, and neither . nor ..',
);

/** `GET /v1/runs`. */
export const listSchema = z.strictObject({
  line: lineName.optional(),
  status: z.enum(STATUSES).optional(),
  image: amiId.optional(),
  cursor: some(4000).optional(),
  limit: z
    .string()
    .regex(/^(?:[1-9]\d?|100)$/, { message: 'must be a whole number from 1 to 100' })
    .transform(Number)
    .optional(),
});

/** `POST /v1/runs/{id}/decisions`. */
export const decisionSchema = z
  .strictObject({
    verdict: z.enum(['approve', 'deny', 'withdraw']),
    comment: text(LONGEST_REASON).default(''),
    evidenceDigest: some(200).nullish().meta({
      description: 'The `evidenceDigest` of the status document that was looked at. An approval has to have one.',
    }),
  })
  // Looked at beside the other faults, not only where there are none.
  .refine(({ verdict, evidenceDigest }) => verdict !== 'approve' || evidenceDigest !== undefined, {
    path: ['evidenceDigest'],
    error: 'is missing; an approval names the evidence that was looked at',
    when: ({ value }) => typeof value === 'object' && value !== null,
  })
  .meta({ id: 'Decision' });

/** `POST …/cancel`; the body may be left out, and what is not of this form is not looked at. */
export const cancelSchema = z.object({ reason: text(LONGEST_REASON).default('') }).meta({ id: 'Cancel' });

/** `GET /v1/runs/{id}/report`. */
export const reportSchema = z.strictObject({ format: z.enum(['json', 'csv', 'html', 'ocsf', 'cyclonedx']).optional() });

/** `GET /v1/lines/{line}/approved`. */
export const approvedSchema = z.strictObject({ region: region.optional() });

/** Addresses that take no query. */
export const noQuerySchema = z.strictObject({});

/** The region of a line by the config of now. */
export type RegionOf = (line: string) => string | undefined;

/** The request in the domain's words: fields that were not sent are not there. An image is in its line's region, if not said otherwise. */
export function toRunRequest(body: z.output<typeof startSchema>, regionOf: RegionOf): RunRequest {
  const { line, image, instance, parameters, requestedBy, source, reason } = body;
  return {
    line,
    parameters,
    ...(image && { image: { ...image, region: regionIn(image, line, regionOf) } }),
    ...(instance && { instance }),
    ...(requestedBy !== undefined && { requestedBy }),
    ...(source && { source: definedOnly(source) }),
    ...(reason !== undefined && { reason }),
  };
}

/** Empty where neither says: that is no region, and no line of the config is without one. */
export const regionIn = (
  { region }: { readonly region?: string | undefined },
  line: string,
  regionOf: RegionOf,
): string => region ?? regionOf(line) ?? '';

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

function definedOnly<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Defined<T>;
}

/** The same fields by type alone, to look at a faulty request as far as it can be read. */
export const looseStartSchema = z.object({
  line: z.string(),
  image: z.object({ id: z.string(), region: z.string().optional() }).optional().catch(undefined),
  instance: z.object({ id: z.string() }).optional().catch(undefined),
  parameters: z.record(z.string(), z.string()).catch({}),
});

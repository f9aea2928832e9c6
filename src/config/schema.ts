/** The config file's form. What it means together is in check.ts, what it is read from in load.ts. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { parsePath } from '../domain/hook';
import {
  instanceProfileName,
  isHookSource,
  isInstanceType,
  isLineName,
  isParameterName,
  isRegion,
  isSecurityGroupId,
  isSubnetId,
} from '../domain/names';
import { OVERLAPS, parseCron, timezoneFault } from '../domain/schedule';
import { hasExpression, mayBecomeExpression } from '../domain/request';

const HASH = /^[0-9a-f]{64}$/i;
const SCOPES = ['runs:read', 'runs:write', 'decisions:write', 'lines:write', 'waivers:write', 'admin'] as const;

/** Said of what has its place in the form and nothing behind it yet: it must not be ignored in silence. */
export const LATER = 'is not supported yet';
const later = z.never({ error: LATER }).optional();
const nothingYet = z.array(z.unknown()).max(0, { error: LATER }).default([]);

const EXPRESSION = { error: 'holds an expression, which Spinnaker would evaluate' };
const inert = (value: string): boolean => !hasExpression(value);
const text = z.string().min(1, { error: 'is empty' });
/** What is sent to Gate; the text itself is not repeated in the fault. */
const forGate = text.refine(inert, EXPRESSION);
const given = (value: string): boolean => !mayBecomeExpression(value);
const HALF = { error: 'holds an expression, or ends as one begins, which Spinnaker would evaluate' };
const parameters = z.record(
  text.refine(given, HALF),
  z
    .union([z.string(), z.number(), z.boolean()], { error: 'must be a text, a number, true or false' })
    .transform(String)
    .pipe(z.string().refine(given, HALF)),
);
/** A year and a decade are longer than anybody waits, and short enough for every timer. */
const minutes = z.number().positive().max(525_600);
const hours = z.number().positive().max(87_600);
const seconds = z.number().positive().max(86_400);

/** The longest public URL; with longer ones a status document could pass 4 KiB. */
const LONGEST_URL = 160;
const url = z
  .url({ protocol: /^https?$/, error: 'must be a URL that begins with http:// or https://' })
  .refine(inert, EXPRESSION)
  .refine((value) => !/^[^/]*\/\/[^/]*@/.test(value), { error: 'must hold neither a user name nor a password' })
  .refine((value) => !/[?#]/.test(value), { error: 'must have neither a query nor a fragment' });

const REFERENCE = /^\$\{(env|file):[^}]+\}$/;
const secret = z.string().regex(REFERENCE, { error: 'must be ${env:NAME} or ${file:PATH}, not the secret itself' });
/** A path, or a secret's reference: certificates are files, and some keep them as secrets. */
const fileOrSecret = text.refine((value) => REFERENCE.test(value) || !/[\r\n]|-----BEGIN|\$\{/.test(value), {
  error: 'must be a path, ${env:NAME} or ${file:PATH}, not the certificate or key itself',
});
const path = text;
const date = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })], { error: 'must be a date, as 2027-01-31' })
  .transform((value) => new Date(value).toISOString());

/** Whom fastify may believe: as proxy-addr understands it, which throws for everything else. */
const proxy = text.refine((value) => value.split(',').every((one) => isProxy(one.trim())), {
  error: 'must be addresses, ranges as 10.0.0.0/8, loopback, linklocal or uniquelocal',
});
function isProxy(given: string): boolean {
  const [address = '', bits, ...more] = given.split('/');
  const kind = isIP(address);
  if (kind === 0) return bits === undefined && ['loopback', 'linklocal', 'uniquelocal'].includes(given);
  return more.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && +bits <= (kind === 4 ? 32 : 128)));
}

const portOf = (listen: string): number => Number(listen.slice(listen.lastIndexOf(':') + 1));

const server = z.strictObject({
  listen: z
    .string()
    .refine((value) => /^(\[[0-9a-f:]+\]|[^:\s]+):\d{1,5}$/i.test(value) && portOf(value) <= 65_535, {
      error: 'must be HOST:PORT',
    })
    .default('127.0.0.1:8080'),
  publicUrl: url.max(LONGEST_URL, { error: `must not be longer than ${LONGEST_URL} characters` }),
  trustProxy: z
    .union([z.boolean(), proxy, z.array(proxy)], {
      error: 'must be true, false, or the addresses of the proxies to believe',
    })
    .default(false),
  rateLimit: z
    .strictObject({ perSecond: z.number().positive().default(200), burst: z.number().int().positive().default(1000) })
    .prefault({}),
});

const gateAuth = z.union([
  z.strictObject({ x509: z.strictObject({ cert: fileOrSecret, key: fileOrSecret, ca: fileOrSecret.optional() }) }),
  z.strictObject({ token: secret }),
  z.strictObject({ bearer: secret }),
  z.strictObject({ basic: z.strictObject({ user: forGate, password: secret }) }),
  z.strictObject({ user: forGate }),
  z.strictObject({ none: z.strictObject({}) }),
]);

const spinnaker = z.strictObject({
  gate: url,
  application: forGate,
  auth: gateAuth,
  bakeLimitMinutes: minutes.default(30),
  unreachableMinutes: minutes.default(60),
  watchSeconds: seconds.default(120),
});

const key = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,100}$/, { error: 'must be 1 to 100 of letters, digits, dot, underscore, hyphen' }),
  sha256: z
    .string()
    .regex(HASH, { error: 'must be the SHA-256 of the key, 64 hexadecimal digits' })
    .transform((hash) => hash.toLowerCase()),
  scopes: z.array(z.enum(SCOPES)).nonempty(),
  subject: text.max(320).optional(),
  groups: z.array(text).default([]),
  expires: date.optional(),
});

const groups = z.array(text).default([]);
export const accessSchema = z.strictObject({
  keys: z.array(key).default([]),
  oidc: later,
  roles: z
    .strictObject({ viewer: groups, operator: groups, approver: groups, breakGlass: nothingYet, admin: groups })
    .prefault({}),
  revoked: z.array(text).default([]),
});

const pair = z.strictObject({
  privateKey: secret.optional(),
  publicKeys: z.array(path).min(1, { error: 'must name at least one key: what is signed has to be verified' }),
});
const signing = z.strictObject({ decisions: pair, ledger: pair });

const awsRegion = z.string().refine(isRegion, { error: 'is no AWS region' });

/** How long Spinnaker may take: 10 minutes are Orca's own limit for `upsertImageTags`; a stage may be a while in coming. */
const TAGS_MINUTES = 15;
const AFTER_MINUTES = 60;

const lineSpinnaker = z.strictObject({
  imageTags: z
    .union([
      z.boolean(),
      z.strictObject({ pipeline: forGate.optional(), timeoutMinutes: minutes.default(TAGS_MINUTES) }),
    ])
    .default(false),
  afterDecision: z
    .union([
      z.strictObject({
        pipeline: forGate,
        parameters: parameters.default({}),
        timeoutMinutes: minutes.default(AFTER_MINUTES),
      }),
      z.strictObject({ manualJudgment: forGate, timeoutMinutes: minutes.default(AFTER_MINUTES) }),
    ])
    .optional(),
});

const cron = z.string().superRefine((value, context) => {
  const read = parseCron(value);
  if ('fault' in read) context.addIssue({ code: 'custom', message: read.fault });
});
const timezone = z.string().superRefine((value, context) => {
  const fault = timezoneFault(value);
  if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
});
const schedule = z.strictObject({
  cron,
  timezone: timezone.default('UTC'),
  overlap: z.enum(OVERLAPS).default('skip'),
  jitterMinutes: z.number().min(0).max(1_440).default(0),
  paused: z.boolean().optional(),
  catchupHours: hours.min(1 / 60, { error: 'must be a minute at least' }).default(24),
  parameters: parameters.default({}),
});

const different = (ids: readonly string[]): boolean => new Set(ids).size === ids.length;
const TWICE = { error: 'names one twice' };

/** A test instance that EC2 launches without Spinnaker. Limits keep a run's history short (see domain/launch). */
const ec2 = z.strictObject({
  subnetIds: z
    .array(z.string().refine(isSubnetId, { error: 'is no subnet id' }))
    .min(1, { error: 'must name a subnet' })
    .max(8, { error: 'must not name more than 8' })
    .refine(different, TWICE),
  securityGroupIds: z
    .array(z.string().refine(isSecurityGroupId, { error: 'is no security group id' }))
    .min(1, { error: 'must name a security group' })
    .max(16, { error: 'must not name more than 16' })
    .refine(different, TWICE),
  instanceType: z.string().refine(isInstanceType, { error: 'is no instance type, as t3.small' }),
  instanceProfile: z.string().refine((value) => instanceProfileName(value) !== undefined, {
    error: 'is neither the name nor the ARN of an instance profile',
  }),
  userDataFile: path.optional(),
  timeoutMinutes: z.number().positive().max(1440).default(30),
});

export const lineSchema = z.strictObject({
  region: awsRegion,
  bake: z
    .strictObject({
      pipeline: forGate,
      regions: z.array(awsRegion).min(1, { error: "must name the line's own region" }).optional(),
      parameters: parameters.default({}),
      timeoutMinutes: minutes.default(60),
      encrypt: later,
    })
    .optional(),
  deploy: z
    .union([
      z.strictObject({
        pipeline: forGate,
        destroyPipeline: forGate.optional(),
        parameters: parameters.default({}),
        timeoutMinutes: minutes.default(30),
      }),
      z.strictObject({ ec2 }),
    ])
    .optional(),
  assess: z.array(z.record(z.string(), z.unknown())).min(1, { error: 'must name an assessor' }),
  policy: path,
  onIncomplete: z.enum(['review', 'deny']).default('review'),
  approval: z
    .strictObject({
      groups: z.record(text, z.number().int().positive().max(20)).default({ '*': 1 }),
      deadlineHours: hours.default(72),
      remindHours: hours.default(24),
      auto: z.boolean().default(false),
      unsigned: z.enum(['refuse', 'allow']).default('refuse'),
    })
    .prefault({}),
  publish: z.strictObject({
    parameter: z.string().refine(isParameterName, { error: 'is no SSM parameter name' }),
    regions: z.array(awsRegion).optional(),
    share: z.strictObject({ accounts: nothingYet, organizations: nothingYet }).optional(),
  }),
  notify: z
    .array(
      z.strictObject({
        sns: z.strictObject({
          topicArn: z.string().regex(/^arn:[^:]+:sns:[^:]+:\d{12}:.+$/, { error: 'is no topic ARN' }),
        }),
      }),
    )
    .default([]),
  spinnaker: lineSpinnaker.prefault({}),
  schedule: schedule.optional(),
});

/** The assessor that is there so far. */
export const inspector2Schema = z.strictObject({
  timeoutMinutes: minutes.default(90),
  agentMinutes: minutes.default(15),
});

/** The form of `imageTags: true`. */
export const IMAGE_TAGS = { pipeline: undefined, timeoutMinutes: TAGS_MINUTES } as const;

const lineName = z.string().refine(isLineName, {
  error: 'is no line name: lower-case letters, digits, dot, hyphen, at most 60',
});
const payloadPath = z
  .string()
  .refine((value) => parsePath(value) !== undefined, { error: 'is no path into the payload, as $.release.tag_name' });
/** As parameters; what begins with `$` is taken from the payload. */
const hookValue = z
  .union([z.string(), z.number(), z.boolean()], { error: 'must be a text, a number, true or false' })
  .transform(String)
  .pipe(
    z
      .string()
      .refine(given, HALF)
      .refine((value) => !value.startsWith('$') || value.startsWith('${') || parsePath(value) !== undefined, {
        error: 'begins with $ and is no path into the payload, as $.release.tag_name',
      }),
  );
const scalar = z
  .union([z.string(), z.number(), z.boolean()], { error: 'must be a text, a number, true or false, or a list of them' })
  .transform(String)
  .pipe(z.string().refine(inert, EXPRESSION));
const hookSecrets = z.array(secret).min(1, { error: 'must name a secret' }).max(10);

export const hookSchema = z.strictObject({
  standardWebhooks: z.strictObject({ secrets: hookSecrets }).optional(),
  github: z
    .strictObject({ secrets: hookSecrets, sameBodyAgain: z.enum(['refuse', 'start']).default('refuse') })
    .optional(),
  when: z
    .record(
      z.string().refine((name) => name === 'event' || parsePath(name) !== undefined, {
        error: 'is neither event nor a path into the payload, as $.action',
      }),
      z.union([scalar.transform((one) => [one]), z.array(scalar).min(1, { error: 'must name a value' })]),
    )
    .default({}),
  line: z.union([lineName, z.strictObject({ from: payloadPath, map: z.record(text, lineName) })]),
  parameters: z.record(text.refine(given, HALF), hookValue).default({}),
  reason: hookValue.optional(),
});
const hooks = z.strictObject({
  ci: z
    .record(
      z.string().refine(isHookSource, {
        error: 'is no name of a source: lower-case letters, digits, underscore, hyphen, at most 50',
      }),
      hookSchema,
    )
    .default({}),
});

export const configSchema = z.strictObject({
  server,
  evidence: z.union([
    z.strictObject({ directory: path }),
    z.strictObject({ bucket: text, prefix: z.string().optional(), kmsKeyId: z.string().optional() }),
  ]),
  spinnaker: spinnaker.optional(),
  polling: z.strictObject({ everySeconds: seconds.default(30) }).prefault({}),
  lineHistory: z.strictObject({ publications: z.int().min(1).max(1000).default(200) }).prefault({}),
  access: accessSchema.prefault({}),
  signing,
  hooks: hooks.prefault({}),
  lines: z.record(lineName, lineSchema),
});

export type ConfigFile = z.output<typeof configSchema>;
export type AccessFile = z.output<typeof accessSchema>;
export type LineFile = z.output<typeof lineSchema>;
export type HookFile = z.output<typeof hookSchema>;
export type GateAuthFile = NonNullable<ConfigFile['spinnaker']>['auth'];

/** JSON Schema of the config file, for editors. */
export const configJsonSchema = (): unknown => z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' });

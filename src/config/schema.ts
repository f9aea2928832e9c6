/** The config file's form. What it means together is in check.ts, what it is read from in load.ts. */
import { z } from 'zod';
import { isLineName, isParameterName, isRegion } from '../domain/names';
import { hasExpression } from '../domain/request';

const HASH = /^[0-9a-f]{64}$/i;
const SCOPES = ['runs:read', 'runs:write', 'decisions:write', 'lines:write', 'waivers:write', 'admin'] as const;

const text = z.string().min(1);
/** What is sent to Gate; the text itself is not repeated in the fault. */
const forGate = text.refine((value) => !hasExpression(value), {
  error: 'holds an expression, which Spinnaker would evaluate',
});
const parameters = z.record(
  forGate,
  z
    .union([z.string(), z.number(), z.boolean()])
    .transform(String)
    .pipe(
      z
        .string()
        .refine((value) => !hasExpression(value), { error: 'holds an expression, which Spinnaker would evaluate' }),
    ),
);
const minutes = z.number().positive();
const url = z.url({ protocol: /^https?$/ });
const secret = z
  .string()
  .regex(/^\$\{(env|file):[^}]+\}$/, { error: 'must be ${env:NAME} or ${file:PATH}, not the secret itself' });
/** A path, or a secret's reference: certificates are files, and some keep them as secrets. */
const fileOrSecret = text;
const path = text;
const date = z.union([z.string(), z.date()]).transform((value, context) => {
  const time = new Date(value);
  if (!Number.isNaN(time.getTime())) return time.toISOString();
  context.addIssue({ code: 'custom', message: 'is no date' });
  return z.NEVER;
});

const server = z.strictObject({
  listen: z
    .string()
    .regex(/^(\[[0-9a-f:]+\]|[^:\s]+):\d{1,5}$/i, { error: 'must be HOST:PORT' })
    .default('127.0.0.1:8080'),
  publicUrl: url,
  trustProxy: z.union([z.boolean(), z.string(), z.array(z.string())]).default(false),
  rateLimit: z
    .strictObject({ perSecond: z.number().positive().default(200), burst: z.number().int().positive().default(1000) })
    .prefault({}),
});

const gateAuth = z.union([
  z.strictObject({ x509: z.strictObject({ cert: fileOrSecret, key: fileOrSecret, ca: fileOrSecret.optional() }) }),
  z.strictObject({ token: secret }),
  z.strictObject({ bearer: secret }),
  z.strictObject({ basic: z.strictObject({ user: text, password: secret }) }),
  z.strictObject({ user: text }),
  z.strictObject({ none: z.strictObject({}) }),
]);

const spinnaker = z.strictObject({
  gate: url,
  application: forGate,
  auth: gateAuth,
  bakeLimitMinutes: minutes.default(30),
  unreachableMinutes: minutes.default(60),
  watchSeconds: z.number().positive().default(120),
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
const access = z.strictObject({
  keys: z.array(key).default([]),
  oidc: z.unknown().optional(),
  roles: z
    .strictObject({ viewer: groups, operator: groups, approver: groups, breakGlass: groups, admin: groups })
    .prefault({}),
  revoked: z.array(text).default([]),
});

const pair = z.strictObject({ privateKey: secret.optional(), publicKeys: z.array(path).default([]) });
const signing = z.strictObject({ decisions: pair, ledger: pair });

const line = z.strictObject({
  region: z.string().refine(isRegion, { error: 'is no AWS region' }),
  bake: z
    .strictObject({
      pipeline: forGate,
      parameters: parameters.default({}),
      timeoutMinutes: minutes.default(60),
      encrypt: z.unknown().optional(),
    })
    .optional(),
  deploy: z
    .union([
      z.strictObject({
        pipeline: forGate,
        destroyPipeline: forGate,
        parameters: parameters.default({}),
        timeoutMinutes: minutes.default(30),
      }),
      z.strictObject({ ec2: z.unknown() }),
    ])
    .optional(),
  assess: z.array(z.record(z.string(), z.unknown())).min(1),
  policy: path,
  onIncomplete: z.enum(['review', 'deny']).default('review'),
  approval: z
    .strictObject({
      groups: z.record(text, z.number().int().positive()).default({ '*': 1 }),
      deadlineHours: z.number().positive().default(72),
      remindHours: z.number().positive().default(24),
      auto: z.boolean().default(false),
      unsigned: z.enum(['refuse', 'allow']).default('refuse'),
    })
    .prefault({}),
  publish: z.strictObject({
    parameter: z.string().refine(isParameterName, { error: 'is no SSM parameter name' }),
    regions: z.array(text).optional(),
    share: z
      .strictObject({ accounts: z.array(z.unknown()).default([]), organizations: z.array(z.unknown()).default([]) })
      .optional(),
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
  schedule: z.unknown().optional(),
});

/** The assessor that is there so far. */
export const inspector2Schema = z.strictObject({
  timeoutMinutes: minutes.default(90),
  agentMinutes: minutes.default(15),
});

export const configSchema = z.strictObject({
  server,
  evidence: z.union([
    z.strictObject({ directory: path }),
    z.strictObject({ bucket: text, prefix: z.string().optional(), kmsKeyId: z.string().optional() }),
  ]),
  spinnaker: spinnaker.optional(),
  polling: z.strictObject({ everySeconds: z.number().positive().default(30) }).prefault({}),
  access: access.prefault({}),
  signing,
  lines: z.record(
    z.string().refine(isLineName, { error: 'is no line name: lower-case letters, digits, dot, hyphen' }),
    line,
  ),
});

export type ConfigFile = z.output<typeof configSchema>;
export type LineFile = ConfigFile['lines'][string];
export type GateAuthFile = NonNullable<ConfigFile['spinnaker']>['auth'];

/** JSON Schema of the config file, for editors. */
export const configJsonSchema = (): unknown => z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' });

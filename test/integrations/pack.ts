/** The files of the integration pack, read as Spinnaker's services would. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export const PACK = join(__dirname, '..', '..', 'integrations', 'spinnaker');
export const text = (file: string): string => readFileSync(join(PACK, file), 'utf8');
export const json = <T>(file: string): T => JSON.parse(text(file)) as T;
export const yaml = <T>(file: string): T => parse(text(file), { merge: true }) as T;

/** Every file of the pack, by its path in it. */
export const files = (): readonly string[] =>
  readdirSync(PACK, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(PACK.length + 1))
    .sort();

export type Json = Readonly<Record<string, unknown>>;

/** As much of a stage as is looked at. */
export interface Stage extends Json {
  readonly type: string;
  readonly name: string;
  readonly refId: string;
  readonly requisiteStageRefIds: readonly string[];
}

export interface Pipeline extends Json {
  readonly name: string;
  readonly application: string;
  readonly parameterConfig: readonly { readonly name: string; readonly required: boolean }[];
  readonly stages: readonly Stage[];
}

export const PIPELINES = [
  'bake-golden',
  'deploy-candidate',
  'destroy-candidate',
  'golden-image',
  'bake-and-assess',
  'golden-image-non-blocking',
] as const;
export const pipeline = (name: (typeof PIPELINES)[number]): Pipeline => json<Pipeline>(`pipelines/${name}.json`);

/** A stage type of `webhook.preconfigured` (orca-webhook, WebhookProperties.PreconfiguredWebhook). */
export interface Preconfigured extends Json {
  readonly type: string;
  readonly url: string;
  readonly payload: string;
  readonly customHeaders: Readonly<Record<string, readonly string[]>>;
  readonly sensitiveHeaders?: Readonly<Record<string, readonly string[]>>;
  readonly parameters: readonly { readonly name: string; readonly defaultValue?: string }[];
}
export const PRECONFIGURED = [
  'orca/preconfigured-webhook.yml',
  'orca/preconfigured-webhook-before-2026.1.yml',
] as const;

export function preconfigured(file: (typeof PRECONFIGURED)[number]): Preconfigured {
  const { webhook } = yaml<{ webhook: { preconfigured: readonly Preconfigured[] } }>(file);
  const [stage] = webhook.preconfigured;
  if (!stage || webhook.preconfigured.length > 1)
    throw new Error(`${file} holds ${webhook.preconfigured.length} stages`);
  return stage;
}

/** Webhook stages as they stand, in stages and in pipelines. */
export const webhookStages = (): readonly { readonly where: string; readonly stage: Stage }[] => [
  ...['webhook', 'webhook-non-blocking'].map((name) => ({
    where: `stages/${name}.json`,
    stage: json<Stage>(`stages/${name}.json`),
  })),
  ...PIPELINES.flatMap((name) =>
    pipeline(name)
      .stages.filter(({ type }) => type === 'webhook')
      .map((stage) => ({ where: `pipelines/${name}.json`, stage })),
  ),
];

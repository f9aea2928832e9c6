/** Things added by hand: there from the start, visible at once, without any request. */
import { createImage, launch } from './compute';
import { profileArn } from './aws/iam';
import { profileOf } from './data/profiles';
import type { PipelineKind } from './gate/model';
import type { Pipelines } from './gate/pipelines';
import type { Tags } from './model';
import { isoSeconds } from './xml';
import type { World } from './world';

export interface SeedImage {
  /** Default us-east-1. */
  readonly region?: string;
  readonly name?: string;
  readonly tags?: Readonly<Tags>;
  /** A base whose findings it has; default `ubuntu-24`. */
  readonly profile?: string;
  /** ISO 8601; default now, to the second. */
  readonly creationDate?: string;
  readonly encrypted?: boolean;
}

export interface SeedInstance {
  readonly imageId: string;
  readonly tags?: Readonly<Tags>;
  readonly region?: string;
}

export interface SeedParameter {
  readonly name: string;
  readonly value: string;
  readonly region?: string;
  readonly labels?: readonly string[];
  /** Default `aws:ec2:image`. */
  readonly dataType?: string;
}

export interface SeedProfile {
  readonly name: string;
  /** Default `/`. */
  readonly path?: string;
  /** Default one. */
  readonly roles?: readonly string[];
}

export interface SeedPipeline {
  readonly application?: string;
  readonly name: string;
  readonly kind: PipelineKind;
  /** Further fields of its saved config: `parameterConfig`, `disabled`, `stages`. */
  readonly config?: Readonly<Record<string, unknown>>;
}

export interface Seeds {
  image(seed?: SeedImage): { readonly id: string; readonly snapshotIds: readonly string[]; readonly name: string };
  /** Running, of an image that exists. */
  instance(seed: SeedInstance): { readonly id: string };
  /** One more version, applied. */
  parameter(seed: SeedParameter): { readonly version: number };
  /** A topic of a name (`….fifo` for a FIFO one). */
  topic(seed: { readonly name: string; readonly region?: string }): { readonly arn: string };
  /** An instance profile of IAM. */
  profile(seed: SeedProfile): { readonly arn: string };
  pipeline(seed: SeedPipeline): void;
}

const REGION = 'us-east-1';

export function createSeeds(world: World, pipelines: Pipelines): Seeds {
  return {
    image({ region = REGION, name, tags = {}, profile, creationDate, encrypted = false } = {}) {
      const { id, snapshotIds, ...image } = createImage(world, {
        region,
        name: name ?? `seeded-${world.images.size + 1}`,
        tags,
        snapshotTags: tags,
        profile: profileOf(profile),
        encrypted,
        ready: true,
        creationDate: creationDate ?? isoSeconds(world.clock.now()),
        by: 'seed',
      });
      return { id, snapshotIds: [...snapshotIds], name: image.name };
    },
    instance({ imageId, tags = {}, region = REGION }) {
      const image = world.images.get(imageId);
      if (!image) throw new Error(`no image ${imageId}`);
      const { id } = launch(world, { region, image, tags, volumeTags: {}, ready: true, by: 'seed' });
      return { id };
    },
    parameter({ name, value, region = REGION, labels = [], dataType = 'aws:ec2:image' }) {
      const key = `${region} ${name}`;
      const parameter = world.parameters.get(key) ?? { name, region, tags: {}, versions: [] };
      const version = (parameter.versions.at(-1)?.version ?? 0) + 1;
      const at = world.clock.now();
      for (const one of parameter.versions) one.labels = one.labels.filter((label) => !labels.includes(label));
      parameter.versions.push({
        ...{ version, value, type: 'String', dataType, description: '', at },
        ...{ appliedAt: at, state: 'applied', labels: [...labels] },
      });
      world.parameters.set(key, parameter);
      return { version };
    },
    topic({ name, region = REGION }) {
      const arn = `arn:aws:sns:${region}:${world.account}:${name}`;
      world.topics.set(arn, { arn, region });
      return { arn };
    },
    profile({ name, path = '/', roles = [`${name}-role`] }) {
      const made = { id: world.ids.aws('AIPA'), name, path, roles };
      world.profiles.set(name, made);
      return { arn: profileArn(world, made) };
    },
    pipeline: ({ application = 'goldenami', ...pipeline }) => pipelines.add({ application, ...pipeline }),
  };
}

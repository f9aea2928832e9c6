/** Parameters of the EC2 and Query protocols, filters, and pages. */
import type { Tags } from '../model';
import { AwsError } from './fault';

/** Flat parameters, as they travel: `Filter.1.Value.2=x`. */
export class Params {
  private readonly values: ReadonlyMap<string, string>;

  constructor(given: ReadonlyMap<string, string> | string) {
    this.values = typeof given === 'string' ? new Map(new URLSearchParams(given)) : given;
  }

  get(name: string): string | undefined {
    return this.values.get(name);
  }

  /** Throws the error for a parameter that is not there, or empty. */
  need(name: string): string {
    const value = this.values.get(name);
    if (value === undefined || value === '')
      throw new AwsError('MissingParameter', `The request must contain the parameter ${name}`);
    return value;
  }

  is(name: string): boolean {
    return this.values.get(name) === 'true';
  }

  number(name: string): number | undefined {
    const value = this.values.get(name);
    return value === undefined ? undefined : Number(value);
  }

  /** `InstanceId.1`, `InstanceId.2`, or `Names.member.1` with `Names.member`. */
  all(name: string): readonly string[] {
    return this.parts(name).flatMap((part) => part.get('') ?? []);
  }

  /** `Filter.1.Name`, `Filter.1.Value.1`: one for each number. */
  parts(name: string): readonly Params[] {
    const found = new Map<number, Map<string, string>>();
    for (const [key, value] of this.values) {
      const [, number, rest = ''] = key.startsWith(`${name}.`)
        ? (/^(\d+)(?:\.(.+))?$/.exec(key.slice(name.length + 1)) ?? [])
        : [];
      if (number === undefined) continue;
      const part = found.get(Number(number)) ?? new Map<string, string>();
      found.set(Number(number), part.set(rest, value));
    }
    return [...found].sort(([a], [b]) => a - b).map(([, part]) => new Params(part));
  }

  /** All of it, for the log of requests and for comparing two requests with one token. */
  told(without: readonly string[] = []): string {
    const kept = [...this.values].filter(([name]) => !['Action', 'Version', ...without].includes(name));
    return kept.map(([name, value]) => `${name}=${value}`).join('&');
  }
}

/** Tags in `TagSpecification.N` for one type of resource. */
export function tagsFor(params: Params, type: string): Tags {
  const specs = params.parts('TagSpecification').filter((spec) => spec.get('ResourceType') === type);
  return Object.assign({}, ...specs.map((spec) => readTags(spec.parts('Tag')))) as Tags;
}

/** Tags in `Tag.N.Key` and `Tag.N.Value`. Throws for keys that AWS keeps to itself. */
export function readTags(parts: readonly Params[]): Tags {
  const tags = Object.fromEntries(parts.map((tag) => [tag.need('Key'), tag.get('Value') ?? '']));
  for (const [key, value] of Object.entries(tags)) {
    if (/^aws:/i.test(key))
      throw new AwsError('InvalidParameterValue', `Tag keys starting with 'aws:' are reserved for internal use`);
    if (key.length > 128)
      throw new AwsError('InvalidParameterValue', 'Tag key exceeds the maximum length of 128 characters');
    if (value.length > 256)
      throw new AwsError('InvalidParameterValue', 'Tag value exceeds the maximum length of 256 characters');
  }
  return tags;
}

/** How a kind of thing answers to filters by name; tags are done here. */
export type Fields<T> = Readonly<Record<string, (one: T) => readonly string[] | string>>;

/** Those that match every filter by any of its values, which may hold `*` and `?`. Throws for filters that there are not. */
export function filtered<T extends { readonly tags: Tags }>(
  all: readonly T[],
  filters: readonly Params[],
  fields: Fields<T>,
): readonly T[] {
  return filters.reduce((left, filter) => {
    const name = filter.need('Name');
    const values = filter.all('Value').map(wildcard);
    const read = reader(name, fields);
    return left.filter((one) => [read(one)].flat().some((value) => values.some((pattern) => pattern.test(value))));
  }, all);
}

function reader<T extends { readonly tags: Tags }>(name: string, fields: Fields<T>): Fields<T>[string] {
  if (name.startsWith('tag:')) return ({ tags }) => tags[name.slice(4)] ?? [];
  if (name === 'tag-key') return ({ tags }) => Object.keys(tags);
  const field = fields[name];
  if (!field) throw new AwsError('InvalidParameterValue', `The filter '${name}' is invalid`);
  return field;
}

const wildcard = (value: string): RegExp =>
  new RegExp(
    `^${value
      .replace(/[\\^$.+()[\]{}|]/g, '\\$&')
      .replace(/\*/g, '[^]*')
      .replace(/\?/g, '[^]')}$`,
  );

export interface Paging {
  readonly token: string | undefined;
  readonly asked: number | undefined;
  /** Largest page that AWS gives. */
  readonly most: number;
  /** The simulator's own limit; 0: none. */
  readonly pageSize: number;
  /** Begin with an empty page that has a token. */
  readonly emptyPages: boolean;
  /** AWS's code for a token that is none. */
  readonly badToken: string;
}

export interface Page<T> {
  readonly page: readonly T[];
  readonly next: string | undefined;
}

/** A page, and the token of the next. */
export function paged<T>(all: readonly T[], { token, asked, most, pageSize, emptyPages, badToken }: Paging): Page<T> {
  const start = token === undefined ? undefined : /^page-(\d+)$/.exec(Buffer.from(token, 'base64').toString())?.[1];
  if (token !== undefined && start === undefined) throw new AwsError(badToken, 'The token is not valid');
  if (emptyPages && start === undefined && all.length > 0) return { page: [], next: tokenOf(0) };
  const from = Number(start ?? 0);
  const size = Math.min(asked ?? most, most, pageSize > 0 ? pageSize : most);
  const next = from + size < all.length ? tokenOf(from + size) : undefined;
  return { page: all.slice(from, from + size), next };
}

const tokenOf = (from: number): string => Buffer.from(`page-${from}`).toString('base64');

/** Objects as the XML that the EC2 and Query protocols answer with. */
import { XMLBuilder } from 'fast-xml-parser';

const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: '@' });

export type Xml = string | number | boolean | null | undefined | readonly Xml[] | { readonly [name: string]: Xml };

/** A document; parts that are undefined or null are left out. */
export const xml = (root: string, namespace: string, content: { readonly [name: string]: Xml }): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build({ [root]: { '@xmlns': namespace, ...(bare(content) as object) } })}`;

/** A list of the EC2 protocol (`item`). */
export const items = (all: readonly Xml[]): Xml => (all.length === 0 ? '' : { item: all });
/** A list of the Query protocol (`member`). */
export const members = (all: readonly Xml[]): Xml => (all.length === 0 ? '' : { member: all });
/** Tags as EC2 lists them. */
export const tagSet = (tags: Readonly<Record<string, string>>): Xml =>
  items(Object.entries(tags).map(([key, value]) => ({ key, value })));

/** ISO 8601, UTC. */
export const iso = (ms: number): string => new Date(ms).toISOString();
/** ISO 8601 to the second, as EC2 stamps creations and launches. */
export const isoSeconds = (ms: number): string => iso(Math.floor(ms / 1000) * 1000);

function bare(value: Xml): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== 'object' || value === null) return value;
  const parts = Object.entries(value).filter(([, part]) => part !== undefined && part !== null);
  return Object.fromEntries(parts.map(([name, part]) => [name, bare(part)]));
}

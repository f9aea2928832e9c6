/** Reading JSON of which nothing is certain. */

export type Json = Readonly<Record<string, unknown>>;

/** The value as an object; an empty one for anything else, so that a missing part reads like an empty part. */
export const record = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};

/** The objects of a list; empty for anything else. */
export const records = (value: unknown): readonly Json[] => list(value).map(record);

export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** A text that says something. */
export const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value : undefined;

export const texts = (value: unknown): readonly string[] => list(value).flatMap((item) => text(item) ?? []);

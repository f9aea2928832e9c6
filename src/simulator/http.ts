/** Requests and answers of the simulated services. */

export interface SimRequest {
  readonly method: string;
  /** Path without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

export const json = (status: number, value: unknown, type = 'application/json'): Reply => ({
  status,
  headers: { 'Content-Type': type },
  body: value === undefined ? '' : JSON.stringify(value),
});

export type Json = Readonly<Record<string, unknown>>;

/** A JSON object; anything else counts as an empty one. */
export const record = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);
export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
export const texts = (value: unknown): readonly string[] => list(value).flatMap((one) => text(one) ?? []);

/** A JSON object from a body; an empty body counts as one. Throws SyntaxError. */
export const parse = (body: string): Json => record(body.trim() === '' ? {} : (JSON.parse(body) as unknown));

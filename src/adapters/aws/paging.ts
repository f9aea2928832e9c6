/** Reading lists to their end. */
import { TryAgain } from '../../domain/errors';

export interface Page<T> {
  /** `undefined` when the answer has no list at all, not even an empty one. */
  readonly items: readonly T[] | undefined;
  /** Token of the next page. An empty page with a token is not the end, a full one without a token is. */
  readonly next: string | undefined;
}

const MOST_PAGES = 2_000;

/**
 * All items of all pages. Throws TryAgain when a list is missing or the pages go in a circle, rather than to
 * call half a list whole.
 */
export async function allPages<T>(look: (token: string | undefined) => Promise<Page<T>>): Promise<T[]> {
  const all: T[] = [];
  const seen = new Set<string>();
  let token: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { items, next } = await look(token);
    // An answer that lost its body is not a list of nothing: "nothing found" must be AWS's own word.
    if (!items) throw new TryAgain('AWS gave an answer without the list it was asked for');
    all.push(...items);
    if (!next) return all;
    if (seen.has(next)) throw new TryAgain('AWS gave the same page token twice');
    seen.add(next);
    token = next;
  }
  throw new TryAgain(`AWS gave more than ${MOST_PAGES} pages`);
}

/** The items in groups of at most `size`. */
export const inGroups = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, n) => items.slice(n * size, (n + 1) * size));

/** Text for terminals: made harmless, cut, aligned. Pure. */

/** What moves a cursor or turns the reading direction: control characters (C0, C1), line separators, bidirectional marks. */
const DANGEROUS = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** One harmless line: white space becomes a space, everything else that a terminal might obey becomes �. */
export const clean = (text: string): string => text.replace(/\s*[\n\r\t]+\s*/g, ' ').replace(DANGEROUS, '\ufffd');

/** JSON that is harmless on a terminal too: what JSON leaves as it is and a terminal may obey is escaped. */
export const safeJson = (value: unknown, indent?: number): string =>
  (JSON.stringify(value, null, indent) ?? 'null').replace(
    // New lines of the indentation stay; those inside strings are escaped already.
    /(?!\n)[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

const SEGMENTS = new Intl.Segmenter();

/** Columns that a text takes on a terminal: two for East Asian wide characters and emoji (approximately Unicode UAX #11). */
export const widthOf = (text: string): number =>
  [...SEGMENTS.segment(text)].reduce(
    (sum, { segment }) => sum + (WIDE.test(segment) ? 2 : ZERO.test(segment) ? 0 : 1),
    0,
  );

const WIDE =
  /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation})/u;
const ZERO = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;

/** At most so many columns, ending in … where something was cut. */
export function truncate(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let cut = '';
  let width = 0;
  for (const { segment } of SEGMENTS.segment(text)) {
    const next = widthOf(segment);
    if (width + next > columns - 1) break;
    cut += segment;
    width += next;
  }
  return columns < 1 ? '' : `${cut}…`;
}

/** Filled with spaces up to so many columns. */
export const pad = (text: string, columns: number): string => text + ' '.repeat(Math.max(0, columns - widthOf(text)));

/**
 * Lines of a table, cells cleaned, columns two spaces apart. `columns`, where given, is the width that the last column is
 * cut to fit.
 */
export function table(header: readonly string[], rows: readonly (readonly string[])[], columns?: number): string[] {
  const cells = [header, ...rows.map((row) => row.map(clean))];
  const widths = header.map((_, index) => Math.max(...cells.map((row) => widthOf(row[index] ?? ''))));
  return cells.map((row) => {
    const line = row
      .map((cell, index) => (index === header.length - 1 ? cell : pad(cell, widths[index] ?? 0)))
      .join('  ')
      .trimEnd();
    return columns === undefined ? line : truncate(line, columns);
  });
}

/** A duration for people: `8s`, `3m 05s`, `2h 07m`, `3d 4h`. Negative ones, as of two clocks, are 0. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const two = (value: number): string => String(value).padStart(2, '0');
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${two(seconds % 60)}s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours}h ${two(minutes % 60)}m`;
  return `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

/** `1 image`, `2 images`. */
export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;

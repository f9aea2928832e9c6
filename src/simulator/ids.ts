/** Ids as AWS and Spinnaker make them, from a seed: the same seed gives the same row of ids. */

export interface Ids {
  /** e.g. `i-0` and 16 hexadecimal digits. */
  aws(prefix: string): string;
  /** ULID as Orca makes them: 26 characters, later ones sort later. */
  ulid(): string;
  uuid(): string;
}

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

export function createIds(seed: number): Ids {
  const chance = mulberry32(seed);
  const digits = (alphabet: string, count: number): string =>
    Array.from({ length: count }, () => alphabet[Math.floor(chance() * alphabet.length)]).join('');
  const hex = (count: number): string => digits('0123456789abcdef', count);
  let made = 0;
  return {
    aws: (prefix) => `${prefix}-0${hex(16)}`,
    ulid() {
      made += 1;
      return `${base32(Date.now(), 10)}${base32(made, 4)}${digits(CROCKFORD, 12)}`;
    },
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`,
  };
}

function base32(value: number, width: number): string {
  let rest = value;
  let out = '';
  for (let i = 0; i < width; i += 1) {
    out = `${CROCKFORD[rest % 32]}${out}`;
    rest = Math.floor(rest / 32);
  }
  return out;
}

/** A small generator of numbers in [0, 1); chance here needs no quality. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { inspect } from 'node:util';
import type { Environment } from './environment';

/** A secret that is given by name only, `${env:NAME}` or `${file:PATH}`, and read by the process that uses it. */
export class Secret {
  constructor(
    /** The reference as written; it names the secret and does not hold it. */
    readonly reference: string,
    private readonly resolveNow: () => string,
    /** Absolute path of the file that holds it, where one does. */
    readonly file: string | null = null,
  ) {}

  /** The secret as it is now, without the line break at the end of a file. Throws an Error that names the reference. */
  read(): string {
    return this.resolveNow();
  }

  /** Nothing that prints a config prints a secret. */
  toString(): string {
    return '[secret]';
  }
  toJSON(): string {
    return '[secret]';
  }
  [inspect.custom](): string {
    return '[secret]';
  }
}

const REFERENCE = /^\$\{(env|file):([^}]+)\}$/;

/** `undefined` when the text is no reference; a plain secret must not stand in a config. */
export function secretOf(text: string, folder: string, env: Environment): Secret | undefined {
  const match = REFERENCE.exec(text);
  if (!match) return undefined;
  const name = match[2] as string;
  if (match[1] === 'env') return new Secret(text, () => fromEnvironment(name, env));
  return inFile(text, resolve(folder, name));
}

/** A secret in a file whose path is given as it is. */
export const fileSecret = (path: string, folder: string): Secret => inFile(path, resolve(folder, path));

const inFile = (reference: string, path: string): Secret => new Secret(reference, () => fromFile(path), path);

function fromEnvironment(name: string, env: Environment): string {
  const value = env[name];
  if (value === undefined || value === '') throw new Error(`the environment variable ${name} is not set`);
  return value;
}

function fromFile(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`cannot read ${path}: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`, {
      cause: error,
    });
  }
  const secret = text.replace(/\r?\n$/, '');
  if (secret === '') throw new Error(`${path} is empty`);
  return secret;
}

/** `assay keys`: API keys, of which the config keeps the hash only, and the keys that sign decisions and evidence. */
import type { Command } from 'commander';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKeyPair } from '../adapters/evidence/keys';
import { messageOf } from '../domain/errors';
import { keyFault } from './api-key';
import type { Cli } from './cli';
import { CliError, EXIT, usage } from './exit';
import { described } from './people';
import { safeJson } from './text';

const SCOPES = ['runs:read', 'runs:write', 'decisions:write', 'lines:write', 'waivers:write', 'admin'];

interface CreateOptions {
  readonly id?: string;
  readonly scopes?: string;
  readonly subject?: string;
  readonly groups?: string;
  readonly expires?: string;
  readonly json?: true;
}

/** An entry of `access.keys`. */
export interface KeyEntry {
  readonly id: string;
  readonly sha256: string;
  readonly scopes: readonly string[];
  readonly subject?: string;
  readonly groups?: readonly string[];
  readonly expires?: string;
}

/** `assay keys`. */
export function keysCommand(cli: Cli): Command {
  return described('keys', {
    summary: 'Make API keys and signing keys.',
    examples: ['assay keys create --id ci --scopes runs:read,runs:write', 'assay keys signing --directory .'],
  })
    .addCommand(createCommand(cli))
    .addCommand(hashCommand(cli))
    .addCommand(signingCommand(cli));
}

function createCommand({ terminal }: Cli): Command {
  return described('create', {
    summary: 'Make an API key.\nIt is shown once; its entry for access.keys in the config holds only its hash.',
    examples: [
      'assay keys create --id ci --scopes runs:read,runs:write',
      'assay keys create --id alice --scopes runs:read,decisions:write --subject alice@example.com --groups security',
    ],
  })
    .option('--id <id>', 'name of the credential, 1 to 100 of letters, digits, dot, underscore, hyphen; needed')
    .option('--scopes <scopes>', `what it may do, by commas: ${SCOPES.join(', ')}; needed`)
    .option('--subject <name>', 'whom it speaks for; itself when not given')
    .option('--groups <groups>', 'groups of the subject, by commas')
    .option('--expires <date>', 'last moment of its life, ISO 8601')
    .option('--json', 'print JSON')
    .action(({ json, ...options }: CreateOptions) => {
      const { key, entry } = makeKey(entryOf(options));
      if (json) return terminal.print(safeJson({ key, entry }));
      terminal.print(`key, shown only now: ${key}`);
      terminal.print(`entry for access.keys: - ${flow(entry)}`);
    });
}

function hashCommand({ terminal, ...cli }: Cli): Command {
  return described('hash', {
    summary: 'Print the SHA-256 of a key, for access.keys.\nThe key is read from stdin.',
    examples: ['assay keys hash < key.txt'],
  })
    .option('--json', 'print JSON')
    .action(async ({ json }: { readonly json?: true }) => {
      const key = (await terminal.readInput()).replace(/\r?\n$/, '');
      const fault = keyFault(key);
      if (fault !== undefined) throw usage(`stdin holds no key: ${fault}`);
      const sha256 = hashOf(key);
      terminal.print(json ? safeJson({ sha256 }) : sha256);
      cli.finish(EXIT.done);
    });
}

function signingCommand({ terminal }: Cli): Command {
  return described('signing', {
    summary:
      'Make the signing keys of the config.\nTwo Ed25519 key pairs: decisions.pem and .pub (server), ledger.pem and .pub (worker).\n' +
      'Files that are there already are left alone, and nothing is written then.',
    examples: ['assay keys signing --directory /etc/assay'],
  })
    .option('-d, --directory <directory>', 'where to write them', '.')
    .option('--json', 'print JSON')
    .action(({ directory, json }: { readonly directory: string; readonly json?: true }) => {
      const files = writeSigningKeys(directory);
      if (json) return terminal.print(safeJson({ files }));
      for (const file of files) terminal.print(file);
    });
}

/** A key of 256 random bits, and its entry. */
export function makeKey(entry: Omit<KeyEntry, 'sha256'>): { readonly key: string; readonly entry: KeyEntry } {
  const key = `assay_${randomBytes(32).toString('base64url')}`;
  const { id, ...rest } = entry;
  return { key, entry: { id, sha256: hashOf(key), ...rest } };
}

const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex');

/** Writes `decisions` and `ledger` as .pem (readable by the owner only) and .pub, and gives back their paths. Throws CliError when one is there. */
export function writeSigningKeys(directory: string): string[] {
  const pairs = ['decisions', 'ledger'].map((name) => ({ name, pair: generateKeyPair() }));
  const files = pairs.flatMap(({ name, pair }) => [
    { path: join(directory, `${name}.pem`), content: pair.privateKey, mode: 0o600 },
    { path: join(directory, `${name}.pub`), content: pair.publicKey, mode: 0o644 },
  ]);
  const there = files.filter(({ path }) => existsSync(path));
  if (there.length > 0)
    throw usage(
      'signing keys are never overwritten',
      there.map(({ path }) => `${path} is there already`),
    );
  try {
    mkdirSync(directory, { recursive: true });
    for (const { path, content, mode } of files) writeFileSync(path, content, { flag: 'wx', mode });
  } catch (error) {
    throw new CliError(EXIT.usage, `the keys cannot be written: ${messageOf(error)}`);
  }
  return files.map(({ path }) => path);
}

/** YAML in flow style; JSON's strings are YAML's. */
function flow(entry: KeyEntry): string {
  const value = (given: unknown): string =>
    Array.isArray(given) ? `[${given.map(value).join(', ')}]` : JSON.stringify(given);
  return `{ ${Object.entries(entry)
    .map(([name, given]) => `${name}: ${value(given)}`)
    .join(', ')} }`;
}

/** The entry that the options ask for. Throws CliError with every fault. */
function entryOf({ id, scopes, subject, groups, expires }: CreateOptions): Omit<KeyEntry, 'sha256'> {
  const scopeNames = names(scopes);
  const groupNames = names(groups);
  const unknown = scopeNames.filter((scope) => scope !== '' && !SCOPES.includes(scope));
  const faults = [
    ...(id === undefined ? ['--id is missing: the name of the credential'] : []),
    ...(id !== undefined && !/^[A-Za-z0-9._-]{1,100}$/.test(id)
      ? ['--id must be 1 to 100 of letters, digits, dot, underscore, hyphen']
      : []),
    ...(scopes === undefined ? [`--scopes is missing: what it may do, of ${SCOPES.join(', ')}`] : []),
    ...(unknown.length > 0 ? [`--scopes: there is no ${unknown.join(', ')}; there are ${SCOPES.join(', ')}`] : []),
    ...(scopeNames.includes('') ? ['--scopes: names are divided by commas, and none is empty'] : []),
    ...(groupNames.includes('') ? ['--groups: names are divided by commas, and none is empty'] : []),
    ...(expires !== undefined && !isDate(expires) ? ['--expires must be an ISO 8601 date'] : []),
  ];
  if (faults.length > 0 || id === undefined) throw usage('these options make no key', faults);
  return {
    id,
    scopes: scopeNames,
    ...(subject !== undefined && { subject }),
    ...(groups !== undefined && { groups: groupNames }),
    ...(expires !== undefined && { expires: new Date(expires).toISOString() }),
  };
}

const names = (text: string | undefined): string[] => text?.split(',').map((name) => name.trim()) ?? [];
const isDate = (text: string): boolean => /^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(Date.parse(text));

import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/** A schema's complaints as lines that name the place: `lines.golden.bake.pipeline: is missing`. */
export const faultsOf = (issues: readonly Issue[], prefix: readonly PropertyKey[] = []): string[] =>
  issues.flatMap((issue) => tell(issue, [...prefix, ...issue.path]));

function tell(issue: Issue, path: readonly PropertyKey[]): string[] {
  const at = (more: readonly PropertyKey[] = []): string => placeOf([...path, ...more]);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => `${at([key])}: there is no such key`);
    case 'invalid_union':
      return faultsOf(nearest(issue.errors), path);
    case 'invalid_key':
      return issue.issues.map(({ message }) => `${at()}: ${message}`);
    case 'invalid_type':
      return [
        `${at()}: ${issue.input === undefined && !issue.message.includes('received') ? 'is missing' : lower(issue.message)}`,
      ];
    default:
      return [`${at()}: ${lower(issue.message)}`];
  }
}

/** Of several forms that all do not fit, the one that fits best: with the fewest complaints about its top. */
function nearest(errors: readonly (readonly Issue[])[]): readonly Issue[] {
  const weight = (issues: readonly Issue[]): number =>
    issues.reduce((sum, { path, code }) => sum + (code === 'unrecognized_keys' ? 2 : path.length === 0 ? 3 : 1), 0);
  return [...errors].sort((a, b) => weight(a) - weight(b))[0] ?? [];
}

function placeOf(path: readonly PropertyKey[]): string {
  const text = path.reduce<string>(
    (place, part) =>
      typeof part === 'number' ? `${place}[${part}]` : place === '' ? String(part) : `${place}.${String(part)}`,
    '',
  );
  return text === '' ? 'the file' : text;
}

/** Zod begins its own messages with `Invalid input: expected string, received undefined`. */
function lower(message: string): string {
  if (message.endsWith('received undefined')) return 'is missing';
  return message.replace(/^Invalid input: /, '').replace(/^Invalid option: /, '');
}

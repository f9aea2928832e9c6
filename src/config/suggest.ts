/** What somebody who mistyped a key most likely meant. */

/** As much of JSON Schema as is looked at. */
interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node | boolean;
  readonly anyOf?: readonly Node[];
}

/** The key that a schema knows at that place and that is closest to the one given; `undefined` when none is close. */
export function nearestKey(schema: unknown, path: readonly PropertyKey[], given: string): string | undefined {
  const known = nodesAt(schema as Node, path).flatMap((node) => Object.keys(node.properties ?? {}));
  const close = known
    .map((key) => ({ key, steps: distance(key.toLowerCase(), given.toLowerCase()) }))
    .filter(({ key, steps }) => steps <= Math.max(1, Math.floor(key.length / 4)))
    .sort((a, b) => a.steps - b.steps);
  return close[0]?.key;
}

/** The nodes that describe a place: several where the form there is a choice. */
function nodesAt(root: Node, path: readonly PropertyKey[]): Node[] {
  return path.reduce((nodes, part) => nodes.flatMap((node) => choices(below(node, part))), choices(root));
}

function below({ properties, additionalProperties, items }: Node, part: PropertyKey): Node | boolean | undefined {
  if (typeof part === 'number') return items;
  const named = properties && Object.hasOwn(properties, String(part)) ? properties[String(part)] : undefined;
  return named ?? additionalProperties;
}

const choices = (node: Node | boolean | undefined): Node[] =>
  typeof node !== 'object' ? [] : [node, ...(node.anyOf ?? []).flatMap(choices)];

/** Levenshtein's: how many letters have to be put in, left out or changed. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 1; j <= b.length; j++) {
      const changed = (row[j - 1] as number) + (letter === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

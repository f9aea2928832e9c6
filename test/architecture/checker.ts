import { isBuiltin } from 'node:module';
import ts from 'typescript';
import { eachNode, lineOf, readTree, type Import, type SourceFile } from './imports';
import { DOORS, IMPURE_NAMES, OWNERS, REACH, READS_ENVIRONMENT, SIMULATING, WITHOUT_NODE } from './rules';

export type Rule =
  | 'unknown place'
  | 'inward'
  | 'types only'
  | 'door'
  | 'simulator'
  | 'out of the tree'
  | 'owner'
  | 'no Node'
  | 'environment'
  | 'pure domain';

export interface Breach {
  readonly rule: Rule;
  /** `file:line`. */
  readonly at: string;
  readonly what: string;
}

/** Every breach of the architecture in the tree under `root`; an empty list is what is wanted. */
export function breachesIn(root: string): readonly Breach[] {
  return readTree(root).flatMap((file) => [
    ...placeOf(file),
    ...file.imports.flatMap((it) => (it.kind === 'file' ? fileBreaches(it) : packageBreaches(it))),
    ...environmentReads(file),
    ...(zoneOf(file.path) === 'domain' ? impurities(file) : []),
  ]);
}

/** The folder directly under the root; for a file directly there, the file itself. */
const zoneOf = (path: string): string => path.split('/')[0] as string;

const inside = (path: string, place: string): boolean => path === place || path.startsWith(`${place}/`);

const breach = (rule: Rule, { from, line }: Pick<Import, 'from' | 'line'>, what: string): Breach => ({
  rule,
  at: `${from}:${line}`,
  what,
});

const placeOf = ({ path }: SourceFile): readonly Breach[] =>
  zoneOf(path) in REACH ? [] : [breach('unknown place', { from: path, line: 1 }, 'this place is not in the design')];

function fileBreaches(it: Import): readonly Breach[] {
  if (it.to.startsWith('..')) return [breach('out of the tree', it, `imports ${it.to}`)];
  if (DOORS.includes(it.to)) return [breach('door', it, `imports the door ${it.to}`)];
  const from = zoneOf(it.from);
  const to = zoneOf(it.to);
  if (to === 'simulator' && from !== 'simulator' && !SIMULATING.test(it.from)) {
    return [breach('simulator', it, `imports ${it.to}`)];
  }
  const reach = REACH[from];
  if (from === to || reach === undefined || reach.values.some((place) => inside(it.to, place))) return [];
  if (!reach.types.some((place) => inside(it.to, place))) return [breach('inward', it, `${from} imports ${it.to}`)];
  return it.typeOnly ? [] : [breach('types only', it, `${from} imports more than types from ${it.to}`)];
}

function packageBreaches(it: Import): readonly Breach[] {
  if (isBuiltin(it.to)) {
    return WITHOUT_NODE.includes(zoneOf(it.from)) ? [breach('no Node', it, `imports ${it.to}`)] : [];
  }
  const owners = ownersOf(it.to);
  if (owners?.some((place) => inside(it.from, place))) return [];
  return [breach('owner', it, `imports ${it.to}, which ${owners ? `is for ${owners.join(', ')}` : 'has no owner'}`)];
}

/** By the package's name (`@scope/name` or `name`, whatever follows), else by its scope. */
function ownersOf(specifier: string): readonly string[] | undefined {
  const [first, second] = specifier.split('/');
  const scoped = specifier.startsWith('@');
  return OWNERS[scoped ? `${first}/${second}` : (first as string)] ?? (scoped ? OWNERS[`${first}/*`] : undefined);
}

/** `process.env`, `process['env']`, `{ env } = process` and `env` from node:process, outside config. */
function environmentReads({ path, ast }: SourceFile): readonly Breach[] {
  if (zoneOf(path) === READS_ENVIRONMENT) return [];
  const found: Breach[] = [];
  const isProcess = (node: ts.Node | undefined): boolean =>
    node !== undefined &&
    ((ts.isIdentifier(node) && node.text === 'process') ||
      (ts.isPropertyAccessExpression(node) && node.name.text === 'process'));
  eachNode(ast, (node) => {
    const reads =
      (ts.isPropertyAccessExpression(node) && node.name.text === 'env' && isProcess(node.expression)) ||
      (ts.isElementAccessExpression(node) && isProcess(node.expression)) ||
      (ts.isVariableDeclaration(node) && ts.isObjectBindingPattern(node.name) && isProcess(node.initializer)) ||
      (ts.isImportDeclaration(node) &&
        ts.isStringLiteral(node.moduleSpecifier) &&
        /^(?:node:)?process$/.test(node.moduleSpecifier.text));
    if (reads) found.push(breach('environment', { from: path, line: lineOf(ast, node) }, node.getText(ast)));
  });
  return found;
}

/** Clock, chance, the outside, and state of the module's own: what would make the same call give another answer. */
function impurities({ path, ast }: SourceFile): readonly Breach[] {
  const found: Breach[] = [];
  const note = (node: ts.Node): void => {
    found.push(breach('pure domain', { from: path, line: lineOf(ast, node) }, node.getText(ast)));
  };
  eachNode(ast, (node) => {
    if (ts.isPropertyAccessExpression(node) && /^(?:Date\.now|Math\.random)$/.test(node.getText(ast))) note(node);
    if (ts.isNewExpression(node) && isNamed(node.expression, 'Date') && !node.arguments?.length) note(node);
    if (ts.isCallExpression(node) && isNamed(node.expression, 'Date')) note(node);
    if (ts.isIdentifier(node) && IMPURE_NAMES.includes(node.text) && isReference(node)) note(node);
  });
  for (const statement of ast.statements) {
    if (ts.isVariableStatement(statement) && !(statement.declarationList.flags & ts.NodeFlags.Const)) note(statement);
  }
  return found;
}

const isNamed = (node: ts.Node, name: string): boolean => ts.isIdentifier(node) && node.text === name;

/** A use of the global, and not a property, a parameter or a type of the same name. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isCallExpression(parent) || ts.isNewExpression(parent)) return true;
  return ts.isVariableDeclaration(parent) && parent.initializer === node;
}

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, resolve, sep } from 'node:path';
import ts from 'typescript';

/** One import of one file, however it is written. Paths are relative to the tree's root, with `/`. */
export interface Import {
  readonly from: string;
  /** A file of the tree (without its ending if it does not exist), or a package or Node module as it is written. */
  readonly to: string;
  readonly kind: 'file' | 'package';
  readonly typeOnly: boolean;
  readonly line: number;
}

export interface SourceFile {
  readonly path: string;
  readonly ast: ts.SourceFile;
  readonly imports: readonly Import[];
}

/** Reads every TypeScript file under `root`. */
export function readTree(root: string): readonly SourceFile[] {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return names.sort().map((name) => {
    const path = name.split(sep).join('/');
    const ast = ts.createSourceFile(path, readFileSync(join(root, name), 'utf8'), ts.ScriptTarget.ES2023, true);
    return { path, ast, imports: importsOf(ast, root) };
  });
}

/** The line of a node, from 1. */
export const lineOf = (ast: ts.SourceFile, node: ts.Node): number =>
  ast.getLineAndCharacterOfPosition(node.getStart(ast)).line + 1;

/** Calls `visit` for every node of a file. */
export function eachNode(ast: ts.SourceFile, visit: (node: ts.Node) => void): void {
  const walk = (node: ts.Node): void => {
    visit(node);
    ts.forEachChild(node, walk);
  };
  walk(ast);
}

function importsOf(ast: ts.SourceFile, root: string): readonly Import[] {
  const found: Import[] = [];
  eachNode(ast, (node) => {
    const written = specifierOf(node);
    if (written === undefined) return;
    const target = written.name.startsWith('.')
      ? { kind: 'file' as const, to: resolveFile(root, ast.fileName, written.name) }
      : { kind: 'package' as const, to: written.name };
    found.push({ from: ast.fileName, ...target, typeOnly: written.typeOnly, line: lineOf(ast, node) });
  });
  return found;
}

function specifierOf(node: ts.Node): { readonly name: string; readonly typeOnly: boolean } | undefined {
  if (ts.isImportDeclaration(node)) return text(node.moduleSpecifier, importsTypesOnly(node.importClause));
  if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
    const names = node.exportClause && ts.isNamedExports(node.exportClause) ? node.exportClause.elements : undefined;
    return text(node.moduleSpecifier, node.isTypeOnly || onlyTypes(names));
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return text(node.argument.literal, true);
  if (ts.isImportEqualsDeclaration(node) && ts.isExternalModuleReference(node.moduleReference)) {
    return text(node.moduleReference.expression, node.isTypeOnly);
  }
  if (ts.isCallExpression(node) && node.arguments[0] !== undefined) {
    if (loads(node.expression)) return text(node.arguments[0], false);
    // Naming a module's path, as a worker must for the workflows it bundles, runs nothing of it.
    if (node.expression.getText() === 'require.resolve') return text(node.arguments[0], true);
  }
  return undefined;
}

const text = (node: ts.Node, typeOnly: boolean): { readonly name: string; readonly typeOnly: boolean } | undefined =>
  ts.isStringLiteralLike(node) ? { name: node.text, typeOnly } : undefined;

const loads = (callee: ts.Expression): boolean =>
  callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require');

function importsTypesOnly(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const bindings = clause.namedBindings;
  return (
    clause.name === undefined && bindings !== undefined && ts.isNamedImports(bindings) && onlyTypes(bindings.elements)
  );
}

const onlyTypes = (names: readonly (ts.ImportSpecifier | ts.ExportSpecifier)[] | undefined): boolean =>
  names !== undefined && names.length > 0 && names.every((name) => name.isTypeOnly);

/** As TypeScript resolves it: the file first, then the folder's index. */
function resolveFile(root: string, from: string, specifier: string): string {
  const absolute = resolve(root, dirname(from), specifier.replace(/\.js$/, ''));
  const found = [`${absolute}.ts`, join(absolute, 'index.ts')].find((candidate) => existsSync(candidate));
  return posix.normalize(
    relative(root, found ?? absolute)
      .split(sep)
      .join('/'),
  );
}

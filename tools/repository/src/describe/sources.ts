/** Reading what the sources say: comments, decorators and literals, by TypeScript's own parser. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';

export const ROOT = resolve(__dirname, '..', '..', '..', '..');

export const APPS = readdirSync(join(ROOT, 'apps')).sort();

export function parse(path: string): ts.SourceFile {
  return ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
}

/** TypeScript sources under a folder, specs left out; none where there is no such folder. */
export function sourcesUnder(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts'))
    .sort()
    .map((path) => join(folder, path));
}

export function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  ts.forEachChild(node, (child) => visit(child, see));
}

/** The JSDoc right above a node, as one line; empty for none. */
export function commentOf(node: ts.Node): string {
  const [last] = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).slice(-1);
  const text = ts.getTextOfJSDocComment(last?.comment) ?? '';
  return text.replace(/\s+/g, ' ').trim();
}

/** A literal's text; undefined for what is none. */
export function textOf(node: ts.Node | undefined): string | undefined {
  return node && ts.isStringLiteralLike(node) ? node.text : undefined;
}

/** Literal properties of an object, by name; computed names as they stand, such as "METRICS.answers". */
export function literalsOf(object: ts.ObjectLiteralExpression): Map<string, string> {
  const entries = object.properties.flatMap((property): [string, string][] => {
    if (!ts.isPropertyAssignment(property)) return [];
    const name = ts.isComputedPropertyName(property.name)
      ? property.name.expression.getText()
      : property.name.getText().replaceAll("'", '');
    const text = textOf(property.initializer);
    return text === undefined ? [] : [[name, text]];
  });
  return new Map(entries);
}

/** The object literal that a constant is set to, wherever it stands in the file; `as const` and the like are seen through. */
export function objectNamed(file: ts.SourceFile, name: string): ts.ObjectLiteralExpression | undefined {
  let found: ts.ObjectLiteralExpression | undefined;
  visit(file, (node) => {
    if (!ts.isVariableDeclaration(node) || node.name.getText() !== name) return;
    let value: ts.Expression | undefined = node.initializer;
    while (value && (ts.isAsExpression(value) || ts.isSatisfiesExpression(value))) value = value.expression;
    if (value && ts.isObjectLiteralExpression(value)) found = value;
  });
  return found;
}

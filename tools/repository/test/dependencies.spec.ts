/** What each package.json declares, against what the project's code imports. */
import { existsSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { ROOT } from '../src/describe/sources';
import { gitPaths } from '../src/git-paths';

interface PackageFile {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** The compiler writes its imports. */
const BY_COMPILER = ['tslib'];

/** Nx runs the generators: among `dependencies`, it would count with all of its own as what is shipped. */
const BY_NX = ['@nx/devkit'];

const packageFile = (folder: string) =>
  JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as PackageFile;
const namesOf = (declared: Readonly<Record<string, string>> | undefined) => Object.keys(declared ?? {});

const files = gitPaths(ROOT, 'ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.js', '*.mjs').filter(
  (file) => existsSync(join(ROOT, file)),
);

/** Without what tests and builds alone have, which what needs the package does not. */
const isCode = (file: string, folder: string) =>
  file.startsWith(`${folder}/src/`) && !file.endsWith('.spec.ts') && !file.startsWith(`${folder}/src/testing/`);

const importedBy = (text: string) =>
  ts
    .preProcessFile(text, true, true)
    .importedFiles.map(({ fileName }) => fileName)
    .filter((name) => !name.startsWith('.') && !isBuiltin(name))
    .map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    );

/** Whether a text names a package, imported or not: pino loads its transport by name. */
const isNamedIn = (name: string, text: string) =>
  [`'${name}'`, `'${name}/`, `"${name}"`, `"${name}/`].some((quoted) => text.includes(quoted));

const peersOf = (names: readonly string[]) =>
  names.flatMap((name) => namesOf(packageFile(join('node_modules', name)).peerDependencies));

function faultsOf(folder: string): string[] {
  const { name: own, dependencies, devDependencies } = packageFile(folder);
  const [needed, forTests] = [namesOf(dependencies), namesOf(devDependencies)];
  const ofProject = files.filter((file) => file.startsWith(`${folder}/`));
  const textsOf = (isWanted: (file: string) => boolean) =>
    ofProject.filter(isWanted).map((file) => readFileSync(join(ROOT, file), 'utf8'));
  const code = textsOf((file) => isCode(file, folder));
  const tests = textsOf((file) => !isCode(file, folder));

  const undeclared = (texts: readonly string[], declared: readonly string[]) =>
    [...new Set(texts.flatMap(importedBy))].filter((name) => name !== own && !declared.includes(name));
  const unused = (declared: readonly string[], texts: readonly string[]) => {
    const peers = peersOf(declared);
    return declared.filter(
      (name) => ![...BY_COMPILER, ...peers].includes(name) && !texts.some((text) => isNamedIn(name, text)),
    );
  };
  return [
    ...undeclared(code, [...needed, ...BY_NX]).map(
      (name) => `its code imports ${name}, which is not among its dependencies`,
    ),
    ...undeclared(tests, [...needed, ...forTests, ...namesOf(packageFile('.').devDependencies)]).map(
      (name) => `its tests import ${name}, which is declared nowhere`,
    ),
    ...unused(needed, code).map((name) => `its code does not use ${name}, one of its dependencies`),
    ...unused(forTests, tests).map((name) => `its tests do not use ${name}, one of its devDependencies`),
  ];
}

const PROJECTS = gitPaths(ROOT, 'ls-files', '*/package.json').map((path) => dirname(path));

describe('the dependencies of', () => {
  it.each(PROJECTS)('%s are what it imports', (folder) => {
    expect(faultsOf(folder)).toEqual([]);
  });
});

#!/usr/bin/env node
/**
 * node tools/image/prune.js APP FOLDER: puts into FOLDER what an image of APP is made of: its built code, that of the
 * packages of this repository that it needs, and package files with just its dependencies, at the versions of the lock
 * file. `install.js` beside this then installs them. Uses nothing that is not in Node and npm; the repository has to
 * be built (`npm run build`).
 */
'use strict';
const { spawnSync } = require('node:child_process');
const { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } = require('node:fs');
const { join, resolve } = require('node:path');

const ROOT = resolve(__dirname, '..', '..');
/** What a package runs on, beside node_modules. */
const RUN = ['dist', 'public'];

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));
const writeJson = (path, value) => writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);

/** The folders of this repository's packages, by name. */
function workspaces() {
  const { packages } = readJson(join(ROOT, 'package-lock.json'));
  return new Map(
    Object.entries(packages)
      .filter(([path, { link }]) => link && path.startsWith('node_modules/'))
      .map(([path, { resolved }]) => [path.slice('node_modules/'.length), resolved]),
  );
}

/** Folders of a package and of all in this repository that it needs to run. */
function closureOf(app, folders) {
  const found = new Set();
  const visit = (folder) => {
    if (found.has(folder)) return;
    found.add(folder);
    for (const name of Object.keys(readJson(join(ROOT, folder, 'package.json')).dependencies ?? {})) {
      if (folders.has(name)) visit(folders.get(name));
    }
  };
  visit(`apps/${app}`);
  return [...found].sort();
}

function copyPackage(folder, target) {
  const { devDependencies: _, scripts: __, nx: ___, ...manifest } = readJson(join(ROOT, folder, 'package.json'));
  if (!existsSync(join(ROOT, folder, 'dist'))) throw new Error(`${folder} is not built: run npm run build first`);
  mkdirSync(join(target, folder), { recursive: true });
  writeJson(join(target, folder, 'package.json'), manifest);
  for (const name of RUN) {
    if (!existsSync(join(ROOT, folder, name))) continue;
    cpSync(join(ROOT, folder, name), join(target, folder, name), {
      recursive: true,
      filter: (path) => !/\.(d\.ts|map|tsbuildinfo)$/.test(path),
    });
  }
}

function main([app, target, ...rest]) {
  const apps = readdirSync(join(ROOT, 'apps'));
  if (!apps.includes(app) || target === undefined || rest.length > 0) {
    process.stderr.write(`node tools/image/prune.js APP FOLDER, APP being one of ${apps.join(', ')}\n`);
    process.exit(2);
  }
  const out = resolve(target);
  if (existsSync(out) && readdirSync(out).length > 0) throw new Error(`${out} is not empty`);
  mkdirSync(out, { recursive: true });
  const folders = closureOf(app, workspaces());
  for (const folder of folders) copyPackage(folder, out);
  const { name, version, engines, allowScripts, overrides } = readJson(join(ROOT, 'package.json'));
  writeJson(join(out, 'package.json'), {
    name,
    version,
    private: true,
    engines,
    workspaces: folders,
    allowScripts,
    overrides,
  });
  cpSync(join(ROOT, 'package-lock.json'), join(out, 'package-lock.json'));
  cpSync(join(ROOT, '.npmrc'), join(out, '.npmrc'));
  // npm takes out of the lock file what nothing here asks for; all that it needs to know stands in it already.
  const npm = spawnSync('npm', ['install', '--package-lock-only', '--offline', '--ignore-scripts', '--omit=dev'], {
    cwd: out,
    encoding: 'utf8',
  });
  if (npm.status !== 0) throw new Error(`npm could not prune the lock file:\n${npm.stderr}`);
  assertSameVersions(out);
  process.stdout.write(`${folders.length} packages of this repository in ${out}\n`);
}

/** What was tested is what is shipped. */
function assertSameVersions(out) {
  const { packages } = readJson(join(ROOT, 'package-lock.json'));
  for (const [path, { version, integrity }] of Object.entries(readJson(join(out, 'package-lock.json')).packages)) {
    if (path === '' || !path.includes('node_modules/')) continue;
    const tested = packages[path];
    if (tested?.version !== version || tested?.integrity !== integrity) {
      throw new Error(`${path}: ${version} is not what the lock file has (${tested?.version ?? 'nothing'})`);
    }
  }
}

try {
  main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

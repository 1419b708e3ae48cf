#!/usr/bin/env node
/**
 * node native/build.js [FOLDER]: compiles the kernels' addon into FOLDER (default: dist/native of this package) as kernels.node,
 * unless what lies there is made from the same sources in the same way. Beside it, kernels.json says by what it was made,
 * or why it was not: that is no failure, training goes on in WebAssembly then. Uses nothing that is not in Node.
 *
 * CXX names the compiler, g++ or one that takes its options (default: g++, else clang++); WATCHNEXT_CXXFLAGS does not
 * matter: the kernels of every kind of processor are in it, and the best is taken when it is loaded.
 */
'use strict';
const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} = require('node:fs');
const { join, resolve } = require('node:path');

const OPTIONS = ['-std=c++17', '-O3', '-fPIC', '-fvisibility=hidden', '-fno-math-errno', '-ffp-contract=fast'];
const WARNINGS = ['-Wall', '-Wextra', '-Wpedantic', '-Wno-psabi'];
const LINKED = process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared'];

/** How the kernels are compiled for each level of vector instructions. */
const LEVELS = [
  { table: 'baselineKernels', lanes: 4, options: [] },
  ...(process.arch === 'x64'
    ? [
        { table: 'avx2Kernels', lanes: 8, options: ['-mavx2', '-mfma'] },
        {
          table: 'avx512Kernels',
          lanes: 16,
          options: ['-mavx2', '-mfma', '-mavx512f', '-mavx512vl', '-mprefer-vector-width=512'],
        },
      ]
    : []),
];

/** @returns the compiler and the first line that it says of itself @throws Error where there is none */
function compiler() {
  for (const program of process.env.CXX ? [process.env.CXX] : ['g++', 'clang++']) {
    const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
    if (status === 0) return { program, version: stdout.split('\n')[0] };
  }
  throw new Error(`there is no C++ compiler (${process.env.CXX || 'g++, clang++'})`);
}

function run(program, args) {
  const { status, stderr, error } = spawnSync(program, args, { cwd: __dirname, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? stderr.trim()}`);
  return stderr;
}

/** @returns what the compiler warned of */
function compile(program, target) {
  // In a folder of its own, and moved as a whole: what runs meanwhile keeps what it has loaded.
  const folder = mkdtempSync(`${target}-`);
  try {
    const common = [...OPTIONS, ...WARNINGS];
    const objects = LEVELS.map(({ table }) => join(folder, `${table}.o`));
    const said = LEVELS.map(({ table, lanes, options }, i) =>
      run(program, [
        ...common,
        ...options,
        `-DTABLE=${table}`,
        `-DLANES=${lanes}`,
        '-c',
        'kernels.cpp',
        '-o',
        objects[i],
      ]),
    );
    const made = join(folder, 'kernels.node');
    said.push(run(program, [...common, ...LINKED, 'addon.cpp', ...objects, '-o', made]));
    renameSync(made, target);
    return said.join('');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function build(folder) {
  mkdirSync(folder, { recursive: true });
  const [target, note] = [join(folder, 'kernels.node'), join(folder, 'kernels.json')];
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
  for (const file of readdirSync(__dirname).sort()) hash.update(readFileSync(join(__dirname, file)));
  let made = { fingerprint: undefined };
  try {
    const { program, version } = compiler();
    made.fingerprint = hash.update(version).digest('hex');
    if (
      existsSync(target) &&
      existsSync(note) &&
      JSON.parse(readFileSync(note, 'utf8')).fingerprint === made.fingerprint
    ) {
      return;
    }
    rmSync(target, { force: true });
    const warnings = compile(program, target);
    made = { ...made, compiler: version, warnings };
    if (warnings !== '') process.stderr.write(`${warnings}\n`);
    process.stderr.write(`compiled by ${version}\n`);
  } catch (error) {
    rmSync(target, { force: true });
    made = { reason: error.message };
    process.stderr.write(`not compiled, so training will use WebAssembly: ${error.message}\n`);
  }
  writeFileSync(note, `${JSON.stringify(made, null, 2)}\n`);
}

build(resolve(process.argv[2] ?? join(__dirname, '..', 'dist', 'native')));

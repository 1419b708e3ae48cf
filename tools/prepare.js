#!/usr/bin/env node
/**
 * What `npm start` and `npm test` need first: the dependencies, as the lock file has them, and a build.
 * Uses nothing that is not in Node, since it runs before anything is installed.
 */
'use strict';
const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..');
const stamp = join(root, 'node_modules', '.watchnext-install');
const say = (text) => process.stderr.write(`${text}\n`);

function fail(text) {
  say(text);
  process.exit(1);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    fail(`Node ${process.versions.node} is too old: WatchNext needs 20.19 or later (24 is recommended).`);
  }
}

function checkCompiler() {
  const missing = ['make', 'g++', 'python3'].filter(
    (tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).status !== 0,
  );
  if (missing.length > 0) {
    fail(
      `Missing: ${missing.join(', ')}. The nearest-neighbour index is compiled while installing.\n` +
        'On Debian or Ubuntu: apt-get install make g++ python3. On macOS: xcode-select --install.',
    );
  }
}

/**
 * How the nearest-neighbour index is compiled, where it shall be for one kind of machine: with
 * WATCHNEXT_CXXFLAGS="-O3 -march=native" it uses the vector instructions of this one, and runs on no older one. Images
 * that are built for a known machine set it (or -march=x86-64-v3, x86-64-v4).
 */
const cxxFlags = process.env.WATCHNEXT_CXXFLAGS ?? '';

/** What must be the same for an install to count as up to date. */
function fingerprint() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  return createHash('sha256').update(process.versions.modules).update(lock).update(cxxFlags).digest('hex');
}

function run(title, command, args, env = {}) {
  const startedAt = Date.now();
  say(`${title} …`);
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
    shell: process.platform === 'win32',
  });
  if (result.status !== 0) fail(`${title} failed (${command} ${args.join(' ')}); what it printed stands above.`);
  say(`${title}: ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
}

checkNode();
const wanted = fingerprint();
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  checkCompiler();
  // onnxruntime-node carries its CPU library; its script would only look for CUDA to download.
  run('Installing dependencies', 'npm', ['ci', '--no-audit', '--no-fund'], {
    ONNXRUNTIME_NODE_INSTALL: 'skip',
    ...(cxxFlags === '' ? {} : { CXXFLAGS: cxxFlags }),
  });
  writeFileSync(stamp, wanted);
}
run('Building', process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc'), '-b']);
// Says what it did; where they cannot be compiled training uses WebAssembly (docs/decisions/0122-native-kernels.md).
run('Training kernels', process.execPath, [join('libs', 'platform', 'tensor', 'native', 'build.js')]);

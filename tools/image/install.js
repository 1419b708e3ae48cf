#!/usr/bin/env node
/**
 * node tools/image/install.js FOLDER: installs the dependencies of a folder that `prune.js` made, compiling what has to be
 * compiled for the processors that WATCHNEXT_CXXFLAGS names (as "-O3 -march=x86-64-v3"; without it, for any), and takes
 * out what only other systems run.
 */
'use strict';
const { spawnSync } = require('node:child_process');
const { existsSync, readdirSync, rmSync } = require('node:fs');
const { join, resolve } = require('node:path');

const folder = process.argv[2] === undefined ? undefined : resolve(process.argv[2]);
if (folder === undefined || !existsSync(join(folder, 'package-lock.json'))) {
  process.stderr.write('node tools/image/install.js FOLDER, a folder that tools/image/prune.js made\n');
  process.exit(2);
}

const cxxFlags = process.env.WATCHNEXT_CXXFLAGS ?? '';
const npm = spawnSync('npm', ['ci', '--omit=dev', '--prefer-offline', '--no-audit', '--no-fund'], {
  cwd: folder,
  stdio: 'inherit',
  env: {
    ...process.env,
    // It carries its library for the CPU; its script would only look for CUDA to download.
    ONNXRUNTIME_NODE_INSTALL: 'skip',
    ...(cxxFlags === '' ? {} : { CXXFLAGS: cxxFlags }),
  },
});
if (npm.status !== 0) process.exit(npm.status ?? 1);

// Libraries for all systems come in one package: two thirds of it are for others.
const binaries = join(folder, 'node_modules', 'onnxruntime-node', 'bin');
for (const version of existsSync(binaries) ? readdirSync(binaries) : []) {
  for (const system of readdirSync(join(binaries, version))) {
    const path = join(binaries, version, system);
    if (system !== process.platform) rmSync(path, { recursive: true });
    else for (const cpu of readdirSync(path)) if (cpu !== process.arch) rmSync(join(path, cpu), { recursive: true });
  }
}

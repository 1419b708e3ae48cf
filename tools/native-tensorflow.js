#!/usr/bin/env node
/**
 * Puts native TensorFlow beside WatchNext: npm run native-tensorflow
 *
 * @tensorflow/tfjs-node downloads libtensorflow from a site of its own while installing. Here its binding is compiled
 * against the libtensorflow and the headers in PyPI's wheel `tensorflow-cpu` instead. Nothing is written to
 * package.json; `npm ci` removes it again. Needs pip, g++ and Node's headers; Linux only.
 */
'use strict';
const { spawnSync } = require('node:child_process');
const { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { dirname, join } = require('node:path');

const PACKAGE = '@tensorflow/tfjs-node@4.22.0';
// No option is known, and what follows downloads some 300 MB: whoever asks for help does not want that.
if (process.argv.length > 2) {
  const asksForHelp = ['-h', '--help'].includes(process.argv[2]);
  const text = asksForHelp ? '' : `unknown: ${process.argv.slice(2).join(' ')}\n\n`;
  process[asksForHelp ? 'stdout' : 'stderr'].write(
    `${text}npm run native-tensorflow\n\nCompiles ${PACKAGE} against the libtensorflow of PyPI's tensorflow-cpu, and puts it into node_modules.\n` +
      "Needs pip, g++ and Node's headers; Linux only. Takes no options.\n",
  );
  process.exit(asksForHelp ? 0 : 2);
}

const root = join(__dirname, '..');
const target = join(root, 'node_modules', '@tensorflow', 'tfjs-node');
const work = mkdtempSync(join(tmpdir(), 'watchnext-tensorflow-'));

function run(title, command, args, cwd = root) {
  process.stderr.write(`${title} …\n`);
  const result = spawnSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
  if (result.status !== 0) throw new Error(`${title} failed: ${command} ${args.join(' ')}`);
}

function nodeHeaders() {
  const places = [join(dirname(process.execPath), '..', 'include', 'node'), '/usr/include/node'];
  const found = places.find((place) => existsSync(join(place, 'node_api.h')));
  if (!found) throw new Error(`Node's headers (node_api.h) are in none of ${places.join(', ')}`);
  return found;
}

try {
  if (process.platform !== 'linux') throw new Error('this works on Linux only');
  const headers = nodeHeaders();
  run('Downloading tensorflow-cpu', 'pip', ['download', 'tensorflow-cpu', '--no-deps', '--dest', work]);
  const wheel = readdirSync(work).find((name) => name.endsWith('.whl'));
  run('Unpacking it', 'python3', ['-m', 'zipfile', '-e', join(work, wheel), join(work, 'wheel')]);
  run('Installing the package', 'npm', [
    'install',
    '--no-save',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    PACKAGE,
  ]);
  const tensorflow = join(work, 'wheel', 'tensorflow');
  const libraries = join(target, 'deps', 'lib');
  const binding = join(target, 'lib', 'napi-v8');
  for (const folder of [libraries, binding]) mkdirSync(folder, { recursive: true });
  for (const name of ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']) {
    copyFileSync(join(tensorflow, name), join(libraries, name));
  }
  run('Compiling the binding', 'g++', [
    ...['-O2', '-std=c++17', '-shared', '-fPIC', '-DNAPI_VERSION=8', '-DBUILDING_NODE_EXTENSION'],
    ...[`-I${headers}`, `-I${join(tensorflow, 'include')}`, `-I${dirname(target)}`],
    ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((file) => join(target, 'binding', file)),
    ...[`-L${libraries}`, '-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2'],
    ...['-Wl,-rpath,$ORIGIN/../../deps/lib', '-o', join(binding, 'tfjs_binding.node')],
  ]);
  const check =
    "const tf = require('@tensorflow/tfjs-node'); console.log('TensorFlow', tf.version['tfjs-node'], tf.getBackend())";
  run('Trying it', process.execPath, ['-e', `require('node:util').isNullOrUndefined ??= (x) => x == null; ${check}`]);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}

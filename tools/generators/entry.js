/** Nx would run a factory from its TypeScript source, which only newer versions of Node can; this is the built one. */
'use strict';
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const built = join(__dirname, 'dist', 'index.js');
if (!existsSync(built)) throw new Error('the generators are not built: node tools/prepare.js');
module.exports = require(built);

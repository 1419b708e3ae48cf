// npm run generate: TypeScript from proto/ by buf and ts-proto, then made to read and write with src/wire.ts.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const wire = join(here, 'src', 'wire');

execFileSync('buf', ['generate'], { cwd: here, stdio: 'inherit' });

const generated = join(here, 'src', 'generated');
for (const entry of readdirSync(generated, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
  const file = join(entry.parentPath, entry.name);
  const text = readFileSync(file, 'utf8');
  const rewritten = text
    .replace('"@bufbuild/protobuf/wire"', `"${relative(dirname(file), wire)}"`)
    .replace(/longToNumber\(reader\.(int64|uint64|fixed64)\(\)\)/g, 'reader.$1Number()')
    .replace(/\nfunction longToNumber\(.*?\n}\n/s, '');
  if (/longToNumber/.test(rewritten)) throw new Error(`${file}: an integer that src/wire.ts does not read as a number`);
  writeFileSync(file, rewritten);
}

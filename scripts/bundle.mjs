// Makes the site of the bundle out of what cargo-leptos built: bundle.mjs BUILT DIST
//
// Every file of the page's program gets a name with the hash of all of them: they fit together only as they were built, and a
// file that is kept for a year must never have other content under its name. (cargo-leptos hashes each file before it writes
// the names of the others into it, so that a name could come back with other content.) The style sheet has its own hash.
// Each file is then compressed once, as small as it gets: FILE.br and FILE.gz beside it.
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const [built, dist] = process.argv.slice(2);
const [from, site] = [path.join(built, 'pkg'), path.join(dist, 'site')];
const to = path.join(site, 'pkg');
/** As cargo-leptos calls it. */
const LOADER = '__wasm_split.______________________.js';

const hashOf = (...contents) => {
  const hash = createHash('sha256');
  for (const content of contents) hash.update(String(content.length)).update(content);
  return hash.digest('base64url').slice(0, 22);
};
const read = (name) => readFileSync(path.join(from, name));

// The modules are those that the loader names; what an earlier build left behind is not among them.
const loader = read(LOADER).toString();
const modules = [...new Set([...loader.matchAll(/"\.\/([\w-]+\.wasm)"/g)].map((match) => match[1]))].sort();
const program = ['finally.js', 'finally.wasm', LOADER, ...modules];
const hash = hashOf(...program.map(read));
const styleHash = hashOf(read('finally.css'));
const hashed = (name, hash) => (name === LOADER ? `__wasm_split.${hash}.js` : name.replace(/\.(\w+)$/, `.${hash}.$1`));

rmSync(site, { recursive: true, force: true });
cpSync(built, site, { recursive: true, filter: (file) => file !== from });
mkdirSync(to, { recursive: true });

const replaceNames = (text, names) => names.reduce((text, name) => text.replaceAll(`"./${name}"`, `"./${hashed(name, hash)}"`), text);
const write = (name, hash, content) => writeFileSync(path.join(to, hashed(name, hash)), content);
write('finally.js', hash, read('finally.js').toString().replaceAll(new RegExp(`(from\\s*")\\./${LOADER}(?=")`, 'g'), `$1./${hashed(LOADER, hash)}`));
// The loader awaits a module's dependencies before the module's own request: if both fail, nothing handles the latter's
// error.
const fetching = /const src = fetch\(.*\);/g;
if (loader.match(fetching)?.length !== modules.length) throw new Error('the loader is not as it is known');
write(LOADER, hash, replaceNames(loader.replaceAll(fetching, '$& src.catch(() => {});'), ['finally.js', ...modules]));
for (const name of ['finally.wasm', ...modules]) write(name, hash, read(name));
write('finally.css', styleHash, read('finally.css'));
// Read by Leptos, beside the program.
writeFileSync(path.join(dist, 'hash.txt'), `js: ${hash}\nwasm: ${hash}\ncss: ${styleHash}\nsplit: ${hash}\n`);
// The modules that each part needs besides the main one.
const parts = JSON.parse(read('__wasm_split_manifest.json').toString());
const named = Object.entries(parts).map(([part, names]) => [part, names.map((name) => hashed(`${name}.wasm`, hash))]);
writeFileSync(path.join(dist, 'parts.json'), `${JSON.stringify(Object.fromEntries(named), null, 2)}\n`);

const COMPRESSIBLE = new Set(['.css', '.html', '.js', '.json', '.mjs', '.svg', '.txt', '.wasm', '.webmanifest']);
const brotli = (bytes) =>
  brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
// (`path` is the property in Node before 20.12.)
for (const entry of readdirSync(site, { recursive: true, withFileTypes: true })) {
  const file = path.join(entry.parentPath ?? entry.path, entry.name);
  if (!entry.isFile() || !COMPRESSIBLE.has(path.extname(file))) continue;
  const bytes = readFileSync(file);
  writeFileSync(`${file}.br`, brotli(bytes));
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
}

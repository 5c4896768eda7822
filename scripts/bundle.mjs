// Makes the site of the bundle out of what cargo-leptos built: bundle.mjs BUILT DIST KEPT
//
// Every file of the page's program gets a name with the hash of all of them: they fit together only as they were built, and a
// file that is kept for a year must never have other content under its name. (cargo-leptos hashes each file before it writes
// the names of the others into it, so that a name could come back with other content.) The style sheet has its own hash.
// Each file is then compressed once, as small as it gets: FILE.br and FILE.gz beside it.
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { optimized } from './optimize.mjs';
import { loader, packed } from './packs.mjs';

// KEPT is the folder for optimized modules.
const [built, dist, kept] = process.argv.slice(2);
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

// The modules are those that the list of the parts names; what an earlier build left behind is not among them.
const original = read(LOADER).toString();
const parts = JSON.parse(read('__wasm_split_manifest.json').toString());
const modules = [...new Set(Object.values(parts).flat())].sort();
const named = [...original.matchAll(/"\.\/([\w-]+)\.wasm"/g)].map((match) => match[1]);
if (JSON.stringify([...new Set(named)].sort()) !== JSON.stringify(modules)) throw new Error('the loader and the list of the parts name other modules');
const contents = await optimized(new Map(['finally', ...modules].map((name) => [name, read(`${name}.wasm`)])), kept);
const main = contents.get('finally');
contents.delete('finally');
const packs = packed(parts, contents);
const hash = hashOf(...['finally.js', LOADER].map(read), main, JSON.stringify(packs.map(({ modules }) => modules)), ...contents.values());
const styleHash = hashOf(read('finally.css'));
const hashed = (name, hash) => (name === LOADER ? `__wasm_split.${hash}.js` : name.replace(/\.(\w+)$/, `.${hash}.$1`));

rmSync(site, { recursive: true, force: true });
cpSync(built, site, { recursive: true, filter: (file) => file !== from });
mkdirSync(to, { recursive: true });

const write = (name, hash, content) => writeFileSync(path.join(to, hashed(name, hash)), content);
const files = packs.map((_, index) => `parts_${index}.bin`);
write('finally.js', hash, read('finally.js').toString().replaceAll(new RegExp(`(from\\s*")\\./${LOADER}(?=")`, 'g'), `$1./${hashed(LOADER, hash)}`));
write('finally.wasm', hash, main);
for (const [index, { modules }] of packs.entries()) write(files[index], hash, Buffer.concat(modules.map((name) => contents.get(name))));
const placed = packs.map(({ modules }, index) => ({
  file: `./${hashed(files[index], hash)}`,
  modules: modules.map((name) => ({ name, length: contents.get(name).length })),
}));
write(LOADER, hash, loader(original, { program: `./${hashed('finally.js', hash)}`, packs: placed, parts }));
write('finally.css', styleHash, read('finally.css'));
// Read by Leptos, beside the program.
writeFileSync(path.join(dist, 'hash.txt'), `js: ${hash}\nwasm: ${hash}\ncss: ${styleHash}\nsplit: ${hash}\n`);
// The packs that each part needs besides the main module.
const needed = Object.keys(parts).map((part) => [part, files.filter((_, index) => packs[index].parts.has(part)).map((name) => hashed(name, hash))]);
writeFileSync(path.join(dist, 'parts.json'), `${JSON.stringify(Object.fromEntries(needed), null, 2)}\n`);

const COMPRESSIBLE = new Set(['.bin', '.css', '.html', '.js', '.json', '.mjs', '.svg', '.txt', '.wasm', '.webmanifest']);
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

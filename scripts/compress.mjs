// Compresses the page's files once, as small as they get, for a server that sends them as they are: FILE.br and FILE.gz
// beside each FILE. Only what is missing or older than its file is made. (`path` is what Node before 20.12 has.)
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const COMPRESSIBLE = new Set(['.css', '.html', '.js', '.json', '.mjs', '.svg', '.txt', '.wasm', '.webmanifest']);

const brotli = (bytes) =>
  brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
const gzip = (bytes) => gzipSync(bytes, { level: 9 });

for (const entry of readdirSync(process.argv[2], { recursive: true, withFileTypes: true })) {
  const file = path.join(entry.parentPath ?? entry.path, entry.name);
  if (!COMPRESSIBLE.has(path.extname(file)) || !statSync(file).isFile()) continue;
  for (const [extension, compress] of [['.br', brotli], ['.gz', gzip]]) {
    const made = statSync(file + extension, { throwIfNoEntry: false });
    if (!made || made.mtimeMs < statSync(file).mtimeMs) writeFileSync(file + extension, compress(readFileSync(file)));
  }
}

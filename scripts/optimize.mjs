// Makes WebAssembly modules smaller with Binaryen, as `wasm-opt -Os --converge` does, on all cores and in few processes.
//
// A result is kept under the hash of what it was made of, so that only changed modules are worked on.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

/** Changes with everything a result depends on besides the module. */
const RECIPE = `binaryen ${JSON.parse(readFileSync(new URL('../node_modules/binaryen/package.json', import.meta.url))).version}, recipe 1`;

/**
 * The optimized modules: a map from name to bytes, of such a map. `kept` is the folder for results; what this call did not
 * use is removed from it.
 */
export async function optimized(modules, kept) {
  mkdirSync(kept, { recursive: true });
  const files = new Map([...modules].map(([name, bytes]) => [name, createHash('sha256').update(RECIPE).update(bytes).digest('hex')]));
  const used = new Set(files.values());
  for (const file of readdirSync(kept)) if (!used.has(file)) rmSync(path.join(kept, file));
  // The largest first: it takes as long as many of the others.
  const missing = [...modules].filter(([name]) => !existsSync(path.join(kept, files.get(name)))).sort(([, one], [, other]) => other.length - one.length);
  const work = async () => {
    const worker = new Worker(new URL(import.meta.url), { stderr: true });
    // Binaryen does not know all kinds of names that a module may have, and says so of each.
    createInterface(worker.stderr).on('line', (line) => line.includes('unknown name subsection') || console.error(line));
    try {
      for (let next = missing.shift(); next; next = missing.shift()) {
        const [name, bytes] = next;
        worker.postMessage(bytes);
        // Rejects where the worker fails.
        const [result] = await once(worker, 'message');
        const file = path.join(kept, files.get(name));
        writeFileSync(`${file}.new`, result);
        renameSync(`${file}.new`, file);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), missing.length) }, work));
  return new Map([...files].map(([name, file]) => [name, readFileSync(path.join(kept, file))]));
}

if (!isMainThread) {
  const { default: binaryen } = await import('binaryen');
  // Compressed, level 2 with shrink level 1 (`-Os`) is smaller than `-Oz`.
  binaryen.setOptimizeLevel(2);
  binaryen.setShrinkLevel(1);
  // Rust keeps nothing in the first kilobyte of its memory, which lets an address be folded into the access to it.
  binaryen.setLowMemoryUnused(true);
  const { MutableGlobals, NontrappingFPToInt, BulkMemory, BulkMemoryOpt, SignExt, ReferenceTypes, Multivalue, CallIndirectOverlong } = binaryen.Features;
  const features = MutableGlobals | NontrappingFPToInt | BulkMemory | BulkMemoryOpt | SignExt | ReferenceTypes | Multivalue | CallIndirectOverlong;
  parentPort.on('message', (bytes) => {
    const module = binaryen.readBinary(bytes, features);
    let smallest = bytes;
    // Each round may make room for the next one.
    for (;;) {
      module.optimize();
      const next = module.emitBinary();
      if (next.length >= smallest.length) break;
      smallest = next;
    }
    module.dispose();
    parentPort.postMessage(smallest);
  });
}

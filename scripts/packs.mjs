// Packs of the page's lazy parts, and the script that loads them.
//
// The split of the program makes a module for each set of parts that share code: 17 parts have more than 200 modules, most
// under 2 KB. Modules that are needed together are put into one file, a pack, one after the other: fewer requests, and less
// to transfer, since they are compressed together.
import { brotliCompressSync } from 'node:zlib';

/** A request costs a page about as much as transferring this many bytes. */
const REQUEST_BYTES = 3000;

/** No pack is made larger where a part would then be larger than this; scripts/sizes.sh has the limit itself. */
const PART_BYTES = 60 * 1024;

/**
 * Sets of modules to pack together: `[{ modules: [name], parts: Set }]`.
 *
 * Joins the two packs for which the requests saved outweigh most what parts fetch without needing it, until none do.
 * `parts` maps a part to the names of its modules, `contents` a module to its bytes.
 */
export function packed(parts, contents) {
  const owners = new Map();
  for (const part of Object.keys(parts).sort()) for (const module of parts[part]) owners.set(module, (owners.get(module) ?? new Set()).add(part));
  const pack = (modules, parts) => ({ modules: modules.sort(), parts, bytes: brotliCompressSync(Buffer.concat(modules.map((name) => contents.get(name)))).length });
  const packs = new Set([...owners].sort().map(([module, parts]) => pack([module], parts)));
  const totals = new Map(Object.keys(parts).map((part) => [part, 0]));
  const count = ({ parts, bytes }, sign) => parts.forEach((part) => totals.set(part, totals.get(part) + sign * bytes));
  for (const pack of packs) count(pack, 1);

  /** What is gained by joining two packs; `undefined` where nothing is, or a part would become too large. */
  const joining = (one, other) => {
    const shared = [...one.parts].filter((part) => other.parts.has(part)).length;
    if (shared === 0) return undefined;
    const added = [[one, other], [other, one]].flatMap(([to, from]) => [...to.parts].filter((part) => !from.parts.has(part)).map((part) => [part, from.bytes]));
    if (added.some(([part, bytes]) => totals.get(part) + bytes > PART_BYTES)) return undefined;
    const gain = shared * REQUEST_BYTES - added.reduce((sum, [, bytes]) => sum + bytes, 0);
    return gain > 0 ? { gain, one, other } : undefined;
  };
  for (;;) {
    const all = [...packs];
    let best;
    for (const [index, one] of all.entries()) {
      for (const other of all.slice(0, index)) {
        const next = joining(one, other);
        if (next && !(best?.gain >= next.gain)) best = next;
      }
    }
    if (!best) return all.map(({ modules, parts }) => ({ modules, parts }));
    const { one, other } = best;
    for (const joined of [one, other]) {
      packs.delete(joined);
      count(joined, -1);
    }
    const joined = pack([...one.modules, ...other.modules], new Set([...one.parts, ...other.parts]));
    packs.add(joined);
    count(joined, 1);
  }
}

/**
 * The script that loads the parts, in place of the one that cargo-leptos wrote (`original`): the same exports, with modules
 * taken from packs. `packs` are `{ file, modules: [{ name, length }] }`, `parts` maps a part to the names of its modules.
 */
export function loader(original, { program, packs, parts }) {
  const exported = [...original.matchAll(/export const (__wasm_split_load_(\w+)) =/g)];
  const shared = original.match(/const \{ ([\w, ]+?),? *\} = initSync\(undefined, undefined\)/)?.[1];
  if (!shared || exported.length !== Object.keys(parts).length) throw new Error('the loader of cargo-leptos is not as it is known');
  const place = new Map(packs.flatMap(({ modules }, pack) => {
    let from = 0;
    return modules.map(({ name, length }) => [name, [pack, (from += length) - length, from]]);
  }));
  const modules = [...place.keys()].sort();
  const number = new Map(modules.map((name, index) => [name, index]));
  const needed = (part) => JSON.stringify(parts[part].map((name) => number.get(name)));
  return `import { initSync } from ${JSON.stringify(program)};
const packs = ${JSON.stringify(packs.map(({ file }) => file))};
/** Pack of each module, and where it begins and ends there. */
const modules = ${JSON.stringify(modules.map((name) => place.get(name)))};
const kept = (load) => {
    const all = new Map();
    return (key) => {
        if (!all.has(key)) {
            const loading = load(key);
            all.set(key, loading);
            loading.catch(() => all.delete(key));
        }
        return all.get(key);
    };
};
class Unreachable extends Error {}
const fetched = kept(async (pack) => {
    try {
        const response = await fetch(new URL(packs[pack], import.meta.url));
        if (response.ok) return await response.arrayBuffer();
    } catch { /* As a response without success. */ }
    throw new Unreachable(packs[pack]);
});
let imports;
const instantiated = kept(async (module) => {
    const [pack, from, to] = modules[module];
    const bytes = new Uint8Array(await fetched(pack), from, to - from);
    if (!imports) {
        const { ${shared} } = initSync(undefined, undefined);
        imports = { __wasm_split: { ${shared} } };
    }
    await WebAssembly.instantiate(bytes, imports);
});
/** Calls back with whether all modules are there. What the network refused the page itself reports. */
const part = (needed) => async (callback, data) => {
    const results = await Promise.allSettled(needed.map(instantiated));
    for (const { reason } of results) if (reason && !(reason instanceof Unreachable)) console.error(reason);
    const { __indirect_function_table } = initSync(undefined, undefined);
    __indirect_function_table.get(callback)(data, results.every(({ status }) => status === 'fulfilled'));
};
${exported.map(([, name, part]) => `export const ${name} = part(${needed(part)});`).join('\n')}
`;
}

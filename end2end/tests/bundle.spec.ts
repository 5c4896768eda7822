import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from '@playwright/test';
import { PROGRAM, readyAddress } from '../lib/server';

/** Any user that owns nothing here; a test that is not run as root is unprivileged already. */
const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;

// The container image's requirements, without a container.
test('the bundle runs from an empty folder, unprivileged, with a read-only program and a writable db/ alone', async ({ page }) => {
  test.skip(!!process.env.FINALLY_PROGRAM, 'there is no bundle in this run');
  const home = await mkdtemp(path.join(tmpdir(), 'finally-bundle-'));
  const [program, work] = [path.join(home, 'program'), path.join(home, 'work')];
  const database = path.join(work, 'db');
  await cp(path.dirname(PROGRAM), program, { recursive: true });
  await mkdir(database, { recursive: true });
  if (isRoot) await chown(database, NOBODY, NOBODY);
  for (const folder of [home, work]) await chmod(folder, 0o755);
  await makeReadOnly(program);
  if (!isRoot) await chmod(work, 0o555);

  const child = spawn(path.join(program, 'finally'), [], {
    cwd: work,
    env: { PORT: '0', LLM_MOCK: 'true', RUST_LOG: 'warn' },
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
  });
  try {
    const url = await readyAddress(child);
    await page.goto(url);
    await page.locator('body[data-hydrated]').waitFor();
    await page.getByTestId('trade-buy').click();
    await expect(page.getByTestId('position-row')).toHaveCount(1);
    expect(await readdir(work)).toEqual(['db']);
    expect(await readdir(database)).toContain('finally.db');

    const page_ = await fetch(url, { headers: { 'accept-encoding': 'br' } });
    const html = await page_.text();
    const script = html.match(/href="(\/pkg\/finally\.[^"]+\.js)"/)![1];
    const response = await fetch(url + script, { headers: { 'accept-encoding': 'br' } });
    expect(response.headers.get('content-encoding')).toBe('br');
    expect(response.headers.get('cache-control')).toContain('immutable');
  } finally {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const [code] = await ended;
    expect(code).toBe(0);
    await chmod(work, 0o755);
    await makeWritable(program);
    await rm(home, { recursive: true, force: true });
  }
});

test('every file that the page may ask for is in the bundle, compressed, and all of one build', async () => {
  test.skip(!!process.env.FINALLY_PROGRAM, 'there is no bundle in this run');
  const dist = path.dirname(PROGRAM);
  const files = await readdir(path.join(dist, 'site/pkg'));
  const hashes = Object.fromEntries((await readFile(path.join(dist, 'hash.txt'), 'utf8')).trim().split('\n').map((line) => line.split(': ')));
  expect(hashes.wasm).toBe(hashes.js);
  expect(hashes.split).toBe(hashes.js);
  const script = await readFile(path.join(dist, `site/pkg/finally.${hashes.js}.js`), 'utf8');
  const loader = await readFile(path.join(dist, `site/pkg/__wasm_split.${hashes.split}.js`), 'utf8');
  const imported = [...script.matchAll(/from"\.\/([^"]+)"/g), ...loader.matchAll(/"\.\/([^"]+)"/g)].map((match) => match[1]);
  const parts: Record<string, string[]> = JSON.parse(await readFile(path.join(dist, 'parts.json'), 'utf8'));
  const asked = new Set([...imported, ...Object.values(parts).flat(), `finally.${hashes.wasm}.wasm`, `finally.${hashes.css}.css`]);
  expect(asked.size).toBeGreaterThan(5);
  for (const name of asked) for (const file of [name, `${name}.br`, `${name}.gz`]) expect(files).toContain(file);
  // No files of another build.
  for (const file of files) expect(asked).toContain(file.replace(/\.(br|gz)$/, ''));
});

async function makeReadOnly(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const entryPath = path.join(folder, entry.name);
    if (entry.isDirectory()) await makeReadOnly(entryPath);
    else await chmod(entryPath, entry.name === 'finally' ? 0o555 : 0o444);
  }
  await chmod(folder, 0o555);
}

async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(path.join(folder, entry.name));
  }
}

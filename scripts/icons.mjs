// Draws the PNG icons from public/favicon.svg, in Chromium: `node scripts/icons.mjs`. They are committed; run it again
// when the drawing changes.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const root = new URL('..', import.meta.url);
const { chromium } = createRequire(new URL('end2end/package.json', root))('playwright-core');
const svg = await readFile(new URL('public/favicon.svg', root), 'utf8');
// A mask may cut off all but the middle: the background extends to the edges, the line stays within the middle.
const maskable = svg.replace(/ rx="\d+"/, '').replace('<path', '<path transform="translate(6.4 6.4) scale(0.6)"');

const executablePath = process.env.CHROMIUM ?? ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find((path) => existsSync(path));
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
for (const [name, size, drawing] of [
  ['icon-192', 192, svg],
  ['icon-512', 512, svg],
  ['icon-maskable-512', 512, maskable],
]) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  await page.setContent(`<style>body { margin: 0 } svg { display: block; width: ${size}px }</style>${drawing}`);
  await page.screenshot({ path: new URL(`public/${name}.png`, root).pathname, omitBackground: true });
}
await browser.close();

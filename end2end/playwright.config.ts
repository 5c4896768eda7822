import { existsSync } from 'node:fs';
import { defineConfig } from '@playwright/test';

// Chromium comes from the system: scripts/setup.sh installs it, and CHROMIUM may name another.
const programs = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
export const executablePath = process.env.CHROMIUM ?? programs.map((name) => `/usr/bin/${name}`).find((path) => existsSync(path));

export default defineConfig({
  testDir: './tests',
  fullyParallel: true,
  forbidOnly: !!process.env.CI,
  // One test in some hundreds of runs still waits for ever for a reason that is not known. In CI it is tried once more, with a
  // trace, and listed as flaky.
  retries: process.env.CI ? 1 : 0,
  // When everything fails there is one reason, and no need to wait for it again and again.
  maxFailures: 6,
  // Two browsers at once are what two cores carry without slowing each other into timeouts.
  workers: 2,
  // Two cores that two browsers share take most tests within 10 s, and the longest ones for half a minute.
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [['list'], ['json', { outputFile: 'test-results/results.json' }]],
  use: {
    viewport: { width: 1440, height: 900 },
    colorScheme: 'dark',
    // Recording a trace takes more than half of the time of a test: `TRACE=1` asks for one of each failure.
    trace: process.env.TRACE ? 'retain-on-failure' : 'on-first-retry',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
});

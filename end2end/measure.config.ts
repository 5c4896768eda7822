import base from './playwright.config';

// Measurements, not tests: they print figures, and are run alone (`scripts/measure.sh`). Nothing records what the page
// does meanwhile: that would be measured too.
export default {
  ...base,
  use: { ...base.use, trace: 'off' as const },
  testDir: './measure',
  workers: 1,
  fullyParallel: false,
  timeout: 180_000,
  reporter: 'line' as const,
};

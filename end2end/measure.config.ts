import base from './playwright.config';

// Measurements, not tests: they print figures, and are run alone (`scripts/measure.sh`).
export default { ...base, testDir: './measure', workers: 1, fullyParallel: false, timeout: 180_000, reporter: 'line' as const };

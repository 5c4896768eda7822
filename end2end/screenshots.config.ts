import base from './playwright.config';

// Pictures for the README, not tests; made by `scripts/screenshots.sh`.
export default { ...base, testDir: './screenshots', workers: 1, fullyParallel: false, timeout: 90_000, reporter: 'line' as const };

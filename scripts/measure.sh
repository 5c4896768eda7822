#!/usr/bin/env bash
# Measures the page in Chromium, against the release bundle: first load, layout shifts, and a thousand tickers at two
# frames a second. Prints the rows of a table. Run it on a machine with nothing else to do; about two minutes.
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
"$ROOT/scripts/setup.sh" test
cd "$ROOT/end2end"
exec npx playwright test --config measure.config.ts

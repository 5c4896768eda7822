#!/usr/bin/env bash
# Measures the page in Chromium, against the release bundle: first load, layout shifts, and what 10, 100 and 1,000 tickers
# at two frames a second cost, beside a page written by hand. Prints the rows of a table. Run it on a machine with nothing
# else to do; about fifteen minutes, or less with FINALLY_MEASURE_SECONDS (60: how long each page is watched).
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
"$ROOT/scripts/setup.sh" test
cd "$ROOT/end2end"
exec npx playwright test --config measure.config.ts

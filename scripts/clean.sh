#!/usr/bin/env bash
# Removes what was built in this folder; the database and the shared cache stay.
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$ROOT"
rm -rf dist target node_modules end2end/node_modules end2end/test-results end2end/playwright-report
say "Removed what was built here. Tools and build caches stay in $CACHE; delete that folder to free $(du -sh "$CACHE" 2>/dev/null | cut -f1)."

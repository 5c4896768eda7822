#!/usr/bin/env bash
# Makes the README's pictures again, docs/*.png, from the release bundle.
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
"$ROOT/scripts/setup.sh" test
"$ROOT/scripts/build.sh"
mkdir -p "$ROOT/docs"
cd "$ROOT/end2end"
exec npx playwright test --config screenshots.config.ts

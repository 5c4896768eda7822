#!/usr/bin/env bash
# Run by `cargo leptos end-to-end --split`: the browser tests against the debug build that it has just made. Each test starts
# a server of its own, so the one that cargo-leptos started is left alone.
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
npm_mark="$ROOT/end2end/node_modules/.finally-lock"
[ -f "$npm_mark" ] || die "the browser tests are not set up yet; run 'scripts/setup.sh test' once"
export FINALLY_PROGRAM="$CARGO_TARGET_DIR/debug/finally"
export LEPTOS_SITE_ROOT="$ROOT/target/site"
cd "$ROOT/end2end"
exec npx playwright test

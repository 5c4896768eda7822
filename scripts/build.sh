#!/usr/bin/env bash
# Builds the release bundle: dist/finally, dist/site/ and dist/hash.txt, all that a server needs.
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
"$ROOT/scripts/setup.sh" build

cd "$ROOT"
if [ ! -d "$CARGO_TARGET_DIR/release/deps" ]; then
    step "Building FinAlly for release" "About 6 minutes on two cores the first time; under a minute and a half after a change."
fi

# Checkouts share one build folder, so only one builds and copies at a time.
mkdir -p "$CARGO_TARGET_DIR"
exec 9>"$CARGO_TARGET_DIR/.finally-bundle-lock"
flock 9
# Cargo takes what another checkout built last for this one's, unless a source looks newer.
built_from="$CARGO_TARGET_DIR/.finally-built-from"
[ "$(cat "$built_from" 2>/dev/null)" = "$ROOT" ] || touch src/lib.rs src/main.rs
: >"$built_from"
# cargo-leptos looks there first, and would start the wasm-opt that npm linked for each module.
rm -f node_modules/.bin/wasm-opt
PATH="$ROOT/scripts/shims:$PATH" with_client_toolchain cargo-leptos leptos build --release --split
printf '%s' "$ROOT" >"$built_from"
mkdir -p "$DIST"
# Replaced, not overwritten: a server that runs from dist/ keeps its program. It wants a restart for the new page.
install -m 755 "$CARGO_TARGET_DIR/release/finally" "$DIST/finally.new"
mv -f "$DIST/finally.new" "$DIST/finally"
node "$ROOT/scripts/bundle.mjs" target/site "$DIST" "$CARGO_TARGET_DIR/optimized"
rm -rf "$DIST/model"
[ ! -f "$MODEL/NOTICE" ] || cp -r "$MODEL" "$DIST/model"
flock -u 9

"$ROOT/scripts/sizes.sh"

#!/usr/bin/env bash
# Builds what has changed and serves the bundle, with the database in db/ of this folder unless DATABASE_URL says else.
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$ROOT"

# The bundle is as old as its program: anything newer that goes into it asks for a build.
is_built() {
    [ -x "$DIST/finally" ] && [ -f "$DIST/hash.txt" ] &&
        [ -z "$(find src style public Cargo.toml Cargo.lock package-lock.json build.rs -newer "$DIST/finally" -print -quit)" ]
}
is_built || "$ROOT/scripts/build.sh"
exec "$DIST/finally"

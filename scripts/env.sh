# Sourced by every script here: where things are kept, which versions are wanted, how steps are told.
# Everything that is worth keeping between checkouts lives in one cache folder, so that a second clone is fast.
set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/finally"
TOOLS="$CACHE/tools"
DIST="$ROOT/dist"
# The model for search by meaning; whole once it has its NOTICE.
MODEL="$CACHE/model"

CARGO_LEPTOS_VERSION=0.3.10 # 0.3.11 asks for rustc 1.96
CARGO_DENY_VERSION=0.20.2
SCHEMATHESIS_VERSION=4.32.5
# The command-line tool has to be the very version of the library: Cargo.lock decides.
WASM_BINDGEN_VERSION="$(awk '/^name = "wasm-bindgen"$/ { getline; gsub(/[^0-9.]/, ""); print; exit }' "$ROOT/Cargo.lock")"
WASM_TARGET=wasm32-unknown-unknown

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$CACHE/target}"
# A checkout that is built once has no use for what makes its next build faster: 6 GB, and time to write it.
if [ -n "${CI:-}" ]; then export CARGO_INCREMENTAL="${CARGO_INCREMENTAL:-0}"; fi
export CARGO_TERM_PROGRESS_WHEN="${CARGO_TERM_PROGRESS_WHEN:-never}"
export PATH="$TOOLS/bin:$ROOT/node_modules/.bin:$PATH"

say() { printf '%s\n' "$*"; }

# step "what is done" "why, and how long it may take": a heading that every set-up step prints before it works.
step() { printf '\n==> %s\n    %s\n' "$1" "$2"; }

die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# run_logged NAME COMMAND…: runs it with its output in a log, and shows the log's end only when it fails.
run_logged() {
    local name="$1" log="$CACHE/logs/$1.log" started=$SECONDS
    shift
    mkdir -p "$CACHE/logs"
    if "$@" >"$log" 2>&1 </dev/null; then
        say "    done in $((SECONDS - started)) s"
    else
        tail -n 40 "$log" >&2
        die "$name failed; the whole log is $log"
    fi
}

# Names the toolchain of the client where that is another than the server's; setup.sh writes the file, so it is read when
# it is needed and not before. See `use_debian_toolchain` there.
load_client_toolchain() {
    FINALLY_CLIENT_TOOLCHAIN=
    FINALLY_SERVER_TOOLCHAIN=
    if [ -f "$CACHE/client-toolchain.env" ]; then
        # shellcheck source=/dev/null
        . "$CACHE/client-toolchain.env"
    fi
}

# with_client_toolchain COMMAND…: runs cargo-leptos so that it compiles the client, and the server, with the right toolchain.
with_client_toolchain() {
    load_client_toolchain
    if [ -n "$FINALLY_CLIENT_TOOLCHAIN" ]; then
        RUSTUP_TOOLCHAIN="$FINALLY_CLIENT_TOOLCHAIN" LEPTOS_BIN_CARGO_COMMAND="rustup run $FINALLY_SERVER_TOOLCHAIN cargo" "$@"
    else
        "$@"
    fi
}

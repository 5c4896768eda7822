#!/usr/bin/env bash
# `cargo leptos watch --split`, with the set-up done and the right toolchains.
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
"$ROOT/scripts/setup.sh" build
cd "$ROOT"
with_client_toolchain cargo-leptos leptos watch --split

#!/usr/bin/env bash
# Every check and every test; goes on after a failure, and ends with one line that sums up all suites.
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
"$ROOT/scripts/setup.sh" test
cd "$ROOT"
export RUST_BACKTRACE="${RUST_BACKTRACE:-0}"
# Most server tests wait for ticks, polls and pings, so more of them run at a time than there are cores.
export RUST_TEST_THREADS="${RUST_TEST_THREADS:-$((3 * $(nproc)))}"

passed=0
failed=0
started=$SECONDS

# check NAME COMMAND…: one pass or one failure.
check() {
    local name="$1" since=$SECONDS
    shift
    step "$name" "$*"
    if "$@"; then passed=$((passed + 1)); else
        failed=$((failed + 1))
        say "FAILED: $name"
    fi
    say "    $((SECONDS - since)) s"
}

# rust_suite NAME COMMAND…: runs a suite of cargo's and adds its counts; a suite that ends without any has failed.
rust_suite() {
    local name="$1" since=$SECONDS log counts status=0
    shift
    step "$name" "$*"
    log="$(mktemp)"
    "$@" 2>&1 | tee "$log" || status=$?
    counts="$(awk '/^test result: / { p += $4; f += $6 } END { print p + 0, f + 0 }' "$log")"
    rm -f "$log"
    add "${counts% *}" "${counts#* }" "$status" "$name"
    say "    $((SECONDS - since)) s"
}

browser_suite() {
    local name="Browser tests" since=$SECONDS counts status=0 results=end2end/test-results/results.json
    step "$name" "Playwright in Chromium, against the release bundle"
    rm -f "$results"
    (cd end2end && npx playwright test) || status=$?
    counts="$(node -e 'const s = JSON.parse(require("fs").readFileSync(process.argv[1])).stats; console.log(s.expected + s.flaky, s.unexpected)' "$results" 2>/dev/null || say "0 0")"
    add "${counts% *}" "${counts#* }" "$status" "$name"
    say "    $((SECONDS - since)) s"
}

# add PASSED FAILED STATUS NAME: a suite that failed without counting a failure, as one that does not compile, is one.
add() {
    passed=$((passed + $1))
    failed=$((failed + $2))
    if [ "$3" != 0 ] && [ "$2" = 0 ]; then failed=$((failed + 1)); fi
    if [ "$3" != 0 ]; then say "FAILED: $4"; fi
}

# The whole program has one feature gate, and the client's entry point another: both in lib.rs.
one_feature_gate() {
    local elsewhere
    elsewhere="$(grep -rnE 'cfg.*feature *=' src --include='*.rs' | grep -v '^src/lib.rs:')" || true
    [ -z "$elsewhere" ] && [ "$(grep -cE '^#\[cfg\(feature' src/lib.rs)" = 2 ] && return
    say "feature gates belong into src/lib.rs alone: $elsewhere"
    return 1
}

# The list of known advisories is on GitHub, which not every machine reaches; the other checks need no network.
dependency_rules() {
    local checks=(bans licenses sources)
    if curl -sSf --max-time 8 -o /dev/null https://github.com/rustsec/advisory-db 2>/dev/null; then checks+=(advisories); else
        say "    the advisory database is out of reach: known vulnerabilities are not checked here"
    fi
    cargo-deny --log-level error check "${checks[@]}" && {
        # Not built here, but every night, with a lock of their own.
        cargo update --quiet --workspace --locked --manifest-path fuzz/Cargo.toml ||
            { say "fuzz/Cargo.lock does not follow Cargo.toml: run cargo update --workspace --manifest-path fuzz/Cargo.toml"; false; }
    }
}

# Warnings are denied by flag, not by RUSTFLAGS, so that lints and tests share what they compile.
check "Format" cargo fmt --check
check "Feature gates" one_feature_gate
check "Dependencies" dependency_rules
check "Lints of the server" cargo clippy --quiet --features ssr --all-targets -- -D warnings
check "Lints of the client" cargo clippy --quiet --features hydrate --lib --tests -- -D warnings
check "Types of the browser tests" end2end/node_modules/.bin/tsc -p end2end
rust_suite "Unit, property and server tests" cargo test --features ssr --no-fail-fast
check "Release bundle" "$ROOT/scripts/build.sh"
check "API against its description" "$ROOT/scripts/schemathesis.sh"
browser_suite

say ""
say "All suites took $(((SECONDS - started) / 60)) min $(((SECONDS - started) % 60)) s."
say "$passed passed, $failed failed"
[ "$failed" = 0 ]

#!/usr/bin/env bash
# The nightly run: every fault, many times, and each parser fuzzed; goes on after a failure, and ends with a line a part.
# Shorter or longer by SOAK_KILLS, SOAK_POWER_LOSSES, SOAK_DISK_ERRORS, SOAK_CLOCKS, SOAK_STREAM_CUTS, SOAK_STEPS and
# SOAK_FUZZ_SECONDS; FINALLY_FAULT_SEED (the date) makes it the same run again.
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
kills="${SOAK_KILLS:-200}" losses="${SOAK_POWER_LOSSES:-200}" errors="${SOAK_DISK_ERRORS:-100}" clocks="${SOAK_CLOCKS:-20}"
cuts="${SOAK_STREAM_CUTS:-500}" steps="${SOAK_STEPS:-1000000}" fuzz_seconds="${SOAK_FUZZ_SECONDS:-60}"
targets=(ticker quantity trade_body model_reply massive_payload compact_frame library_pdf library_docx library_html library_markdown library_csv library_text library_quote)
export FINALLY_FAULT_SEED="${FINALLY_FAULT_SEED:-$(date -u +%Y%m%d)}" RUST_BACKTRACE="${RUST_BACKTRACE:-0}"
cd "$ROOT"

say "A soak of $kills kills, $losses power losses, $errors disk failures, $clocks rounds of clock jumps, $cuts cut streams,"
say "$steps ledger steps and $fuzz_seconds s for each of ${#targets[@]} parsers, all from the seed $FINALLY_FAULT_SEED."
say "At the usual numbers about 35 minutes on two cores; the first build of the parsers a quarter of an hour more."
started=$SECONDS
failed=0
summary=()

# part NAME COMMAND…: one line in the summary, the last that the part said of itself.
part() {
    local name="$1" since=$SECONDS log line result=ok
    shift
    step "$name" "$*"
    log="$(mktemp)"
    "$@" >"$log" 2>&1 || result=FAILED
    line="$(grep -E "^($name|test result): " "$log" | head -n 1)" || true
    if [ "$result" != ok ]; then
        failed=$((failed + 1))
        # The cause may stand far above the end of a trace.
        grep -A 4 ' panicked at ' "$log" || true
        tail -n 40 "$log"
    fi
    rm -f "$log"
    # A property says nothing of itself when it holds.
    case "$line" in "test result"*) line="$name: ${line#test result: }" ;; esac
    summary+=("$(printf '%-6s %5d s  %s' "$result" $((SECONDS - since)) "${line:-$name: nothing was said}")")
    say "    ${summary[-1]}"
}

# fault TEST: one test of the server's, alone.
fault() {
    local log status=0
    log="$(mktemp)"
    cargo test --quiet --features ssr --test server -- --exact "$1" --nocapture 2>&1 | tee "$log" || status=$?
    # A name that no test has would pass too.
    grep -q '^test result: ok. 1 passed' "$log" || status=1
    rm -f "$log"
    return "$status"
}

"$ROOT/scripts/setup.sh" soak
step "Building" "The tests, and the parsers with libFuzzer's instrumentation."
run_logged soak-tests cargo test --features ssr --test server --no-run
run_logged soak-fuzz "$ROOT/scripts/fuzz.sh" build

FINALLY_KILL_ROUNDS="$kills" part "kill" fault faults::kill::kills_under_load_lose_and_double_nothing
FINALLY_POWER_ROUNDS="$losses" part "power loss" fault faults::power_loss::a_lost_power_loses_and_doubles_nothing
FINALLY_DISK_ROUNDS="$errors" part "disk errors" fault faults::disk_errors::a_disk_that_fails_refuses_clearly_loses_nothing_and_recovers
FINALLY_LIBRARY_POWER_ROUNDS="$losses" part "power loss, library" fault library::disk::a_lost_power_loses_no_accepted_document
FINALLY_LIBRARY_DISK_ROUNDS="$errors" part "full disk, library" fault library::disk::a_full_disk_refuses_documents_or_fails_them_with_the_cause_and_a_retry_reads_them
FINALLY_CLOCK_ROUNDS="$clocks" part "clock jumps" fault faults::clock::a_clock_that_jumps_confuses_nothing
FINALLY_STREAM_CUTS="$cuts" part "stream cuts" fault faults::stream_cuts::readers_behind_a_bad_network_are_right_again_after_each_cut
FINALLY_LEDGER_STEPS="$steps" part "ledger, $steps steps" fault ledger::the_ledger_never_diverges_from_its_model
FINALLY_LEDGER_STEPS="$steps" part "orders, $steps steps" fault order_model::orders_in_the_ledger_never_diverge_from_their_model
for target in "${targets[@]}"; do
    part "fuzz $target" "$ROOT/scripts/fuzz.sh" "$target" "$fuzz_seconds"
done

say ""
printf '%s\n' "${summary[@]}"
say ""
say "The soak took $(((SECONDS - started) / 60)) min; seed $FINALLY_FAULT_SEED; ${#summary[@]} parts, $failed failed"
[ "$failed" = 0 ]

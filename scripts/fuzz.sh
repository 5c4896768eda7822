#!/usr/bin/env bash
# Fuzzes one parser: fuzz.sh TARGET SECONDS. Ends with one line; an input that breaks it is kept in fuzz/artifacts/.
#   fuzz.sh build    builds all targets, no more
# libFuzzer comes with a crate; fuzz/instrument.sh has the compiler count what is reached. The program has no unsafe code
# of its own, so there is nothing for an address sanitizer to find, and without one a stable compiler does.
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
export RUSTC_WRAPPER="$ROOT/fuzz/instrument.sh" CARGO_TARGET_DIR="${FINALLY_FUZZ_TARGET_DIR:-$CACHE/target-fuzz}"
cd "$ROOT"

# Inputs found stay in the cache, so that each night continues from the last one.
corpus="$CACHE/fuzz-corpus"

# seed TARGET FILE…: the texts in the test tables (`#[case…]`) and examples of these sources begin the corpus.
seed() {
    local target="$1"
    shift
    mkdir -p "$corpus/$target"
    (cd "$ROOT" && perl -0777 -ne '
        my (@texts, $number);
        push @texts, $1 while /r#"(.*?)"#/sg;
        while (/#\[case[^\n(]*\(\s*"((?:[^"\\]|\\.)*)"/g) { my $t = $1; $t =~ s/\\n/\n/g; $t =~ s/\\t/\t/g; $t =~ s/\\(["\\])/$1/g; push @texts, $t }
        push @texts, $1 while /"((?:K|D)\d+ [^"\n]*)"/g;
        for (@texts) { open my $f, ">", "'"$corpus/$target"'/seed-" . $number++ or die; print $f $_ }
    ' "$@")
}

build=(cargo build --locked --quiet --manifest-path "$ROOT/fuzz/Cargo.toml")
if [ "${1:-}" = build ]; then
    exec "${build[@]}"
fi
target="${1:?a target}" seconds="${2:?seconds}"
case "$target" in
ticker) seed ticker src/domain/ticker.rs ;;
quantity) seed quantity src/domain/money.rs src/domain/fixed_point.rs ;;
trade_body) seed trade_body src/server/http/portfolio.rs src/server/http/json_body.rs src/tests/hostile.rs ;;
model_reply) seed model_reply src/server/copilot/reply.rs ;;
massive_payload) seed massive_payload src/server/market/massive/payload.rs src/server/market/massive/snapshot.rs fuzz/examples.txt ;;
compact_frame) seed compact_frame src/domain/compact_frame.rs ;;
library_pdf | library_docx | library_html | library_markdown | library_csv | library_text)
    seed "$target" src/server/library/extract/*.rs
    cp "$ROOT"/public/samples/* "$corpus/$target/" 2>/dev/null || true ;;
library_quote) seed library_quote src/server/library/answers/fold.rs ;;
*) die "there is no fuzz target '$target'" ;;
esac
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
"${build[@]}" --bin "$target"
mkdir -p "$ROOT/fuzz/artifacts"
if "$CARGO_TARGET_DIR/debug/$target" "$corpus/$target" -max_total_time="$seconds" -max_len=4096 -timeout=20 \
    -dict="$ROOT/fuzz/words.dict" -artifact_prefix="$ROOT/fuzz/artifacts/$target-" -print_final_stats=1 >"$log" 2>&1; then
    say "fuzz $target: $(awk '/stat::number_of_executed_units/ { print $2 }' "$log") inputs in $seconds s, none broke it"
else
    tail -n 40 "$log" >&2
    die "fuzz $target: an input broke it; see fuzz/artifacts"
fi

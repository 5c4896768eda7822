#!/bin/sh
# Cargo's RUSTC_WRAPPER for fuzzing: adds libFuzzer's coverage to the program and to the targets, and to nothing else. So
# a stable compiler does, dependencies are built as always, and none of it takes more memory than an ordinary build.
case " $* " in
*" --crate-name finally "* | *"/fuzz_targets/"* | *" fuzz_targets/"*)
    exec "$@" --cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
        -Cllvm-args=-sanitizer-coverage-trace-compares
    ;;
esac
exec "$@"

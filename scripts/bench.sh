#!/usr/bin/env bash
# Measures the release bundle, prints one table, and keeps it in benches/RESULTS.md.
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
"$ROOT/scripts/build.sh"
cd "$ROOT"
step "Measuring" "About two minutes, once the load generator is built."
table="$(cargo bench --quiet --features ssr --bench workstation)"
{
    say "# Measured"
    say ""
    say "\`make bench\`, $(date -u +%Y-%m-%d), $(nproc) cores, $(awk -F ': ' '/^model name/ { print $2; exit }' /proc/cpuinfo), Linux $(uname -r)."
    say ""
    say "$table"
} | tee benches/RESULTS.md

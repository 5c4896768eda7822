#!/usr/bin/env bash
# Measures the release bundle, prints one table, and keeps it in benches/RESULTS.md.
# With names of subjects (start, reads, trades, orders, library, stream) only those, and nothing is kept: scripts/bench.sh trades
# The page has a script of its own, scripts/measure.sh, whose rows come last.
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
"$ROOT/scripts/build.sh"
cd "$ROOT"
# Thousands of sockets, in the load generator and in what it measures.
ulimit -n "$(ulimit -Hn)"

measure() { cargo bench --quiet --features ssr --bench workstation -- "$@"; }

if [ $# -gt 0 ]; then
    step "Measuring $*" "Once the load generator is built."
    measure "$@"
    exit
fi
step "Measuring" "About half an hour, once the load generator is built; the machine should have nothing else to do."
table="$(measure | tee >(cat >&2))"
page="$("$ROOT/scripts/measure.sh" | tee >(cat >&2) | grep '^| ')"
{
    say "# Measured"
    say ""
    say "\`make bench\`, $(date -u +%Y-%m-%d), $(nproc) cores, $(awk -F ': ' '/^model name/ { print $2; exit }' /proc/cpuinfo), Linux $(uname -r)."
    say "One subject alone: \`scripts/bench.sh start\`, \`reads\`, \`trades\`, \`orders\`, \`library\` or \`stream\`."
    say ""
    say "Medians of seven interleaved rounds; CPU and memory are the measured process's own, from \`/proc\`. The load comes from"
    say "the same machine. *Bare* is the ceiling in the same run: for the stream, tokio and nothing else, writing one buffer of"
    say "the same bytes to as many sockets; for trades, a loop of prepared statements on SQLite itself, with the server's schema"
    say "and \`synchronous=FULL\`, four statements and a savepoint a trade. (The server itself lets trades that share a commit"
    say "share statements too.) Where an \`fsync\` takes next to no time, sharing commits gains little even for bare SQLite; so a"
    say "disk that takes 3 ms more an \`fsync\` stands beside this one. *Met* and *missed* are about the bar beside the figure."
    say ""
    say "$table"
    say ""
    say "The page, in Chromium, by \`scripts/measure.sh\`: the main thread's own time, beside a page written by hand"
    say "(\`benches/vanilla\`) that shows the same watchlist and positions from the same frames. It writes all fifty rows and forty"
    say "positions at each tick; ours leaves most of those that nobody sees to their turn, one tick in eight. Tasks are those of"
    say "Chromium's own trace: what one took by the clock, and what the thread worked in it; for the rest of the time the machine"
    say "let it wait."
    say ""
    say "| what | figure |"
    say "|---|---|"
    say "$page"
} >benches/RESULTS.md
say "    kept in benches/RESULTS.md"

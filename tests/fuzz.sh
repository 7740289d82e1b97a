#!/usr/bin/env bash
# Lets a fuzzer look for bytes under which something does not hold that must hold of all, and fails
# on a finding. Usage: tests/fuzz.sh [SECONDS] [FILTER]
#
#   SECONDS   for each target (60); two of them run at a time
#   FILTER    only the targets that have this pattern (grep -E) in their name
#
# What it has learnt stays in build/fuzz-corpus/TARGET for the next time.

set -u
export LC_ALL=C
exec </dev/null
. "$(dirname "$0")/packages.sh"
cd "$wring_root" || exit 1

seconds="${1:-60}"
filter="${2:-.}"
case "$seconds" in
    '' | *[!0-9]*)
        sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac

trap 'kill $(jobs -p) 2>/dev/null; exit 130' INT TERM HUP

wring_packages test || exit 1
CC=clang-19 CXX=clang++-19 wring_configure build/fuzz -Dfuzz=true -Db_sanitize=address,undefined \
    -Db_lundef=false -Ddebug=true -Doptimization=1 -Dsamples=false -Dbench=false || exit 1

programs=()
for file in tests/fuzz/*_fuzz.cpp; do
    grep -qE -- "$filter" <<<"${file##*/}" && programs+=("${file%.cpp}")
done
if [ ${#programs[@]} -eq 0 ]; then
    echo "no target has '$filter' in its name" >&2
    exit 2
fi
wring_compile build/fuzz "${programs[@]}" || exit 1

export ASAN_OPTIONS="detect_stack_use_after_return=1:strict_string_checks=1:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1:${UBSAN_OPTIONS:-}"

fuzz() { # PROGRAM
    local name="${1##*/}" learnt log status
    name="${name%_fuzz}"
    learnt="build/fuzz-corpus/$name"
    log="build/fuzz-corpus/$name.log"
    mkdir -p "$learnt"
    # Trials of the simulation are long, and their tapes are, too: TLS through buffers of one byte takes
    # a quarter of a minute where nobody else computes. The other inputs say all in less.
    local length=600 limit=25
    [ "$name" = simulation ] && length=4000 limit=150
    "build/fuzz/$1" -max_total_time="$seconds" -timeout="$limit" -max_len="$length" -print_final_stats=1 \
        -artifact_prefix="build/fuzz-corpus/$name-" "$learnt" "tests/fuzz/corpus/$name" >"$log" 2>&1
    status=$?
    if [ "$status" -eq 0 ]; then
        echo "ok fuzz/$name ($(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs)"
        return
    fi
    echo "not ok fuzz/$name (whole log: $log)"
    grep -E 'what\(\)|ERROR: |runtime error:|SUMMARY|Test unit written' "$log" | sed 's/^/    /'
    return 1
}

failed=0
running=0
for program in "${programs[@]}"; do
    if [ "$running" -ge 2 ]; then
        wait -n || failed=1
        running=$((running - 1))
    fi
    fuzz "$program" &
    running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
    wait -n || failed=1
    running=$((running - 1))
done
exit "$failed"

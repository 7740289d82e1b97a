#!/usr/bin/env bash
# Programs on the simulated kernel: 2,000 seeds without a violation, each bug that is planted is found.
# Lines that start with `note` are shown by tests/run.sh.

. "$(dirname "$0")/testing.sh"
simtest="$wring_root/build/release/tests/simtest"
[ -x "$simtest" ] || { not_ok simulation "$simtest does not exist; bash tests/run.sh builds it" && exit 1; }

# run ARGUMENT…: keeps the output, and shows what it adds up to.
run() {
    "$simtest" "$@" -j2 >"$tmp/output" 2>&1 && return 0
    reason="simtest $*, exit status $?: $(tail -n 20 "$tmp/output")"
    return 1
}

check simulation/seeds run --seeds 2000 --events 5000
sed -n -E 's/^(faults:|[0-9]+ seeds )/note \1/p' "$tmp/output"
check simulation/mutants run --mutants all --seeds 2000 --events 5000
sed -n -E 's/^(mutants [0-9])/note \1/p' "$tmp/output"
finish

#!/usr/bin/env bash
# Question: what does an echo through wring cost, beside plain C on io_uring and on epoll?
#
# Usage: bench/run.sh [--quick|--micro] [--workload echo|tls] [--rounds N] [--seconds S] [--conns "64 1000"] [--size "64"] [--build DIR]
# Builds, measures, prints a table and a line for each goal. A missed goal is shown, not an error: the
# status is 1 only if bytes were wrong or something did not run. README.md tells the method.
set -euo pipefail
cd "$(dirname "$0")/.."

rounds=15 seconds=1.5 conns="" sizes="" build=build/release micro=0 workload=echo

usage() {
    sed -n 's/^# Usage: /usage: /p' bench/run.sh >&2
    exit 2
}

while [ $# -gt 0 ]; do
    [ "$1" = --quick ] || [ "$1" = --micro ] || [ $# -ge 2 ] || usage
    case $1 in
        --quick) rounds=5 seconds=0.6; shift; continue ;;
        --micro) micro=1; shift; continue ;;
        --rounds) rounds=$2 ;;
        --seconds) seconds=$2 ;;
        --conns) conns=$2 ;;
        --size) sizes=$2 ;;
        --workload) workload=$2 ;;
        --build) build=$2 ;;
        *) usage ;;
    esac
    shift 2
done

case $workload in
    echo) over=tcp idle_conns=10000 opponents="bench/echo_uring bench/echo_epoll" ;;
    tls) over=tls idle_conns=2000 opponents=bench/echo_tls_epoll ;;
    *) usage ;;
esac
many=${conns:-64} bulk=${conns:-8} # bulk: what of all of them is on its way at once stays in the cache
if [ "$workload" = tls ]; then
    sizes=${sizes:-64 65536}
else
    many=${conns:-64 1000} sizes=${sizes:-64} bulk=$many
fi

work=$(mktemp -d)
. bench/servers.sh
trap 'servers_stop_all; rm -rf "$work"' EXIT
failed=0

# build_all TARGET…
build_all() {
    # shellcheck source=tests/packages.sh
    . tests/packages.sh
    wring_packages bench
    if [ "$build" = build/release ]; then
        wring_release bench samples
    elif [ ! -f "$build/build.ninja" ]; then
        meson setup "$build" >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; exit 1; }
    fi
    ninja -C "$build" "$@" >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; exit 1; }
}

flags_of() {
    sed -n "s|^ *\"command\": \"\(.*$1.*\)\",*\$|\1|p" "$build/compile_commands.json" | head -n 1 |
        tr ' ' '\n' | grep -E '^-(O|g|std=|f[^d]|m|D|W[^Il])' | sort -u | tr '\n' ' '
}

header() {
    echo "kernel    $(uname -sr), $(nproc) cores, measured on core $core"
    echo "cpu       $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
    echo "compiler  $(c++ --version | head -n 1); liburing $(pkg-config --modversion liburing)"
    echo "flags     wring: $(flags_of samples/echo)"
    echo "          plain C: $(flags_of bench/echo)"
    echo "driver    wring: --reactor uring, --reactor epoll"
    if [ "$workload" = tls ]; then
        echo "          raw epoll: edge-triggered, $(openssl version | cut -d' ' -f1-2) on the sockets, reading ahead"
    else
        echo "          raw uring: single issuer, deferred task run, registered ring, multishot accept and" \
            "receive, 8 KiB buffers from 64 up"
        echo "          raw epoll: edge-triggered, one 64 KiB buffer"
    fi
    echo "runs      $rounds rounds of $seconds s a server, servers interleaved"
}

# NAME:PID:PORT for each server that started, in the array `targets`.
start_all() {
    local name
    targets=()
    for name in "$@"; do
        if server_start "$name"; then
            targets+=("$name:${server_pid[$name]}:${server_port[$name]}")
        else
            failed=1
        fi
    done
}

stop_all() {
    local name
    for name in "${!server_pid[@]}"; do
        server_stop "$name" || failed=1
    done
}

# New processes in each round, in another order, so that luck with memory does not look like speed.
measure_round() {
    local round=$1 connections=$2 milliseconds first=$(($1 % ${#servers[@]}))
    milliseconds=$(awk -v s="$seconds" 'BEGIN { printf "%d", s * 1000 }')
    start_all "${servers[@]:first}" "${servers[@]:0:first}"
    [ ${#targets[@]} -eq 0 ] && return
    "$build/bench/generator" turn --over "$over" --core "$core" --conns "$connections" --size "$size" \
        --ms "$milliseconds" "${targets[@]}" >"$work/lines" || failed=1
    sed "s/^turn /turn round=$round /" "$work/lines" >>"$work/results"
    stop_all
}

# Sets `connections`: those wanted, or fewer if the limit of open files is too low for $2 times as many.
allow() {
    local limit=$((($(ulimit -n) - 100) / $2))
    connections=$1
    [ "$1" -le "$limit" ] && return
    connections=$limit
    echo "note: $limit connections instead of $1, the limit of open files allows no more"
}

measure_turns() {
    local connections wanted round
    for wanted in $([ "$size" -lt 16384 ] && echo "$many" || echo "$bulk"); do
        allow "$wanted" ${#servers[@]}
        for ((round = 0; round < rounds; ++round)); do
            [ -t 2 ] && printf '\r%s connections, round %s of %s ' "$connections" "$((round + 1))" "$rounds" >&2
            measure_round "$round" "$connections"
        done
    done
    if [ -t 2 ]; then printf '\r%60s\r' '' >&2; fi
}

measure_idle() {
    local name connections
    allow "$idle_conns" 1
    for name in "${servers[@]}"; do
        case $name in epoll-* | raw-epoll-again) continue ;; esac
        start_all "$name"
        [ ${#targets[@]} -eq 0 ] && continue
        "$build/bench/generator" idle --over "$over" --core "$core" --conns "$connections" "${targets[@]}" \
            >>"$work/results" || failed=1
        stop_all
    done
}

core=$(($(nproc) - 1)) # interrupts tend to go to the first one
ulimit -n "$(ulimit -Hn)"
if [ "$micro" -eq 1 ]; then
    micros=(bench/*/*_bench.cpp)
    micros=("${micros[@]##*/}")
    micros=("${micros[@]/#/bench/}")
    build_all "${micros[@]%.cpp}"
    for each in "${micros[@]%.cpp}"; do "$build/$each"; done
    exit
fi
# shellcheck disable=SC2086 # a list
build_all samples/echo bench/generator $opponents
[ "$workload" = tls ] && server_certificate
mapfile -t servers < <(servers_built)
header
for size in $sizes; do
    : >"$work/results"
    measure_turns
    [ "$size" = "${sizes%% *}" ] && measure_idle
    awk -v workload="$workload" -v size="$size" -f bench/report.awk "$work/results"
done
[ "$failed" -eq 0 ] || echo "FAILED: see the errors above" >&2
exit "$failed"

#!/usr/bin/env bash
# Question: what does a request through wring cost, beside plain C and the libraries people use?
#
# Usage: bench/run.sh [--quick|--micro] [--workload "echo open reactors connect in out timers lines idle tls"]
#        [--servers "uring-coroutine raw-uring libuv"] [--conns "64 1000"] [--size "64"] [--rate REQUESTS-A-SECOND]
#        [--rounds N] [--seconds S] [--json F] [--html F] [--compare OLD.json] [--build DIR]
#        On a quiet machine --quick takes a minute and everything about 16; the first time up to two more, to build.
# Builds, measures, prints tables and a line for each goal. A missed goal is shown, not an error: the
# status is 1 only if bytes were wrong or something did not run. README.md tells the method.
set -euo pipefail
cd "$(dirname "$0")/.."

rounds=5 seconds=0.5 rate=50000 conns="" sizes="" build=build/release quick=0 micro=1 workloads="" wanted="" size=64
report=()

usage() {
    sed -n '/^# Usage: /,/^# Builds/{/^# Builds/d;s/^# Usage: /usage: /;s/^# //;p}' bench/run.sh >&2
    exit 2
}

while [ $# -gt 0 ]; do
    [ "$1" = --quick ] || [ "$1" = --micro ] || [ $# -ge 2 ] || usage
    case $1 in
        --quick) quick=1 rounds=3 seconds=0.15 micro=0; shift; continue ;;
        --micro) micro=1 workloads=none; shift; continue ;;
        --rounds) rounds=$2 ;;
        --seconds) seconds=$2 ;;
        --conns) conns=$2 ;;
        --size) sizes=$2 ;;
        --rate) rate=$2 ;;
        --workload) workloads=$2 micro=0 ;;
        --servers) wanted=$2 ;;
        --json | --html | --compare) report+=("$1" "$2") ;;
        --build) build=$2 ;;
        *) usage ;;
    esac
    shift 2
done

# The points of a workload, CONNECTIONS:BYTES.
points() {
    local count bytes usual=64
    case $1 in in | out) usual=65536 ;; lines) usual=512 ;; esac
    if [ -n "$conns$sizes" ]; then
        for bytes in ${sizes:-$usual}; do
            for count in ${conns:-64}; do echo "$count:$bytes"; done
        done
        return
    fi
    case $1 in
        echo) [ "$quick" -eq 1 ] && echo 64:64 1000:64 64:4096 || echo 1:64 64:64 1000:64 5000:64 64:4096 16:65536 ;;
        open | reactors | connect) echo 64:64 ;;
        in | out) echo 1:65536 ;;
        timers) echo 64:64 1000:64 ;;
        lines) echo 64:512 ;;
        # In bulk what all of them have on their way stays in the cache.
        tls) echo 64:64 8:65536 ;;
    esac
}

[ "$quick" -eq 1 ] && workloads=${workloads:-echo open reactors connect in out idle}
workloads=${workloads:-echo open reactors connect in out timers lines idle}
for workload in $workloads; do
    [[ " echo open reactors connect in out timers lines idle tls none " == *" $workload "* ]] || usage
done
# What is compared in a hurry: ours, plain C, and the two libraries most people come from.
if [ "$quick" -eq 1 ] && [ -z "$wanted" ] && [ "$workloads" != tls ]; then
    wanted="uring-coroutine uring-protocol epoll-coroutine epoll-protocol raw-uring raw-epoll raw-epoll-again libuv asio-coroutines"
    wanted+=" uring-one-reactor uring-two-reactors uring-two-processes"
fi

work=$(mktemp -d)
: >"$work/results"
mkdir "$work/micro"
inside=() holder=""
. bench/servers.sh
clean_up() {
    servers_stop_all
    [ -z "$holder" ] || kill "$holder" 2>/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT
failed=0

ninja_or_say() {
    ninja -C "$build" "$@" >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; exit 1; }
}

# The generator, and of what the workloads need all that can be built here.
build_all() {
    local targets programs name
    # shellcheck source=tests/packages.sh
    . tests/packages.sh
    wring_packages bench
    if [ "$build" = build/release ]; then
        wring_release bench samples
    elif [ ! -f "$build/build.ninja" ]; then
        meson setup "$build" >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; exit 1; }
    fi
    targets=$(ninja -C "$build" -t targets all | sed 's/: .*//')
    programs=$(echo bench/driver_features
        [ "$workloads" = none ] || echo bench/generator
        for workload in $workloads; do
            server_table | while read -r name program _; do
                [ -z "$wanted" ] || [[ " $wanted " == *" $name "* ]] && echo "${program#"$build/"}"
            done
        done
        [ "$micro" -eq 0 ] || printf 'bench/%s\n' "${micros[@]}")
    mapfile -t targets < <(grep -xF "$programs" <<<"$targets" | sort -u)
    ninja_or_say "${targets[@]}"
}

flags_of() {
    sed -n "s|^ *\"command\": \"\(.*$1.*\)\",*\$|\1|p" "$build/compile_commands.json" | head -n 1 |
        tr ' ' '\n' | grep -E '^-(O|g|std=|f[^d]|m|D|W[^Il])' | sort -u | tr '\n' ' '
}

setting() {
    report+=(--setting "$1=$2")
    printf '%-9s %s\n' "$1" "$2"
}

header() {
    setting kernel "$(uname -sr), $(nproc) cores, measured on core $core"
    setting cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
    setting compiler "$(c++ --version | head -n 1); liburing $(pkg-config --modversion liburing)"
    setting flags "wring: $(flags_of samples/echo)- plain C: $(flags_of bench/echo)"
    setting driver "raw uring: single issuer, deferred task run, registered ring, multishot accept and receive, 8 KiB buffers from 64 up"
    setting network "$network"
    setting runs "$rounds rounds of $seconds s a server, servers interleaved"
    [[ " $workloads " != *" open "* ]] || setting open "$rate requests a second from core 0"
    report+=(--driver-features "$build/bench/driver_features")
}

# As root the servers get a network of their own: no firewall, no other traffic, TCP's simplest
# congestion control, and receive buffers that do not grow: how far they would is luck, and decides
# what of a stream is still in the cache.
own_network() {
    network="the machine's loopback"
    [ "$(id -u)" -eq 0 ] && command -v nsenter ip >/dev/null || return 0
    unshare --net sleep infinity 2>/dev/null &
    holder=$!
    local tries
    for ((tries = 0; tries < 50; ++tries)); do
        [ "$(readlink "/proc/$holder/ns/net")" != "$(readlink /proc/$$/ns/net)" ] && break
        sleep 0.02
    done
    inside=(nsenter "--net=/proc/$holder/ns/net")
    if [ "$tries" -lt 50 ] && "${inside[@]}" ip link set lo up 2>/dev/null; then
        "${inside[@]}" sh -c 'echo reno >/proc/sys/net/ipv4/tcp_congestion_control' 2>/dev/null || true
        "${inside[@]}" sh -c 'echo 4096 1048576 1048576 >/proc/sys/net/ipv4/tcp_rmem' 2>/dev/null || true
        network="a namespace of its own, $("${inside[@]}" cat /proc/sys/net/ipv4/tcp_congestion_control)"
        network+=", receive buffers of $("${inside[@]}" cut -f 2 /proc/sys/net/ipv4/tcp_rmem) bytes"
    else
        inside=()
    fi
}

# NAME:PID:PORT for each server that started, in the array `targets`. Of two processes or reactors
# each has a place there, under one name; `NAME+` is another process of NAME.
start_all() {
    local name each
    targets=()
    for name in "$@"; do
        for each in "$name" $([[ $name != *-two-processes ]] || echo "$name+"); do
            server_start "$each" || { failed=1 && continue; }
            targets+=("$name:${server_pid[$each]}:${server_port[$each]}")
            [[ $name != *-two-reactors ]] || targets+=("${targets[-1]}")
        done
    done
}

stop_all() {
    local name
    for name in "${!server_pid[@]}"; do
        server_stop "$name" || failed=1
    done
}

# generate MODE CONNECTIONS OPTION…: the generator's lines, with what `tag` says, go to the results.
generate() {
    local mode=$1 connections=$2
    shift 2
    "${inside[@]}" "$build/bench/generator" "$mode" --over "$over" --core "$core" --conns "$connections" \
        --size "$size" "$@" "${targets[@]}" >"$work/lines" || failed=1
    sed "s/^$mode /&$tag /" "$work/lines" >>"$work/results"
}

# New processes in each round, in another order, so that luck with memory does not look like speed.
measure_round() {
    local round=$1 connections=$2 first=$(($1 % ${#servers[@]})) how=(turn --work echo) ms slice
    ms=$(awk -v s="$seconds" 'BEGIN { printf "%d", s * 1000 }')
    # Long enough for several messages on each connection: the first of a slice find nothing of their
    # server in the caches, after all the others.
    slice=$((connections / 4 < ms ? connections / 4 : ms))
    [ "$slice" -le 50 ] || how+=(--slice-ms "$slice")
    case $workload in
        # Fewer, longer slices: at the end of each one answers are waited for.
        open) how=(open --rate "$rate" --generator-core 0 --slice-ms $((ms < 400 ? ms : 200))) ;;
        connect | in | out | lines) how=(turn --work "$workload") ;;
    esac
    start_all "${servers[@]:first}" "${servers[@]:0:first}"
    [ ${#targets[@]} -eq 0 ] && return
    tag="workload=$workload round=$round"
    # As many at once as the limit of open files allows; the others right after them.
    local all=("${targets[@]}") at once=$((($(ulimit -n) - 100) / connections))
    for ((at = 0; at < ${#all[@]}; at += once)); do
        targets=("${all[@]:at:once}")
        generate "${how[0]}" "$connections" "${how[@]:1}" --ms "$ms"
    done
    stop_all
}

# Sets `connections`: those wanted, or fewer if the limit of open files is too low.
allow() {
    local limit=$(($(ulimit -n) - 100))
    connections=$1
    [ "$1" -le "$limit" ] && return
    connections=$limit
    echo "note: $limit connections instead of $1, the limit of open files allows no more"
}

progress() { if [ -t 2 ]; then printf '\r%-70s\r' "$1" >&2; fi; }

measure_turns() {
    local connections round
    allow "$1"
    for ((round = 0; round < rounds; ++round)); do
        progress "$workload, $size bytes, $connections connections: round $((round + 1)) of $rounds"
        measure_round "$round" "$connections"
    done
}

measure_idle() {
    local name connections
    allow "$1"
    for name in "${servers[@]}"; do
        case $name in epoll-* | raw-epoll-again) continue ;; esac
        progress "memory of $connections idle connections: $name"
        start_all "$name"
        [ ${#targets[@]} -eq 0 ] && continue
        tag="workload=$([ "$over" = tls ] && echo tls || echo echo)"
        generate idle "$connections"
        stop_all
    done
}

# count_calls NAME MILLISECONDS: sets `calls` and `echoes`, both from the server's first connection on.
count_calls() {
    local pid=${server_pid[$1]} tracer tries
    strace -f -c -o "$work/calls" -p "$pid" 2>"$work/strace.err" &
    tracer=$!
    for ((tries = 0; tries < 250; ++tries)); do
        grep -q "^TracerPid:[[:space:]]*$tracer$" "/proc/$pid/status" && break
        kill -0 "$tracer" 2>/dev/null || return 1
        sleep 0.02
    done
    targets=("$1:$pid:${server_port[$1]}")
    "${inside[@]}" "$build/bench/generator" turn --core "$core" --conns 64 --size "$size" --ms "$2" \
        --slice-ms "$2" "${targets[@]}" >"$work/lines" || failed=1
    kill -INT "$tracer"
    wait "$tracer" 2>/dev/null || true
    calls=$(awk '$NF == "total" { print $4 }' "$work/calls")
    echoes=$(sed -n 's/.* echoes=\([0-9]*\) .*/\1/p' "$work/lines")
    [ -n "$calls" ] && [ -n "$echoes" ]
}

# System calls a request, from a run of their own, as counting them takes more time than they do. What
# a long run makes more of than a short one leaves out what opening and closing connections took.
measure_calls() {
    local name before made
    for name in "${servers[@]}"; do
        [ "$name" = raw-epoll-again ] && continue
        progress "system calls a request: $name"
        start_all "$name"
        [ ${#targets[@]} -eq 0 ] && continue
        if count_calls "$name" 20 && before="$calls $echoes" && count_calls "$name" 300; then
            made=$(awk -v c="$calls" -v e="$echoes" -v b="$before" \
                'BEGIN { split(b, was); printf "%.4f", (c - was[1]) / (e - was[2]) }')
            echo "calls workload=$workload server=$name conns=64 calls_per_request=$made errors=0" >>"$work/results"
        else
            echo "note: no system calls counted of $name: $(tail -n 1 "$work/strace.err")" >&2
        fi
        stop_all
    done
}

# sample_stacks NAME: sets `counted`, of what the server did in a run of its own: how often it was
# looked at, and how often within the kernel's TCP.
sample_stacks() {
    perf record -q -e cpu-clock -F 5000 -g -p "${server_pid[$1]}" -o "$work/perf.data" -- \
        "${inside[@]}" "$build/bench/generator" turn --core "$core" --conns 64 --size "$size" --ms 600 \
        --slice-ms 600 "${targets[@]}" >"$work/lines" 2>"$work/perf.err" || return 1
    counted=$(perf script -i "$work/perf.data" -F ip,sym 2>"$work/perf.err" |
        awk 'BEGIN { RS = "" } { ++all } /tcp_sendmsg|tcp_recvmsg|net_rx_action/ { ++tcp }
             END { if (!tcp) exit 1; print "samples=" all, "tcp_samples=" tcp }') &&
        counted+=$(sed -n 's/.*\( ns_per_request=[^ ]*\).*/\1/p' "$work/lines")
}

# What a request costs beside the kernel's TCP, by call graph: one round.
measure_interface() {
    local name
    for name in "${servers[@]}"; do
        case $name in uring-* | raw-uring | raw-epoll) ;; *) continue ;; esac
        progress "CPU of a request beside the kernel's TCP: $name"
        start_all "$name"
        [ ${#targets[@]} -eq 0 ] && continue
        if sample_stacks "$name"; then
            echo "interface workload=echo round=$1 server=$name conns=64 $counted errors=0" >>"$work/results"
        else
            echo "note: no call graph of $name: $(tail -n 1 "$work/perf.err")" >&2
        fi
        stop_all
    done
}

measure_workload() {
    local point round
    over=tcp
    if [[ $workload = open || $workload = reactors ]] && [ "$core" -eq 0 ]; then
        echo "skipped: $workload: it needs a second core" >&2
        return
    fi
    if [ "$workload" = tls ]; then
        over=tls
        server_certificate
    fi
    for point in $([ "$workload" = idle ] || points "$workload"); do
        size=${point#*:}
        mapfile -t servers < <(servers_built)
        [ ${#servers[@]} -eq 0 ] || measure_turns "${point%:*}"
    done
    size=64
    mapfile -t servers < <(servers_built)
    case $workload in
        echo)
            measure_calls
            for ((round = 0; round < (quick ? 1 : 3); ++round)); do measure_interface "$round"; done
            ;;
        idle) measure_idle $((quick ? 2000 : 10000)) ;;
        tls) measure_idle 2000 ;;
    esac
}

measure_micro() {
    local each
    for each in "${micros[@]}"; do
        [ -x "$build/bench/$each" ] || continue
        progress "in-process costs: $each"
        "$build/bench/$each" --benchmark_repetitions=5 --benchmark_min_time=0.05 \
            --benchmark_out="$work/micro/$each.json" --benchmark_out_format=json >"$work/lines" 2>&1 ||
            { cat "$work/lines" >&2; failed=1; }
    done
}

core=$(($(nproc) - 1)) # interrupts tend to go to the first one
ulimit -n 200000 2>/dev/null || ulimit -n "$(ulimit -Hn)"
micros=(bench/*/*_bench.cpp)
micros=("${micros[@]##*/}")
micros=("${micros[@]%.cpp}")
build_all
own_network
header
if [ "$workloads" != none ]; then
    for workload in $workloads; do measure_workload; done
fi
[ "$micro" -eq 0 ] || measure_micro
progress ""
python3 -B bench/report "$work/results" --micro "$work/micro" "${report[@]}" || failed=1
[ "$failed" -eq 0 ] || echo "FAILED: see the errors above" >&2
exit "$failed"

# shellcheck shell=bash
# What the shell tests share; they source it. Each test prints lines `ok NAME`, `not ok NAME` and
# `skip NAME`, which tests/run.sh counts; what follows a `#` on such a line, and lines that start
# with a space, are for people.

set -u
export LC_ALL=C
wring_root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
samples="${WRING_SAMPLES:-$wring_root/build/release/samples}"
failures=0
reason=""
server="" # process of the server that runs, empty when none does
port=""

mkdir -p "$wring_root/build"
tmp="$(mktemp -d "$wring_root/build/shell-test.XXXXXX")"

clean_up() {
    trap - EXIT
    local child
    for child in $(jobs -p); do kill -KILL "$child" 2>/dev/null; done
    wait 2>/dev/null
    rm -rf "$tmp"
}
trap clean_up EXIT
trap 'clean_up; exit 1' HUP INT TERM

ok() { echo "ok $1"; }
skip() { echo "skip $1 # $2"; }
not_ok() { # NAME REASON
    failures=$((failures + 1))
    echo "not ok $1"
    sed 's/^/    /' <<<"$2"
}

# used_peer NAME VERSION: somebody else's program that the tests talk to; tests/run.sh says which.
used_peer() { echo "peer $1 $2"; }

# check NAME COMMAND…: the command tells why it failed in `reason`.
check() {
    local name="$1"
    shift
    reason=""
    if "$@"; then ok "$name"; else not_ok "$name" "${reason:-failed: $*}"; fi
}

finish() {
    [ "$failures" -eq 0 ]
    exit
}

need_samples() { # SUITE NAME…
    local suite="$1" name
    shift
    for name in "$@"; do
        [ -x "$samples/$name" ] && continue
        not_ok "$suite" "$samples/$name does not exist; bash tests/run.sh builds it"
        exit 1
    done
}

milliseconds() {
    local now="$EPOCHREALTIME"
    echo $((${now%.*} * 1000 + 10#${now#*.} / 1000))
}

same() { # WHAT EXPECTED GOT
    [ "$2" = "$3" ] && return 0
    reason="$1: expected '$2', got '$3'"
    return 1
}

contains() { # WHAT PATTERN TEXT
    grep -qE -- "$2" <<<"$3" && return 0
    reason="$1: nothing matches '$2' in: $3"
    return 1
}

# start_program COMMAND…: runs it in the background with its standard output on descriptor `out`, whose
# end of file is the event "it has ended", and its standard error in $tmp/stderr. Signals have their
# default meaning in it, which a background job of a script would otherwise not have.
start_program() {
    local fifo
    fifo="$(mktemp -u "$tmp/fifo.XXXXXX")"
    mkfifo "$fifo"
    env --default-signal=INT,TERM,PIPE "$@" </dev/null >"$fifo" 2>"$tmp/stderr" &
    server=$!
    exec {out}<"$fifo"
    rm -f "$fifo"
}

# start_server COMMAND…: start_program, then waits for its `listening on ADDRESS:PORT`; sets port.
start_server() {
    local line=""
    port=""
    start_program "$@"
    read -r -t 15 -u "$out" line
    if [[ "$line" =~ ^listening\ on\ .*:([0-9]+)$ ]]; then
        port="${BASH_REMATCH[1]}"
        return 0
    fi
    local command="$*"
    end_program 1 || kill -KILL "$server" 2>/dev/null
    reason="'${command//$wring_root\//}' did not say where it listens; first line: '$line'; exit status $status; stderr: $(cat "$tmp/stderr")"
    return 1
}

# end_program SECONDS: waits until it has ended; sets status and rest (what it still wrote). Kills it when
# the time is over, and is then false.
end_program() {
    local line="" deadline left late=0
    rest=""
    deadline=$(($(milliseconds) + $1 * 1000))
    while :; do
        left=$((deadline - $(milliseconds)))
        [ "$left" -lt 1 ] && left=1
        if read -r -t "$((left / 1000)).$(printf %03d $((left % 1000)))" -u "$out" line; then
            rest+="$line"$'\n'
        else
            [ $? -gt 128 ] && late=1
            break
        fi
    done
    rest+="$line"
    if [ "$late" -eq 1 ]; then
        reason="it still ran after $1 s and was killed; output: '$rest'; stderr: $(cat "$tmp/stderr")"
        kill -KILL "$server" 2>/dev/null
    fi
    { wait "$server"; } 2>/dev/null
    status=$?
    exec {out}<&-
    server=""
    [ "$late" -eq 0 ]
}

# stop_server [SECONDS]: SIGTERM, then it must end with status 0 and silently.
stop_server() {
    [ -n "$server" ] || return 1
    kill -TERM "$server"
    end_program "${1:-5}" || return 1
    same "exit status after SIGTERM" 0 "$status"
}

# uring_denied: true, and says why in `reason`, where this machine refuses io_uring.
uring_denied() {
    start_server "$samples/echo" tcp:0:interface=127.0.0.1 --reactor uring && {
        stop_server
        return 1
    }
    reason="$(grep -iE 'EPERM|EACCES|ENOSYS|EINVAL|not permitted|denied|not implemented' "$tmp/stderr")"
}

# choose_drivers SUITE: sets `drivers` to those that this machine has; skips the other one visibly.
choose_drivers() {
    drivers=(uring epoll)
    uring_denied || return 0
    skip "$1/uring" "this machine denies io_uring: $reason"
    drivers=(epoll)
}

# open_connection: connects descriptor `peer` to the server.
open_connection() {
    { exec {peer}<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null && return 0
    reason="cannot connect to 127.0.0.1:$port"
    return 1
}

close_connection() { exec {peer}<&-; }

# ping TEXT: sends a line on the open connection and wants it back within 2 s.
ping() {
    local got=""
    printf '%s\n' "$1" >&"$peer" || {
        reason="sending '$1' failed"
        return 1
    }
    read -r -t 2 -u "$peer" got
    same "echo within 2 s" "$1" "$got"
}

# talk_socat, talk_ncat: standard input to the server, what it answers to standard output. Both close
# their sending side at the end of input and go on reading until the server closes.
talk_socat() { timeout 20 socat -t 15 - "TCP:127.0.0.1:$port"; }
talk_ncat() { timeout 20 ncat 127.0.0.1 "$port"; }

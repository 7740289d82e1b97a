#!/usr/bin/env bash
# Installs what is missing, builds the echo samples, starts the server on each driver and in each style,
# sends it real traffic with socat, ncat and wring's own client, and shows what was sent and received.
# On a terminal it then leaves a server running until Ctrl-C.

set -u
terminal=0
[ -t 0 ] && [ -t 1 ] && terminal=1
. "$(dirname "$0")/../tests/packages.sh"
cd "$wring_root" || exit 1

echo_program=build/release/samples/echo
client_program=build/release/samples/echo_client
server="" # process of the running server
port=""
exchanges=0
differences=0
denied=""

clean_up() {
    trap - EXIT
    [ -n "$server" ] && kill -KILL "$server" 2>/dev/null
    rm -rf "${tmp:-}"
}
trap clean_up EXIT
trap 'clean_up; exit 130' INT
trap 'clean_up; exit 143' TERM HUP

wrong() {
    differences=$((differences + 1))
    echo "  WRONG: $*"
}

# start OPTION…: starts the server and waits until it says where it listens; sets port.
start() {
    local line=""
    echo
    echo "\$ $echo_program tcp:0:interface=127.0.0.1 $*"
    rm -f "$tmp/stdout"
    mkfifo "$tmp/stdout"
    "$echo_program" tcp:0:interface=127.0.0.1 "$@" </dev/null >"$tmp/stdout" 2>"$tmp/stderr" &
    server=$!
    exec 4<"$tmp/stdout"
    read -r -t 15 -u 4 line
    cat "$tmp/stderr"
    echo "$line"
    port="${line##*:}"
    case "$line" in "listening on "*:[1-9]*) return 0 ;; esac
    kill -KILL "$server" 2>/dev/null
    wait "$server" 2>/dev/null
    server=""
    return 1
}

stop() {
    local rest="" state
    kill -TERM "$server"
    read -r -t 5 -u 4 rest # its end closes this
    state=$?
    if [ "$state" -gt 128 ]; then
        wrong "the server still runs 5 s after SIGTERM"
        kill -KILL "$server"
    fi
    wait "$server" 2>/dev/null
    state=$?
    server=""
    exec 4<&-
    echo "  SIGTERM: the server ended with status $state"
    [ "$state" -eq 0 ] || wrong "status 0 was expected; it said: $(cat "$tmp/stderr")"
}

compare() { # CLIENT SENT RECEIVED
    exchanges=$((exchanges + 1))
    printf '  %-12s sent "%s", received "%s"\n' "$1" "$2" "$3"
    [ "$2" = "$3" ] || wrong "$1 did not get back what it sent. $(cat "$tmp/client")"
}

# Both clients close their sending side after the text and read on until the server closes, too.
with_socat() { timeout 20 socat -t 15 - "TCP:127.0.0.1:$port" 2>"$tmp/client"; }
with_ncat() { timeout 20 ncat 127.0.0.1 "$port" 2>"$tmp/client"; }

talk() {
    local said sent got
    said="hello from socat"
    compare socat "$said" "$(printf %s "$said" | with_socat)"
    said="hello from ncat"
    compare ncat "$said" "$(printf %s "$said" | with_ncat)"

    exchanges=$((exchanges + 1))
    said="$(timeout 20 "$client_program" "tcp:127.0.0.1:$port" 2>&1)"
    printf '  %-12s sent "hello, world!", says:\n' echo_client
    printf '%s\n' "$said" | sed 's/^/      /'
    grep -qx 'Server said: hello, world!' <<<"$said" || wrong "echo_client did not get its greeting back"

    exchanges=$((exchanges + 1))
    sent="$(sha256sum <"$tmp/payload" | cut -c 1-16)"
    got="$(with_socat <"$tmp/payload" | tee "$tmp/answer" | sha256sum | cut -c 1-16)"
    printf '  %-12s sent %d bytes (sha256 %s…), received %d bytes (sha256 %s…)\n' socat \
        "$(wc -c <"$tmp/payload")" "$sent" "$(wc -c <"$tmp/answer")" "$got"
    [ "$sent" = "$got" ] || wrong "1 MiB did not come back as it was sent. $(cat "$tmp/client")"
}

serve() { # DRIVER STYLE
    if start --reactor "$1" --style "$2"; then
        talk
        stop
    elif [ "$1" = uring ] &&
        grep -qiE 'EPERM|EACCES|ENOSYS|EINVAL|not permitted|denied|not implemented' "$tmp/stderr"; then
        denied="io_uring is denied on this machine: $(head -n 1 "$tmp/stderr")"
        echo "  SKIPPED: $denied"
    else
        wrong "the server did not start"
    fi
}

wring_packages sample || exit 1
echo "building $echo_program and $client_program"
wring_release samples && wring_compile build/release samples/echo samples/echo_client || exit 1
tmp="$(mktemp -d build/start.XXXXXX)" || exit 1
head -c 1048576 /dev/urandom >"$tmp/payload"

for driver in uring epoll; do
    for style in coroutine protocol; do
        [ "$driver" = uring ] && [ -n "$denied" ] && continue
        serve "$driver" "$style"
    done
done

echo
[ -n "$denied" ] && echo "not shown, because $denied"
if [ "$differences" -gt 0 ]; then
    echo "FAILED: $differences of the checks above went wrong, $exchanges exchanges in all"
    exit 1
fi
echo "$exchanges exchanges: everything came back as it was sent, and every server stopped when asked"

if [ "$terminal" -eq 1 ]; then
    echo
    echo "An echo server now runs until you press Ctrl-C. In another terminal, type one of"
    echo "    socat - TCP:127.0.0.1:7007"
    echo "    $client_program tcp:127.0.0.1:7007"
    trap : INT # the server gets Ctrl-C as well, and ends by it
    "$echo_program" tcp:7007:interface=127.0.0.1
    state=$?
    [ "$state" -eq 0 ] || echo "the server ended with status $state"
    exit "$state"
fi

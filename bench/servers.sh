# shellcheck shell=bash
# Question: which servers are compared, how is each started, and how does it end?
# Sourced by run.sh, which sets: build (the build directory), work (a scratch directory), workload,
# size (of a message), core (the last one), inside (the command that enters the network they share).
# shellcheck disable=SC2154 # those

# One server a line: name, the program that must exist, its arguments. To add one, add a line: it
# prints `listening on ADDRESS:PORT` once it accepts, echoes, and ends with status 0 on SIGTERM.
# `raw-epoll-again` is the same program as `raw-epoll`: how far apart they come out is the noise.
server_table() {
    local tcp=tcp:0:interface=127.0.0.1 buffer=8192
    [ "$size" -gt 8192 ] && buffer=65536 # of those that read into memory of the caller's
    local ssl="ssl:0:interface=127.0.0.1:privateKey=$work/server.pem:certKey=$work/server.pem"
    [ "$workload" = tls ] && {
        cat <<TABLE
uring-coroutine $build/samples/echo $ssl --reactor uring --style coroutine
uring-protocol $build/samples/echo $ssl --reactor uring --style protocol
epoll-coroutine $build/samples/echo $ssl --reactor epoll --style coroutine
epoll-protocol $build/samples/echo $ssl --reactor epoll --style protocol
raw-epoll $build/bench/echo_tls_epoll 0 $work/server.pem
raw-epoll-again $build/bench/echo_tls_epoll 0 $work/server.pem
TABLE
        return
    }
    [ "$workload" = reactors ] && {
        cat <<TABLE
uring-one-reactor $build/bench/reactors_server 1 $core uring
uring-two-reactors $build/bench/reactors_server 2 $core uring
uring-two-processes $build/bench/reactors_server 1 $core uring
epoll-one-reactor $build/bench/reactors_server 1 $core epoll
epoll-two-reactors $build/bench/reactors_server 2 $core epoll
TABLE
        return
    }
    local does=source
    [ "$workload" = in ] && does=sink
    [[ "$workload" = in || "$workload" = out ]] && {
        cat <<TABLE
uring-coroutine $build/bench/stream_server $tcp $does uring coroutine
uring-protocol $build/bench/stream_server $tcp $does uring protocol
epoll-coroutine $build/bench/stream_server $tcp $does epoll coroutine
epoll-protocol $build/bench/stream_server $tcp $does epoll protocol
raw-uring $build/bench/stream_uring 0 $does
raw-epoll $build/bench/stream_epoll 0 $does
raw-epoll-again $build/bench/stream_epoll 0 $does
TABLE
        return
    }
    cat <<TABLE
uring-coroutine $build/samples/echo $tcp --reactor uring --style coroutine
uring-protocol $build/samples/echo $tcp --reactor uring --style protocol
epoll-coroutine $build/samples/echo $tcp --reactor epoll --style coroutine
epoll-protocol $build/samples/echo $tcp --reactor epoll --style protocol
raw-uring $build/bench/echo_uring 0
raw-epoll $build/bench/echo_epoll 0
raw-epoll-again $build/bench/echo_epoll 0
libuv $build/bench/echo_libuv 0 $buffer guide
libuv-fast $build/bench/echo_libuv 0 $buffer fast
libevent $build/bench/echo_libevent 0 $buffer bufferevent
libevent-raw $build/bench/echo_libevent 0 $buffer event
asio-callbacks $build/bench/echo_asio 0 $buffer
asio-coroutines $build/bench/echo_asio_coroutines 0 $buffer
asio-uring-callbacks $build/bench/echo_asio_uring 0 $buffer
asio-uring-coroutines $build/bench/echo_asio_coroutines_uring 0 $buffer
twisted /usr/bin/python3 bench/peers/echo_twisted.py 0
TABLE
}

# What servers of TLS show: one certificate that signs itself, with its key.
server_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
        -keyout "$work/server.key" -out "$work/server.crt" 2>"$work/openssl.log" || { cat "$work/openssl.log" >&2; exit 1; }
    (umask 077 && cat "$work/server.key" "$work/server.crt" >"$work/server.pem")
}

declare -A server_pid=() server_port=()

# Gives the names of the servers that are built, of those wanted; says which are not.
servers_built() {
    local name program
    while read -r name program _; do
        [ -z "$wanted" ] || [[ " $wanted " == *" $name "* ]] || continue
        if [ "$name" = twisted ] && ! /usr/bin/python3 -c 'import twisted' 2>/dev/null; then
            echo "skipped: $name: the package python3-twisted is not installed" >&2
        elif [ -x "$program" ]; then
            echo "$name"
        else
            echo "skipped: $name: $program is not built" >&2
        fi
    done < <(server_table)
}

# The port from the line the server prints, waiting up to 5 s for it.
server_wait() {
    local name=$1 tries
    for ((tries = 0; tries < 250; ++tries)); do
        server_port[$name]=$(sed -n 's/^listening on .*:\([0-9]*\)$/\1/p' "$work/$name.out")
        [ -n "${server_port[$name]}" ] && return 0
        kill -0 "${server_pid[$name]}" 2>/dev/null || break
        sleep 0.02
    done
    return 1
}

server_start() {
    local name=$1 command
    read -r -a command < <(server_table | sed -n "s/^${name%+} //p")
    : >"$work/$name.out"
    "${inside[@]}" "${command[@]}" >"$work/$name.out" 2>"$work/$name.err" &
    server_pid[$name]=$!
    server_wait "$name" && return 0
    echo "ERROR: $name does not listen: ${command[*]}" >&2
    tail -n 5 "$work/$name.err" >&2
    server_stop "$name" quietly
    return 1
}

# A server that does not end by itself within 5 s is killed, and that is an error.
server_stop() {
    local name=$1 quietly=${2:-} pid=${server_pid[$1]} status=0 tries
    unset "server_pid[$name]"
    kill -TERM "$pid" 2>/dev/null || true
    for ((tries = 0; tries < 250; ++tries)); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.02
    done
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || status=$?
    [ "$status" -eq 0 ] || [ -n "$quietly" ] && return 0
    echo "ERROR: $name ended with status $status on SIGTERM" >&2
    tail -n 5 "$work/$name.err" >&2
    return 1
}

# Every server that is still there, in whatever way the run ends.
servers_stop_all() {
    local name
    for name in "${!server_pid[@]}"; do
        server_stop "$name" quietly
    done
}

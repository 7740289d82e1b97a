# shellcheck shell=bash
# Question: which servers are compared, how is each started, and how does it end?
# Sourced by run.sh, which sets: build (the build directory), work (a scratch directory), workload,
# size (of a message), core (the last one), inside (the command that enters the network they share).
# shellcheck disable=SC2154 # those

# One server a line: name, the program that must exist, its arguments. To add one, add a line: it
# prints `listening on ADDRESS:PORT` once it accepts, does what the workload asks, and ends with status
# 0 on SIGTERM.
# `raw-epoll-again` is the same program as `raw-epoll`: how far apart they come out is the noise.
server_table() {
    local endpoint=tcp:0:interface=127.0.0.1:backlog=4096 buffer=8192 does="" asio=echo driver style
    [ "$size" -gt 8192 ] && buffer=65536 # of those that read into memory of the caller's
    case $workload in
        in) does=sink ;;
        out) does=source ;;
        timers) does=timed ;;
        lines) does=lines asio=lines ;;
        tls) endpoint="ssl:0:interface=127.0.0.1:backlog=4096:privateKey=$work/server.pem:certKey=$work/server.pem" ;;
    esac
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
    for driver in uring epoll; do
        for style in coroutine protocol; do
            if [ -n "$does" ]; then
                echo "$driver-$style $build/bench/work_server $endpoint $does $driver $style"
            else
                echo "$driver-$style $build/samples/echo $endpoint --reactor $driver --style $style"
            fi
        done
    done
    case $workload in
        tls)
            cat <<TABLE
raw-epoll $build/bench/echo_tls_epoll 0 $work/server.pem
raw-epoll-again $build/bench/echo_tls_epoll 0 $work/server.pem
TABLE
            ;;
        in | out)
            cat <<TABLE
raw-uring $build/bench/stream_uring 0 $does
raw-epoll $build/bench/stream_epoll 0 $does
raw-epoll-again $build/bench/stream_epoll 0 $does
libuv $build/bench/stream_libuv 0 $does
libevent $build/bench/stream_libevent 0 $does bufferevent
libevent-raw $build/bench/stream_libevent 0 $does event
asio-callbacks $build/bench/stream_asio 0 65536 $does
asio-uring-callbacks $build/bench/stream_asio_uring 0 65536 $does
TABLE
            ;;
        *)
            cat <<TABLE
raw-uring $build/bench/echo_uring 0 $does
raw-epoll $build/bench/echo_epoll 0 $does
raw-epoll-again $build/bench/echo_epoll 0 $does
libuv $build/bench/echo_libuv 0 $buffer guide $does
libuv-fast $build/bench/echo_libuv 0 $buffer fast $does
libevent $build/bench/echo_libevent 0 $buffer bufferevent $does
libevent-raw $build/bench/echo_libevent 0 $buffer event $does
asio-callbacks $build/bench/${asio}_asio 0 $buffer $does
asio-uring-callbacks $build/bench/${asio}_asio_uring 0 $buffer $does
twisted /usr/bin/python3 bench/peers/echo_twisted.py 0 $does
TABLE
            [ -n "$does" ] || cat <<TABLE
asio-coroutines $build/bench/echo_asio_coroutines 0 $buffer
asio-uring-coroutines $build/bench/echo_asio_coroutines_uring 0 $buffer
TABLE
            ;;
    esac
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

#!/usr/bin/env bash
# Runs every sample as a user would and checks what it prints, how it stops and what it exits with.

. "$(dirname "$0")/testing.sh"
need_samples samples echo echo_client runreactor calllater

echo_comes_back() { # CLIENT
    local got
    got="$(printf 'to be, or not to be\n' | "talk_$1" 2>"$tmp/client.stderr")"
    same "$1 got $(cat "$tmp/client.stderr")" "to be, or not to be" "$got"
}

megabyte_comes_back() { # CLIENT
    local sent got
    head -c 1048576 /dev/urandom >"$tmp/payload"
    sent="$(sha256sum <"$tmp/payload")"
    got="$("talk_$1" <"$tmp/payload" 2>"$tmp/client.stderr" | tee "$tmp/answer" | sha256sum)"
    same "sha256 of what $1 got ($(wc -c <"$tmp/answer") bytes)" "$sent" "$got"
}

client_says_so() {
    local got status
    got="$(timeout 20 "$samples/echo_client" "tcp:127.0.0.1:$port" 2>&1)"
    status=$?
    same "echo_client's output" "$(printf '%s\n' 'Server said: hello, world!' 'connection lost' \
        'Connection lost - goodbye!')" "$got" && same "echo_client's exit status" 0 "$status"
}

refuses_soon() { # true once a new connection is refused, within 1.5 s
    local deadline
    deadline=$(($(milliseconds) + 1500))
    while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
        if [ "$(milliseconds)" -gt "$deadline" ]; then
            reason="1.5 s after SIGTERM it still accepts connections"
            return 1
        fi
        read -r -t 0.02 -u "$out" || :
    done
}

finishes_open_connections() { # COMMAND…
    local begin took
    start_server "$@" && open_connection && ping "before the signal" || return 1
    kill -TERM "$server"
    refuses_soon && ping "after the signal" || return 1
    begin=$(milliseconds)
    close_connection
    end_program 5 || return 1
    took=$(($(milliseconds) - begin))
    if [ "$took" -gt 1000 ]; then
        reason="it ended $took ms after its last connection had closed"
        return 1
    fi
    same "exit status" 0 "$status"
}

gives_up_on_idle_connections() { # COMMAND…
    local begin took
    start_server "$@" && open_connection && ping "hello" || return 1
    begin=$(milliseconds)
    kill -TERM "$server"
    end_program 6 || return 1
    took=$(($(milliseconds) - begin))
    close_connection
    if [ "$took" -lt 1500 ] || [ "$took" -gt 3500 ]; then
        reason="connections have up to 2 s to finish; it ended after $took ms"
        return 1
    fi
    same "exit status" 0 "$status"
}

echo_serves() { # DRIVER STYLE
    local name="samples/echo/$1/$2" client
    local command=("$samples/echo" tcp:0:interface=127.0.0.1 --reactor "$1" --style "$2")
    check "$name/starts" start_server "${command[@]}"
    [ -n "$server" ] || return
    for client in socat ncat; do
        check "$name/$client" echo_comes_back "$client"
        check "$name/$client-1MiB" megabyte_comes_back "$client"
    done
    check "$name/echo_client" client_says_so
    check "$name/SIGTERM" stop_server
    check "$name/SIGTERM-lets-connections-finish" finishes_open_connections "${command[@]}"
    [ -n "$server" ] && { kill -KILL "$server"; end_program 5; }
    check "$name/SIGTERM-waits-at-most-2-s" gives_up_on_idle_connections "${command[@]}"
    [ -n "$server" ] && { kill -KILL "$server"; end_program 5; }
}

refuses_arguments() { # PATTERN ARGUMENT…
    local pattern="$1" status
    shift
    timeout 10 "$samples/echo" "$@" </dev/null >"$tmp/stdout" 2>"$tmp/stderr"
    status=$?
    if [ "$status" -ne 1 ] && [ "$status" -ne 2 ]; then
        reason="exit status $status instead of 1 or 2; stderr: $(cat "$tmp/stderr")"
        return 1
    fi
    contains "stderr" "$pattern" "$(cat "$tmp/stderr")" && same "stdout" "" "$(cat "$tmp/stdout")"
}

client_without_server() {
    local got
    start_server "$samples/echo" tcp:0:interface=127.0.0.1 --reactor epoll && stop_server || return 1
    got="$(timeout 20 "$samples/echo_client" "tcp:127.0.0.1:$port" 2>/dev/null)"
    same "echo_client's output" "Connection failed - goodbye!" "$got"
}

runs_until_interrupted() { # DRIVER
    local line=""
    start_program env WRING_REACTOR="$1" "$samples/runreactor"
    read -r -t 10 -u "$out" line
    kill -INT "$server"
    end_program 5 || return 1
    same "first line" "Running the reactor ..." "$line" && same "then" "Reactor stopped." "${rest%$'\n'}" &&
        same "exit status" 0 "$status"
}

calls_later() { # DRIVER
    local begin took shape seconds last="" gaps=0 gap clock
    begin=$(milliseconds)
    start_program env WRING_REACTOR="$1" "$samples/calllater"
    end_program 15 || return 1
    took=$(($(milliseconds) - begin))
    shape="$(sed -E 's/[0-9]{2}:[0-9]{2}:[0-9]{2}$/HH:MM:SS/' <<<"${rest%$'\n'}")"
    same "output" "$(printf '%s\n' 'Running the reactor ...' 'Current time is HH:MM:SS' \
        'Current time is HH:MM:SS' 'Current time is HH:MM:SS' 'Current time is HH:MM:SS' \
        'Stopping reactor' 'Reactor stopped.')" "$shape" && same "exit status" 0 "$status" || return 1
    while IFS=: read -r h m s; do
        seconds=$((10#$h * 3600 + 10#$m * 60 + 10#$s))
        if [ -n "$last" ]; then
            gap=$(((seconds - last + 86400) % 86400))
            gaps=$((gaps + gap))
            # One second apart, give or take the second that rounding may add or hide.
            [ "$gap" -le 2 ] || {
                reason="the times are not one second apart: $rest"
                return 1
            }
        fi
        last=$seconds
    done < <(sed -nE 's/^Current time is ([0-9:]+)$/\1/p' <<<"$rest")
    clock="$gaps s between the first and the last time, $took ms in all"
    if [ "$gaps" -lt 2 ] || [ "$gaps" -gt 5 ] || [ "$took" -lt 4900 ] || [ "$took" -gt 9000 ]; then
        reason="four times one second apart should take about 5 s; got: $clock"
        return 1
    fi
}

drivers=(uring epoll)
if uring_denied; then
    skip "samples/uring" "this machine denies io_uring: $reason"
    drivers=(epoll)
fi
for driver in "${drivers[@]}"; do
    for style in coroutine protocol; do echo_serves "$driver" "$style"; done
    check "samples/runreactor/$driver" runs_until_interrupted "$driver"
    check "samples/calllater/$driver" calls_later "$driver"
done
check "samples/echo/names-a-bad-port" refuses_arguments 'notaport' tcp:notaport
check "samples/echo/names-a-bad-type" refuses_arguments 'nosuchtype' nosuchtype:1
check "samples/echo/names-a-bad-reactor" refuses_arguments 'nosuchreactor' tcp:0 --reactor nosuchreactor
check "samples/echo/says-its-usage" refuses_arguments '[Uu]sage'
check "samples/echo_client/without-server" client_without_server
finish

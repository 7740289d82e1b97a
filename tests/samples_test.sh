#!/usr/bin/env bash
# Runs every sample as a user would and checks what it prints, how it stops and what it exits with.

. "$(dirname "$0")/testing.sh"
need_samples samples echo echo_client runreactor calllater connectiontest portscan cancel_after supervisor \
    chat port_forward connection echoserver echo_server simplelogger linelogger connect_timeout listen_and_stop \
    protocol_under_faults udp_echo dataforward strports_service

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

datagrams_come_back() { # DRIVER STYLE
    local got="" text
    start_server env WRING_REACTOR="$1" "$samples/udp_echo" 0 --style "$2" || return 1
    exec {peer}<>"/dev/udp/127.0.0.1/$port"
    for text in one two; do
        printf '%s\n' "$text" >&"$peer"
        # bash reads byte by byte, and each read takes a datagram.
        got="$(timeout 10 dd bs=4096 count=1 <&"$peer" 2>/dev/null)"
        same "answer" "$text" "$got" || return 1
    done
    close_connection
    kill -TERM "$server"
    end_program 5 && same "exit status" 0 "$status"
}

forwards_lines() { # DRIVER
    local got
    start_server "$samples/echoserver" 0 || return 1
    got="$(printf 'one\ntwo\r\nquit\n' | WRING_REACTOR="$1" timeout 20 "$samples/dataforward" 127.0.0.1 "$port" | tr -d '\r')"
    same "output" "$(printf '%s\n' 'Connected to server. Press Ctrl-C to close connection.' 'You said: one' \
        'You said: two' Goodbye.)" "$got" || return 1
    kill -TERM "$server"
    end_program 5 && same "exit status" 0 "$status"
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

# says EXPECTED STATUS COMMAND…: the command prints exactly that, nothing on stderr, and has that status.
says() {
    local expected="$1" wanted="$2" got status
    shift 2
    got="$(timeout 30 "$@" </dev/null 2>"$tmp/stderr")"
    status=$?
    same "output" "$expected" "$got" && same "exit status" "$wanted" "$status" &&
        same "stderr" "" "$(cat "$tmp/stderr")"
}

says_usage() { # USAGE COMMAND…
    local usage="$1" status
    shift
    timeout 10 "$@" </dev/null >"$tmp/stdout" 2>"$tmp/stderr"
    status=$?
    same "stderr" "$usage" "$(cat "$tmp/stderr")" && same "stdout" "" "$(cat "$tmp/stdout")" &&
        same "exit status" 1 "$status"
}

# A client that tries one port: what it says of an open one, and of the same one when it is closed.
tells_open_from_closed() { # DRIVER OPEN CLOSED COMMAND…: @ stands for the port
    local driver="$1" open="$2" closed="$3"
    shift 3
    start_server "$samples/echo" tcp:0:interface=127.0.0.1 --reactor "$driver" || return 1
    says "${open//@/$port}" 0 env WRING_REACTOR="$driver" "${@//@/$port}" && stop_server &&
        says "${closed//@/$port}" 1 env WRING_REACTOR="$driver" "${@//@/$port}"
}

open_ports() { # as portscan should see them
    local each
    for each in {1..200}; do
        (exec 3<>"/dev/tcp/127.0.0.1/$each") 2>/dev/null && echo "Connected to port $each"
    done
}

may_open_low_ports() {
    [ "$(id -u)" -eq 0 ] || [ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" -le 100 ]
}

# start_on_low_port: a server on some port that portscan looks at and nobody uses.
start_on_low_port() {
    local each found
    found="$(open_ports)"
    for each in {200..100}; do
        grep -qx "Connected to port $each" <<<"$found" && continue
        start_server "$samples/echo" "tcp:$each:interface=127.0.0.1" && return 0
    done
    return 1
}

# finds_open_ports DRIVER [DESCRIPTORS]: with one that this test opens, if it may.
finds_open_ports() {
    local found state limit
    may_open_low_ports && { start_on_low_port || return 1; }
    found="$(open_ports)"
    limit="$(ulimit -S -n)"
    [ $# -gt 1 ] && ulimit -S -n "$2"
    says "$found" 0 env WRING_REACTOR="$1" "$samples/portscan" 127.0.0.1
    state=$?
    ulimit -S -n "$limit"
    [ -n "$server" ] || return "$state"
    stop_server && [ "$state" -eq 0 ] && contains "output" "^Connected to port $port\$" "$found"
}

# A stopped server accepts nothing; when its backlog is full the kernel leaves newcomers waiting.
gives_up_in_time() { # DRIVER EXPECTED COMMAND…: @ stands for the port, the time is 0.3 s
    local driver="$1" expected="$2" got="" tries=0 begin
    shift 2
    start_server "$samples/echo" tcp:0:interface=127.0.0.1:backlog=1 --reactor epoll || return 1
    kill -STOP "$server"
    while [ "$tries" -lt 8 ] && [ "$got" != "${expected//@/$port}" ]; do
        tries=$((tries + 1))
        begin=$(milliseconds)
        got="$(WRING_REACTOR="$driver" timeout 20 "${@//@/$port}" 2>&1)"
        status=$?
    done
    local took=$(($(milliseconds) - begin)) answer="$got" state=$status
    kill -CONT "$server"
    stop_server || return 1
    same "output" "${expected//@/$port}" "$answer" && same "exit status" 1 "$state" || return 1
    [ "$took" -ge 300 ] && [ "$took" -lt 3000 ] && return 0
    reason="a time-out of 0.3 s took $took ms"
    return 1
}

restarts_until_told_to_end() { # DRIVER
    local line="" seen=""
    start_program env WRING_REACTOR="$1" "$samples/supervisor"
    while read -r -t 10 -u "$out" line; do
        seen+="$line"$'\n'
        [ "$line" = "shaky: runs" ] && break
    done
    kill -TERM "$server"
    end_program 5 || return 1
    same "until all run" "$(printf '%s\n' 'steady: runs' 'shaky: failed (lost its way), again in 100 ms' \
        'shaky: failed (lost its way), again in 200 ms' 'shaky: failed (lost its way), again in 400 ms' \
        'shaky: runs')" "${seen%$'\n'}" && same "then" "$(printf '%s\n' 'shaky: stopped' 'steady: stopped' \
        'All workers have ended.')" "${rest%$'\n'}" && same "exit status" 0 "$status" &&
        same "stderr" "" "$(cat "$tmp/stderr")"
}

# After a check that failed.
end_leftover() {
    [ -n "$server" ] || return 0
    kill -KILL "$server" 2>/dev/null
    end_program 5
}

# say FD TEXT: sends a line. hear FD TEXT: the next line is that.
say() { printf '%s\r\n' "$2" >&"$1" 2>/dev/null; }
hear() {
    local line=""
    read -r -t 10 -u "$1" line
    same "the next line" "$2" "${line%$'\r'}"
}
hears_the_end() { # FD
    local line=""
    read -r -t 10 -u "$1" line
    [ $? -eq 1 ] && return 0
    reason="the connection was to end; got '$line'"
    return 1
}

people_chat() { # DRIVER
    local alice bob
    start_server env WRING_REACTOR="$1" "$samples/chat" tcp:0:interface=127.0.0.1 && open_connection || return 1
    alice=$peer
    hear "$alice" "What's your name?" && say "$alice" alice && hear "$alice" "Welcome, alice!" &&
        open_connection || return 1
    bob=$peer
    hear "$bob" "What's your name?" && say "$bob" alice && hear "$bob" "Another one, please." && say "$bob" bob &&
        hear "$bob" "Welcome, bob!" && hear "$alice" "bob is here" && say "$bob" "hi" && hear "$alice" "bob: hi" &&
        say "$alice" "hello, bob" && hear "$bob" "alice: hello, bob" || return 1
    exec {bob}<&-
    hear "$alice" "bob has left" && kill -TERM "$server" && hear "$alice" "Good night." && hears_the_end "$alice" &&
        end_program 5 || return 1
    exec {alice}<&-
    same "output" "$(printf '%s\n' 'alice is here' 'bob is here' 'bob has left' 'alice has left')" "${rest%$'\n'}" &&
        same "exit status" 0 "$status"
}

# The server in front of an echo server: what goes through it comes back.
forwards_ports() { # DRIVER
    local back back_out state
    start_server "$samples/echo" tcp:0:interface=127.0.0.1 --reactor "$1" || return 1
    back=$server back_out=$out
    start_server env WRING_REACTOR="$1" "$samples/port_forward" tcp:0:interface=127.0.0.1 "tcp:127.0.0.1:$port" &&
        open_connection && ping "through the middle" && close_connection && echo_comes_back socat &&
        megabyte_comes_back ncat && stop_server
    state=$?
    end_leftover
    server=$back out=$back_out
    stop_server && return "$state"
}

answers_lines() { # DRIVER
    start_server env WRING_REACTOR="$1" "$samples/echoserver" 0 &&
        hear "$out" "Server running, Press Ctrl-C to stop." && open_connection && say "$peer" "hello" &&
        hear "$peer" "You said: hello" && say "$peer" "" && hear "$peer" "You said: " && say "$peer" quit &&
        hear "$peer" "Goodbye." && hears_the_end "$peer" || return 1
    close_connection
    hear "$out" "Connection from 127.0.0.1" && stop_server && same "more output" "" "$rest"
}

echoes_silently() { # DRIVER
    start_server env WRING_REACTOR="$1" "$samples/echo_server" 0 && open_connection && ping "hello" &&
        close_connection && stop_server && same "more output" "" "$rest"
}

logs_clients() { # DRIVER SAMPLE SENT LINE…
    local line="" client sent="$3" each
    start_server env WRING_REACTOR="$1" "$samples/$2" 0 && open_connection || return 1
    read -r -t 10 -u "$out" line
    client="${line#Got connection from }"
    [[ "$line" =~ ^Got\ connection\ from\ \(\'127\.0\.0\.1\',\ [0-9]+\)$ ]] || {
        reason="it says '$line'"
        return 1
    }
    printf '%b' "$sent" >&"$peer"
    shift 3
    for each in "$@"; do hear "$out" "$each" || return 1; done
    close_connection
    hear "$out" "$client disconnected" && stop_server && same "more output" "" "$rest"
}

survives_faults() {
    local got
    got="$(timeout 60 "$samples/protocol_under_faults" 50 2>&1)"
    same "exit status" 0 $? || return 1
    contains "summary" '^50 seeds: 1000 orders booked once each' "$got" && contains "faults" '^ +[0-9]+ reset$' "$got"
}

replays_what_it_finds() {
    local got again
    got="$(timeout 60 "$samples/protocol_under_faults" --careless 1000 2>&1)"
    same "exit status" 1 $? || return 1
    contains "finding" '^seed [0-9]+: an order was booked [2-9] times$' "$got" || return 1
    again="${got##*protocol_under_faults }"
    # shellcheck disable=SC2086
    same "the replay's output" "$got" "$("$samples/protocol_under_faults" $again 2>&1)"
}

listens_and_stops() { # DRIVER
    start_server env WRING_REACTOR="$1" "$samples/listen_and_stop" tcp:0:interface=127.0.0.1 && open_connection &&
        hear "$peer" "Sorry, we are closing." && hears_the_end "$peer" || return 1
    close_connection
    end_program 5 && same "output" "$(printf 'Answered 127.0.0.1\nStopped listening.')" "${rest%$'\n'}" &&
        same "exit status" 0 "$status"
}

reports_a_taken_port() {
    start_server "$samples/echo" tcp:0:interface=127.0.0.1 || return 1
    says "Cannot listen: Couldn't listen on 127.0.0.1:$port: [Errno 98] Address already in use." 1 \
        "$samples/listen_and_stop" "tcp:$port:interface=127.0.0.1" && stop_server
}

counts_clients() { # DRIVER
    local each
    start_server env WRING_REACTOR="$1" "$samples/strports_service" tcp:0:interface=127.0.0.1 &&
        hear "$out" "Served so far: 0" || return 1
    for each in 1 2; do
        open_connection && hear "$peer" "You are number $each." && hears_the_end "$peer" || return 1
        close_connection
    done
    stop_server && same "more output" "Everything has stopped." "${rest%$'\n'}"
}

reports_a_taken_port_of_a_service() {
    start_server "$samples/echo" tcp:0:interface=127.0.0.1 || return 1
    timeout 10 "$samples/strports_service" "tcp:$port:interface=127.0.0.1" >"$tmp/stdout" 2>"$tmp/service.stderr"
    same "exit status" 2 $? && same "stderr" "strports_service: Couldn't listen on 127.0.0.1:$port: [Errno 98] Address already in use." \
        "$(cat "$tmp/service.stderr")" && stop_server
}

refused="Connection was refused by other side: 111: Connection refused."
choose_drivers samples
for driver in "${drivers[@]}"; do
    for style in coroutine protocol; do echo_serves "$driver" "$style"; done
    check "samples/runreactor/$driver" runs_until_interrupted "$driver"
    check "samples/calllater/$driver" calls_later "$driver"
    check "samples/connectiontest/$driver" tells_open_from_closed "$driver" "Connect to port @" \
        "Error connecting to port @: $refused" "$samples/connectiontest" 127.0.0.1 @
    check "samples/cancel_after/$driver" tells_open_from_closed "$driver" "Connected to 127.0.0.1:@" \
        "Failed: $refused" "$samples/cancel_after" 5 127.0.0.1 @
    check "samples/cancel_after/gives-up/$driver" gives_up_in_time "$driver" "Gave up after 0.3 s" \
        "$samples/cancel_after" 0.3 127.0.0.1 @
    end_leftover
    check "samples/portscan/$driver" finds_open_ports "$driver"
    check "samples/portscan/few-descriptors/$driver" finds_open_ports "$driver" 64
    check "samples/supervisor/$driver" restarts_until_told_to_end "$driver"
    check "samples/chat/$driver" people_chat "$driver"
    end_leftover
    check "samples/port_forward/$driver" forwards_ports "$driver"
    end_leftover
    check "samples/connection/$driver" tells_open_from_closed "$driver" \
        $'Connected to 127.0.0.1.\nLost connection: Connection was closed cleanly.' "Connection failed: $refused" \
        "$samples/connection" 127.0.0.1 @
    check "samples/echoserver/$driver" answers_lines "$driver"
    end_leftover
    check "samples/echo_server/$driver" echoes_silently "$driver"
    end_leftover
    check "samples/simplelogger/$driver" logs_clients "$driver" simplelogger 'one two' "one two"
    end_leftover
    check "samples/linelogger/$driver" logs_clients "$driver" linelogger 'one\r\n\r\ntwo\r\n' one "" two
    end_leftover
    check "samples/connect_timeout/$driver" tells_open_from_closed "$driver" "Connected to 127.0.0.1:@" \
        "Failed: ConnectionRefusedError: $refused" "$samples/connect_timeout" tcp:127.0.0.1:@
    check "samples/connect_timeout/gives-up/$driver" gives_up_in_time "$driver" \
        "Failed: ConnectingCancelledError: The connection attempt was cancelled: 127.0.0.1:@." \
        "$samples/connect_timeout" tcp:127.0.0.1:@:timeout=60 0.3
    end_leftover
    for style in coroutine protocol; do
        check "samples/udp_echo/$driver/$style" datagrams_come_back "$driver" "$style"
        end_leftover
    done
    check "samples/dataforward/$driver" forwards_lines "$driver"
    end_leftover
    check "samples/listen_and_stop/$driver" listens_and_stops "$driver"
    end_leftover
    check "samples/strports_service/$driver" counts_clients "$driver"
    end_leftover
done
check "samples/protocol_under_faults/survives" survives_faults
check "samples/protocol_under_faults/replays-what-it-finds" replays_what_it_finds
check "samples/protocol_under_faults/says-its-usage" says_usage \
    "Usage: protocol_under_faults [--careless] [SEEDS [FIRST]]" "$samples/protocol_under_faults" 1 2 3
check "samples/listen_and_stop/taken-port" reports_a_taken_port
end_leftover
check "samples/strports_service/taken-port" reports_a_taken_port_of_a_service
end_leftover
check "samples/strports_service/says-its-usage" says_usage "Usage: strports_service endpoint" "$samples/strports_service"
check "samples/connection/unknown-host" says "Connection failed: DNS lookup failed: address 'name.invalid' not found." \
    1 "$samples/connection" name.invalid
check "samples/connection/says-its-usage" says_usage "Usage: connection host [port]" "$samples/connection"
check "samples/udp_echo/says-its-usage" says_usage "Usage: udp_echo [port] [--style coroutine|protocol]" \
    "$samples/udp_echo" seven
check "samples/dataforward/says-its-usage" says_usage "Usage: dataforward host port" "$samples/dataforward" localhost
check "samples/chat/says-its-usage" says_usage "Usage: chat endpoint" "$samples/chat"
check "samples/port_forward/says-its-usage" says_usage "Usage: port_forward listen connect" "$samples/port_forward" tcp:0
check "samples/echoserver/says-its-usage" says_usage "Usage: echoserver [port]" "$samples/echoserver" 65536
check "samples/connect_timeout/says-its-usage" says_usage "Usage: connect_timeout endpoint [seconds]" \
    "$samples/connect_timeout"
check "samples/listen_and_stop/says-its-usage" says_usage "Usage: listen_and_stop endpoint" "$samples/listen_and_stop"
check "samples/connectiontest/unknown-host" says \
    "Error connecting to port 80: DNS lookup failed: address 'name.invalid' not found." 1 \
    "$samples/connectiontest" name.invalid 80
check "samples/connectiontest/says-its-usage" says_usage "Usage: connectiontest host port" "$samples/connectiontest"
check "samples/connectiontest/wants-a-number" says_usage "Usage: connectiontest host port" \
    "$samples/connectiontest" localhost http
check "samples/portscan/says-its-usage" says_usage "Usage: portscan host" "$samples/portscan"
check "samples/cancel_after/says-its-usage" says_usage "Usage: cancel_after seconds host port" \
    "$samples/cancel_after" 1 localhost
check "samples/echo/names-a-bad-port" refuses_arguments 'notaport' tcp:notaport
check "samples/echo/names-a-bad-type" refuses_arguments 'nosuchtype' nosuchtype:1
check "samples/echo/names-a-bad-reactor" refuses_arguments 'nosuchreactor' tcp:0 --reactor nosuchreactor
check "samples/echo/says-its-usage" refuses_arguments '[Uu]sage'
check "samples/echo_client/without-server" client_without_server
finish

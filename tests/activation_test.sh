#!/usr/bin/env bash
# UNIX sockets, inherited sockets and what stands behind a proxy, with real programs at the other end.

. "$(dirname "$0")/testing.sh"
need_samples activation echo unix_echo

# start_at ENDPOINT PATTERN [DRIVER]: unix_echo, until it says where it listens.
start_at() {
    local line=""
    start_program "$samples/unix_echo" "$1" --reactor "${3:-epoll}"
    read -r -t 15 -u "$out" line
    same "first line" "$2" "$line"
}

serves_and_cleans_up() { # DRIVER
    local path="$tmp/sock.$1" got line=""
    start_at "unix:$path:mode=600" "listening on unix:$path" "$1" || return 1
    same "mode" 600 "$(stat -c %a "$path")" || return 1
    same "owner of the lock" "$server" "$(readlink "$path.lock")" || return 1
    got="$(printf 'ping' | timeout 20 socat -t 15 - "UNIX-CONNECT:$path")"
    same "answer" ping "$got" || return 1
    read -r -t 10 -u "$out" line
    contains "what it says" "^served pid [0-9]+, uid $(id -u): 4 bytes\$" "$line" || return 1
    stop_server || return 1
    same "what is left" "" "$(find "$tmp" -name "sock.$1*")"
}

# A server that is killed leaves socket and lock; the next one takes over and says so.
recovers_after_a_kill() {
    local path="$tmp/killed"
    start_at "unix:$path" "listening on unix:$path" || return 1
    { # bash would announce the signal
        kill -KILL "$server"
        end_program 5
    } 2>/dev/null
    start_at "unix:$path" "listening on unix:$path" || return 1
    contains "stderr" "unclean previous exit" "$(cat "$tmp/stderr")" || return 1
    stop_server
}

tells_who_has_the_lock() {
    local path="$tmp/locked" first
    start_at "unix:$path" "listening on unix:$path" || return 1
    first=$server
    timeout 20 "$samples/unix_echo" "unix:$path" </dev/null >"$tmp/second" 2>&1
    same "exit status" 1 "$?" || return 1
    contains "what the second says" "is locked by pid $first" "$(cat "$tmp/second")" && stop_server
}

free_port() { # one that nobody has at this moment
    start_server "$samples/echo" tcp:0:interface=127.0.0.1 --reactor epoll && stop_server
}

# activated COMMAND…: `systemd-socket-activate` runs it when the first connection comes; a port that
# somebody else has got meanwhile is given up for another one.
activated() {
    local tries=0 line
    while [ "$tries" -lt 5 ]; do
        tries=$((tries + 1))
        free_port || return 1
        start_program systemd-socket-activate "${names[@]}" -l "127.0.0.1:$port" "$@"
        until grep -q "Listening on" "$tmp/stderr"; do
            if ! kill -0 "$server" 2>/dev/null; then break; fi
            read -r -t 0.02 -u "$out" line
        done
        grep -q "Listening on" "$tmp/stderr" && return 0
        end_program 1
    done
    reason="systemd-socket-activate does not listen: $(cat "$tmp/stderr")"
    return 1
}

serves_when_activated() { # DRIVER ENDPOINT [OPTION…]
    local driver="$1" endpoint="$2" names=("${@:3}") got line=""
    activated "$samples/echo" "$endpoint" --reactor "$driver" || return 1
    got="$(printf 'wake up' | talk_socat)"
    same "answer" "wake up" "$got" || return 1
    read -r -t 10 -u "$out" line
    same "first line" "listening on 127.0.0.1:$port" "$line" || return 1
    got="$(printf 'again' | talk_socat)"
    same "second answer" again "$got" && stop_server
}

inherits_by_number() { # the shell listens nowhere itself: systemd-socket-activate does it for it
    local names=()
    activated bash -c 'exec "$0" fd:3 --reactor epoll' "$samples/echo" || return 1
    same "answer" number "$(printf 'number' | talk_socat)" && stop_server
}

finds_nothing_to_inherit() {
    timeout 20 "$samples/echo" systemd:domain=INET:index=0 </dev/null >"$tmp/stdout" 2>"$tmp/stderr"
    same "exit status" 1 "$?" && contains "stderr" "no inherited descriptors" "$(cat "$tmp/stderr")"
}

# What HAProxy sends in front of a connection, by hand.
serves_behind_a_proxy() {
    start_server "$samples/echo" haproxy:tcp:0:interface=127.0.0.1 || return 1
    same "answer" payload \
        "$(printf 'PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\npayload' | talk_socat)" || return 1
    same "answer to no header" "" "$(printf 'GET / HTTP/1.0\r\n\r\n' | talk_socat 2>/dev/null)" &&
        stop_server
}

# HAProxy itself in front, on a socket that it inherits, saying who connected as OPTION tells it.
serves_behind_haproxy() { # OPTION
    local names=() echo_server echo_out got
    start_server "$samples/echo" haproxy:tcp:0:interface=127.0.0.1 || return 1
    echo_server=$server echo_out=$out
    printf '%s\n' defaults ' mode tcp' ' timeout connect 10s' ' timeout client 20s' ' timeout server 20s' \
        'listen front' ' bind fd@3' " server back 127.0.0.1:$port $1" >"$tmp/haproxy.cfg"
    activated haproxy -db -f "$tmp/haproxy.cfg" || return 1
    got="$(printf 'through' | talk_socat)"
    kill -TERM "$server"
    end_program 5
    server=$echo_server out=$echo_out
    same "answer" through "$got" && stop_server
}

end_left_over() {
    [ -n "$server" ] || return 0
    kill -KILL "$server" 2>/dev/null
    end_program 5
}

choose_drivers activation
used_peer socat "$(socat -V | sed -n 's/^socat version \([^ ]*\).*/\1/p')"
used_peer HAProxy "$(haproxy -v | sed -n '1s/^[^ ]* version \([^ ]*\).*/\1/p')"
used_peer systemd "$(systemd-socket-activate --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')"
for driver in "${drivers[@]}"; do
    check "activation/unix_echo/$driver" serves_and_cleans_up "$driver"
    end_left_over
    check "activation/systemd/index/$driver" serves_when_activated "$driver" systemd:domain=INET:index=0
    end_left_over
done
check "activation/systemd/name" serves_when_activated epoll systemd:domain=INET:name=web --fdname=web
end_left_over
check "activation/fd" inherits_by_number
end_left_over
check "activation/systemd/none" finds_nothing_to_inherit
check "activation/unix_echo/recovers" recovers_after_a_kill
end_left_over
check "activation/unix_echo/locked" tells_who_has_the_lock
end_left_over
check "activation/haproxy/by-hand" serves_behind_a_proxy
end_left_over
for option in send-proxy send-proxy-v2; do
    check "activation/haproxy/$option" serves_behind_haproxy "$option"
    end_left_over
done
finish

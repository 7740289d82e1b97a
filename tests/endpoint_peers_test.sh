#!/usr/bin/env bash
# Endpoint strings of the samples and of Twisted talk to each other, in both directions.

. "$(dirname "$0")/testing.sh"
need_samples endpoint_peers echo echo_client
twisted=(/usr/bin/python3 "$wring_root/tests/peers/twisted_echo.py")

# listens COMMAND…: a server, until it says where; sets `where`.
listens() {
    local line=""
    start_program "$@"
    read -r -t 15 -u "$out" line
    where="${line#listening on }"
    contains "first line" "^listening on " "$line" && return 0
    end_program 1
    return 1
}

# answers HOW TEXT [HEADER]: what Twisted gets from the server at `where`.
answers() {
    local endpoint="$where" got
    [[ "$where" == unix:* ]] || endpoint="tcp:host=${where%:*}:port=${where##*:}"
    [[ "$where" != \[* ]] || endpoint="tcp:host=\\:\\:1:port=${where##*:}"
    got="$(timeout 20 "${twisted[@]}" "$1" "$endpoint" "${@:2}" 2>&1)"
    same "what Twisted got" "$2 ConnectionDone" "$got"
}

serves_twisted() { # DRIVER TYPE ENDPOINT [HEADER]
    local name="endpoint_peers/server/$1/$2" how=client
    [ $# -lt 4 ] || how=proxied
    check "$name/starts" listens "$samples/echo" "$3" --reactor "$1"
    [ -n "$server" ] || return
    check "$name" answers "$how" "hello from afar" "${@:4}"
    check "$name/stops" stop_server
}

says_hello() { # DRIVER ENDPOINT
    local got
    got="$(timeout 20 "$samples/echo_client" "$2" --reactor "$1" 2>&1)"
    contains "what echo_client said" "Server said: hello, world!" "$got"
}

asks_twisted() { # TYPE ENDPOINT: of Twisted's server. What connects to it comes from `connecting`.
    local name="endpoint_peers/client" driver
    check "$name/$1/starts" listens "${twisted[@]}" server "$2"
    [ -n "$server" ] || return
    for driver in "${drivers[@]}"; do
        check "$name/$driver/$1" says_hello "$driver" "${connecting//PORT/${where##*:}}"
    done
    kill -TERM "$server"
    end_program 10
}

choose_drivers endpoint_peers
used_peer Twisted "$(/usr/bin/python3 -c 'import twisted; print(twisted.__version__)')"
for driver in "${drivers[@]}"; do
    serves_twisted "$driver" tcp tcp:0:interface=127.0.0.1
    serves_twisted "$driver" tcp6 'tcp6:0:interface=\:\:1'
    serves_twisted "$driver" unix "unix:$tmp/ours.$driver:lockfile=1"
    serves_twisted "$driver" haproxy haproxy:tcp:0:interface=127.0.0.1 \
        "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443"
done
connecting=tcp:127.0.0.1:PORT asks_twisted tcp tcp:0:interface=127.0.0.1
connecting='tcp:\:\:1:PORT' asks_twisted tcp6 'tcp6:0:interface=\:\:1'
# A lock of Twisted's is a lock here: its owner lives.
connecting="unix:$tmp/theirs:lockfile=1" asks_twisted unix "unix:$tmp/theirs:lockfile=1"
finish

#!/usr/bin/env bash
# The protocol bases against Twisted's own, in both directions: tests/net/framing_peer.cpp and
# framing_peer.py serve each other, and each other's too long messages end the connection.

. "$(dirname "$0")/testing.sh"
need_samples twisted echo
ours="$samples/../tests/net/framing_peer"
kinds="int16 int32 int8 line netstring" # in the order in which our servers say where they are
theirs=()                               # our servers, as framing_peer.py wants to know them
running=()                              # "PROCESS DESCRIPTOR" of each

if [ ! -x "$ours" ]; then
    not_ok twisted "$ours does not exist; bash tests/run.sh builds it"
    exit 1
fi

# take_ports COUNT: reads as many lines NAME=PORT into `ports`.
take_ports() {
    local line
    ports=()
    while [ "${#ports[@]}" -lt "$1" ]; do
        read -r -t 30 -u "$out" line || break
        ports+=("$line")
    done
    [ "${#ports[@]}" -eq "$1" ] && return 0
    reason="a server did not say where it listens; it said: ${ports[*]} $(cat "$tmp/stderr")"
    return 1
}

start_ours() { # DRIVER
    start_program env WRING_REACTOR="$1" "$ours" serve
    running+=("$server $out")
    take_ports 5 && theirs+=("${ports[@]/#/$1/}")
}

# Debian's own interpreter, which knows its package, whatever else is installed.
start_theirs() {
    local line=""
    start_program /usr/bin/python3 "$wring_root/tests/net/framing_peer.py" "${theirs[@]}"
    take_ports 5 && read -r -t 30 -u "$out" line && same "then" listening "$line"
}

# What Twisted's clients say of our servers, a line each.
reads_result() { # NAME
    local line=""
    read -r -t 60 -u "$out" line
    same "Twisted's client says" "$1 ok" "$line"
}

talk_to_theirs() { # DRIVER
    local name
    WRING_REACTOR="$1" timeout 100 "$ours" connect "${twisted[@]}" >"$tmp/said" 2>"$tmp/ours.stderr"
    for name in $kinds; do
        check "twisted/$1/client/$name" contains "our client says" "^$name ok\$" \
            "$(cat "$tmp/said" "$tmp/ours.stderr")"
    done
}

choose_drivers twisted
for driver in "${drivers[@]}"; do check "twisted/$driver/starts" start_ours "$driver"; done
check "twisted/starts" start_theirs
[ "$failures" -eq 0 ] || exit 1
twisted=("${ports[@]}")
used_peer Twisted "$(/usr/bin/python3 -c 'import twisted; print(twisted.__version__)')"
for driver in "${drivers[@]}"; do
    for name in $kinds; do check "twisted/$driver/server/$name" reads_result "$driver/$name"; done
done
for driver in "${drivers[@]}"; do talk_to_theirs "$driver"; done
read -r -t 30 -u "$out" line
kill -TERM "$server"
end_program 10
for each in "${running[@]}"; do
    read -r server out <<<"$each"
    check "twisted/our-server-stops" stop_server
done
finish

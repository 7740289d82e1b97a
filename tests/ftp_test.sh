#!/usr/bin/env bash
# curl, somebody else's FTP client, against samples/ftp_server: transfers both ways, active and passive,
# what is refused, and what is left when a transfer ends early.

. "$(dirname "$0")/testing.sh"
need_samples ftp ftp_server echo
command -v curl >/dev/null || {
    skip "ftp" "there is no curl"
    exit 0
}
used_peer curl "$(curl --version | head -n 1 | cut -d ' ' -f 2)"

# The folder that is served, and a secret beside it.
mkdir -p "$tmp/served/inner"
printf 'a small file\n' >"$tmp/served/small"
: >"$tmp/served/empty"
head -c 1048576 /dev/urandom >"$tmp/served/large"
printf 'secret\n' >"$tmp/secret"
ln -s ../secret "$tmp/served/way-out"
ln -s "$tmp/secret" "$tmp/served/straight-out"
ln -s small "$tmp/served/way-in"
mkfifo "$tmp/served/fifo"

# fetch PATH [OPTION…]: into $tmp/got; its messages go to $tmp/client.
fetch() {
    local path="$1"
    shift
    curl -sS -v --path-as-is --max-time 20 -o "$tmp/got" "$@" "ftp://127.0.0.1:$port/$path" 2>"$tmp/client"
}
fetches() { # PATH OPTION…
    local path="$1"
    rm -f "$tmp/got"
    fetch "$@" || {
        reason="curl: exit status $?: $(tail -n 3 "$tmp/client")"
        return 1
    }
    # curl makes no file of nothing.
    [ -e "$tmp/got" ] || : >"$tmp/got"
    cmp -s "$tmp/served/${path#/}" "$tmp/got" || {
        reason="what came of $path is not what lies there"
        return 1
    }
}
stores() { # NAME OPTION…
    local name="$1"
    shift
    rm -f "$tmp/served/uploaded"
    curl -sS --max-time 20 -T "$tmp/served/$name" "$@" "ftp://127.0.0.1:$port/uploaded" 2>"$tmp/client" || {
        reason="curl: exit status $?: $(cat "$tmp/client")"
        return 1
    }
    cmp -s "$tmp/served/$name" "$tmp/served/uploaded" || {
        reason="what was stored is not what was sent"
        return 1
    }
}
transfers_both_ways() { # OPTION…
    local each
    for each in small empty large; do
        fetches "$each" "$@" && stores "$each" "$@" || return 1
    done
}
lists() { # OPTION…
    rm -f "$tmp/served/uploaded"
    fetch "" -l "$@" || return 1
    same "names" "$(printf '%s\n' empty fifo inner large small straight-out way-in way-out)" "$(tr -d '\r' <"$tmp/got")" &&
        fetch "" "$@" && contains "list" '^drwxr-xr-x .* inner' "$(cat "$tmp/got")" &&
        contains "list" '^-rw-r--r-- .* 1048576 .* large' "$(cat "$tmp/got")"
}
refuses() { # PATH
    rm -f "$tmp/got"
    fetch "$1" && {
        reason="$1 was given"
        return 1
    }
    contains "answer to $1" '^< 550 ' "$(cat "$tmp/client")"
}
stays_inside() {
    local each
    for each in nothing inner //../secret way-out straight-out fifo //etc/passwd; do
        refuses "$each" || return 1
    done
    fetches way-in
}

# command TEXT REPLY: says that on the open connection, and the answer's last line begins like that.
command() {
    local line=""
    printf '%s\r\n' "$1" >&"$peer"
    expect "$2" || {
        reason="$1: $reason"
        return 1
    }
}
expect() { # REPLY
    local line=""
    while read -r -t 10 -u "$peer" line; do
        [[ "$line" =~ ^[0-9]{3}' ' ]] && break
    done
    line="${line%$'\r'}"
    [[ "$line" == $1* ]] && return 0
    reason="expected '$1', got '$line'"
    return 1
}
log_in() {
    open_connection && expect 220 && command "USER anonymous" 331 && command "PASS me@here" 230
}
answers_each_command() {
    open_connection && expect 220 && command PWD 530 && command "USER root" 331 && command "PASS toor" 530 &&
        command "USER anonymous" 331 && command "pass x" 230 && command SYST "215 UNIX" && command FEAT 211 &&
        command "TYPE A" 200 && command "TYPE E" 504 && command NOOP 200 && command PWD '257 "/"' &&
        command "CWD inner" 250 && command PWD '257 "/inner"' && command "CWD ../.." 250 && command PWD '257 "/"' &&
        command "CWD inner" 250 && command CDUP 250 && command PWD '257 "/"' && command "CWD small" 550 &&
        command "CWD way-out" 550 && command "SIZE large" "213 1048576" && command "SIZE inner" 550 &&
        command "MDTM small" "213 20" && command "MDTM nothing" 550 && command "RETR small" 425 &&
        command LIST 425 && command "DELE nothing" 550 && command XYZZY 502 && command ABOR 226 &&
        command "$(printf 'a%.0s' {1..2000})" 500 || return 1
    close_connection
}
connects_to_nobody_else() {
    log_in && command "PORT 127,0,0,2,40,0" 504 && command "PORT 127,0,0,1,0,21" 504 && command "PORT 1,2,3" 501 &&
        command "PORT 127,0,0,1,256,0" 501 && command "EPRT |1|192.0.2.1|4000|" 504 &&
        command "EPRT |1|127.0.0.1|70000|" 501 && command "EPRT" 501 && command QUIT 221 || return 1
    close_connection
}
# passive: says EPSV, connects descriptor `data` to the port.
passive() {
    local line=""
    printf 'EPSV\r\n' >&"$peer"
    read -r -t 10 -u "$peer" line
    [[ "$line" =~ \(\|\|\|([0-9]+)\|\) ]] || {
        reason="EPSV: $line"
        return 1
    }
    data_port="${BASH_REMATCH[1]}"
    { exec {data}<>"/dev/tcp/127.0.0.1/$data_port"; } 2>/dev/null || {
        reason="cannot connect to the data port"
        return 1
    }
}
data_port_is_closed() {
    (exec 3<>"/dev/tcp/127.0.0.1/$data_port") 2>/dev/null || return 0
    reason="the data port is open after its transfer"
    return 1
}
stops_the_data_port() {
    log_in && passive && command "RETR small" 150 && expect 226 && data_port_is_closed &&
        same "data" "a small file" "$(timeout 10 cat <&"$data")" && exec {data}<&- && command QUIT 221 || return 1
    close_connection
}
# The peer of the transfer takes nothing, so that it cannot end by itself.
aborts_a_transfer() {
    log_in && passive && command "STOR uploaded" 150 && command ABOR 426 && expect 226 && data_port_is_closed &&
        command NOOP 200 && command "DELE uploaded" 250 && command QUIT 221 || return 1
    exec {data}<&-
    close_connection
}
survives_a_client_that_leaves() {
    log_in && passive && command "STOR uploaded" 150 || return 1
    close_connection
    same "data" "" "$(timeout 10 cat <&"$data")" && exec {data}<&- && fetches small
}
changes_nothing() {
    start_server "$samples/ftp_server" tcp:0:interface=127.0.0.1 "$tmp/served" && log_in &&
        command "STOR new" 550 && command "DELE small" 550 && command QUIT 221 && close_connection && stop_server
}
end_leftover() {
    [ -n "$server" ] || return 0
    kill -KILL "$server" 2>/dev/null
    end_program 5
}

choose_drivers ftp
for driver in "${drivers[@]}"; do
    check "ftp/$driver/starts" start_server env WRING_REACTOR="$driver" "$samples/ftp_server" \
        tcp:0:interface=127.0.0.1 "$tmp/served" --upload
    [ -n "$server" ] || continue
    check "ftp/$driver/passive" transfers_both_ways
    check "ftp/$driver/PASV" fetches large --disable-epsv
    check "ftp/$driver/active" transfers_both_ways -P -
    check "ftp/$driver/PORT" fetches large -P - --disable-eprt
    check "ftp/$driver/lists" lists
    check "ftp/$driver/lists-actively" lists -P -
    check "ftp/$driver/stays-inside-its-folder" stays_inside
    check "ftp/$driver/answers-each-command" answers_each_command
    check "ftp/$driver/connects-to-nobody-else" connects_to_nobody_else
    check "ftp/$driver/stops-the-data-port" stops_the_data_port
    check "ftp/$driver/aborts" aborts_a_transfer
    check "ftp/$driver/survives-a-client-that-leaves" survives_a_client_that_leaves
    check "ftp/$driver/SIGTERM" stop_server
    end_leftover
done
check "ftp/changes-nothing-unless-told" changes_nothing
end_leftover
finish

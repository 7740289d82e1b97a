#!/usr/bin/env bash
# TLS between the samples and other people's implementations: OpenSSL's tool, GnuTLS, socat, curl, Twisted;
# and what testssl.sh has to say of it.

. "$(dirname "$0")/testing.sh"
need_samples tls_peers tls_echo echo_client port_forward
twisted="$wring_root/tests/peers/twisted_echo.py"

# make_certificate NAME SUBJECT_ALT_NAME AUTHORITY: NAME.pem with certificate and key; AUTHORITY empty: its own.
make_certificate() {
    local by=(-addext "basicConstraints=critical,CA:TRUE")
    [ -n "$3" ] && by=(-CA "$tmp/$3.pem" -CAkey "$tmp/$3.pem" -addext "basicConstraints=critical,CA:FALSE")
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
        -keyout "$tmp/$1.key" -out "$tmp/$1.crt" -addext "subjectAltName=$2" "${by[@]}" 2>"$tmp/openssl.log" ||
        return 1
    (umask 077 && cat "$tmp/$1.key" "$tmp/$1.crt" >"$tmp/$1.pem")
}

# converse COMMAND…: sends a line through it and wants it back; ends it then.
converse() {
    local to from got="" text="to be, or not to be" pid
    coproc PEER { exec timeout 20 "$@" 2>"$tmp/peer.stderr"; }
    pid=$PEER_PID to=${PEER[1]} from=${PEER[0]}
    printf '%s\n' "$text" >&"$to"
    while read -r -t 15 -u "$from" got; do [ "$got" = "$text" ] && break; done
    kill "$pid" 2>/dev/null
    { wait "$pid"; } 2>/dev/null
    same "what came back (stderr: $(tail -n 3 "$tmp/peer.stderr"))" "$text" "$got"
}

by_openssl() {
    converse openssl s_client -connect "127.0.0.1:$port" -quiet -CAfile "$tmp/authority.crt" \
        -verify_return_error -servername localhost -verify_hostname localhost "$@"
}
by_gnutls() {
    converse gnutls-cli --x509cafile="$tmp/authority.crt" --logfile="$tmp/gnutls.log" --port "$port" localhost
}
megabyte_by_socat() {
    local sent got
    head -c 1048576 /dev/urandom >"$tmp/payload"
    sent="$(sha256sum <"$tmp/payload")"
    got="$(timeout 20 socat -t 15 - "OPENSSL:127.0.0.1:$port,pf=ip4,cafile=$tmp/authority.crt,commonname=localhost" \
        <"$tmp/payload" 2>"$tmp/socat.stderr" | sha256sum)"
    same "sha256 of what socat got ($(tail -n 1 "$tmp/socat.stderr"))" "$sent" "$got"
}
by_twisted() {
    local got
    got="$(timeout 20 /usr/bin/python3 "$twisted" verified "tcp:127.0.0.1:$port" "hello from afar" localhost "$tmp/authority.crt" 2>&1)"
    same "what Twisted got" "server: hello from afar ConnectionDone" "$got"
}
# With a certificate, with none, and with one of somebody whom the server does not trust.
by_twisted_with_certificates() {
    local got lines
    got="$(timeout 20 /usr/bin/python3 "$twisted" verified "tcp:127.0.0.1:$port" "hello from afar" localhost \
        "$tmp/authority.crt" "$tmp/visitor.pem" "" "$tmp/stranger.pem" 2>&1)"
    mapfile -t lines <<<"$got"
    same "lines of Twisted: $got" 3 "${#lines[@]}" &&
        same "what Twisted got as visitor" "server: hello from afar ConnectionDone" "${lines[0]}" &&
        contains "what Twisted got as nobody" "^nobody: .*alert certificate required" "${lines[1]}" &&
        contains "what Twisted got as a stranger" "^nobody: .*alert unknown ca" "${lines[2]}"
}
by_echo_client() { # ENDPOINT DRIVER
    local got
    got="$(timeout 20 "$samples/echo_client" "$1" --reactor "$2" 2>&1)"
    same "echo_client's output" "$(printf '%s\n' 'Server said: hello, world!' 'connection lost' \
        'Connection lost - goodbye!')" "$got"
}
echo_client_fails() { # PATTERN ENDPOINT DRIVER
    local got
    got="$(timeout 20 "$samples/echo_client" "$2" --reactor "$3" 2>&1)" && {
        reason="it did not fail: $got"
        return 1
    }
    contains "echo_client's output" "$1" "$got"
}

openssl_is_refused() { # PATTERN ARGUMENT…
    local pattern="$1" got
    shift
    got="$(timeout 20 openssl s_client -connect "127.0.0.1:$port" -CAfile "$tmp/authority.crt" "$@" \
        </dev/null 2>&1)"
    contains "s_client's output" "$pattern" "$got"
}
# In TLS 1.3 a client learns that it is refused when it reads, so this one does nothing else.
stranger_is_refused() {
    local got
    got="$(timeout 20 openssl s_client -connect "127.0.0.1:$port" -quiet -CAfile "$tmp/authority.crt" \
        </dev/null 2>&1)"
    contains "s_client's output" "alert certificate required" "$got"
}

# Nothing that is worse than a note, of protocols, ciphers, forward secrecy and known attacks. An echo does not
# answer the request by which it wants to find out what is served, so it is not to wait for that long.
surveyed() {
    local found
    HEADER_MAXSLEEP=1 MAX_WAITSOCK=3 timeout 150 testssl --quiet --color 0 --warnings off --nodns none \
        --ip 127.0.0.1 --jsonfile "$tmp/survey.json" --protocols --std --pfs --vulnerable "127.0.0.1:$port" \
        </dev/null >"$tmp/survey.out" 2>&1
    contains "testssl.sh's findings" '"id" *: "TLS1_3"' "$(cat "$tmp/survey.json")" || return
    contains "testssl.sh's findings" '"id" *: "RC4"' "$(cat "$tmp/survey.json")" || return
    found="$(tr -d '\n' <"$tmp/survey.json" | grep -oE '\{[^{}]*"severity" *: "(MEDIUM|HIGH|CRITICAL|FATAL)"[^{}]*\}')"
    same "what testssl.sh finds worse than LOW" "" "$found"
}
# Goes on beside the other tests of the same server; ended_survey() is its result.
begin_survey() {
    (surveyed || { echo "$reason" >"$tmp/survey.reason" && exit 1; }) &
    survey=$!
}
ended_survey() {
    wait "$survey" && return
    reason="$(cat "$tmp/survey.reason")"
    return 1
}

serves_peers() { # DRIVER
    local name="tls_peers/server/$1"
    check "$name/starts" start_server "$samples/tls_echo" \
        "ssl:0:interface=127.0.0.1:privateKey=$tmp/server.key:certKey=$tmp/server.crt" --reactor "$1"
    [ -n "$server" ] || return
    local survey=""
    [ "$1" = "${drivers[0]}" ] && begin_survey
    check "$name/openssl" by_openssl
    check "$name/openssl-tls1_2" by_openssl -tls1_2
    check "$name/openssl-tls1_1-is-refused" openssl_is_refused "alert protocol version" -tls1_1 \
        -cipher DEFAULT@SECLEVEL=0
    check "$name/gnutls-cli" by_gnutls
    check "$name/socat-1MiB" megabyte_by_socat
    check "$name/twisted" by_twisted
    check "$name/echo_client" by_echo_client "tls:127.0.0.1:$port:trustRoots=$tmp/authority.crt" "$1"
    check "$name/echo_client-trusts-nobody-else" echo_client_fails "not accepted: code 20" \
        "tls:127.0.0.1:$port:trustRoots=$tmp/stranger.crt" "$1"
    [ -n "$survey" ] && check "$name/testssl.sh" ended_survey
    check "$name/stops" stop_server
}

asks_for_certificates() { # DRIVER
    local name="tls_peers/client-certificates/$1" person=(-cert "$tmp/person.crt" -key "$tmp/person.key")
    check "$name/starts" start_server "$samples/tls_echo" tcp:0:interface=127.0.0.1 --reactor "$1" \
        --certificate "$tmp/server.pem" --clients "$tmp/authority.crt"
    [ -n "$server" ] || return
    check "$name/openssl" by_openssl "${person[@]}"
    check "$name/openssl-tls1_2" by_openssl -tls1_2 "${person[@]}"
    check "$name/stranger" stranger_is_refused
    check "$name/echo_client" by_echo_client \
        "tls:127.0.0.1:$port:trustRoots=$tmp/authority.crt:certificate=$tmp/person.pem" "$1"
    check "$name/twisted" by_twisted_with_certificates
    check "$name/stops" stop_server
    check "$name/names-the-clients" contains "tls_echo's output" "^TLSv1.3 .* from CN = person\$" "$rest"
    check "$name/names-twisted" contains "tls_echo's output" "^TLSv1.3 .* from CN = visitor\$" "$rest"
}

asks_twisted() { # DRIVER: the server runs
    local name="tls_peers/client/$1/twisted"
    check "$name" by_echo_client "tls:127.0.0.1:$port:trustRoots=$tmp/authority.crt" "$1"
    check "$name/ssl" by_echo_client "ssl:127.0.0.1:$port:hostname=localhost:caCertsDir=$tmp/authority.crt" "$1"
    check "$name/wrong-name" echo_client_fails "host mismatch: wanted other.test, certificate has localhost, 127.0.0.1" \
        "ssl:127.0.0.1:$port:hostname=other.test:caCertsDir=$tmp/authority.crt" "$1"
}

# In TLS 1.3 a client that is refused has been connected before.
is_not_answered() { # ENDPOINT DRIVER
    same "echo_client's output" $'connection lost\nConnection lost - goodbye!' \
        "$(timeout 20 "$samples/echo_client" "$1" --reactor "$2" 2>&1)"
}
said_for_each_driver() { # PATTERN
    same "lines with '$1' in: $rest" "${#drivers[@]}" "$(grep -cE -- "$1" <<<"$rest")"
}

# The server runs and wants a certificate.
introduces_itself_to_twisted() { # DRIVER
    local name="tls_peers/client-certificates/to-twisted/$1" to="127.0.0.1:$port" trust="$tmp/authority.crt"
    check "$name/tls" by_echo_client "tls:$to:trustRoots=$trust:certificate=$tmp/person.pem" "$1"
    check "$name/ssl" by_echo_client \
        "ssl:$to:hostname=localhost:caCertsDir=$trust:certKey=$tmp/visitor.crt:privateKey=$tmp/visitor.key" "$1"
    check "$name/nobody" is_not_answered "tls:$to:trustRoots=$trust" "$1"
}

asks_openssl() { # DRIVER
    local line="" got="" to from pid state
    coproc PEER { exec timeout 20 openssl s_server -accept 127.0.0.1:0 -cert "$tmp/server.pem" -naccept 1 2>&1; }
    pid=$PEER_PID to=${PEER[1]} from=${PEER[0]}
    while read -r -t 15 -u "$from" line && [[ "$line" != ACCEPT* ]]; do :; done
    timeout 20 "$samples/echo_client" "tls:127.0.0.1:${line##*:}:trustRoots=$tmp/authority.crt" --reactor "$1" \
        >"$tmp/echo_client.out" 2>&1 &
    local client=$!
    while read -r -t 15 -N 1 -u "$from" line; do
        got+="$line"
        [[ "$got" == *"hello, world!" ]] && break
    done
    printf 'hello, world!\n' >&"$to"
    wait "$client"
    state=$?
    kill "$pid" 2>/dev/null
    { wait "$pid"; } 2>/dev/null
    contains "echo_client's output" "^Server said: hello, world!" "$(cat "$tmp/echo_client.out")" &&
        same "echo_client's exit status" 0 "$state"
}

# curl asks a server of ours, which asks openssl's for the page, each over TLS and with verification on.
browses() { # DRIVER
    local line="" from pid got
    coproc PEER { exec timeout 60 openssl s_server -accept 127.0.0.1:0 -cert "$tmp/server.pem" -www 2>&1; }
    pid=$PEER_PID from=${PEER[0]}
    while read -r -t 15 -u "$from" line && [[ "$line" != ACCEPT* ]]; do :; done
    start_server env WRING_REACTOR="$1" "$samples/port_forward" \
        "ssl:0:interface=127.0.0.1:privateKey=$tmp/server.key:certKey=$tmp/server.crt" \
        "tls:127.0.0.1:${line##*:}:trustRoots=$tmp/authority.crt" || return
    got="$(timeout 30 curl --silent --show-error --noproxy '*' --cacert "$tmp/authority.crt" \
        "https://localhost:$port/" 2>&1)"
    kill "$pid" 2>/dev/null
    { wait "$pid"; } 2>/dev/null
    stop_server && contains "what curl got" "TLSv1.3, Cipher is" "$got"
}

make_certificate authority DNS:authority "" && make_certificate stranger DNS:stranger "" &&
    make_certificate server DNS:localhost,IP:127.0.0.1 authority &&
    make_certificate person DNS:person authority && make_certificate visitor DNS:visitor authority || {
    not_ok tls_peers/certificates "$(cat "$tmp/openssl.log")"
    finish
}
choose_drivers tls_peers
used_peer OpenSSL "$(openssl version | cut -d' ' -f2)"
used_peer GnuTLS "$(gnutls-cli --version | sed -n '1s/.* //p')"
used_peer curl "$(curl --version | sed -n '1s/^curl \([^ ]*\).*/\1/p')"
used_peer testssl.sh "$(dpkg-query -W -f='${Version}' testssl.sh)"
used_peer socat "$(socat -V | sed -n 's/^socat version \([^ ]*\).*/\1/p')"
used_peer Twisted "$(/usr/bin/python3 -c 'import twisted; print(twisted.__version__)')"
for driver in "${drivers[@]}"; do
    serves_peers "$driver"
    asks_for_certificates "$driver"
    check "tls_peers/client/$driver/openssl" asks_openssl "$driver"
    check "tls_peers/curl/$driver" browses "$driver"
done
check "tls_peers/twisted/starts" start_server /usr/bin/python3 "$twisted" server "ssl:0:interface=127.0.0.1:privateKey=$tmp/server.pem"
if [ -n "$server" ]; then
    for driver in "${drivers[@]}"; do asks_twisted "$driver"; done
    kill -TERM "$server"
    end_program 5
fi
check "tls_peers/demanding-twisted/starts" start_server /usr/bin/python3 "$twisted" demanding "$tmp/server.pem" "$tmp/authority.crt"
if [ -n "$server" ]; then
    for driver in "${drivers[@]}"; do introduces_itself_to_twisted "$driver"; done
    kill -TERM "$server"
    end_program 5
    name=tls_peers/demanding-twisted
    check $name/names-clients-of-tls said_for_each_driver "^asked by person\$"
    check $name/names-clients-of-ssl said_for_each_driver "^asked by visitor\$"
    check $name/refuses-nobody said_for_each_driver "^ended by .*peer did not return a certificate"
fi
finish

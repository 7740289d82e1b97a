#!/usr/bin/env bash
# A machine that denies io_uring, made by strace: automatic choice serves on epoll and says why, an
# explicit choice fails with the cause, and a lack of memory or descriptors is never taken for a denial.

. "$(dirname "$0")/testing.sh"
need_samples denied echo

# strace -D keeps the traced program our child, so that its process and exit status are the server's.
traced() { # ERRNO DRIVER
    command=(strace -D -f -qq -o "$tmp/strace" -e trace=io_uring_setup
        -e "inject=io_uring_setup:error=$1" "$samples/echo" tcp:0:interface=127.0.0.1 --reactor "$2")
}

words() { # ERRNO: what a message may call it
    case "$1" in
        EPERM) echo 'EPERM|[Nn]ot permitted' ;;
        ENOSYS) echo 'ENOSYS|[Nn]ot implemented' ;;
        ENOMEM) echo 'ENOMEM|[Mm]emory' ;;
        EMFILE) echo 'EMFILE|[Oo]pen files|descriptors' ;;
    esac
}

falls_back() { # ERRNO
    local got lines
    traced "$1" auto
    start_server "${command[@]}" || return 1
    got="$(printf 'on epoll\n' | talk_socat)"
    stop_server || return 1
    same "echo" "on epoll" "$got" || return 1
    lines="$(grep -c . "$tmp/stderr")"
    same "lines on stderr ($(cat "$tmp/stderr"))" 1 "$lines" &&
        contains "stderr" 'io_uring' "$(cat "$tmp/stderr")" &&
        contains "the cause on stderr" "$(words "$1")" "$(cat "$tmp/stderr")" &&
        contains "the cure on stderr" 'sysctl|io_uring_disabled|seccomp|container|CONFIG_IO_URING|kernel|--reactor|WRING_REACTOR' \
            "$(cat "$tmp/stderr")"
}

fails() { # ERRNO DRIVER
    traced "$1" "$2"
    if start_server "${command[@]}"; then
        stop_server
        reason="it listened although io_uring_setup fails with $1"
        return 1
    fi
    if [ "$status" -eq 0 ] || [ "$status" -gt 125 ]; then
        reason="exit status $status instead of a plain failure; stderr: $(cat "$tmp/stderr")"
        return 1
    fi
    contains "the cause on stderr" "$(words "$1")" "$(cat "$tmp/stderr")"
}

if ! command -v strace >/dev/null; then
    skip denied "strace is not installed"
    finish
elif ! strace -D -f -qq -o "$tmp/strace" -e trace=io_uring_setup -e inject=io_uring_setup:error=EPERM \
    true 2>"$tmp/stderr"; then
    skip denied "strace cannot trace here: $(head -n 1 "$tmp/stderr")"
    finish
fi
for errno in EPERM ENOSYS; do
    check "denied/$errno/auto-serves-on-epoll-and-says-why" falls_back "$errno"
    check "denied/$errno/explicit-choice-fails" fails "$errno" uring
done
for errno in ENOMEM EMFILE; do
    check "denied/$errno/auto-fails" fails "$errno" auto
done
finish

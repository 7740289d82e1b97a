#!/usr/bin/env bash
# Installs what is missing, builds every set-up, runs every test, and ends with the line
# "N passed, N failed, N skipped". Usage: tests/run.sh [--quick] [FILTER]
#
#   --quick   the release build only: no sanitizers, no other compilers
#   FILTER    only what has this pattern (grep -E) in its name, such as release/tests/net/stream_test,
#             asan/, clang16/, tests/install_test.sh or tests/tidy

set -u
export LC_ALL=C
exec </dev/null
. "$(dirname "$0")/packages.sh"
cd "$wring_root" || exit 1

quick=0
filter=.
for argument in "$@"; do
    case "$argument" in
        --quick) quick=1 ;;
        -*)
            sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
            exit 2
            ;;
        *) filter="$argument" ;;
    esac
done

limit_s="${WRING_TEST_TIMEOUT_S:-300}" # for one program
at_once=2
results="$wring_root/build/results" # NAME.log: what a program wrote; NAME.counts: passed failed skipped
passed=0 failed=0 skipped=0
failures=()
begin=$SECONDS

end_children() {
    local child
    for child in $(jobs -p); do kill -TERM "$child" 2>/dev/null; done
    wait
}
trap 'end_children; exit 130' INT
trap 'end_children; exit 143' TERM HUP

wanted() { grep -qE -- "$filter" <<<"$1"; }
say() { printf '%s\n' "$*"; }
heading() { printf '\n== %s (%d s)\n' "$*" $((SECONDS - begin)); }

count() { # NAME PASSED FAILED SKIPPED
    passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
    [ "$3" -eq 0 ] || failures+=("$1")
}

# A compile counts as one test.
compiled() { # NAME STATUS
    if [ "$2" -eq 0 ]; then
        count "$1" 1 0 0
    else
        say "not ok $1"
        count "$1" 0 1 0
    fi
    return "$2"
}

# gtest_counts LOG STATUS: reads what a GoogleTest program wrote. A test that began and did not end, and
# an exit status that no test explains (a leak, a race, a crash at exit), count as failed.
gtest_counts() {
    awk -v status="$2" '
        /^\[ RUN      \] / { running = 1 }
        / ms\)$/ && /\[       OK \] / { passed++; running = 0 }
        / ms\)$/ && /\[  FAILED  \] / { failed++; running = 0 }
        / ms\)$/ && /\[  SKIPPED \] / { skipped++; running = 0 }
        END {
            if (running || (status != 0 && !failed)) failed++
            print passed + 0, failed + 0, skipped + 0
        }' "$1"
}

# Lines `ok NAME`, `not ok NAME`, `skip NAME`.
shell_counts() {
    awk -v status="$2" '
        /^ok / { passed++ }
        /^not ok / { failed++ }
        /^skip / { skipped++ }
        END {
            if (status != 0 && !failed || passed + failed + skipped == 0) failed++
            print passed + 0, failed + 0, skipped + 0
        }' "$1"
}

# run_one KIND NAME COMMAND…: runs one program under the time limit; leaves its log and its counts.
run_one() {
    local kind="$1" name="$2" log counts status began=$SECONDS took=""
    shift 2
    log="$results/${name//\//%}.log"
    # A background job of a script ignores SIGINT; the programs shall start as from a terminal.
    timeout --kill-after=10 "$limit_s" env --default-signal=INT,QUIT,PIPE "$@" >"$log" 2>&1 &
    # shellcheck disable=SC2064
    trap "kill -TERM $!" TERM
    { wait $!; } 2>/dev/null # bash would announce each signal that ends a program
    status=$?
    counts="$("${kind}_counts" "$log" "$status")"
    if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
        printf 'HUNG: ended after %s s, in: %s\n' "$limit_s" \
            "$(grep -E '^\[ RUN|^(not )?ok |^skip ' "$log" | tail -n 1)" >>"$log"
    elif [ "$status" -ne 0 ]; then
        echo "exit status $status" >>"$log"
    fi
    # One write: the parent reads this only after we have ended, the terminal gets it whole.
    echo "$counts" >"$results/${name//\//%}.counts"
    [ $((SECONDS - began)) -lt 10 ] || took=" ($((SECONDS - began)) s)"
    printf '%-52s %s%s\n' "$name" "$(summary_of "$counts")" "$took"
}

summary_of() { # "PASSED FAILED SKIPPED"
    local p f s
    read -r p f s <<<"$1"
    printf '%d passed' "$p"
    [ "$f" -gt 0 ] && printf ', %d FAILED' "$f"
    [ "$s" -gt 0 ] && printf ', %d skipped' "$s"
    return 0
}

explain() { # KIND NAME: what a failing program wrote, as far as it helps
    local log="$results/${2//\//%}.log"
    say "--- $2 (whole log: ${log#"$wring_root"/})"
    if [ "$1" = shell ]; then
        awk '/^(ok|skip) / { shown = 0 } /^not ok / { shown = 1 } shown' "$log" | head -n 120
        grep -E '^HUNG|^exit status' "$log"
        return
    fi
    sed '/^\[-*\] Global test environment tear-down/,/^\[  PASSED  \]/d' "$log" |
        grep -E -A 8 ': Failure$|ERROR: .*Sanitizer|WARNING: ThreadSanitizer|runtime error:' | head -n 60
    say "... its last lines:"
    tail -n 15 "$log"
}

queue=() # KIND NAME COMMAND, shell-quoted, one element per program
add() { # KIND NAME COMMAND…
    wanted "$2" || return 0
    queue+=("$(printf '%q ' "$@")")
}

# Runs the queue, two programs at a time, and adds up.
run_queue() {
    local item words running=0 names=() kinds=() name i p f s
    for item in ${queue[@]+"${queue[@]}"}; do
        eval "words=($item)"
        names+=("${words[1]}")
        kinds+=("${words[0]}")
        rm -f "$results/${words[1]//\//%}".{log,counts}
        if [ "$running" -ge "$at_once" ]; then
            wait -n
            running=$((running - 1))
        fi
        run_one "${words[@]}" &
        running=$((running + 1))
    done
    wait
    queue=()
    for i in "${!names[@]}"; do
        name="${names[i]}"
        read -r p f s < <(cat "$results/${name//\//%}.counts" 2>/dev/null || echo 0 1 0)
        count "$name" "$p" "$f" "$s"
        [ "$f" -eq 0 ] || explain "${kinds[i]}" "$name"
        [ "$s" -eq 0 ] || grep -hE '\[  SKIPPED \].* ms\)|^skip ' "$results/${name//\//%}.log"
        [ "${kinds[i]}" != shell ] || sed -n "s|^note |$name: |p" "$results/${name//\//%}.log"
    done
    say_peers "${names[@]}"
}

# say_peers NAME…: the programs of others that these tests have talked to.
say_peers() {
    local name peers
    peers="$(for name in "$@"; do
        sed -n 's/^peer //p' "$results/${name//\//%}.log" 2>/dev/null
    done | sort -u | paste -sd, | sed 's/,/, /g')"
    [ -z "$peers" ] || say "peers: $peers"
}

# The test programs of a build folder, as the build knows them (an old one may lie about).
test_programs() { # DIR
    ninja -C "$1" -t targets all | sed -nE 's/^(tests\/.*_test): .*LINKER.*/\1/p' | sort
}

# GCC 12's sanitizers need their shadow where address randomisation with many bits may put a library.
unrandomised=()
setarch -R true 2>/dev/null && unrandomised=(setarch -R)

# Of these, those whose source has to do with threads or signals.
threaded_programs() { # DIR
    local program
    for program in $(test_programs "$1"); do
        grep -qsE 'std::(j)?thread|pthread|ThreadPool|[cC]all(From|In|MultipleIn)Thread|deferToThread|blockingCall|resumeOn|resolve|Resolver|FilesystemLock|wake\(\)|\braise\(' \
            "$program.cpp" && echo "$program"
    done
}

# suite NAME [PROGRAMS]: compiles the wanted programs of build/NAME, of those that the function PROGRAMS
# lists, and queues them.
suite() {
    local name="$1" programs="${2:-test_programs}" program targets=() wrapper=()
    case "$name" in asan | tsan) wrapper=("${unrandomised[@]}") ;; esac
    for program in $("$programs" "build/$name"); do
        wanted "$name/$program" && targets+=("$program")
    done
    [ "$filter" = . ] && [ "$programs" = test_programs ] && targets=(all)
    [ ${#targets[@]} -eq 0 ] && return
    wring_compile "build/$name" "${targets[@]}"
    compiled "$name/compile" $?
    for program in $("$programs" "build/$name"); do
        if [ ! -x "build/$name/$program" ]; then
            wanted "$name/$program" && count "$name/$program (not built)" 0 1 0
            continue
        fi
        add gtest "$name/$program" env "${wrapper[@]}" "$wring_root/build/$name/$program" --gtest_color=no
    done
}

# configured NAME [MESON ARGUMENT…]: configures build/NAME, warnings are errors.
configured() {
    local name="$1"
    shift
    wring_configure "build/$name" -Dtests=true -Dsamples=true -Dbench=true -Dwerror=true "$@" && return 0
    compiled "$name/configure" 1
    return 1
}

# Does the filter leave anything to do in this set-up? Decided without building: a program is a file.
any_wanted() { # NAME [FILE PATTERN]
    local file
    wanted "$1/compile" && return 0
    while read -r file; do
        wanted "$1/${file%.cpp}" && return 0
    done < <(find tests -name "${2:-*_test.cpp}")
    return 1
}

shell_tests() {
    local file
    for file in tests/*_test.sh; do wanted "$file" && return 0; done
    wanted tests/tidy
}

release() {
    any_wanted release || shell_tests || return
    heading "release: g++ -O2"
    if configured release -Dmutants=true; then
        suite release
        # The shell tests use the samples and the library of this build.
        [ "$filter" = . ] || ! shell_tests || wring_compile build/release || compiled release/compile 1
    fi
    local file
    add shell tests/tidy bash tests/tidy
    for file in tests/*_test.sh; do add shell "$file" bash "$file"; done
    run_queue
}

sanitizer() { # NAME TITLE PROGRAMS MESON ARGUMENT…
    local name="$1" title="$2" programs="$3"
    shift 3
    any_wanted "$name" || return
    heading "$name: $title"
    configured "$name" "$@" || return
    suite "$name" "$programs"
    run_queue
}

# Another compiler reads everything and runs the canaries, which hold what compilers get wrong, with
# optimization and without. For the other tests it makes no code, which nobody would run.
other_compiler() { # NAME SUFFIX
    local build="build/$1" program run=() targets=()
    any_wanted "$1" '*canary*_test.cpp' || return
    heading "$1: clang++-$2, everything without warnings"
    CC="clang-$2" CXX="clang++-$2" configured "$1" -Doptimization=0 || return
    mapfile -t run < <(test_programs "$build" | grep canary)
    mapfile -t targets < <(ninja -C "$build" -t targets all | sed -nE 's/: .*LINKER.*//p' |
        grep -vE '^tests/.*_test$')
    wring_compile "$build" "${targets[@]}" "${run[@]}"
    compiled "$1/compile" $?
    syntax_checked "$build" >"$build.syntax.log" 2>&1
    compiled "$1/syntax" $? || grep -A 12 error: "$build.syntax.log" | head -n 60
    for program in "${run[@]}"; do
        [ -x "$build/$program" ] || continue
        add gtest "$1/$program" "$wring_root/$build/$program" --gtest_color=no
    done
    run_queue
}

# syntax_checked DIR: each test of this build folder that is not a canary is correct and has no warnings.
syntax_checked() {
    local programs
    mapfile -t programs < <(test_programs "$1" | grep -v canary)
    ninja -C "$1" -t commands "${programs[@]}" |
        sed -nE 's/ -MD .* -c (.*_test\.cpp)$/ -fsyntax-only \1/p' |
        (cd "$1" && xargs -d '\n' -n 1 -P "$at_once" sh -c)
}

export ASAN_OPTIONS="detect_stack_use_after_return=1:strict_string_checks=1:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1:${UBSAN_OPTIONS:-}"
export TSAN_OPTIONS="second_deadlock_stack=1:suppressions=$wring_root/tests/tsan_suppressions:${TSAN_OPTIONS:-}"

wring_packages test || exit 1
mkdir -p "$results"
release
if [ "$quick" -eq 0 ]; then
    # What follows is linked by the quicker linker where there is one; the release build by the usual one.
    ! command -v ld.gold >/dev/null || export CC_LD=gold CXX_LD=gold
    # -O0 is a set-up of its own for coroutines (no tail calls), so the address sanitizer runs there.
    sanitizer asan "address and undefined-behaviour sanitizers, -O0" test_programs \
        -Db_sanitize=address,undefined -Db_lundef=false -Dcpp_args=-g1 -Doptimization=0 -Dsamples=false -Dbench=false
    sanitizer tsan "thread sanitizer, -O1, where threads are" threaded_programs \
        -Db_sanitize=thread -Db_lundef=false -Dcpp_args=-g1 -Doptimization=1 -Dsamples=false -Dbench=false
    other_compiler clang16 16
    other_compiler clang19 19
fi

heading "done"
[ $((passed + failed + skipped)) -eq 0 ] && say "nothing has '$filter' in its name" && failed=1
[ ${#failures[@]} -gt 0 ] && printf 'failed: %s\n' "${failures[@]}"
say "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]

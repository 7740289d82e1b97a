#!/usr/bin/env bash
# Installs the release build into a folder and uses that copy with nothing but pkg-config: a program
# against the shared and against the static library, each header alone, and what the library exports.

. "$(dirname "$0")/testing.sh"
release="$wring_root/build/release"
if [ ! -f "$release/build.ninja" ]; then
    not_ok install "build/release does not exist; bash tests/run.sh makes it"
    finish
fi

install_into() { # FOLDER
    if ! meson install -C "$release" --no-rebuild --destdir "$1" </dev/null >"$tmp/log" 2>&1; then
        reason="meson install failed: $(tail -n 20 "$tmp/log")"
        return 1
    fi
    local pc
    pc="$(find "$1" -name wring.pc)"
    if [ -z "$pc" ]; then
        reason="no wring.pc was installed"
        return 1
    fi
    library="$(dirname "$(dirname "$pc")")"
    export PKG_CONFIG_PATH="${pc%/*}" PKG_CONFIG_SYSROOT_DIR="$1"
}

# builds_and_runs KIND [PKG-CONFIG OPTION]
builds_and_runs() {
    local flags needed got kind="$1"
    shift
    if ! flags="$(pkg-config "$@" --cflags --libs wring 2>&1)"; then
        reason="pkg-config: $flags"
        return 1
    fi
    # shellcheck disable=SC2086 # flags are words
    if ! g++ -Wall -Wextra -Werror -o "$tmp/consumer-$kind" "$wring_root/tests/install/consumer.cpp" \
        $flags >"$tmp/log" 2>&1; then
        reason="with flags $flags: $(grep -m 12 -E 'error|undefined|cannot' "$tmp/log")"
        return 1
    fi
    needed="$(readelf -d "$tmp/consumer-$kind" | sed -nE 's/.*NEEDED.*\[(libwring[^]]*)\]/\1/p')"
    if [ "$kind" = shared ]; then
        same "the library it was linked with" libwring.so.0 "$needed" || return 1
    else
        same "shared wring library it needs" "" "$needed" || return 1
    fi
    got="$(LD_LIBRARY_PATH="$library" timeout 20 "$tmp/consumer-$kind" </dev/null 2>&1)"
    same "exit status (output: $got)" 0 $? && same "its output" "ran on an installed wring" "$got"
}

builds_against_archive() {
    # The linker prefers a shared library where it finds both, so this copy has only the archive.
    find "$tmp/static" -name 'libwring.so*' -delete
    builds_and_runs static --static
}

soname_is_versioned() {
    local soname
    soname="$(readelf -d "$library/libwring.so" | sed -nE 's/.*SONAME.*\[(.*)\]/\1/p')"
    same soname libwring.so.0 "$soname" || return 1
    [ -e "$library/libwring.so.0" ] && return 0
    reason="libwring.so.0 is not beside libwring.so"
    return 1
}

hides_what_is_private() {
    local names
    nm -DC --defined-only "$library/libwring.so" >"$tmp/symbols"
    if ! grep -q 'wring::' "$tmp/symbols"; then
        reason="it exports nothing of namespace wring"
        return 1
    fi
    names="$(grep -E 'wring::detail::[A-Za-z]*(Uring|Epoll)[A-Za-z]*Driver|\bio_uring_' "$tmp/symbols" | head -n 5)"
    same "private names that are exported" "" "$names"
}

headers_compile_alone() {
    local flags list
    flags="$(pkg-config --cflags wring)"
    list="$(cd "$PKG_CONFIG_SYSROOT_DIR" && find . -path '*/include/wring/*.hpp' | sed 's|.*/include/||' | sort)"
    if [ -z "$list" ]; then
        reason="no header was installed"
        return 1
    fi
    local header
    for header in $list; do echo "#include <$header>" >"$tmp/${header//\//%}.cpp"; done
    # shellcheck disable=SC2016,SC2086
    printf '%s\n' "$tmp"/wring%*.cpp | xargs -P 2 -I{} sh -c '
        file="$1"; shift
        g++ "$@" -Wall -Wextra -fsyntax-only "$file" 2>"$file.log" || grep -m 1 error "$file.log"' \
        sh {} $flags >"$tmp/headers" 2>&1
    same "headers that do not compile alone" "" "$(cat "$tmp/headers")"
}

check install/meson-install install_into "$tmp/shared"
[ "$failures" -eq 0 ] || finish
check install/soname-is-versioned soname_is_versioned
check install/hides-what-is-private hides_what_is_private
check install/headers-compile-alone headers_compile_alone
check install/shared-library-by-pkg-config builds_and_runs shared
check install/meson-install-again install_into "$tmp/static"
check install/static-library-by-pkg-config builds_against_archive
finish

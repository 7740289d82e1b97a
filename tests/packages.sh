# shellcheck shell=bash
# What wring needs installed, and how its build folders are made: shared by samples/start.sh,
# tests/run.sh and bench/run.sh, which source it. Works as root or with sudo, and does nothing where
# everything is there already.

wring_root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

# wring_package_list build|test|bench|sample: the names, one a line.
wring_package_list() {
    local names="g++ meson ninja-build pkg-config liburing-dev libssl-dev libspdlog-dev libfmt-dev"
    names+=" libc-ares-dev libidn2-dev"
    case "$1" in
        build) ;;
        sample) names+=" socat ncat openssl" ;;
        bench) names+=" libbenchmark-dev procps libuv1-dev libevent-dev libasio-dev python3-twisted strace linux-perf iproute2" ;;
        test)
            names+=" libgtest-dev libgmock-dev libbenchmark-dev socat ncat strace procps systemd haproxy"
            names+=" libunistring-dev openssl gnutls-bin testssl.sh curl dnsmasq-base python3-twisted python3-service-identity"
            names+=" python3 chromium fonts-dejavu-core"
            names+=" clang-16 libclang-rt-16-dev clang-19 libclang-rt-19-dev"
            ;;
        *)
            echo "wring_packages: '$1' is none of build, test, bench, sample" >&2
            return 2
            ;;
    esac
    echo "${names// /$'\n'}"
}

# wring_packages build|test|bench|sample: installs what is missing.
wring_packages() {
    local name list missing=() as_root=()
    list="$(wring_package_list "$1")" || return
    for name in $list; do
        # pkg-config is a name that two packages answer to; what counts is the installed state.
        dpkg-query -W -f='${db:Status-Abbrev}\n' "$name" 2>/dev/null | grep -q '^.i' || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "These packages are missing: ${missing[*]}" >&2
            echo "Installing them needs root or sudo. As root: apt-get install ${missing[*]}" >&2
            return 1
        fi
        as_root=(sudo)
    fi
    echo "installing: ${missing[*]}"
    local log
    log="$(mktemp)"
    if ! { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q update &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get -q -y --no-install-recommends install "${missing[@]}"; } </dev/null >"$log" 2>&1; then
        tail -n 30 "$log" >&2
        echo "apt-get could not install: ${missing[*]} (the last lines of its output are above)" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}

# What a build folder was configured with lies in it, one item a line: the source folder, the
# compilers, then meson's arguments.
wring_stamp() { echo "$wring_root/$1/wring-configured"; }

# wring_configure DIR [MESON ARGUMENT…]: makes build folder DIR have exactly these arguments.
# Compilers come from CC and CXX, gcc and g++ unless told.
wring_configure() {
    local dir="$1" stamp wanted how=()
    shift
    case "$dir" in
        build/?*) ;;
        *)
            echo "wring_configure: '$dir' is not inside build/" >&2
            return 2
            ;;
    esac
    stamp="$(wring_stamp "$dir")"
    wanted="$(printf '%s\n' "$wring_root" "${CC:-gcc}" "${CXX:-g++}" "$@")"
    if [ -f "$wring_root/$dir/build.ninja" ]; then
        if [ ! -f "$stamp" ]; then
            how=(--reconfigure) # somebody called meson by hand
        elif [ "$(cat "$stamp")" = "$wanted" ]; then
            return 0
        elif [ "$(head -n 3 "$stamp")" = "$(head -n 3 <<<"$wanted")" ]; then
            how=(--reconfigure) # the same place and compilers; otherwise only a new folder is right
        fi
    fi
    [ ${#how[@]} -eq 0 ] && rm -rf "${wring_root:?}/$dir"
    mkdir -p "$wring_root/build"
    rm -f "$stamp"
    if ! (cd "$wring_root" && CC="${CC:-gcc}" CXX="${CXX:-g++}" meson setup "${how[@]}" "$@" "$dir") \
        </dev/null >"$wring_root/$dir.setup.log" 2>&1; then
        tail -n 30 "$wring_root/$dir.setup.log" >&2
        echo "meson could not configure $dir (log: $dir.setup.log)" >&2
        return 1
    fi
    printf '%s\n' "$wanted" >"$stamp"
}

# wring_compile DIR [TARGET…]: compiles all of it, or the targets named.
wring_compile() {
    local dir="$1"
    shift
    if ! ninja -C "$wring_root/$dir" "$@" </dev/null >"$wring_root/$dir.compile.log" 2>&1; then
        grep -E -A 12 'error:|undefined reference|FAILED:|ninja: error|fatal error' \
            "$wring_root/$dir.compile.log" | head -n 60 >&2
        echo "$dir does not compile (log: $dir.compile.log)" >&2
        return 1
    fi
}

# wring_build DIR [MESON ARGUMENT…]: configures and compiles everything.
wring_build() { wring_configure "$@" && wring_compile "$1"; }

# wring_release PART…: makes build/release contain these parts (samples, bench, tests), leaving
# whatever else it was configured with as it is, and compiles nothing.
wring_release() {
    local part stamp arguments=()
    stamp="$(wring_stamp build/release)"
    if [ -f "$stamp" ]; then
        mapfile -t arguments < <(tail -n +4 "$stamp")
    elif [ -f "$wring_root/build/release/build.ninja" ]; then
        arguments=("${@/%/=true}")
        arguments=("${arguments[@]/#/-D}")
    else
        arguments=(-Dtests=false -Dsamples=false -Dbench=false)
    fi
    for part in "$@"; do
        arguments=("${arguments[@]/#-D$part=false/-D$part=true}")
    done
    wring_configure build/release "${arguments[@]}"
}

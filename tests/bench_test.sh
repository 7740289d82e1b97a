#!/usr/bin/env bash
# The report of bench/run.sh on a small recorded run: its tables and goals, its JSON, what it finds
# changed, and its page, which Chromium draws in light and in dark.

. "$(dirname "$0")/testing.sh"
cd "$wring_root" || exit 1

recorded=tests/bench/results.txt
mkdir "$tmp/micro"
cp tests/bench/micro.json "$tmp/micro/"
printf '#!/bin/sh\necho "uring: bufring inline_send"\necho epoll:\n' >"$tmp/features"
chmod +x "$tmp/features"

report() { python3 -B bench/report "$@"; }

says() { # PATTERN…: each is in the report of the recorded run
    local pattern
    for pattern in "$@"; do contains "the report" "$pattern" "$said" || return; done
}

reports_everything() {
    said="$(report "$recorded" --micro "$tmp/micro" --json "$tmp/run.json" --html "$tmp/run.html" \
        --setting rounds=3 --driver-features "$tmp/features" 2>&1)" || { reason="status $?: $said"; return 1; }
}

writes_json() {
    reason="$(python3 - "$tmp/run.json" 2>&1 <<'END'
import json, sys
run = json.load(open(sys.argv[1]))
assert len(run["measurements"]) == 59, len(run["measurements"])
assert run["machine"]["kernel"].startswith("Linux") and "mitigations" in run["machine"]
assert run["machine"]["driver_features"] == {"uring": ["bufring", "inline_send"], "epoll": []}
assert run["settings"] == {"rounds": "3"}
ours = run["points"][0]["servers"][0]
assert ours["group"] == "wring" and ours["ratios"]["raw-uring"]["rounds"] == 3, ours
END
)"
}

holds_its_json() {
    reason="$(python3 - "$tmp/run.html" "$tmp/run.json" 2>&1 <<'END'
import html.parser, json, sys
class Page(html.parser.HTMLParser):
    data, inside, tags, titles = "", False, [], []
    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.titles += [dict(attributes)["aria-label"]] if tag == "svg" else []
        self.inside = tag == "script"
        assert not {"src", "href"} & {name for name, _ in attributes}, "needs another file"
    def handle_endtag(self, tag):
        self.inside = False
    def handle_data(self, data):
        self.data += data if self.inside else ""
page = Page()
page.feed(open(sys.argv[1]).read())
assert page.tags.count("svg") == 11 and page.titles[0].startswith("Latency, echo of 64 B in open loop")
assert page.tags.count("polyline") == 5 + 4, "a line a server in each plot of lines"
assert json.loads(page.data) == json.load(open(sys.argv[2])), "another JSON"
END
)"
}

# Lines of sixteen servers that end at the bottom of their plot: every name above the axis, none on another.
keeps_names_in_the_plot() {
    reason="$(PYTHONPATH=bench/report python3 -B - 2>&1 <<'END'
import re
import plots
crowd = [(f"server {i}", "wring", [(1, 50), (64, 10 + i / 100)]) for i in range(16)]
drawn = plots.lines("crowd", crowd, "connections", "us")
names = sorted(float(y) for y in re.findall(r' y="([0-9.]+)"[^>]*>server ', drawn))
axis = float(re.search(r' y="([0-9.]+)"[^>]*>64<', drawn)[1])
assert len(names) == 16 and names[-1] < axis - 10, (names, axis)
assert min(low - high for high, low in zip(names, names[1:])) >= plots.NAME_HEIGHT, names
END
)"
}

doubts_what_was_disturbed() {
    sed '/^open .*server=raw-uring/s/late_share=0.0000/late_share=0.0200/' "$recorded" >"$tmp/late.txt"
    contains "a late round" ' in open loop, .* uring coroutine / raw uring: .* ok, within the noise, disturbed$' \
        "$(report "$tmp/late.txt")"
}

# At 64 connections plain C on io_uring misses the goal beside raw epoll too; at 1000 ours alone.
names_the_floor() {
    sed -e '/server=raw-epoll conns=64 /{s/=5000\.0/=3900.0/;s/=10000\.0/=7800.0/}' \
        -e '/server=uring-coroutine conns=1000 /s/ns_per_request=[0-9.]*/ns_per_request=99999/' \
        -e '/workload=timers .*server=raw-uring /s/ns_per_request=[0-9.]*/ns_per_request=9999/' \
        -e '/workload=timers .*server=uring-protocol /s/ns_per_request=[0-9.]*/ns_per_request=8888/' \
        "$recorded" >"$tmp/floor.txt"
    said="$(report "$tmp/floor.txt")"
    says ' 64 connections: .* uring coroutine / raw epoll: 1\.077 .* MISSED, as raw uring \(1\.026\)$' \
        ' 1000 connections: .* uring coroutine / raw epoll: .* MISSED$' \
        'with a time-out, 64 connections: wring uring protocol / wring uring coroutine: .* MISSED$'
}

tells_of_a_task() { # NS NS VERDICT: what a task costs, what a bare coroutine does, and the goal's end
    mkdir -p "$tmp/bare"
    printf '{"benchmarks": [{"name": "createAndAwait", "cpu_time": %s}, {"name": "createAndAwaitBare", "cpu_time": %s}]}' \
        "$1" "$2" >"$tmp/bare/micro.json"
    said="$(report "$recorded" --micro "$tmp/bare" 2>&1)"
    says "^create and await a child task: $1.* \(goal <= 5 ns\) $3$"
}

names_what_a_bare_coroutine_misses() {
    tells_of_a_task 8.0 6.5 'MISSED, as a bare coroutine \(6\.500\)' && tells_of_a_task 8.0 4.5 MISSED &&
        tells_of_a_task 4.0 6.5 ok
}

finds_nothing_changed() {
    contains "compared with itself" '^nothing changed$' "$(report "$recorded" --compare "$tmp/run.json")"
}

finds_what_changed() {
    # One server dearer by a quarter at 1000 connections, and cheaper within its spread at 64.
    sed -e '/server=uring-coroutine conns=1000/s/ns_per_request=4100/ns_per_request=5125/' \
        -e '/server=uring-coroutine conns=64/s/ns_per_request=4400/ns_per_request=4300/' \
        "$recorded" >"$tmp/newer.txt"
    said="$(report "$tmp/newer.txt" --compare "$tmp/run.json")"
    says '^worse: echo of 64 B, 1000 connections: uring-coroutine / raw-epoll: 0.800 -> 1.000 ' &&
        same "changes" 1 "$(grep -cE '^(better|worse):' <<<"$said")"
}

# The recorded run as one of TLS: at each point that bench/run.sh measures there is a goal for all of ours.
has_goals_for_tls() {
    local point conns="" sizes=""
    eval "$(sed -n '/^points() {/,/^}/p' bench/run.sh)"
    for point in $(points tls); do
        sed -n "s/workload=echo \(.*\) conns=64 size=64/workload=tls \1 conns=${point%:*} size=${point#*:}/p" \
            "$recorded" >"$tmp/tls.txt"
        same "goals at $point" 4 "$(report "$tmp/tls.txt" | grep -cE ' over TLS, .* / raw epoll: .* \(goal <= 1\.1\)')" ||
            return
    done
    [ -n "$point" ]
}

fails_on_wrong_bytes() {
    { cat "$recorded"; echo "turn workload=echo round=0 server=libuv-fast conns=64 size=64 errors=1"; } >"$tmp/wrong.txt"
    said="$(report "$tmp/wrong.txt")" && { reason="status 0 although bytes were wrong"; return 1; }
    says '^ERROR: no number for turn libuv-fast, 64 connections' || return
    if grep -q '^libuv fast ' <<<"$said"; then
        reason="a number for a server that moved wrong bytes"
        return 1
    fi
}

keeps_percentiles() {
    reason="$("${CC:-cc}" -I bench -o "$tmp/histogram" tests/bench/histogram_check.c bench/histogram.c 2>&1 &&
        "$tmp/histogram")"
}

core=$(($(nproc) - 1))

# generates STATUS PATTERN MODE TARGET…: the generator ends with that status and prints such a line.
generates() {
    local wanted="$1" pattern="$2" mode="$3" printed status=0
    shift 3
    printed="$(timeout 60 build/release/bench/generator "$mode" --core "$core" --conns 4 --rate 1000 --ms 60 \
        --slice-ms 60 "$@" 2>&1)" || status=$?
    same "status of $mode" "$wanted" "$status" && contains "what $mode prints" "$pattern" "$printed"
}

finds_fault() { # FAULT STATUS PATTERN PATTERN-OF-OPEN
    start_server python3 tests/bench/faulty_echo.py "$1" || return
    local target="faulty:$server:$port"
    generates "$2" "$3" turn "$target" && generates "$2" "${4:-$3}" open "$target" && stop_server
}

shares_work_between_reactors() {
    start_server build/release/bench/reactors_server 2 "$core" epoll || return
    generates 0 '^turn server=two .* errors=0$' turn "two:$server:$port" "two:$server:$port" && stop_server
}

# photograph FILE ARGUMENT…: the page in a window of 1000 x 2000.
photograph() {
    local file="$1"
    shift
    timeout 120 "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars \
        --user-data-dir="$tmp/chromium" --window-size=1000,2000 --screenshot="$file" "$@" \
        "file://$tmp/run.html" >"$tmp/chromium.log" 2>&1 && [ -s "$file" ] && return
    reason="$(tail -n 3 "$tmp/chromium.log")"
    return 1
}

# is_drawn FILE light|dark: of the wanted size, of many colours, and on the wanted ground.
is_drawn() {
    reason="$(python3 -B tests/bench/picture.py "$@" 2>&1)"
}

draws() { # light|dark ARGUMENT…
    local look="$1"
    shift
    photograph "$tmp/$look.png" "$@" && is_drawn "$tmp/$look.png" "$look"
}

check bench/reports-a-recorded-run reports_everything
check bench/takes-ratios-within-a-round says \
    '^wring uring coroutine +4\.400 +0\.400 +1\.050 \+-0\.050 +0\.840 \+-0\.040' \
    '^libuv +8\.000 +0\.000 +2\.000 \+-0\.000 +1\.600 \+-0\.000'
check bench/calls-only-wring-wring says '^raw uring ' '^raw epoll ' '^libuv '
check bench/shows-memory-calls-and-in-process-costs says '^wring uring coroutine +10000 +800$' \
    '^wring uring coroutine +64 +0\.047$' '^wring uring coroutine +0\.440 +0\.042$' '^createAndAwait +4\.00 ' 'core: 3$'
check bench/tells-goals-with-their-spread says \
    '/ raw uring: 1\.050 \+-0\.050 \(goal <= 1\.03\) MISSED, within the spread$' \
    '64 connections: wring uring coroutine / raw epoll: 0\.840 .* \(goal <= 0\.99\) ok$' \
    '64 connections: wring uring coroutine / libuv: 0\.525 .* \(goal <= 0\.62\) ok$' \
    'memory of an idle connection: wring uring coroutine: 800 B \(goal <= 700 B\) MISSED$' \
    '^create and await a child task: 4\.000 .* \(goal <= 5 ns\) ok$' \
    'wring uring protocol / raw uring: - \(goal <= 1\.03\) not measured$' \
    '^streaming in, 1 connection: .* / asio callbacks, the best of the packaged peers: 1\.250 .* MISSED, as raw uring \(1\.250\)$' \
    'with a time-out, 64 connections: wring uring protocol / wring uring coroutine: 0\.952 .* ok$' \
    "beside the kernel's TCP, 64 connections: wring uring coroutine: 0\.440 \+-0\.042 us .* ok$" \
    "beside the kernel's TCP, 64 connections: wring uring protocol: - .* not measured$"
check bench/has-goals-for-tls-at-each-point has_goals_for_tls
check bench/shows-latency-of-open-loop says ' at 50,000 a second: ' \
    '^wring uring coroutine +6\.666 .* 1\.010 \+-0\.000 +0\.962 \+-0\.000 +30\.0 +108\.0 +780\.0 +0$' \
    '^libuv .* 33\.0 +118\.8 +858\.0 +2$' '^DISTURBED: libuv: .* up to 3\.1% ' \
    ' in open loop, .* uring coroutine / raw uring: 1\.010 .* \(goal <= 1\) ok, within the noise$'
check bench/doubts-a-goal-whose-measurement-was-disturbed doubts_what_was_disturbed
check bench/shows-the-work-of-two-reactors says '^wring uring two reactors .* 1\.053 \+-0\.000 +1\.90$' \
    'uring two reactors / wring uring one reactor, .*: 1\.053 .* ok$' 'epoll one reactor, .*: 1\.250 .* MISSED$'
check bench/keeps-percentiles-to-one-per-cent keeps_percentiles
check bench/writes-json-with-machine-and-rounds writes_json
check bench/page-needs-nothing-and-holds-the-json holds_its_json
check bench/page-keeps-names-in-the-plot keeps_names_in_the_plot
check bench/names-what-plain-c-misses-too names_the_floor
check bench/names-what-a-bare-coroutine-misses names_what_a_bare_coroutine_misses
check bench/finds-nothing-changed-in-the-same-run finds_nothing_changed
check bench/finds-what-changed-beyond-the-noise finds_what_changed
check bench/gives-no-number-for-wrong-bytes fails_on_wrong_bytes

check bench/generator-measures-an-echo finds_fault none 0 ' ns_per_request=[0-9.]+ .* errors=0$' \
    ' p50_us=[0-9.]+ .* curve=0:[0-9.]+,.*99\.99:[0-9.]+ errors=0$'
check bench/generator-finds-a-wrong-byte finds_fault wrong 1 'faulty: other bytes came back$'
check bench/generator-finds-a-byte-too-many finds_fault more 1 'faulty: (other bytes|more) came back'
check bench/generator-finds-an-early-end finds_fault early 1 'faulty: (the connection ended early|a message could not be sent)$'
if taskset --cpu-list "$((core - 1)),$core" true 2>/dev/null; then
    check bench/generator-measures-two-reactors-at-once shares_work_between_reactors
else
    skip bench/generator-measures-two-reactors-at-once "two cores are needed"
fi

browser="$(command -v chromium || command -v chromium-browser)"
if [ -n "$browser" ]; then
    check bench/chromium-draws-the-page-in-light draws light
    check bench/chromium-draws-the-page-in-dark draws dark --blink-settings=preferredColorScheme=0
else
    skip bench/chromium-draws-the-page "chromium is not installed"
fi
finish

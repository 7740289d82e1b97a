# Question: what do the generator's lines say, and are the goals reached?
#
# Ratios are taken within a round, where both servers met the same machine, and then summarised: median
# and median absolute deviation (MAD). Dividing two medians instead would keep the drift between rounds.
# Wanted: workload, and size, of a message.

function field(name,    i) {
    for (i = 2; i <= NF; ++i)
        if (index($i, name "=") == 1)
            return substr($i, length(name) + 2)
    return ""
}

# The median of values[1..count]; sorts them.
function median(values, count,    i, j, moved) {
    for (i = 2; i <= count; ++i) {
        moved = values[i]
        for (j = i - 1; j >= 1 && values[j] > moved; --j)
            values[j + 1] = values[j]
        values[j + 1] = moved
    }
    if (count == 0)
        return 0
    return count % 2 ? values[(count + 1) / 2] : (values[count / 2] + values[count / 2 + 1]) / 2
}

# Sets `middle` and `spread` from values[1..count].
function summarise(values, count,    i, away) {
    middle = median(values, count)
    for (i = 1; i <= count; ++i)
        away[i] = values[i] > middle ? values[i] - middle : middle - values[i]
    spread = median(away, count)
    return count
}

# Sets `middle` and `spread` of a / b over the rounds that have both; gives their number.
function ratio(a, b, conns,    round, values, count) {
    count = 0
    for (round = 0; round <= rounds; ++round)
        if ((a, conns, round) in ns && (b, conns, round) in ns)
            values[++count] = ns[a, conns, round] / ns[b, conns, round]
    return summarise(values, count)
}

function cost(server, conns,    round, values, count) {
    count = 0
    for (round = 0; round <= rounds; ++round)
        if ((server, conns, round) in ns)
            values[++count] = ns[server, conns, round] / 1000
    return summarise(values, count)
}

function ratio_text(a, b, conns) {
    if (a == b || !ratio(a, b, conns))
        return "-"
    return sprintf("%.3f +-%.3f", middle, spread)
}

function title(server) {
    if (server !~ /^raw/)
        server = "wring " server
    gsub(/-/, " ", server)
    return server
}

# `slack`: the spread may explain the excess.
function goal(a, b, conns, limit, slack,    reached) {
    if (!ratio(a, b, conns)) {
        printf "%s / %s, %d connections: not measured (goal <= %.2f)\n", title(a), title(b), conns, limit
        return
    }
    reached = middle - (slack ? spread : 0) <= limit
    printf "%s / %s, %d connections: %.3f +-%.3f (goal <= %.2f%s) %s\n", title(a), title(b), conns,
        middle, spread, limit, slack ? " within the spread" : "", reached ? "ok" : "MISSED"
}

function memory_goal(server, limit, aim,    verdict) {
    if (!(server in bytes)) {
        printf "%s, memory per idle connection: not measured (goal <= %d)\n", title(server), limit
        return
    }
    verdict = bytes[server] + 0 > limit ? "MISSED" : bytes[server] + 0 > aim ? "ok, above the aim" : "ok"
    printf "%s, memory per idle connection: %d B (goal <= %d, aim %d) %s\n", title(server), bytes[server],
        limit, aim, verdict
}

function echo_goals(conns) {
    goal("uring-coroutine", "raw-uring", conns, 1.06, 0)
    goal("uring-protocol", "raw-uring", conns, 1.06, 0)
    goal("epoll-coroutine", "raw-epoll", conns, 1.06, 0)
    goal("epoll-protocol", "raw-epoll", conns, 1.06, 0)
    goal("uring-protocol", "uring-coroutine", conns, 1.02, 1)
    goal("epoll-protocol", "epoll-coroutine", conns, 1.02, 1)
}

function tls_goals(conns,    i) {
    for (i = 1; i <= servers; ++i)
        if (server_at[i] !~ /^raw/)
            goal(server_at[i], "raw-epoll", conns, 1.10, 0)
}

function table(conns,    i, server) {
    printf "\n%d bytes a message\n%-22s %6s %9s %7s  %-15s %-15s %5s %9s\n", size, "server", "conns", "us/req", "spread",
        "to raw uring", "to raw epoll", "user", "req/sleep"
    for (i = 1; i <= servers; ++i) {
        server = server_at[i]
        if (cost(server, conns))
            printf "%-22s %6d %9.3f %7.3f  %-15s %-15s %4.1f%% %9.0f\n", title(server), conns, middle,
                spread, ratio_text(server, "raw-uring", conns), ratio_text(server, "raw-epoll", conns),
                100 * user[server, conns] / runs[server, conns],
                per_sleep[server, conns] / runs[server, conns]
    }
}

function know(server) {
    if (!(server in known)) {
        known[server] = 1
        server_at[++servers] = server
    }
}

field("errors") != "0" {
    ++errors
    broken[$1 " " field("server") ", " field("conns") " connections"]
    next
}

$1 == "turn" {
    server = field("server"); conns = field("conns"); round = field("round")
    ns[server, conns, round] = field("ns_per_request")
    user[server, conns] += field("user_share")
    per_sleep[server, conns] += field("requests_per_sleep")
    ++runs[server, conns]
    if (field("disturbed") > 0 && !((conns, round) in disturbed)) {
        disturbed[conns, round] = field("disturbed")
        repeated += disturbed[conns, round]
    }
    if (round > rounds) rounds = round
    know(server)
    if (!(conns in counted)) { counted[conns] = 1; conns_at[++counts] = conns }
}

$1 == "idle" {
    know(field("server"))
    bytes[field("server")] = field("bytes_per_conn")
    idle_conns = field("conns")
}

END {
    for (i = 1; i <= counts; ++i)
        table(conns_at[i])
    if (idle_conns)
        printf "\n%-22s %6s %9s\n", "server", "idle", "B/conn"
    for (i = 1; i <= servers; ++i)
        if (server_at[i] in bytes)
            printf "%-22s %6d %9d\n", title(server_at[i]), idle_conns, bytes[server_at[i]]
    printf "\nslices repeated because others used the core: %d; measurements with errors: %d\n", repeated, errors
    for (what in broken)
        printf "ERROR: no number for %s: it failed or moved wrong bytes\n", what
    printf "\n"
    for (i = 1; i <= counts; ++i) {
        if (workload == "tls")
            tls_goals(conns_at[i])
        else
            echo_goals(conns_at[i])
    }
    if (!idle_conns)
        exit
    memory_goal("uring-coroutine", workload == "tls" ? 40960 : 1024, workload == "tls" ? 40960 : 700)
    memory_goal("uring-protocol", workload == "tls" ? 40960 : 1024, workload == "tls" ? 40960 : 700)
}

"""Question: what did each server cost at each point: a workload, connections, bytes a message?"""
from names import group, title
from summary import ratio, summarise

NEIGHBOURS = ("raw-uring", "raw-epoll")
COSTS = ("turn", "open")  # the measurements that tell what a request cost
LATENCIES = ("p50_us", "p90_us", "p99_us", "p999_us", "max_us")


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else None


def costs_of(measurements):
    """{point: {server: {round: measurement}}} in the order of appearance."""
    points = {}
    for each in measurements:
        if each["what"] in COSTS:
            point = (each.get("workload", "echo"), each["conns"], each["size"])
            rounds = points.setdefault(point, {}).setdefault(each["server"], {})
            rounds[each.get("round", 0)] = each
    return points


def numbers(rounds):
    return {at: each["ns_per_request"] for at, each in rounds.items()}


def curve_of(measurement):
    """[(percentile, us)] of what the generator wrote as 50:31.20,90:48.51,…"""
    return [tuple(map(float, each.split(":"))) for each in measurement["curve"].split(",")]


def latency_of(rounds):
    """What open loop tells besides; None of others. Each number is the median of the rounds."""
    found = [each for each in rounds.values() if "curve" in each]
    if not found:
        return None
    curves = zip(*(curve_of(each) for each in found))
    return {**{name: summarise(each[name] for each in found) for name in LATENCIES},
            "rate": found[0]["rate"], "unanswered": sum(each["unanswered"] for each in found),
            "late_share": max(each["late_share"] for each in found),
            "curve": [[places[0][0], summarise(us for _, us in places)["value"]] for places in curves]}


def server_summary(server, servers):
    rounds = servers[server]
    ours = numbers(rounds)
    cost = summarise(value / 1000 for value in ours.values())
    others = {name: ratio(ours, numbers(servers[name])) for name in servers if name != server}
    return {"server": server, "title": title(server), "group": group(server),
            "us": cost["value"], "us_spread": cost["spread"], "rounds": cost["rounds"],
            "user_share": mean(each.get("user_share", 0) for each in rounds.values()),
            "requests_per_sleep": mean(each.get("requests_per_sleep", 0) for each in rounds.values()),
            "latency": latency_of(rounds),
            "ratios": {name: each for name, each in others.items() if each}}


def summarise_points(measurements):
    return [{"workload": workload, "conns": conns, "size": size,
             "servers": [server_summary(server, servers) for server in servers]}
            for (workload, conns, size), servers in costs_of(measurements).items()]


def memory_of(measurements):
    return [{"server": each["server"], "title": title(each["server"]), "group": group(each["server"]),
             "workload": each.get("workload", "echo"), "conns": each["conns"],
             "bytes": each["bytes_per_conn"]}
            for each in measurements if each["what"] == "idle"]


def calls_of(measurements):
    return [{"server": each["server"], "title": title(each["server"]), "conns": each["conns"],
             "calls": each["calls_per_request"]}
            for each in measurements if each["what"] == "calls"]


def interface_of(measurements):
    """us of a request beside the kernel's TCP. The spread is that of the rounds, or if that is more,
    how unsure so few samples leave it."""
    rounds = {}
    for each in measurements:
        if each["what"] == "interface":
            share, us = 1 - each["tcp_samples"] / each["samples"], each["ns_per_request"] / 1000
            unsure = us * (share * (1 - share) / each["samples"]) ** 0.5
            rounds.setdefault((each["server"], each["conns"]), []).append((us * share, unsure))
    found = []
    for (server, conns), costs in rounds.items():
        cost = summarise(us for us, _ in costs)
        found.append({"server": server, "title": title(server), "conns": conns, "us": cost["value"],
                      "spread": max(cost["spread"], max(unsure for _, unsure in costs))})
    return found


def repeated_slices(measurements):
    """How many slices were thrown away; every server of a round tells the same number."""
    of_round = {}
    for each in measurements:
        if each["what"] in COSTS:
            key = (each.get("workload"), each["conns"], each["size"], each.get("round"))
            of_round[key] = each.get("disturbed", 0)
    return sum(of_round.values())

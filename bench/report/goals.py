"""Question: which ratios are wanted, and are they reached?

A goal is OURS / OTHER <= LIMIT at some points. PEERS stands for the cheapest packaged library."""
from names import OURS, point_title, title

URING = OURS[:2]
EPOLL = OURS[2:]
PEERS = "packaged-peers"
CO, CALLBACKS, LIBUV = "asio-coroutines", "asio-callbacks", "libuv"

# workload, connections, bytes, servers, against, limit
RATIOS = [
    *[("echo", conns, 64, URING, against, limit) for conns in (64, 1000)
      for against, limit in (("raw-uring", 1.03), ("raw-epoll", 0.99), (CO, 0.88), (LIBUV, 0.62))],
    *[("echo", 5000, 64, URING, against, limit)
      for against, limit in (("raw-uring", 1.03), ("raw-epoll", 1.01), (CO, 0.90))],
    *[("echo", 1, 64, URING, against, limit)
      for against, limit in (("raw-uring", 1.03), ("raw-epoll", 1.04), (CALLBACKS, 0.97))],
    *[("echo", 64, 4096, URING, against, limit)
      for against, limit in (("raw-uring", 1.03), ("raw-epoll", 0.99), (CO, 0.85))],
    *[("echo", 16, 65536, URING, against, limit)
      for against, limit in (("raw-uring", 1.05), ("raw-epoll", 0.97), (PEERS, 1.00))],
    *[("in", 1, 65536, URING, against, limit)
      for against, limit in (("raw-uring", 1.05), ("raw-epoll", 0.80), (PEERS, 1.00))],
    *[("out", 1, 65536, URING, against, limit)
      for against, limit in (("raw-uring", 1.05), ("raw-epoll", 0.65), (PEERS, 1.00))],
    *[("connect", 64, 64, URING, against, limit)
      for against, limit in (("raw-uring", 1.04), ("raw-epoll", 0.95), (PEERS, 1.00))],
    *[("echo", 64, size, EPOLL, against, limit) for size in (64, 4096)
      for against, limit in (("raw-epoll", 1.03), (CO, 0.92))],
    *[(*point, ("uring-protocol",), "uring-coroutine", 1.00)
      for point in (*(("echo", conns, 64) for conns in (1, 64, 1000, 5000)), ("echo", 64, 4096),
                    ("echo", 16, 65536), ("connect", 64, 64), ("in", 1, 65536), ("out", 1, 65536),
                    ("timers", 64, 64), ("timers", 1000, 64), ("lines", 64, 512))],
    ("open", 64, 64, URING, "raw-uring", 1.00),
    *[("reactors", 64, 64, (f"{driver}-two-reactors",), f"{driver}-one-reactor", 1.11)
      for driver in ("uring", "epoll")],
    *[("tls", conns, size, OURS, "raw-epoll", 1.10) for conns, size in ((64, 64), (8, 65536))],
]
NOTES = {"reactors": ", 1.11 is 1.8 times the work of one"}
MEMORY_LIMITS = {"echo": 700, "tls": 40960}  # bytes for each idle connection
LATE_SHARE_MAX = 0.01  # of the requests of a round
CALLS_LIMIT = 0.06  # system calls a request on io_uring, 64 connections
INTERFACE_LIMIT = 0.50  # us of a request beside the kernel's TCP, 64 connections


def verdict(value, spread, limit, noise):
    if value <= limit:
        return "ok"
    if value <= limit + noise:
        return "ok, within the noise"
    return "MISSED, within the spread" if value - spread <= limit else "MISSED"


def goal(text, found, limit, unit="", noise=0):
    if found is None:
        return {"goal": text, "limit": limit, "unit": unit, "verdict": "not measured"}
    return {"goal": text, "limit": limit, "unit": unit, "value": found["value"],
            "spread": found["spread"], "verdict": verdict(found["value"], found["spread"], limit, noise)}


def beside_floor(judged, floor, name="raw uring"):
    """What the barest neighbour misses as well is not wring's to mend: its own number stands there."""
    if floor and judged["verdict"].startswith("MISSED") and floor["value"] > judged["limit"]:
        judged["floor"] = floor["value"]
        judged["verdict"] += f", as {name} ({floor['value']:.3f})"
    return judged


def numbers_text(goal):
    """What was measured, with its spread; bytes are counted, so they have none."""
    if "value" not in goal:
        return "-"
    if goal["unit"] == "B":
        return f"{goal['value']:.0f} B"
    return f"{goal['value']:.3f} +-{goal['spread']:.3f} {goal['unit']}".rstrip()


def cheapest_peer(servers):
    peers = [each for each in servers if each["group"] == "peer"]
    return min(peers, key=lambda each: each["us"])["server"] if peers else None


def is_late(server):
    """Whether the generator itself could not keep its schedule in some round."""
    return server["latency"] is not None and server["latency"]["late_share"] > LATE_SHARE_MAX


def noise_of(point, found):
    """Open loop is judged within its noise: of this ratio, and of a program beside itself."""
    if point["workload"] != "open" or found is None:
        return 0
    again = next((each["ratios"].get("raw-epoll") for each in point["servers"]
                  if each["server"] == "raw-epoll-again"), None)
    return max(found["spread"], abs(again["value"] - 1) if again else 0)


def ratio_goal(point, ours, against, limit):
    servers = {each["server"]: each for each in point["servers"]}
    other, note = against, NOTES.get(point["workload"], "")
    if against == PEERS:
        other, note = cheapest_peer(point["servers"]), ", the best of the packaged peers"
    where = point_title(point["workload"], point["conns"], point["size"])
    text = f"{where}: {title(ours)} / {title(other or against)}{note}"
    found = servers[ours]["ratios"].get(other) if ours in servers else None
    judged = goal(text, found, limit, noise=noise_of(point, found))
    if found and any(is_late(servers[name]) for name in (ours, other)):
        judged["verdict"] += ", disturbed"
    if ours not in URING or other in (*OURS, "raw-uring") or "raw-uring" not in servers:
        return judged
    return beside_floor(judged, servers["raw-uring"]["ratios"].get(other))


def memory_goals(memory):
    return [goal(f"memory of an idle connection: {each['title']}",
                 {"value": each["bytes"], "spread": 0}, MEMORY_LIMITS[each["workload"]], "B")
            for each in memory
            if each["server"] in URING and each["workload"] in MEMORY_LIMITS]


def calls_goals(calls):
    return [goal(f"system calls a request, {each['conns']} connections: {each['title']}",
                 {"value": each["calls"], "spread": 0}, CALLS_LIMIT)
            for each in calls if each["server"] in URING]


def interface_goals(points, interface):
    """Where it could not be counted, the goal stands there unmeasured."""
    at = {each["server"]: each for each in interface}
    measured = any((each["workload"], each["conns"]) == ("echo", 64) for each in points)
    found = {name: {"value": each["us"], "spread": each["spread"]} for name, each in at.items()}
    return [beside_floor(goal(f"CPU of a request beside the kernel's TCP, 64 connections: {title(server)}",
                              found.get(server), INTERFACE_LIMIT, "us"), found.get("raw-uring"))
            for server in URING if measured or server in at]


def goals(points, memory, calls, interface):
    """The goals of what was measured; a point nobody measured has none."""
    at = {(each["workload"], each["conns"], each["size"]): each for each in points}
    found = [ratio_goal(at[workload, conns, size], ours, against, limit)
             for workload, conns, size, servers, against, limit in RATIOS
             if (workload, conns, size) in at for ours in servers]
    return found + memory_goals(memory) + calls_goals(calls) + interface_goals(points, interface)

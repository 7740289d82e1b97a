"""Question: what is a server called, whose is it, and what is one request of a workload?"""

OURS = ("uring-coroutine", "uring-protocol", "epoll-coroutine", "epoll-protocol")
REACTORS = tuple(f"{driver}-{shape}" for driver in ("uring", "epoll")
                 for shape in ("one-reactor", "two-reactors", "two-processes"))
GROUPS = ("wring", "plain C", "peer")
LINE = 64  # bytes of one
UNITS = {"connect": "connection", "in": "64 KiB", "out": "64 KiB", "lines": "message"}


def group(server):
    if server in OURS + REACTORS:
        return "wring"
    return "plain C" if server.startswith("raw-") else "peer"


def title(server):
    name = server.replace("-", " ")
    return "wring " + name if group(server) == "wring" else name


def bytes_text(size):
    return f"{size // 1024} KiB" if size >= 1024 and size % 1024 == 0 else f"{size} B"


def point_title(workload, conns, size):
    """What was measured, as a heading."""
    connections = f"{conns} connection" + ("" if conns == 1 else "s")
    return {"echo": f"echo of {bytes_text(size)}, {connections}",
            "open": f"echo of {bytes_text(size)} in open loop, {connections}",
            "reactors": f"echo of {bytes_text(size)}, {connections} a reactor",
            "tls": f"echo of {bytes_text(size)} over TLS, {connections}",
            "connect": f"connect, one echo, close, {conns} at a time",
            "timers": f"echo of {bytes_text(size)} with a time-out, {connections}",
            "lines": f"lines of {LINE} B, {size // LINE} a message, {connections}",
            "in": f"streaming in, {connections}",
            "out": f"streaming out, {connections}"}.get(workload, f"{workload}, {connections}")


def unit(workload):
    return UNITS.get(workload, "request")

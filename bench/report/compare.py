"""Question: what changed between two runs beyond the noise of both?

Microseconds of two runs say little, as the machine's speed drifts; ratios to a neighbour of the
same run do. A difference counts if it is above the spreads of both runs together, and above what
the same program under two names differed by in either."""
from names import REACTORS, point_title

SAME_PROGRAM = "raw-epoll-again"


def neighbour(server):
    """What a server is compared with: plain epoll; several reactors with one of them."""
    return f"{server.partition('-')[0]}-one-reactor" if server in REACTORS else "raw-epoll"


def ratios(report):
    """{(workload, conns, size, server): ratio to the neighbour}"""
    return {(point["workload"], point["conns"], point["size"], server["server"]):
            server["ratios"][neighbour(server["server"])]
            for point in report["points"] for server in point["servers"]
            if neighbour(server["server"]) in server["ratios"]}


def noise(found, where):
    again = found.get((*where[:3], SAME_PROGRAM))
    return abs(again["value"] - 1) if again else 0


def changed(text, old, new, allowed):
    difference = new - old
    if abs(difference) <= allowed:
        return None
    return {"what": text, "old": old, "new": new, "noise": allowed,
            "verdict": "worse" if difference > 0 else "better"}


def ratio_changes(old, new):
    before, after = ratios(old), ratios(new)
    for where in after:
        if where not in before or where[3] == SAME_PROGRAM:
            continue
        allowed = max(before[where]["spread"] + after[where]["spread"],
                      noise(before, where), noise(after, where))
        yield changed(f"{point_title(*where[:3])}: {where[3]} / {neighbour(where[3])}",
                      before[where]["value"], after[where]["value"], allowed)


def number_changes(old, new, part, key, value, text, share):
    """Numbers that are not ratios: what differs by less than this share of them is noise."""
    before = {tuple(each[name] for name in key): each for each in old.get(part, [])}
    for each in new[part]:
        was = before.get(tuple(each[name] for name in key))
        if was is not None:
            allowed = max(share * was[value], was.get("spread", 0) + each.get("spread", 0))
            yield changed(f"{text}: {' '.join(str(each[name]) for name in key)}", was[value],
                          each[value], allowed)


def compare(old, new):
    changes = [*ratio_changes(old, new),
               *number_changes(old, new, "memory", ("server", "conns"), "bytes", "idle bytes", 0.05),
               *number_changes(old, new, "calls", ("server", "conns"), "calls", "system calls", 0.1),
               *number_changes(old, new, "interface", ("server", "conns"), "us", "us beside TCP", 0.1),
               *number_changes(old, new, "micro", ("name",), "ns", "in-process ns", 0.1)]
    return [each for each in changes if each]


def lines(changes):
    yield "\ncompared with the older run, beyond the noise of both:"
    for each in changes:
        yield (f"{each['verdict']}: {each['what']}: {each['old']:.3f} -> {each['new']:.3f}"
               f" (noise {each['noise']:.3f})")
    if not changes:
        yield "nothing changed"

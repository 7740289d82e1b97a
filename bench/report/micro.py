"""Question: what do in-process operations cost, as Google Benchmark measured them?"""
import json
import pathlib

from goals import beside_floor, goal
from summary import summarise

# Name in the benchmark, what it is, ns at most, and whether no allocation is wanted too.
LIMITS = [
    ("createAndAwait", "create and await a child task", 5, True),
    ("armAndCancel/10000", "arm and cancel a timer, 10,000 armed", 25, False),
    ("armAndCancel/1000000", "arm and cancel a timer, 1,000,000 armed", 60, False),
]
BARE = {"createAndAwait": ("createAndAwaitBare", "a bare coroutine")}
NOP, PLAIN_NOP, NOP_LIMIT = "awaitedNops/64", "plainNops/64", 10


def item_ns(run):
    """A benchmark that counts items is measured by the item."""
    if run.get("items_per_second"):
        return 1e9 / run["items_per_second"]
    return run["cpu_time"] * {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}[run.get("time_unit", "ns")]


def mallocs_of(run):
    """By the item: iterations of some benchmarks are batches. Rounded, as what a benchmark takes once
    is shared among its iterations."""
    if "mallocs" not in run:
        return None
    each_iteration = run["real_time"] * {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}[
        run.get("time_unit", "ns")]
    items = each_iteration / item_ns(run) if run.get("items_per_second") else 1
    return round(run["mallocs"] / max(items, 1), 2)


def read(folder):
    """Every benchmark of the *.json files in the folder, its repetitions summarised."""
    runs = {}
    for file in sorted(pathlib.Path(folder).glob("*.json")):
        for run in json.loads(file.read_text())["benchmarks"]:
            if run.get("run_type") != "aggregate" and not run.get("error_occurred"):
                runs.setdefault(run.get("run_name", run["name"]), []).append(run)
    found = []
    for name, repeated in runs.items():
        cost = summarise(item_ns(run) for run in repeated)
        found.append({"name": name, "ns": cost["value"], "spread": cost["spread"],
                      "rounds": cost["rounds"], "mallocs": mallocs_of(repeated[-1])})
    return found


def goals(micro):
    at = {each["name"]: each for each in micro}
    found = []
    for name, text, limit, no_mallocs in LIMITS:
        if name in at:
            judged = goal(text, {"value": at[name]["ns"], "spread": at[name]["spread"]}, limit, "ns")
            bare, title = BARE.get(name, (None, ""))
            floor = {"value": at[bare]["ns"]} if bare in at else None
            found.append(beside_floor(judged, floor, title))
        if name in at and no_mallocs and at[name]["mallocs"] is not None:
            found.append(goal(f"allocations: {text}", {"value": at[name]["mallocs"], "spread": 0}, 0))
    if NOP in at and PLAIN_NOP in at:
        more = {"value": at[NOP]["ns"] - at[PLAIN_NOP]["ns"],
                "spread": at[NOP]["spread"] + at[PLAIN_NOP]["spread"]}
        found.append(goal("an awaited ring NOP above a plain one, 64 an enter", more, NOP_LIMIT, "ns"))
    return found

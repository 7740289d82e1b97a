"""Question: what did a run find? A table, a line for each goal, and on request JSON and a page.

Usage: report RESULTS [--micro DIR] [--json F] [--html F] [--compare OLD.json]
              [--setting NAME=TEXT]… [--driver-features PROGRAM]
RESULTS are the generator's lines. Status 1 if a measurement failed or moved wrong bytes."""
import argparse
import json
import pathlib
import sys

import compare
import goals
import machine
import micro
import page
import points
import results
import table


def arguments():
    parser = argparse.ArgumentParser(prog="report")
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("--micro", type=pathlib.Path)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--html", type=pathlib.Path)
    parser.add_argument("--compare", type=pathlib.Path)
    parser.add_argument("--setting", action="append", default=[])
    parser.add_argument("--driver-features", type=pathlib.Path)
    return parser.parse_args()


def report_of(given):
    good, wrong = results.read(given.results.read_text().splitlines())
    at, memory, calls = points.summarise_points(good), points.memory_of(good), points.calls_of(good)
    beside = points.interface_of(good)
    costs = micro.read(given.micro) if given.micro else []
    return {"format": 1, "machine": machine.machine(given.driver_features),
            "settings": dict(each.split("=", 1) for each in given.setting),
            "points": at, "memory": memory, "calls": calls, "micro": costs,
            "interface": beside,
            "goals": goals.goals(at, memory, calls, beside) + micro.goals(costs),
            "repeated_slices": points.repeated_slices(good), "errors": wrong, "measurements": good}


def main():
    given = arguments()
    old = json.loads(given.compare.read_text()) if given.compare else None
    report = report_of(given)
    print("\n".join(table.lines(report)))
    if old is not None:
        report["changes"] = compare.compare(old, report)
        print("\n".join(compare.lines(report["changes"])))
    if given.json:
        given.json.write_text(json.dumps(report, indent=1) + "\n")
    if given.html:
        given.html.write_text(page.page(report))
    return 1 if report["errors"] else 0


sys.exit(main())

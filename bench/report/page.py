"""Question: how does a report look as one page that needs nothing else?"""
import json
from html import escape

import plots
from goals import numbers_text
from names import GROUPS, bytes_text, group, point_title, unit

STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #1c2024; --soft: #60646c; --grid: #e2e4e8;
  --wring: #0b6bcb; --c: #7a828e; --peer: #c77d11; --good: #18794e; --bad: #c62a2f; }
@media (prefers-color-scheme: dark) {
  :root { --back: #14171a; --text: #e6e8eb; --soft: #a0a7b0; --grid: #2c3137;
    --wring: #5aa9f8; --c: #8b949e; --peer: #e5a13c; --good: #4cc38a; --bad: #ff6369; } }
body { background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif;
  max-width: 56rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .4rem; }
p, dd, figcaption { color: var(--soft); } svg { width: 100%; height: auto; }
table { border-collapse: collapse; width: 100%; font-size: .85rem; }
td, th { border-bottom: 1px solid var(--grid); padding: .25rem .5rem; text-align: left; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; font-size: .9rem; }
dd { margin: 0; }
.ok { color: var(--good); } .missed { color: var(--bad); }
.key { display: inline-block; width: .8em; height: .8em; margin: 0 .35em 0 1em; border-radius: 2px; }
text { font: 12px system-ui, sans-serif; fill: var(--text); } text.mark { fill: var(--soft); }
.grid { stroke: var(--grid); } .whisker { stroke: var(--text); stroke-width: 2; opacity: .7; }
.wring { fill: var(--wring); background: var(--wring); } .plain-c { fill: var(--c); background: var(--c); }
.peer { fill: var(--peer); background: var(--peer); }
.line { fill: none; stroke-width: 1.8; } .wring-line { stroke: var(--wring); }
.plain-c-line { stroke: var(--c); stroke-dasharray: 5 3; } .peer-line { stroke: var(--peer); }
"""


def section(title, *parts):
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def key():
    return "<p>" + "".join(f'<span class="key {plots.css_of(group)}"></span>{escape(group)}'
                           for group in GROUPS) + "</p>"


def point_section(point):
    title = point_title(point["workload"], point["conns"], point["size"])
    rows = [(each["title"], each["group"], each["us"], each["us_spread"]) for each in point["servers"]]
    return section(f"{title[0].upper()}{title[1:]}",
                   plots.bars(title, rows, f"us a {unit(point['workload'])}"),
                   "<p>Server CPU; less is better. The whisker is the spread over the rounds.</p>")


def scaling_sections(points):
    """Cost against connections, where one size was measured with several numbers of them."""
    for size in sorted({point["size"] for point in points if point["workload"] == "echo"}):
        series = {}
        for point in sorted(points, key=lambda each: each["conns"]):
            if point["workload"] == "echo" and point["size"] == size:
                for each in point["servers"]:
                    line = series.setdefault((each["title"], each["group"]), [])
                    line.append((point["conns"], each["us"]))
        if any(len(line) > 1 for line in series.values()):
            title = f"CPU of a request as connections grow, echo of {bytes_text(size)}"
            lines = [(*name, line) for name, line in series.items()]
            yield section(title, plots.lines(title, lines, "connections", "us"))


def rarity(percentile):
    """One request in how many takes longer than that percentile."""
    return 100 / (100 - percentile)


def percentile_text(rare):
    return f"{round(100 - 100 / rare, 4):g}%"


def latency_sections(points):
    """Latency of open loop, a line a server: the further to the right, the rarer."""
    marks = [rarity(percentile) for percentile in (0, 50, 90, 99, 99.9, 99.99)]
    for point in points:
        series = [(each["title"], each["group"],
                   [(rarity(percentile), us) for percentile, us in each["latency"]["curve"]])
                  for each in point["servers"] if each["latency"]]
        if series:
            title = "Latency, " + point_title(point["workload"], point["conns"], point["size"])
            rate = point["servers"][0]["latency"]["rate"]
            yield section(title, plots.lines(title, series, "percentile of the requests", "us",
                                             log_y=True, x_marks=marks, x_text=percentile_text),
                          f"<p>{rate:,} requests a second, each counted from when it was due. Medians of"
                          " the rounds; both axes are logarithmic.</p>")


def memory_section(memory):
    if not memory:
        return ""
    title = f"Memory of an idle connection, of {memory[0]['conns']:,}"
    rows = [(each["title"], each["group"], each["bytes"], 0) for each in memory]
    return section(title, plots.bars(title, rows, "bytes"))


def interface_section(interface):
    if not interface:
        return ""
    title = f"CPU of a request beside the kernel's TCP, {interface[0]['conns']} connections"
    rows = [(each["title"], group(each["server"]), each["us"], each["spread"]) for each in interface]
    return section(title, plots.bars(title, rows, "us"))


def micro_section(micro):
    rows = "".join(f"<tr><td>{escape(each['name'])}</td><td class=number>{each['ns']:.2f} ns</td>"
                   f"<td class=number>&plusmn;{each['spread']:.2f}</td></tr>" for each in micro)
    return section("In-process costs", f"<table>{rows}</table>") if micro else ""


def goals_section(goals):
    rows = []
    for each in goals:
        numbers = escape(numbers_text(each)).replace("+-", "&plusmn;")
        css = each["verdict"].split()[0].strip(",").lower()
        rows.append(f"<tr><td>{escape(each['goal'])}</td><td class=number>{numbers}</td>"
                    f"<td class=number>&le; {each['limit']:g} {escape(each['unit'])}</td>"
                    f'<td class="{css}">{escape(each["verdict"])}</td></tr>')
    head = "<tr><th>goal</th><th>measured</th><th>wanted</th><th></th></tr>"
    return section("Goals", f"<table>{head}{''.join(rows)}</table>") if rows else ""


def machine_section(machine, settings):
    facts = {"kernel": machine["kernel"], "processor": f"{machine['cpu']}, {machine['cores']} cores",
             "compiler": machine["compiler"],
             "versions": ", ".join(f"{name} {version}" for name, version in machine["versions"].items()),
             "mitigations": "; ".join(f"{name}: {state}" for name, state in machine["mitigations"].items()
                                      if not state.startswith("Not affected")) or "none",
             "drivers": "; ".join(f"{name}: {', '.join(found) or 'nothing'}" for name, found
                                  in machine["driver_features"].items()) or "not asked",
             **settings}
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>"
                   for name, value in facts.items())
    return section("Where and how", f"<dl>{rows}</dl>")


def page(report):
    parts = [*latency_sections(report["points"]), *scaling_sections(report["points"]),
             *(point_section(point) for point in report["points"]),
             memory_section(report["memory"]), interface_section(report["interface"]),
             micro_section(report["micro"]),
             goals_section(report["goals"]), machine_section(report["machine"], report["settings"])]
    data = json.dumps(report).replace("</", "<\\/")
    return ("<!doctype html>\n<html lang=en><head><meta charset=utf-8>"
            "<meta name=viewport content='width=device-width, initial-scale=1'>"
            f"<title>wring beside its neighbours</title><style>{STYLE}</style></head><body>"
            "<h1>wring beside its neighbours</h1>"
            "<p>CPU that a server spends on one request, in turns with the generator on one core unless"
            " it says so, and latency. Compare within a plot, never between two runs.</p>"
            f"{key()}{''.join(parts)}"
            f'<script type="application/json" id="report">{data}</script></body></html>\n')

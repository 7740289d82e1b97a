"""Question: how does a report look on a terminal?"""
from goals import is_late, numbers_text
from names import point_title, unit
from points import NEIGHBOURS


def ratio_text(server, against):
    found = server["ratios"].get(against)
    return f"{found['value']:.3f} +-{found['spread']:.3f}" if found else "-"


def turn_columns(each):
    return f"{100 * each['user_share']:4.1f}% {each['requests_per_sleep']:9.0f}"


def open_columns(each):
    latency = each["latency"]
    return " ".join(f"{latency[name]['value']:8.1f}" for name in ("p50_us", "p99_us", "p999_us")) + (
        f" {latency['unanswered']:6d}")


def work_text(each, against):
    """How much more the cores of two reactors do than the one core of one."""
    found = each["ratios"].get(against)
    return f"{2 / found['value']:.2f}" if found and "-two-" in each["server"] else "-"


def reactors_columns(each):
    driver = each["server"].partition("-")[0]
    to_one = ratio_text(each, f"{driver}-one-reactor")
    return f"{to_one:<15} {work_text(each, f'{driver}-one-reactor'):>6}"


TO_NEIGHBOURS = f"{'to raw uring':<15} {'to raw epoll':<15} "
# What a table of the workload has beside the name and the cost: its heading, and a server's columns.
COLUMNS = {"open": (f"{'p50 us':>8} {'p99 us':>8} {'p99.9 us':>8} {'no ans':>6}", open_columns),
           "reactors": (f"{'to one reactor':<15} {'work':>6}", reactors_columns)}


def late_lines(point):
    for each in point["servers"]:
        if is_late(each):
            yield (f"DISTURBED: {each['title']}: the generator sent up to"
                   f" {100 * each['latency']['late_share']:.1f}% of the requests of a round late")


def point_lines(point):
    workload = point["workload"]
    heading = point_title(workload, point["conns"], point["size"])
    latency = point["servers"][0]["latency"]
    rate = f" at {latency['rate']:,} a second" if latency else ""
    columns, columns_of = COLUMNS.get(workload, (f"{'user':>5} {'req/sleep':>9}", turn_columns))
    yield f"\n{heading}{rate}: server CPU for each {unit(workload)}"
    neighbours = workload != "reactors"
    yield f"{'server':<26} {'us':>9} {'spread':>7}  {TO_NEIGHBOURS if neighbours else ''}{columns}"
    for each in point["servers"]:
        ratios = "".join(f"{ratio_text(each, name):<15} " for name in NEIGHBOURS if neighbours)
        yield (f"{each['title']:<26} {each['us']:9.3f} {each['us_spread']:7.3f}"
               f"  {ratios}{columns_of(each)}")
    yield from late_lines(point)


def memory_lines(memory):
    if memory:
        yield f"\n{'memory of a connection':<26} {'idle':>9} {'bytes':>7}"
    for each in memory:
        yield f"{each['title']:<26} {each['conns']:9d} {each['bytes']:7.0f}"


def calls_lines(calls):
    if calls:
        yield f"\n{'system calls a request':<26} {'conns':>9} {'calls':>7}"
    for each in calls:
        yield f"{each['title']:<26} {each['conns']:9d} {each['calls']:7.3f}"


def interface_lines(interface):
    if interface:
        yield f"\n{'a request beside TCP':<26} {'us':>9} {'spread':>7}"
    for each in interface:
        yield f"{each['title']:<26} {each['us']:9.3f} {each['spread']:7.3f}"


def micro_lines(micro):
    if micro:
        yield f"\n{'in-process cost':<50} {'ns':>9} {'spread':>7} {'mallocs':>7}"
    for each in micro:
        mallocs = f"{each['mallocs']:7.2f}" if each["mallocs"] is not None else f"{'-':>7}"
        yield f"{each['name']:<50} {each['ns']:9.2f} {each['spread']:7.2f} {mallocs}"


def goal_line(goal):
    wanted = f"(goal <= {goal['limit']:g}{' ' + goal['unit'] if goal['unit'] else ''})"
    return f"{goal['goal']}: {numbers_text(goal)} {wanted} {goal['verdict']}"


def error_lines(errors):
    for each in errors:
        yield (f"ERROR: no number for {each['what']} {each.get('server')},"
               f" {each.get('conns')} connections: it failed or moved wrong bytes")


def lines(report):
    for point in report["points"]:
        yield from point_lines(point)
    yield from memory_lines(report["memory"])
    yield from calls_lines(report["calls"])
    yield from interface_lines(report["interface"])
    yield from micro_lines(report["micro"])
    if report["points"]:
        yield ("\nslices repeated because the generator was late or others used the core:"
               f" {report['repeated_slices']}")
    yield f"measurements with errors: {len(report['errors'])}"
    yield from error_lines(report["errors"])
    yield ""
    for goal in report["goals"]:
        yield goal_line(goal)

"""Question: how does a report look on a terminal?"""
from goals import numbers_text
from names import point_title, unit


def ratio_text(server, against):
    found = server["ratios"].get(against)
    return f"{found['value']:.3f} +-{found['spread']:.3f}" if found else "-"


def point_lines(point):
    heading = point_title(point["workload"], point["conns"], point["size"])
    yield f"\n{heading}: server CPU for each {unit(point['workload'])}"
    yield (f"{'server':<26} {'us':>9} {'spread':>7}  {'to raw uring':<15} {'to raw epoll':<15}"
           f" {'user':>5} {'req/sleep':>9}")
    for each in point["servers"]:
        yield (f"{each['title']:<26} {each['us']:9.3f} {each['us_spread']:7.3f}"
               f"  {ratio_text(each, 'raw-uring'):<15} {ratio_text(each, 'raw-epoll'):<15}"
               f" {100 * each['user_share']:4.1f}% {each['requests_per_sleep']:9.0f}")


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
        yield f"\nslices repeated because others used the core: {report['repeated_slices']}"
    yield f"measurements with errors: {len(report['errors'])}"
    yield from error_lines(report["errors"])
    yield ""
    for goal in report["goals"]:
        yield goal_line(goal)

"""Question: how do numbers become SVG? Bars with whiskers, and lines over a logarithmic axis.

Colours are classes, so that the page can have two sets of them; each drawing has a title, and each
bar and point says its number when pointed at."""
import math
from html import escape

WIDTH, LEFT, RIGHT, ROW = 860, 210, 120, 24
LINE_HEIGHT, TOP, BOTTOM = 340, 16, 44
NAME_HEIGHT = 13  # of a line's


def text(x, y, words, css="", anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{css}" text-anchor="{anchor}">{escape(words)}</text>'


def rule(x1, y1, x2, y2, css):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{css}"/>'


def drawing(height, title, parts):
    return (f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(title)}">'
            f"<title>{escape(title)}</title>{''.join(parts)}</svg>")


def css_of(group):
    return group.replace(" ", "-").lower()


def step_for(highest, wanted=5):
    """A round distance between marks: 1, 2 or 5 times a power of ten."""
    rough = max(highest, 1e-9) / wanted
    power = 10 ** math.floor(math.log10(rough))
    return next(power * times for times in (1, 2, 5, 10) if power * times >= rough)


def marks_to(highest):
    step = step_for(highest)
    return [step * i for i in range(int(highest / step + 1e-9) + 1)]


def bars(title, rows, unit):
    """Rows are (name, group, value, spread), drawn from the least to the most."""
    rows = sorted(rows, key=lambda row: row[2])
    highest = max((row[2] + row[3] for row in rows), default=1) or 1
    scale = (WIDTH - LEFT - RIGHT) / highest
    bottom = TOP + ROW * len(rows)
    parts = []
    for mark in marks_to(highest):
        x = LEFT + mark * scale
        parts += [rule(x, TOP - 6, x, bottom, "grid"),
                  text(x, bottom + 16, f"{mark:g}", "mark", "middle")]
    for i, (name, group, value, spread) in enumerate(rows):
        y = TOP + ROW * i
        end = LEFT + max(value, 0) * scale
        label = f"{value:.3g}" if value < 1000 else f"{value:.0f}"
        parts += [text(LEFT - 8, y + 13, name, "name", "end"),
                  f'<rect x="{LEFT}" y="{y + 2}" width="{max(end - LEFT, 1):.1f}" height="{ROW - 8}"'
                  f' rx="2" class="{css_of(group)}"><title>{escape(name)}: {label} {escape(unit)},'
                  f" spread {spread:.3g}</title></rect>"]
        if spread > 0:
            parts.append(rule(end - spread * scale, y + 10, end + spread * scale, y + 10, "whisker"))
        parts.append(text(end + spread * scale + 6, y + 14, label, "value"))
    parts.append(text(WIDTH, bottom + 16, unit, "mark", "end"))
    return drawing(bottom + 24, title, parts)


def apart(ends, lowest, least):
    """Moves labels (y, …) down until none covers another, and up again until none lies below
    `lowest`, which leaves room for all."""
    placed, y_before = [], -least
    for y, *rest in sorted(ends, key=lambda end: end[0]):
        y_before = max(y, y_before + least)
        placed.append((y_before, *rest))
    for i in reversed(range(len(placed))):
        placed[i] = (min(placed[i][0], lowest), *placed[i][1:])
        lowest = placed[i][0] - least
    return placed


def log_marks(lowest, highest):
    """1, 2 and 5 times the powers of ten within these bounds."""
    powers = range(math.floor(math.log10(lowest)), math.ceil(math.log10(highest)) + 1)
    marks = [times * 10 ** power for power in powers for times in (1, 2, 5)]
    return [mark for mark in marks if lowest <= mark <= highest]


def scale(lowest, highest, start, end, is_log):
    """The function from a value to its place between start and end."""
    change = math.log if is_log else float
    span = (change(highest) - change(lowest)) or 1
    return lambda value: start + (change(value) - change(lowest)) / span * (end - start)


def plain(number):
    return f"{number:g}"


def lines(title, series, x_name, y_name, log_y=False, x_marks=None, x_text=plain):
    """Series are (name, group, [(x, y), …]). x is logarithmic and has marks where told, else at each
    value; x_text says in words what it is. y is logarithmic if asked for."""
    points = [point for _, _, line in series for point in line]
    every_x, every_y = {x for x, _ in points}, [y for _, y in points]
    lowest_y, highest_y = min(every_y) * 0.95, max(every_y)
    left, right, base = 60, 230, TOP + LINE_HEIGHT
    x_at = scale(min(every_x), max(every_x), left, WIDTH - right, True)
    y_at = scale(lowest_y, highest_y, base, TOP, log_y)

    parts, ends = [], []
    for mark in log_marks(lowest_y, highest_y) if log_y else marks_to(highest_y):
        if mark >= lowest_y:
            parts += [rule(left, y_at(mark), WIDTH - right, y_at(mark), "grid"),
                      text(left - 6, y_at(mark) + 4, f"{mark:g}", "mark", "end")]
    for x in x_marks or sorted(every_x):
        if x <= 1.01 * max(every_x):
            parts.append(text(x_at(x), base + 18, x_text(x), "mark", "middle"))
    for name, group, line in series:
        places = [(x_at(x), y_at(y)) for x, y in line]
        css = css_of(group)
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" class="line {css}-line"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" class="{css}"><title>{escape(name)}:'
                  f" {value[1]:.3g} at {x_text(value[0])}</title></circle>"
                  for (x, y), value in zip(places, line)]
        ends.append((places[-1][1] + 4, name, css))
    lowest = max(base, TOP + NAME_HEIGHT * len(ends))
    parts += [text(WIDTH - right + 10, y, name, f"name {css}-text")
              for y, name, css in apart(ends, lowest, NAME_HEIGHT)]
    parts += [text((left + WIDTH - right) / 2, base + 36, x_name, "mark", "middle"),
              text(left, TOP - 4, y_name, "mark")]
    return drawing(base + BOTTOM + max(0, NAME_HEIGHT * len(series) - LINE_HEIGHT), title, parts)

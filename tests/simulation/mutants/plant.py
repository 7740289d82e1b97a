#!/usr/bin/env python3
"""plant.py ROOT BUG OUT: writes to OUT the source that BUG names, with that bug in it.

A bug is a text: comments (#), the line `file: PATH`, and one or more changes of the form
    <<<<
    the text as it is, which must occur once
    ====
    the text as it is planted
    >>>>
"""
import pathlib
import re
import sys


def main(root, bug, out):
    text = pathlib.Path(bug).read_text()
    place = re.search(r"^file: (\S+)$", text, re.M)
    changes = re.findall(r"^<<<<\n(.*?)\n====\n(.*?)\n?^>>>>$", text, re.M | re.S)
    if not place or not changes:
        sys.exit(f"{bug}: no `file:` line or no change")
    source = (pathlib.Path(root) / place[1]).read_text()
    for before, after in changes:
        if source.count(before) != 1:
            sys.exit(f"{bug}: {place[1]} has this text {source.count(before)} times, not once:\n{before}")
        source = source.replace(before, after)
    pathlib.Path(out).write_text(source)


main(*sys.argv[1:])

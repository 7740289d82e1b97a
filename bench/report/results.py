"""Question: what did the generator write?

A line is what was measured, then NAME=VALUE pairs; run.sh adds workload= and round=."""


def value_of(text):
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def parse_line(line):
    words = line.split()
    pairs = (word.partition("=") for word in words[1:])
    return {"what": words[0], **{name: value_of(text) for name, _, text in pairs}}


def read(lines):
    """Gives all measurements, and those of them that failed or moved wrong bytes apart."""
    every = [parse_line(line) for line in lines if line.strip()]
    good = [each for each in every if each.get("errors", 0) == 0]
    wrong = [each for each in every if each.get("errors", 0) != 0]
    return good, wrong

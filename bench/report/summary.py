"""Question: what do several rounds say together? Their median, and how far the rounds lie from it.

Ratios are taken within a round, where both servers met the same machine, and then summarised.
Dividing two medians instead would keep the drift between rounds."""
from statistics import median


def summarise(values):
    """Median and median absolute deviation (MAD); None of nothing."""
    values = list(values)
    if not values:
        return None
    middle = median(values)
    return {"value": middle, "spread": median(abs(each - middle) for each in values),
            "rounds": len(values)}


def ratio(ours, theirs):
    """Summarises ours / theirs over the rounds that both have; each is {round: number}."""
    return summarise(ours[at] / theirs[at] for at in sorted(ours) if theirs.get(at))

"""How many times faster one arm is than another, from turns of both: the median with exact bounds, whatever the times' law."""
import statistics
from math import comb


def lower_bound(values, confidence=0.9):
    """Lower end of the one-sided interval of the median: the largest order statistic that is below it often enough.

    Of fewer than four values none is at 90 %: the least of them is given.
    """
    ordered, n = sorted(values), len(values)
    k = 0   # ordered[k] > median with probability P(Binomial(n, 1/2) <= k)
    while k + 1 < n and sum(comb(n, i) for i in range(k + 2)) / 2**n <= 1 - confidence:
        k += 1
    return float(ordered[k])


def upper_bound(values, confidence=0.9):
    """The same from above."""
    return -lower_bound([-v for v in values], confidence)


def ratio(ours, theirs):
    """(median, lower, upper 90 % bound) of theirs over ours, turn by turn."""
    turns = [float(b) / float(a) for a, b in zip(ours, theirs, strict=True)]
    return statistics.median(turns), lower_bound(turns), upper_bound(turns)

"""Bounds of the ratio of times."""
import numpy as np

from buffon.experiments.benchmarks._ratio import lower_bound, ratio, upper_bound


def test_bounds_are_order_statistics():
    # P(Binomial(9, 1/2) <= 2) = 46/512 < 10 % <= P(... <= 3) = 130/512: the third of nine.
    values = [5.0, 1.0, 9.0, 2.0, 8.0, 3.0, 7.0, 4.0, 6.0]
    assert lower_bound(values) == 3.0
    assert upper_bound(values) == 7.0
    assert ratio([2.0] * 9, [2 * v for v in values]) == (5.0, 3.0, 7.0)


def test_a_bound_misses_the_median_no_more_often_than_it_says():
    rng = np.random.default_rng(4)
    missed = np.mean([lower_bound(rng.exponential(size=9)) > np.log(2) for _ in range(4000)])
    assert abs(missed - 46 / 512) < 5 * np.sqrt(46 / 512 * (1 - 46 / 512) / 4000)

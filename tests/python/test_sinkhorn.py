"""Exact and entropic distances between samples in Python: shapes, weights, keywords, errors, beside SciPy."""
import numpy as np
import pytest

import buffon as bf

RNG = np.random.default_rng(9)


def test_one_dimension_is_scipys_distance_and_more_is_the_assignments():
    stats = pytest.importorskip("scipy.stats")
    x, y = RNG.standard_normal(200), RNG.gamma(2.0, size=200)
    w = bf.wasserstein(x, y, order=1)
    assert w.distance == pytest.approx(stats.wasserstein_distance(x, y), rel=1e-12) == float(w)
    assert np.abs(x - y[w.partner]).mean() == pytest.approx(w.distance)
    p, q = RNG.standard_normal((90, 3)), RNG.standard_normal((90, 3)) + 1
    c = ((p[:, None] - q) ** 2).sum(-1)
    w = bf.wasserstein(p, q)
    assert w.distance == pytest.approx(np.sqrt(bf.assign(c).cost / 90), rel=1e-12) and "distance" in repr(w)


def test_sinkhorn_takes_weights_and_its_plan_has_them():
    x, y, a, b = RNG.random((30, 2)), RNG.random((45, 2)), RNG.random(30), RNG.random(45)
    s = bf.sinkhorn(x, y, a=a, b=b, epsilon=0.1, relative=False, tolerance=1e-9)
    c = ((x[:, None] - y) ** 2).sum(-1)
    a, b = a / a.sum(), b / b.sum()
    plan = a[:, None] * b * np.exp((s.f[:, None] + s.g - c) / s.epsilon)
    assert s.converged and s.epsilon == 0.1 and s.marginal_error <= 1e-9
    np.testing.assert_allclose(plan.sum(1), a, atol=1e-9)
    np.testing.assert_allclose(plan.sum(0), b, atol=1e-9)
    assert s.cost == pytest.approx((plan * c).sum(), rel=1e-9)
    again = bf.sinkhorn(x, y, a=a, b=b, epsilon=0.1, relative=False, tolerance=1e-8, start=s)
    assert again.converged and again.iterations <= 2 and "iterations" in repr(again)


def test_a_small_epsilon_is_stable_and_close_to_the_exact_cost():
    x, y = RNG.standard_normal((150, 2)), 1 + 0.5 * RNG.standard_normal((150, 2))
    s = bf.sinkhorn(x, y, epsilon=0.002, tolerance=1e-4)
    assert s.converged and s.cost == pytest.approx(bf.wasserstein(x, y).distance ** 2, rel=0.01)


def test_the_divergence_is_zero_for_equal_clouds_only():
    x = RNG.standard_normal((60, 3))
    d = bf.sinkhorn_divergence(x, x[::-1])
    assert d.converged and float(d) == d.value and 0 <= d.value < 1e-8
    assert bf.sinkhorn_divergence(x, x + [1.0, 0, 0], tolerance=1e-8).value == pytest.approx(
        1.0, rel=1e-3
    )  # a shift costs its square


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda: bf.wasserstein(np.zeros((2, 2)), np.zeros((3, 2))),
            r"wasserstein: x and y must have the same shape \(n, d\), got \(2, 2\) and \(3, 2\)",
        ),
        (
            lambda: bf.wasserstein(np.zeros((1, 1, 1)), [0.0]),
            r"wasserstein: x must have shape \(n, d\) or \(n,\), got \(1, 1, 1\)",
        ),
        (lambda: bf.sinkhorn([0.0], [1.0], epsilon=-1), "sinkhorn: epsilon must be positive and finite, got -1"),
        (lambda: bf.sinkhorn([0.0], [1.0], a=[1.0, 2.0]), "sinkhorn: a must have one weight per point, 1, got 2"),
        (
            lambda: bf.sinkhorn_divergence([0.0, np.nan], [1.0]),
            "sinkhorn_divergence: x must hold numbers up to 1e150, got nan in row 1",
        ),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()

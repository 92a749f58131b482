"""Distances between samples: values beside NumPy's, what they take, what they refuse."""
import numpy as np
import pytest

import buffon as bf
from buffon import diffusion as bd

RNG = np.random.default_rng(5)
X, Y = RNG.normal(0.3, 1, (40, 3)), RNG.normal(size=(30, 3))


def squared(a, b):
    return ((a[:, None] - b[None]) ** 2).sum(-1)


KERNELS = {
    "energy": (bd.energy, lambda a, b: -np.sqrt(squared(a, b))),
    "mmd": (lambda x, y, **o: bd.mmd(x, y, bandwidth=0.8, **o), lambda a, b: np.exp(-squared(a, b) / (2 * 0.64))),
    "kid": (bd.kid, lambda a, b: (a @ b.T / 3 + 1) ** 3),
}


def unbiased(kernel, x, y):
    def within(a):
        k = kernel(a, a)
        return (k.sum() - np.trace(k)) / (len(a) * (len(a) - 1))
    return within(x) + within(y) - 2 * kernel(x, y).mean()


@pytest.mark.parametrize("name", KERNELS)
def test_values_are_numpys(name):
    metric, kernel = KERNELS[name]
    e = metric(X, Y)
    assert e.names == [name] and e.n == 70
    np.testing.assert_allclose(e.value, [unbiased(kernel, X, Y)], rtol=1e-11)


@pytest.mark.parametrize("name", KERNELS)
def test_errors_are_a_jackknifes(name):
    metric, kernel = KERNELS[name]
    rest_x = [unbiased(kernel, np.delete(X, i, 0), Y) for i in range(len(X))]
    rest_y = [unbiased(kernel, X, np.delete(Y, j, 0)) for j in range(len(Y))]
    jackknife = sum((len(r) - 1) ** 2 / len(r) * np.var(r, ddof=1) for r in (rest_x, rest_y))
    assert metric(X, Y).std_error[0] == pytest.approx(jackknife**0.5, rel=0.05)


def features(kernel, x, y):
    """Squared length of the difference of mean features, and the variance that normal features have along it."""
    def projection(a):
        return kernel(a, x).mean(axis=1) - kernel(a, y).mean(axis=1)
    raw = projection(x).mean() - projection(y).mean()
    return raw, sum(4 * np.var(projection(a), ddof=1) / len(a) for a in (x, y))


@pytest.mark.parametrize("name", KERNELS)
def test_far_intervals_are_those_of_a_squared_length(name):
    chi_square = pytest.importorskip("scipy.stats").ncx2
    metric, kernel = KERNELS[name]
    rng = np.random.default_rng(7)
    x, y = rng.normal(1.0, 1, (500, 3)), rng.normal(size=(400, 3))
    e = metric(x, y)
    raw, variance = features(kernel, x, y)
    assert e.value[0] < raw
    (low,), (high,) = e.confidence_interval()
    unit = variance / (4 * raw)                            # of the error along the difference, squared
    degrees = (raw - e.value[0]) / unit
    below = chi_square.cdf(raw / unit, degrees, np.array([low, high]) / unit)
    np.testing.assert_allclose(below, [0.975, 0.025], atol=0.01)


@pytest.mark.parametrize("name", KERNELS)
def test_no_interval_is_below_0_though_values_are(name):
    metric, _ = KERNELS[name]
    rng = np.random.default_rng(3)
    estimates = [metric(rng.normal(size=(40, 3)), rng.normal(size=(50, 3))) for _ in range(30)]
    assert min(e.value[0] for e in estimates) < 0
    lows, highs = zip(*(e.confidence_interval() for e in estimates), strict=True)
    floor = np.mean([e.diagnostics["floor"][0] for e in estimates])
    assert min(lows) >= 0 and min(highs) > 0.5 * floor and np.sum(np.array(lows) > 0) <= 4
    plotted = pytest.importorskip("matplotlib.pyplot")
    min(estimates, key=lambda e: e.value[0]).plot()
    plotted.close("all")


def test_lists_dicts_and_draws_give_joint_estimates():
    other = X + 0.4
    two = bd.energy([X, other], Y)
    assert two.names == ["0", "1"] and two.covariance.shape == (2, 2)
    named = bd.energy({"near": X, "far": other}, Y)
    assert named.names == ["near", "far"]
    np.testing.assert_array_equal(named.value, two.value)
    assert two.contrast(0, 1).std_error[0] < 0.8 * np.linalg.norm(two.std_error)   # coupled rows, common reference
    model = bd.GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[[0.04]], [[0.04]]])
    draws = bd.sample(model, bd.dpmpp(bd.VP(), steps=10), n=50, rng=0)
    assert bd.mmd(draws, model.forward(50, 0.0, rng=1)).value.shape == (1,)
    assert bd.energy([[1, 2], [3, 4], [5, 6], [7, 9.0]], Y[:, :2]).names == ["energy"]


def test_independent_samples_of_other_sizes_share_the_reference_alone():
    e = bd.mmd([X, X[:20]], Y, bandwidth=1.0)
    alone = bd.mmd(X[:20], Y, bandwidth=1.0)
    assert e.value[1] == alone.value[0] and e.std_error[1] == pytest.approx(alone.std_error[0])


def test_the_default_bandwidth_is_the_median_distance():
    e = bd.mmd(X, Y)
    distances = np.sqrt(squared(Y, Y)[np.triu_indices(len(Y), 1)])
    assert e.diagnostics["bandwidth"] == pytest.approx(np.sort(distances)[len(distances) // 2])
    assert bd.mmd(X, Y, bandwidth=e.diagnostics["bandwidth"]).value[0] == pytest.approx(e.value[0])


@pytest.mark.parametrize("metric", [bd.energy, bd.prdc])
def test_progress_ends_with_all_pairs_and_may_stop(metric):
    seen = []
    metric([X, Y], Y, progress=lambda n, total: seen.append((n, total)))
    assert seen[-1] == (seen[-1][1],) * 2 and [n for n, _ in seen] == sorted(n for n, _ in seen)

    def stop(n, total):
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        metric(X, Y, progress=stop)


def test_refusals_name_what_they_want():
    with pytest.raises(ValueError, match=r"energy: x\['far'\] must be a matrix, got shape \(40,\)"):
        bd.energy({"near": X, "far": X[:, 0]}, Y)
    with pytest.raises(ValueError, match=r"kid: x must have the 3 columns of the reference, got 2"):
        bd.kid(X[:, :2], Y)
    with pytest.raises(ValueError, match="mmd: x must hold at least one sample"):
        bd.mmd([], Y)
    with pytest.raises(TypeError, match="unknown keyword 'bandwith'"):
        bd.mmd(X, Y, bandwith=1)


def test_prdc_has_the_values_of_its_formulas_and_four_names_a_sample():
    def radius(a, k):
        return np.sort(np.sqrt(squared(a, a)), 1)[:, k]
    x, y = RNG.normal(0.3, 1, (70, 3)), RNG.normal(size=(60, 3))
    d = np.sqrt(squared(x, y))
    e = bd.prdc(x, y, precision_k=2, density_k=4)
    expected = [(d < radius(y, 2)).any(1).mean(), (d < radius(x, 2)[:, None]).any(0).mean(),
                (d < radius(y, 4)).sum() / (4 * 70), (d < radius(y, 4)).any(0).mean()]
    np.testing.assert_allclose(e.value, expected, rtol=1e-12)
    assert e.names == ["precision", "recall", "density", "coverage"] and e.n == 130
    two = bd.prdc({"a": x, "b": x + 9}, y, precision_k=2, density_k=4)
    assert two.names[4:] == ["b.precision", "b.recall", "b.density", "b.coverage"] and len(two.diagnostics["floor"]) == 8
    np.testing.assert_array_equal(two.value, [*e.value, 0, 0, 0, 0])
    with pytest.raises(ValueError, match="prdc: x must have at least 24 rows, got 20"):
        bd.prdc(X[:20], Y)


def test_metrics_count_rows():
    for e in (bd.energy(X, Y), bd.frechet(X, Y), bd.sliced_w2(X, Y, rng=1), bd.w2(X[:8], Y[:8]), bd.memorised(X, Y)):
        assert f"({e.n:,} rows)" in repr(e) and "evaluation" not in repr(e), repr(e)


def test_what_is_no_array_is_called_by_its_name():
    mixture = bd.GaussianMixture([1.0], np.zeros((1, 3)), np.eye(3)[None])
    wanted = r"^frechet: y must be an array \(n, d\) \(cf_distance, .* take a mixture\), got GaussianMixture"
    with pytest.raises(TypeError, match=wanted):
        bd.frechet(X, mixture)
    with pytest.raises(TypeError, match=r"^energy: x must be an array \(n, d\), got object"):
        bd.energy(object(), Y)


def test_frechet_is_scipys():
    linalg = pytest.importorskip("scipy.linalg")
    for n, m, d in ((300, 250, 12), (40, 60, 90)):
        x, y = RNG.normal(0.2, 1.3, (n, d)), RNG.normal(size=(m, d))
        cx, cy = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
        root = linalg.sqrtm(cx @ cy).real if n > d else None
        trace = (
            np.trace(root)
            if n > d
            else np.linalg.svd((x - x.mean(0)) @ (y - y.mean(0)).T, compute_uv=False).sum() / np.sqrt((n - 1) * (m - 1))
        )
        expected = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(cx) + np.trace(cy) - 2 * trace
        e = bd.frechet(x, y)
        assert e.value[0] == pytest.approx(expected, rel=1e-8)
        assert bool(e.warnings) == (n < 2 * d) and e.names == ["frechet"]
    several = bd.frechet({"a": X, "b": X + 1}, Y, sizes=3)
    assert several.names == ["a", "b"] and len(several.diagnostics["slope"]) == 2
    with pytest.raises(ValueError, match="frechet: sizes must be 0 or at least 3, got 1"):
        bd.frechet(X, Y, sizes=1)


def test_w2_and_sliced_w2_are_scipys_in_one_dimension_and_by_assignment():
    optimize = pytest.importorskip("scipy.optimize")
    x, y = RNG.normal(0.3, 1, (40, 3)), RNG.normal(size=(40, 3))
    squares = []
    for b in range(2):
        cost = squared(x[b::2], y[b::2])
        squares.append(cost[optimize.linear_sum_assignment(cost)].mean())
    e = bd.w2(x, y, blocks=2)
    assert e.value[0] == pytest.approx(np.sqrt(np.mean(squares)), rel=1e-12)
    assert e.std_error[0] == pytest.approx(abs(squares[0] - squares[1]) / 2 / (2 * e.value[0]))
    line = bd.sliced_w2(x[:, :1], y[:, :1], directions=2, rng=1)
    assert line.value[0] == pytest.approx(np.sqrt(((np.sort(x[:, 0]) - np.sort(y[:, 0])) ** 2).mean()), rel=1e-12)
    assert (
        bd.sliced_w2({"a": x, "b": x[:20]}, y, rng=3).value.tolist()
        == bd.sliced_w2({"a": x, "b": x[:20]}, y, rng=3, threads=1).value.tolist()
    )
    with pytest.raises(ValueError, match="w2: x must have the 40 rows of the reference, got 39"):
        bd.w2(x[:39], y)


def test_w2_and_sliced_w2_are_pots():
    ot = pytest.importorskip("ot")
    x, y = RNG.normal(0.3, 1, (60, 3)), RNG.normal(size=(60, 3))
    squares = [ot.emd2([], [], ot.dist(x[b::3], y[b::3])) for b in range(3)]
    assert bd.w2(x, y, blocks=3).value[0] == pytest.approx(np.sqrt(np.mean(squares)), rel=1e-10)
    directions = bf.Stream(5).normal(40, 3)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    for other in (y, y[:45]):
        theirs = ot.sliced_wasserstein_distance(x, other, projections=directions.T)
        assert bd.sliced_w2(x, other, directions=40, rng=5).value[0] == pytest.approx(theirs, rel=1e-10)


def test_prdc_is_that_of_the_package():
    package = pytest.importorskip("prdc")
    x, y = RNG.normal(0.3, 1, (90, 3)), RNG.normal(size=(80, 3))
    theirs = package.compute_prdc(y, x, 5)
    ours = bd.prdc(x, y, precision_k=5, density_k=5)
    np.testing.assert_allclose(ours.value, [theirs[name] for name in ours.names], rtol=1e-12)

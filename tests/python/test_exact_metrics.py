"""Metrics whose reference may be a mixture: values beside NumPy's and SciPy's, names, refusals."""
import numpy as np
import pytest

import buffon as bf
from buffon import diffusion as bd
from buffon.experiments._modes import gmm2d, gmm16

RNG = np.random.default_rng(3)
MIXTURE = bd.GaussianMixture(
    [0.2, 0.3, 0.5],
    [[-3.0, 0.0], [0.0, 0.5], [3.0, 1.0]],
    [[[0.5, 0.2], [0.2, 0.3]], [[0.3, 0.0], [0.0, 0.3]], [[0.2, 0.0], [0.0, 0.8]]],
)
X = bd.sample(MIXTURE, bd.ddim(bd.EDM(0.01, 10), steps=5), n=300, rng=1)
EXACT = MIXTURE.forward(300, 0.0, rng=2)


def test_masses_are_means_of_posterior_probabilities_or_counts():
    soft, hard = bd.mode_masses(X, MIXTURE, sigma=0.2), bd.mode_masses(X, MIXTURE, sigma=0.2, hard=True)
    p = MIXTURE.responsibilities(X.x, 0.2)
    counts = np.bincount(p.argmax(axis=1), minlength=3) / 300
    for e, mean in ((soft, p.mean(axis=0)), (hard, counts)):
        np.testing.assert_allclose(e.value, [*mean, 0.5 * np.abs(mean - MIXTURE.weights).sum()], rtol=1e-12)
    np.testing.assert_allclose(soft.covariance[:3, :3], np.cov(p, rowvar=False) / 300, atol=1e-17)
    side = p.mean(axis=0) > MIXTURE.weights
    assert soft.covariance[3, 3] == pytest.approx(np.var(p[:, side].sum(axis=1), ddof=1) / 300)
    assert soft.names == ["mode 0", "mode 1", "mode 2", "total_variation"] and soft.n == 300
    told = bd.mode_masses(X, lambda x: MIXTURE.responsibilities(x, 0.2), weights=[2, 3, 5])
    np.testing.assert_allclose(told.value, soft.value, rtol=1e-12)
    two = bd.mode_masses({"few": X, "exact": EXACT}, MIXTURE)
    assert (
        two.names[4:] == ["exact.mode 0", "exact.mode 1", "exact.mode 2", "exact.total_variation"]
        and len(two.diagnostics["floor"]) == 2
    )
    assert np.isfinite(two.contrast("few.total_variation", "exact.total_variation").std_error[0])


def test_off_mode_is_the_tail_of_scipys_chi_square_law_and_its_interval_scipys():
    stats = pytest.importorskip("scipy.stats")
    for share in (0.001, 0.05):
        e = bd.off_mode({"few": X, "exact": EXACT}, MIXTURE, share=share)
        limit = stats.chi2.isf(share, 2)
        off = [(MIXTURE.off_mode(x) > limit).sum() for x in (X.x, EXACT)]
        np.testing.assert_array_equal(e.value, np.array(off) / 300)
        assert e.diagnostics["threshold"] == pytest.approx(limit) and 0 < e.diagnostics["floor"][0] <= share
        low, high = e.confidence_interval()
        for k, hits in enumerate(off):
            exact = stats.binomtest(int(hits), 300).proportion_ci(0.95, "exact")
            assert (low[k], high[k]) == pytest.approx((exact.low, exact.high), rel=1e-9)


@pytest.mark.parametrize("mixture, table, known, error", [
    (gmm16, bd.ddim(bd.EDM(0.01, 20), steps=10, grid="rho", to_zero=True), 0.014668, 2.1e-5),
    (gmm16, bd.heun(bd.EDM(0.01, 20), steps=5, grid="rho", to_zero=True), 0.935, 1e-3),
    (gmm2d, bd.heun(bd.EDM(0.01, 10), steps=5, grid="rho", to_zero=True), 0.0541, 7e-4),
])
def test_off_mode_of_few_steps_is_as_known(mixture, table, known, error):
    e = bd.off_mode(
        bd.sample(mixture(), table, n=10_000, rng=1), mixture()
    )  # known: an independent implementation, up to 3.2e7 runs
    assert abs(e.value[0] - known) < 4 * np.hypot(e.std_error[0], error)


def test_the_floor_of_total_variation_is_that_of_its_normal_law():
    n, mixture = 6000, gmm2d()
    floor = bd.mode_masses(mixture.forward(n, 0.0, rng=1), mixture).diagnostics["floor"][0]
    w = mixture.weights
    assert floor == pytest.approx(0.5 * np.sqrt(2 * w * (1 - w) / (np.pi * n)).sum(), rel=2e-3) and round(floor, 3) == 0.013


def test_mode_mixture_counts_rows_with_two_classes_of_a_mixture_or_a_classifier():
    e = bd.mode_mixture([X, EXACT], MIXTURE, level=[0.05, 0.2], sigma=0.6)
    p = [MIXTURE.responsibilities(x, 0.6) for x in (X.x, EXACT)]
    np.testing.assert_allclose(e.value, [((q >= level).sum(axis=1) >= 2).mean() for q in p for level in (0.05, 0.2)])
    assert e.names == ["0.0.05", "0.0.2", "1.0.05", "1.0.2"]
    told = bd.mode_mixture([X, EXACT], lambda x: MIXTURE.responsibilities(x, 0.6), level=[0.05, 0.2])
    np.testing.assert_array_equal(told.value, e.value)
    assert bd.mode_mixture(X, MIXTURE).diagnostics["sigma"] == pytest.approx(np.sqrt(0.2 * 0.4 + 0.3 * 0.3 + 0.5 * 0.5))
    with pytest.raises(ValueError, match="mode_mixture: classifier must give probabilities, got"):
        bd.mode_mixture(X, lambda x: 5 * x)
    with pytest.raises(
        ValueError, match=r"mode_mixture: classifier must give shape \(n, c\) = \(300, at least 2\), got \(300, 1\)"
    ):
        bd.mode_mixture(X, lambda x: x[:, 0] > 0)
    with pytest.raises(TypeError, match="classifier must be a GaussianMixture, or a function of rows"):
        bd.mode_mixture(X, 3)


def unbiased(phi_x, phi_y, n, m):
    return np.abs(phi_x - phi_y) ** 2 - (1 - np.abs(phi_x) ** 2) / (n - 1) - ((1 - np.abs(phi_y) ** 2) / (m - 1) if m else 0)


def test_cf_distance_is_numpys_at_the_same_frequencies():
    w = bf.Stream(9).normal(50, 2) / 0.7
    y = RNG.normal(size=(120, 2))
    phi_x, phi_y = (np.exp(1j * a @ w.T).mean(axis=0) for a in (X.x, y))
    exact = sum(p * np.exp(1j * w @ m - 0.5 * np.einsum("la,ab,lb->l", w, c, w))
                for p, m, c in zip(MIXTURE.weights, MIXTURE.means, MIXTURE.covariances, strict=True))
    e = bd.cf_distance(X, y, bandwidth=0.7, frequencies=50, rng=9)
    assert e.value[0] == pytest.approx(unbiased(phi_x, phi_y, 300, 120).mean(), rel=1e-10) and e.n == 420 and e.rng_key == 9
    e = bd.cf_distance(X, MIXTURE, bandwidth=0.7, frequencies=50, rng=9)
    assert (
        e.value[0] == pytest.approx(unbiased(phi_x, exact, 300, 0).mean(), rel=1e-10)
        and e.n == 300
        and e.names == ["cf_distance"]
    )


def test_cf_distance_is_mmd_in_expectation():
    x = {"a": X, "b": EXACT}
    cf, mmd = (
        bd.cf_distance(x, EXACT[::-1] + 0.3, bandwidth=1.0, frequencies=20_000, rng=1),
        bd.mmd(x, EXACT[::-1] + 0.3, bandwidth=1.0),
    )
    np.testing.assert_allclose(cf.value, mmd.value, atol=0.01 * mmd.value.max())
    np.testing.assert_allclose(cf.std_error, mmd.std_error, rtol=0.05)
    np.testing.assert_allclose(cf.diagnostics["floor"], mmd.diagnostics["floor"], rtol=0.15)
    assert cf.contrast(0, 1).std_error[0] == pytest.approx(mmd.contrast(0, 1).std_error[0], rel=0.05)


def test_moment_probe_is_numpys():
    along = np.array([[1.0, 0.0], [0.5, -2.0]])
    y = RNG.normal(1, 2, size=(500, 2))
    e = bd.moment_probe(X, y, along=along, orders=3)
    t, u = (((a - y.mean(axis=0)) @ along.T) / (y @ along.T).std(axis=0, ddof=1) for a in (X.x, y))
    np.testing.assert_allclose(
        e.value, [(t[:, k] ** r).mean() - (u[:, k] ** r).mean() for k in range(2) for r in (1, 2, 3)], atol=1e-12
    )
    rows = np.column_stack([a[:, k] ** r for a in (t,) for k in range(2) for r in (1, 2, 3)])
    others = np.column_stack([u[:, k] ** r for k in range(2) for r in (1, 2, 3)])
    np.testing.assert_allclose(
        e.covariance, np.cov(rows, rowvar=False) / 300 + np.cov(others, rowvar=False) / 500, rtol=1e-9, atol=1e-14
    )
    exact = bd.moment_probe({"few": X, "exact": EXACT}, MIXTURE, rng=4)
    assert len(exact) == 2 * 8 * 4 and exact.names[33] == "exact.direction 0, order 2"
    assert max(exact.diagnostics["rms_z"][4:]) < 2 < max(exact.diagnostics["rms_z"][:4])   # five steps lose variance
    with pytest.raises(ValueError, match="moment_probe: reference must be a matrix"):
        bd.moment_probe(X, [1.0, 2.0])


@pytest.mark.parametrize("name", ["cf_distance", "mode_masses", "mode_mixture", "moment_probe", "off_mode"])
def test_all_take_lists_dicts_and_draws(name):
    options = {"rng": 1} if name in ("cf_distance", "moment_probe") else {}
    one, several = getattr(bd, name)(X, MIXTURE, **options), getattr(bd, name)([X, EXACT, EXACT[:99]], MIXTURE, **options)
    np.testing.assert_array_equal(several.value[:len(one)], one.value)
    assert len(several) == 3 * len(one) and several.n == 699
    assert several.covariance[0, 2 * len(one)] == 0 or name == "cf_distance"   # of another size; frequencies are shared
    with pytest.raises(ValueError, match=f"{name}: x must have the 2 columns of the reference, got 3"):
        getattr(bd, name)(np.zeros((9, 3)), MIXTURE)


@pytest.mark.parametrize("name", ["memorised", "mode_masses", "mode_mixture", "moment_probe", "off_mode"])
def test_all_say_how_far_they_are_and_can_be_ended(name):
    seen, known = [], EXACT if name == "memorised" else MIXTURE
    getattr(bd, name)([X, EXACT], known, progress=lambda n, total: seen.append((n, total)))
    assert seen[-1] == (len(X) + len(EXACT),) * 2

    def enough(n, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        getattr(bd, name)(X, known, progress=enough)


def test_moment_features_are_means_and_covariances_of_each_set():
    tokens = np.random.default_rng(1).standard_normal((5, 7, 6))
    means = tokens.mean(axis=1)
    centred = tokens - means[:, None]
    covariances = np.einsum("nla,nlb->nab", centred, centred) / 7
    rows, columns = np.tril_indices(6)
    found = bd.moment_features(tokens)
    assert np.allclose(found, np.concatenate([means, covariances[:, rows, columns]], axis=1), atol=1e-14)
    heads = bd.moment_features(tokens, heads=3, scale="columns")
    pairs = [covariances[:, 2 * k:2 * k + 2, 2 * k + 2:2 * k + 4] for k in range(2)]
    pairs = [(c / np.linalg.norm(c, axis=1, keepdims=True)).reshape(5, 4) for c in pairs]
    assert np.allclose(heads, np.concatenate([means, *pairs], axis=1), atol=1e-14)
    scalar = centred * 0 + tokens - tokens.mean(axis=(1, 2), keepdims=True)
    second = np.einsum("nla,nlb->nab", scalar, scalar) / 7
    assert np.allclose(bd.moment_features(tokens, center="scalar")[:, 6:], second[:, rows, columns], atol=1e-14)
    assert np.array_equal(found[3], bd.moment_features(tokens[3:4], threads=1)[0])
    with pytest.raises(ValueError, match=r"moment_features: tokens must have shape \(n, length, D\), got \(5, 7\)"):
        bd.moment_features(tokens[:, :, 0])
    with pytest.raises(ValueError, match="center"):
        bd.moment_features(tokens, center="median")

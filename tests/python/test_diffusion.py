"""Schedules and the exact mixture denoiser as Python sees them; oracles are NumPy formulas."""
import threading

import numpy as np
import pytest

from buffon import diffusion as bd

SCHEDULES = [
    bd.VP(),
    bd.VP(b0=0.01, t_end=1e-4),
    bd.VE(),
    bd.VE(smin=0.002, smax=348.0),
    bd.EDM(),
    bd.EDM(smax=20.0),
    bd.Cosine(),
    bd.SubVP(),
    bd.Discrete.linear(),
    bd.Discrete.scaled_linear(),
    bd.Discrete.cosine(),
    bd.MeanReverting(0.5),
    bd.MeanReverting(50 / 255, theta="constant"),
]


def mixture():
    weights = [0.5, 0.3, 0.2]
    means = [[-1.0, 0.5], [1.5, -0.5], [0.2, 2.0]]
    covariances = [[[0.5, 0.3], [0.3, 0.4]], [[0.2, -0.1], [-0.1, 0.9]], [[1.0, 0.0], [0.0, 0.3]]]
    return bd.GaussianMixture(weights, means, covariances)


def points(n=40):
    return 2 * np.sin(1 + 2.3 * np.arange(2 * n)).reshape(n, 2)


def log_joint(model, x, sigma):
    """log w_k + log N(x_i; mean_k, C_k + sigma^2 I), shape (n, k), by inverses and determinants."""
    noisy = model.covariances + sigma**2 * np.eye(model.dim)
    offset = x[:, None, :] - model.means
    distance = np.einsum("nka,kab,nkb->nk", offset, np.linalg.inv(noisy), offset)
    log_det = np.linalg.slogdet(2 * np.pi * noisy)[1]
    return np.log(model.weights) - 0.5 * (distance + log_det)


def reference(model, x, sigma):
    """log density, responsibilities, denoiser, score."""
    joint = log_joint(model, x, sigma)
    log_density = np.logaddexp.reduce(joint, axis=1)
    gamma = np.exp(joint - log_density[:, None])
    noisy = model.covariances + sigma**2 * np.eye(model.dim)
    pull = np.einsum("kab,nkb->nka", np.linalg.inv(noisy), x[:, None, :] - model.means)
    means = model.means + np.einsum("kab,nkb->nka", model.covariances, pull)
    return log_density, gamma, np.einsum("nk,nka->na", gamma, means), -np.einsum("nk,nka->na", gamma, pull)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
def test_schedule_functions_agree(schedule):
    t = np.linspace(schedule.t_end, schedule.t_start, 60).reshape(3, 20)
    alpha, sigma, lam = schedule.alpha(t), schedule.sigma(t), schedule.lam(t)
    assert alpha.shape == sigma.shape == lam.shape == (3, 20)
    np.testing.assert_allclose(lam, np.log(alpha / sigma), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(schedule.t_of_lam(lam), t, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(schedule.log_alpha(t), np.log(alpha), rtol=1e-11, atol=1e-15)


def test_vp_is_the_linear_schedule():
    t = np.linspace(0, 1, 11)
    np.testing.assert_allclose(bd.VP().alpha(t), np.exp(-19.9 * t**2 / 4 - 0.1 * t / 2), rtol=1e-14)
    np.testing.assert_allclose(bd.VP().alpha(t) ** 2 + bd.VP().sigma(t) ** 2, 1, rtol=1e-15)


def test_scalars_in_scalars_out():
    schedule = bd.VP()
    for f in (schedule.alpha, schedule.sigma, schedule.lam):
        value = f(0.5)
        assert isinstance(value, float)
        assert value == f(np.array([0.5]))[0] == f(np.float64(0.5))
    assert isinstance(schedule.t_of_lam(0.0), float)
    assert bd.EDM().sigma(3) == 3.0
    assert bd.VE().alpha([[0, 1]]).shape == (1, 2)


@pytest.mark.parametrize("kind", ["time", "logsnr", "rho"])
@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
def test_grid(schedule, kind):
    t = schedule.grid(10, kind=kind)
    assert t.shape == (11,) and t[0] == schedule.t_start and t[-1] == schedule.t_end
    assert np.all(np.diff(t) < 0)
    coordinate = {"time": t, "logsnr": schedule.lam(t), "rho": (schedule.sigma(t) / schedule.alpha(t)) ** (1 / 7)}[kind]
    np.testing.assert_allclose(np.diff(coordinate), (coordinate[-1] - coordinate[0]) / 10, rtol=1e-9)


def test_grid_defaults_to_logsnr():
    np.testing.assert_array_equal(bd.VP().grid(7), bd.VP().grid(7, "logsnr"))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: bd.VP(b0=0), "VP: b0 must be positive"),
        (lambda: bd.VE(smin=2, smax=1), "VE: smax must be finite and above smin"),
        (lambda: bd.VP().alpha([0.5, 1.5]), "VP.alpha: t must lie in .0, 1., got 1.5"),
        (lambda: bd.EDM().t_of_lam(-10), "EDM.t_of_lambda: lambda must belong"),
        (lambda: bd.VP().grid(0), "steps must be at least 1, got 0"),
        (lambda: bd.VP().grid(5, kind="karras"), "kind must be one of .*'rho', .*got 'karras'"),
    ],
)
def test_schedule_refuses(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_schedule_reprs_show_the_formula():
    assert repr(bd.VP()).startswith("VP(b0=0.1, b1=20, t_end=0.001): log alpha(t) = ")
    assert "sigma(t) = 0.01^(1 - t) * 50^t" in repr(bd.VE())
    assert "sigma(t) = t" in repr(bd.EDM())


@pytest.mark.parametrize("sigma", [0.3, 1.0, 5.0])
def test_mixture_meets_its_formulas(sigma):
    model, x = mixture(), points()
    log_density, gamma, mean, score = reference(model, x, sigma)
    np.testing.assert_allclose(model.log_density(x, sigma), log_density, rtol=1e-12)
    np.testing.assert_allclose(model.responsibilities(x, sigma), gamma, rtol=1e-11)
    np.testing.assert_allclose(model.denoise(x, sigma), mean, atol=1e-13)
    np.testing.assert_allclose(model.score(x, sigma), score, atol=1e-12)


def test_jacobian_is_the_derivative():
    model, x, h = mixture(), points(), 1e-5
    jacobian = model.jacobian(x, 0.7)
    assert jacobian.shape == (40, 2, 2)
    for b in range(2):
        step = h * np.eye(2)[b]
        slope = (model.denoise(x + step, 0.7) - model.denoise(x - step, 0.7)) / (2 * h)
        np.testing.assert_allclose(jacobian[:, :, b], slope, atol=1e-8)


def test_sigma_may_differ_from_row_to_row():
    model, x, sigma = mixture(), points(), np.geomspace(0.1, 10, 40)
    rows = np.concatenate([model.denoise(x[i : i + 1], sigma[i]) for i in range(40)])
    np.testing.assert_array_equal(model.denoise(x, sigma), rows)
    np.testing.assert_array_equal(model.denoise(x, 0.5), model.denoise(x, np.full(40, 0.5)))


def test_sigma_posterior_is_bayes_with_a_uniform_prior():
    model, x, grid = mixture(), points(), np.geomspace(0.05, 20, 13)
    logs = np.stack([model.log_density(x, s) for s in grid], axis=1)
    expected = np.exp(logs - np.logaddexp.reduce(logs, axis=1)[:, None])
    np.testing.assert_allclose(model.sigma_posterior(x, grid), expected, rtol=1e-11)


def test_posterior_samples_have_the_posterior_moments():
    model, n = mixture(), 100_000
    x = np.tile([[0.3, 0.8]], (n, 1))
    draws = model.posterior_sample(x, 0.9, rng=3)
    mean, covariance = model.denoise(x[:1], 0.9)[0], 0.81 * model.jacobian(x[:1], 0.9)[0]
    z = (draws.mean(axis=0) - mean) / np.sqrt(np.diag(covariance) / n)
    assert np.all(np.abs(z) < 5)
    products = np.einsum("na,nb->nab", draws - mean, draws - mean)
    z = (products.mean(axis=0) - covariance) / (products.std(axis=0) / np.sqrt(n))
    assert np.all(np.abs(z) < 5)


def test_forward_and_posterior_sample_with_one_key_are_independent():
    # x0 | x keeps the law of x0: E x0 of the mixture. Shared random numbers would shift the second moment.
    model, n = mixture(), 100_000
    x = model.forward(n, 0.7, rng=5)
    x0 = model.posterior_sample(x, 0.7, rng=5)
    second = np.einsum("k,kab->ab", model.weights, model.covariances + np.einsum("ka,kb->kab", model.means, model.means))
    products = np.einsum("na,nb->nab", x0, x0)
    assert np.all(np.abs(products.mean(axis=0) - second) < 5 * products.std(axis=0) / np.sqrt(n))
    # E x x0^T = E x0 x0^T
    products = np.einsum("na,nb->nab", x, x0)
    assert np.all(np.abs(products.mean(axis=0) - second) < 5 * products.std(axis=0) / np.sqrt(n))


def test_same_key_same_numbers():
    model = mixture()
    np.testing.assert_array_equal(model.forward(100, 0.5, rng=7), model.forward(100, 0.5, rng=7))
    assert not np.array_equal(model.forward(100, 0.5, rng=7), model.forward(100, 0.5, rng=8))
    np.testing.assert_array_equal(model.forward(100, 0.5, rng=7)[:10], model.forward(10, 0.5, rng=7))
    noise = model.forward(100, 2.0, rng=7) - model.forward(100, 0.0, rng=7)   # the same x0 and eps for every sigma
    np.testing.assert_allclose(model.forward(100, 1.0, rng=7) - model.forward(100, 0.0, rng=7), noise / 2, atol=1e-14)
    for rng in (np.random.default_rng(1), np.random.SeedSequence(1), None):
        assert model.forward(3, 1.0, rng).shape == (3, 2)


def test_two_threads_share_a_model():
    model, x = mixture(), points(20_000)
    expected, found = model.denoise(x, 0.5), [None, None]

    def work(i):
        found[i] = model.denoise(x, 0.5)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for result in found:
        np.testing.assert_array_equal(result, expected)


def test_any_layout_is_taken():
    model, x = mixture(), points()
    np.testing.assert_array_equal(model.denoise(np.asfortranarray(x), 0.5), model.denoise(x, 0.5))
    np.testing.assert_array_equal(model.denoise(x.tolist(), 0.5), model.denoise(x, 0.5))
    single = x.astype(np.float32)
    np.testing.assert_array_equal(model.denoise(single, 0.5), model.denoise(single.astype(float), 0.5))
    assert model.denoise(np.empty((0, 2)), 0.5).shape == (0, 2)


def test_properties():
    model = bd.GaussianMixture([1, 3], [[0.0, 0.0], [1.0, 2.0]], np.stack([np.eye(2), 2 * np.eye(2)]))
    assert model.dim == 2
    np.testing.assert_array_equal(model.weights, [0.25, 0.75])
    np.testing.assert_array_equal(model.means, [[0, 0], [1, 2]])
    np.testing.assert_array_equal(model.covariances, [np.eye(2), 2 * np.eye(2)])
    assert repr(model).startswith("GaussianMixture(k=2, d=2): x0 ~ ")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m: m.denoise(points(), 1.0, condition=3), "condition must be None, this model is unconditional"),
        (lambda m: m.denoise(np.zeros(2), 1.0), r"GaussianMixture.denoise: x must have shape \(n, 2\), got \(2,\)"),
        (lambda m: m.score(np.zeros((4, 3)), 1.0), r"GaussianMixture.score: x must have shape \(n, 2\), got \(4, 3\)"),
        (lambda m: m.score(np.zeros((4, 2)), np.ones(3)),
         r"sigma must be a number or have shape \(n,\) = \(4,\), got shape \(3,\)"),
        (lambda m: m.score(np.zeros((4, 2)), -1.0), "GaussianMixture.score: sigma must lie in .*, got -1"),
        (lambda m: m.log_density([[np.nan, 0.0]], 1.0), r"x must be finite .*, got x\[0, 0\] = nan"),
        (lambda m: m.sigma_posterior(points(), []), "grid must hold at least one noise level"),
        (lambda m: m.forward(-1, 1.0), "n must be at least 0, got -1"),
        (lambda m: bd.GaussianMixture([1.0], [[0.0]], [[[-1.0]]]), "must be positive semidefinite"),
        (lambda m: bd.GaussianMixture([1.0], [[0.0]], [1.0]), r"covariances must have shape \(k, d, d\), got \(1,\)"),
    ],
)
def test_mixture_refuses(call, words):
    with pytest.raises(ValueError, match=words):
        call(mixture())


def test_numbers_are_wanted():
    with pytest.raises(TypeError, match=r"GaussianMixture\.denoise: x must be an array of real numbers"):
        mixture().denoise([["a", "b"]], 1.0)
    with pytest.raises(TypeError, match=r"VP\.alpha: t must be an array of real numbers"):
        bd.VP().alpha("0.5")


def test_public_names():
    assert sorted(bd.__all__) == bd.__all__
    for name in bd.__all__:
        value = getattr(bd, name)
        assert value.__module__ == "buffon.diffusion" and value.__name__ == name
        if isinstance(value, type):
            assert all(getattr(value, f).__doc__ for f in dir(value) if not f.startswith("_"))

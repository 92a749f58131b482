"""Denoisers as Python sees them; oracles are NumPy formulas."""
import numpy as np
import pytest

from buffon import diffusion as bd

POINTS = np.random.default_rng(0).standard_normal((50, 4))
X = 2 * np.sin(1 + 2.3 * np.arange(80)).reshape(20, 4)
LABELS = np.arange(50) % 3


def softmax(x, sigma, points, weights=None):
    logit = -((x[:, None] - points) ** 2).sum(-1) / (2 * sigma**2) + (0 if weights is None else np.log(weights))
    p = np.exp(logit - logit.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True)


@pytest.mark.parametrize("sigma", [0.3, 1.0, 20.0])
def test_empirical_is_the_softmax_weighted_mean(sigma):
    weights = 1 + np.arange(50) % 7
    model = bd.Empirical(POINTS, weights)
    p = softmax(X, sigma, POINTS, weights)
    np.testing.assert_allclose(model.denoise(X, sigma), p @ POINTS, rtol=0, atol=1e-13)
    np.testing.assert_allclose(model.responsibilities(X, sigma), p, rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(model.score(X, sigma), (p @ POINTS - X) / sigma**2, rtol=1e-11, atol=1e-11)
    index, top = model.top_k(X, sigma, 5)
    np.testing.assert_array_equal(index, np.argsort(-p, axis=1, kind="stable")[:, :5])
    np.testing.assert_allclose(top, -np.sort(-p, axis=1)[:, :5], rtol=1e-10)


def test_empirical_properties_are_what_was_given():
    model = bd.Empirical(POINTS, bandwidth=0.1, labels=LABELS, dtype="float32")
    np.testing.assert_array_equal(model.points, POINTS)
    np.testing.assert_array_equal(model.labels, LABELS)
    np.testing.assert_allclose(model.weights, 1 / 50)
    assert (model.dim, model.classes, model.bandwidth, model.dtype) == (4, 3, 0.1, "float32")
    assert repr(model).startswith("Empirical(m=50, d=4, bandwidth=0.1, classes=3)")
    assert bd.Empirical(POINTS).labels is None


def test_a_condition_asks_for_a_class():
    model = bd.Empirical(POINTS, labels=LABELS)
    asked = np.arange(20) % 4 - 1
    answer = model.denoise(X, 0.7, asked)
    for label in range(-1, 3):
        of_class = POINTS if label < 0 else POINTS[label == LABELS]
        rows = asked == label
        np.testing.assert_allclose(answer[rows], softmax(X[rows], 0.7, of_class) @ of_class, atol=1e-13)
    np.testing.assert_array_equal(model.denoise(X, 0.7, 1), model.denoise(X, 0.7, np.ones(20)))
    assert {tuple(row) for row in model.forward(50, 0.0, rng=1, condition=2)} <= {tuple(row) for row in POINTS[LABELS == 2]}


def test_the_jacobian_is_the_derivative_and_the_covariance():
    model, h = bd.Empirical(POINTS, bandwidth=0.2), 1e-5
    numeric = np.stack([(model.denoise(X + h * e, 0.8) - model.denoise(X - h * e, 0.8)) / (2 * h) for e in np.eye(4)], axis=2)
    np.testing.assert_allclose(model.jacobian(X, 0.8), numeric, atol=1e-8)
    np.testing.assert_allclose(model.posterior_covariance(X, 0.8), 0.64 * model.jacobian(X, 0.8), atol=1e-14)


def test_posterior_samples_have_the_posterior_mean():
    model = bd.Empirical(POINTS, bandwidth=0.2)
    draws = model.posterior_sample(np.tile(X[:1], (40_000, 1)), 0.9, rng=3)
    error = draws.std(0) / 200
    assert np.all(np.abs(draws.mean(0) - model.denoise(X[:1], 0.9)[0]) < 4 * error)


def test_samples_of_an_empirical_model_end_on_its_points():
    model = bd.Empirical(POINTS, labels=LABELS)
    draws = bd.sample(model, bd.dpmpp(bd.EDM(), steps=30, grid="rho", to_zero=True), n=64, rng=0, condition=1)
    distance = np.linalg.norm(draws.x[:, None] - POINTS[LABELS == 1], axis=2).min(1)
    assert distance.max() < 1e-6


@pytest.mark.parametrize("call, text", [
    (lambda: bd.Empirical(np.zeros((0, 2))), "points must have shape"),
    (lambda: bd.Empirical([[1.0, np.nan]]), "points must be finite"),
    (lambda: bd.Empirical(POINTS, labels=[0, 2]), "labels must hold one class per point"),
    (lambda: bd.Empirical(POINTS, bandwidth=-1.0), "bandwidth"),
    (lambda: bd.Empirical(POINTS).denoise(X, -1.0), "sigma must lie in"),
    (lambda: bd.Empirical(POINTS).denoise(X, 1.0, 0), "the points have no labels"),
    (lambda: bd.Empirical(POINTS, labels=LABELS).denoise(X, 1.0, 3), "condition must lie in 0 ... 2"),
    (lambda: bd.Empirical(POINTS).denoise(X[:, :3], 1.0), r"x must have shape \(n, 4\)"),
    (lambda: bd.Empirical(POINTS).top_k(X, 1.0, 51), "k must lie in 1 ... 50"),
])
def test_empirical_refuses(call, text):
    with pytest.raises(ValueError, match=text):
        call()


def test_noise_scaled_scales_the_noise_prediction():
    model = bd.GaussianMixture([0.4, 0.6], [[-1.0], [1.0]], [[[0.04]], [[0.09]]])
    x, sigma = np.linspace(-3, 3, 7)[:, None], np.linspace(0.2, 2, 7)
    noise = (x - model.denoise(x, sigma)) / sigma[:, None]
    for factor, each in ((0.9, 0.9), (lambda s: 1 / (1 + s), (1 / (1 + sigma))[:, None])):
        scaled = bd.noise_scaled(model, factor)
        np.testing.assert_allclose((x - scaled.denoise(x, sigma)) / sigma[:, None], each * noise, rtol=1e-12)
    draws = bd.sample(bd.noise_scaled(model, lambda s: 0.99), bd.ddim(bd.VP(), steps=5), n=20, rng=0)
    assert draws.evaluations == 100 and np.isfinite(draws.x).all()
    with pytest.raises(ValueError, match="factor"):
        bd.noise_scaled(model, -1.0)
    with pytest.raises(TypeError, match="factor must be a number"):
        bd.noise_scaled(model, "a")

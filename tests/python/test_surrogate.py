"""Mixtures fitted to samples as controls of dear samplers."""
import numpy as np
import pytest

import buffon as bf
from buffon import diffusion as bd

LAW = bd.GaussianMixture([0.4, 0.6], [[-2.0, 0.0], [1.0, 1.0]], [0.1 * np.eye(2)] * 2, labels=[0, 1])
POINTS = LAW.forward(1_000, 0.0, rng=1)
LABELS = (POINTS[:, 0] > -0.7).astype(int)
TABLE = bd.ddim(bd.EDM(0.02, 20), steps=8, grid="rho", to_zero=True)
FUNCTIONALS = {"x1": lambda x: x[:, 0], "square": lambda x: (x**2).sum(axis=1)}


def levels(model=None, surrogate=None, **options):
    model = model or bd.Empirical(POINTS)
    return bd.surrogate_levels(model, TABLE, surrogate, functionals=FUNCTIONALS, rng=1, **{"cost": 0.01, **options})


def agrees(estimate, problem):
    plain = bf.plain(problem, budget=20_000, rng=9)
    return abs(estimate.value - plain.value) < 4.5 * np.hypot(estimate.std_error, plain.std_error)


def test_points_of_an_empirical_are_fitted_and_the_gain_is_real():
    hierarchy = levels()
    estimate = bf.multilevel(hierarchy, coefficients=True, budget=1_000, rng=1)
    assert estimate.diagnostics["levels"] == [1, 2] and estimate.diagnostics["planned_gain"] > 8
    assert estimate.n <= 1_000 and estimate.diagnostics["evaluations"][0] < 1_000 < estimate.diagnostics["evaluations"][1]
    assert agrees(estimate, hierarchy[0][0]).all()
    plain = bf.plain(hierarchy[0][0], budget=1_000, rng=1)
    assert (estimate.std_error < 0.4 * plain.std_error).all()


def test_a_network_takes_points_or_draws_or_a_mixture():
    ideal = bd.Empirical(POINTS[:300])
    network = bd.Denoiser(lambda x, sigma: ideal.denoise(x, sigma), 2)
    draws = bd.sample(network, TABLE, n=500, rng=3).x
    for surrogate in (POINTS, draws, LAW):
        hierarchy = levels(network, surrogate)
        estimate = bf.multilevel(hierarchy, coefficients=True, budget=600, rng=2)
        assert estimate.diagnostics["levels"] == [1, 2]
        assert agrees(estimate, hierarchy[0][0]).all()


def test_classes_are_fitted_apart():
    hierarchy = levels(bd.Empirical(POINTS, labels=LABELS), components=1, condition=0)
    estimate = bf.multilevel(hierarchy, coefficients=True, budget=600, rng=2)
    assert abs(estimate["x1"] + 2) < 0.1 and estimate.diagnostics["levels"] == [1, 2]


def test_a_mixture_of_another_law_is_left_alone():
    far = bd.GaussianMixture([1.0], [[30.0, -20.0]], [1e-4 * np.eye(2)])
    estimate = bf.multilevel(levels(surrogate=far), coefficients=True, budget=1_000, rng=1)
    assert estimate.diagnostics["levels"] == [1] or estimate.diagnostics["planned_gain"] < 1.3
    assert agrees(estimate, levels()[0][0]).all()


def test_the_fit_is_that_of_its_key_and_beats_a_single_gaussian():
    two, again = (bd.fit_mixture(POINTS, components=2, rng=4) for _ in range(2))
    assert np.array_equal(two.means, again.means) and np.array_equal(two.covariances, again.covariances)
    fresh = LAW.forward(2_000, 0.0, rng=5)
    one = bd.fit_mixture(POINTS, components=1, rng=4)
    gap = LAW.log_density(fresh, 0.0) - two.log_density(fresh, 0.0)
    assert gap.mean() < 0.02 < (two.log_density(fresh, 0.0) - one.log_density(fresh, 0.0)).mean()


def test_what_cannot_be_is_told():
    network = bd.Denoiser(lambda x, sigma: x, 2)
    with pytest.raises(ValueError, match="surrogate_levels: surrogate must be given"):
        levels(network)
    with pytest.raises(ValueError, match="as many latent numbers, got 2 and 1"):
        levels(network, bd.GaussianMixture([1.0], [[0.0]], [[[1.0]]]))
    with pytest.raises(ValueError, match="fit_mixture: 9 components need as many points, got 4"):
        bd.fit_mixture(POINTS[:4], components=9)
    with pytest.raises(TypeError, match="components"):
        bd.fit_mixture(POINTS, component=2)

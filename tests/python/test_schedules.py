"""Schedules and their grids as Python sees them; oracles are NumPy formulas."""
import pickle

import numpy as np
import pytest

from buffon import diffusion as bd

SCHEDULES = [bd.VP(), bd.VE(), bd.EDM(), bd.Cosine(), bd.SubVP(), bd.Discrete.linear(), bd.Discrete.cosine(), bd.MeanReverting(0.5),
             bd.MeanReverting(0.5, theta="constant")]


def test_cosine_is_a_quotient_of_cosines():
    t = np.linspace(1e-3, 0.9946, 50)
    alpha = np.cos(np.pi / 2 * (t + 0.008) / 1.008) / np.cos(np.pi / 2 * 0.008 / 1.008)
    np.testing.assert_allclose(bd.Cosine().alpha(t), alpha, rtol=1e-13)
    np.testing.assert_allclose(bd.Cosine().sigma(t) ** 2, 1 - alpha**2, rtol=1e-10)


@pytest.mark.parametrize("name, betas", [
    ("linear", np.linspace(1e-4, 0.02, 1000)),
    ("scaled_linear", np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2),
])
def test_discrete_levels_are_cumulative_products(name, betas):
    schedule = getattr(bd.Discrete, name)()
    np.testing.assert_allclose(schedule.betas, betas, rtol=1e-13)
    t = np.arange(1, 1001) / 1000
    bar = np.cumprod(1 - betas)
    for found in (schedule, bd.Discrete(betas)):
        np.testing.assert_allclose(found.alpha(t), np.sqrt(bar), rtol=1e-12)
        np.testing.assert_allclose(found.sigma(t), np.sqrt(1 - bar), rtol=1e-11)
    assert schedule.levels == schedule.kept == 1000 and schedule.t_end == 0.001
    assert bd.Discrete(betas, t_end=0.01).t_end == 0.01


@pytest.mark.parametrize("steps", [1, 2, 5, 6, 10, 25, 999])
def test_grids_of_levels_are_those_of_numpy(steps):
    levels = np.round(np.linspace(0, 999, steps + 1))[::-1]
    np.testing.assert_array_equal(bd.Discrete.linear().grid(steps, kind="index"), (levels + 1) / 1000)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
def test_powers_of_grids(schedule):
    def spread(values):
        steps = np.diff(values)
        return np.abs(steps / steps.mean() - 1).max()

    assert spread(np.sqrt(schedule.grid(8, "quadratic"))) < 1e-9
    assert spread(schedule.grid(8, "power", power=3) ** (1 / 3)) < 1e-9
    assert spread(np.exp(-schedule.lam(schedule.grid(8, "rho", power=3)) / 3)) < 1e-9
    np.testing.assert_array_equal(schedule.grid(8, "rho", 7), schedule.grid(8, kind="rho"))


def test_sub_vp_has_less_noise():
    t = np.linspace(0.01, 1, 20)
    np.testing.assert_allclose(bd.SubVP().sigma(t), bd.VP().sigma(t) ** 2, rtol=1e-14)


def test_mean_reverting_ends():
    for theta in ("cosine", "constant"):
        schedule = bd.MeanReverting(0.5, theta=theta)
        assert schedule.alpha(1.0) == pytest.approx(0.005, rel=1e-13)
        assert schedule.log_alpha(schedule.t_end) == pytest.approx(-1e-3, rel=1e-13)
        assert schedule.lam(np.array([1.0, schedule.t_end])) == pytest.approx([-4.605, 3.800], abs=1e-3)


def test_prior_scale():
    assert [s.prior_scale for s in (bd.VE(), bd.EDM(), bd.VP(), bd.MeanReverting(0.3))] == [50, 80, 1, 0.3]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
def test_schedules_pickle_and_show_their_formula(schedule):
    again = pickle.loads(pickle.dumps(schedule))
    assert repr(again) == repr(schedule) and repr(schedule).startswith(type(schedule).__name__ + "(")
    assert "alpha(" in repr(schedule) and "sigma(t)" in repr(schedule)
    np.testing.assert_array_equal(again.grid(9), schedule.grid(9))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: bd.Cosine(t_start=1), r"Cosine: t_start must lie in \(0, 1\), got 1"),
        (lambda: bd.Discrete([0.1, 0.2, 1.5]), r"Discrete: betas must lie in \(0, 1\), got betas\[2\] = 1.5"),
        (lambda: bd.MeanReverting(0.5, theta="cosin"), "MeanReverting: theta must be one of 'cosine', 'constant', got 'cosin'"),
        (lambda: bd.VP().grid(5, "index"), "kind must not be 'index' for a schedule without levels"),
        (lambda: bd.VP().grid(5, "rho", power=-1), "power must be positive and finite, got -1"),
        (lambda: bd.Discrete.linear(10).grid(10, "index"), "steps must be at most 9"),
    ],
)
def test_it_refuses(call, words):
    with pytest.raises(ValueError, match=words):
        call()

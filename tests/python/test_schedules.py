"""Schedules and their grids as Python sees them; oracles are NumPy formulas."""
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

from buffon import diffusion as bd

SCHEDULES = [bd.VP(), bd.VE(), bd.EDM(), bd.Cosine(), bd.SubVP(), bd.Discrete.linear(), bd.Discrete.cosine(),
             bd.MeanReverting(0.5), bd.MeanReverting(0.5, theta="constant")]


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


KINDS = ["data", "noise", "velocity", "score"]


def predictions(schedule, t, mean=0.0, scale=1.0):
    """x and what a perfect network would say of it, for given data and noise."""
    data, noise = np.sin(1 + np.arange(10.0)).reshape(5, 2), np.cos(2.3 * np.arange(10.0)).reshape(5, 2)
    alpha, sigma = (np.broadcast_to(f(t), 5)[:, None] for f in (schedule.alpha, schedule.sigma))
    x = alpha * data + sigma * noise + (1 - alpha) * mean
    r = np.hypot(alpha, sigma / scale)
    velocity = (scale * alpha * noise - sigma / scale * (data - mean)) / r
    return x, {"data": data, "noise": noise, "velocity": velocity, "score": -noise / sigma}


@pytest.mark.parametrize("from_", KINDS)
@pytest.mark.parametrize("to", KINDS)
def test_predictions_convert_into_each_other(from_, to):
    for schedule in (bd.VP(), bd.EDM(), bd.SubVP()):
        for t in (0.4, np.linspace(0.2, 0.8, 5)):
            x, known = predictions(schedule, t)
            np.testing.assert_allclose(bd.convert(known[from_], x, schedule, t, from_, to), known[to], rtol=1e-11, atol=1e-12)
    mean = np.array([0.3, -2.0])
    schedule = bd.MeanReverting(0.4)
    x, known = predictions(schedule, 0.5, mean, 0.4)
    for given in (mean, np.tile(mean, (5, 1))):
        found = bd.convert(known[from_], x, schedule, 0.5, from_=from_, to=to, mean=given)
        np.testing.assert_allclose(found, known[to], rtol=1e-11, atol=1e-12)


def test_scores_are_gradients_of_log_densities():
    model = bd.GaussianMixture([0.4, 0.6], [[-1.0], [1.0]], [[[0.04]], [[0.1]]])
    x = np.linspace(-2, 2, 9)[:, None]
    t, schedule = 0.3, bd.VP()
    alpha, rho = schedule.alpha(t), np.exp(-schedule.lam(t))
    score = bd.convert(model.denoise(x / alpha, rho), x, schedule, t, from_="data", to="score")
    np.testing.assert_allclose(score, model.score(x / alpha, rho) / alpha, rtol=1e-10)   # d log p(x / alpha) / dx


def test_one_law_in_another_time():
    c = bd.compare_schedules(bd.VP(), bd.Cosine())
    assert c.same_law and not c.same_time and c.log_alpha_difference < 1e-12
    assert c.lam == pytest.approx((bd.Cosine().lam(0.9946), bd.VP().lam(1e-3))) and c.t == (1e-3, 0.9946)
    t = np.linspace(1e-3, 0.9946, 20_001)
    assert c.lam_difference == pytest.approx(np.abs(bd.VP().lam(t) - bd.Cosine().lam(t)).max(), rel=1e-5)
    assert repr(c).startswith("the same law in another time") and repr(c.a) == repr(bd.VP()) and repr(c.b) == repr(bd.Cosine())
    assert bd.compare_schedules(bd.VP(), bd.VP()).same_time


def test_two_laws():
    c = bd.compare_schedules(bd.VP(), bd.VE())
    assert not c.same_law and np.exp(c.log_alpha_difference) == pytest.approx(np.hypot(1, 50))
    apart = bd.compare_schedules(bd.EDM(0.1, 0.2), bd.EDM(1, 2))
    assert apart.lam is apart.t is apart.lam_difference is apart.log_alpha_difference is None
    with pytest.raises(TypeError, match=r"compare_schedules: b must be a schedule .*, got 3"):
        bd.compare_schedules(bd.VP(), 3)


def test_the_picture_of_two_schedules():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    ax = bd.compare_schedules(bd.VP(), bd.EDM()).plot()
    assert ax.get_xlabel() == "t / t_start" and [text.get_text() for text in ax.get_legend().get_texts()] == ["VP", "EDM"]
    for line, schedule in zip(ax.lines, (bd.VP(), bd.EDM()), strict=True):
        t, lam = line.get_data()
        np.testing.assert_allclose(lam, schedule.lam(t * schedule.t_start), rtol=1e-9)
    given = pyplot.figure().add_subplot()
    assert bd.compare_schedules(bd.VP(), bd.VE()).plot(given) is given and given.get_xlabel() == "t"
    pyplot.close("all")


def test_the_page_runs():
    text = (Path(__file__).parents[2] / "docs/schedules.md").read_text(encoding="utf-8")
    names = {}
    blocks = re.findall(r"^```python\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "schedules", "exec"), names)
    assert names["comparison"].same_law


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: bd.Cosine(t_start=1), r"Cosine: t_start must lie in \(0, 1\), got 1"),
        (lambda: bd.Discrete([0.1, 0.2, 1.5]), r"Discrete: betas must lie in \(0, 1\), got betas\[2\] = 1.5"),
        (lambda: bd.MeanReverting(0.5, theta="cosin"), "MeanReverting: theta must be one of 'cosine', 'constant', got 'cosin'"),
        (lambda: bd.VP().grid(5, "index"), "kind must not be 'index' for a schedule without levels"),
        (lambda: bd.VP().grid(5, "rho", power=-1), "power must be positive and finite, got -1"),
        (lambda: bd.convert([[1.0]], [[1.0]], bd.VE(), 0.5, "eps"), "convert: from_ must be one of 'data', .*, got 'eps'"),
        (lambda: bd.convert([1.0], [[1.0]], bd.VE(), 0.5), r"convert: value must have shape \(n, d\), got \(1,\)"),
        (lambda: bd.convert([[1.0]], [[1.0]], bd.VE(), 0.5, mean=[1.0]), "convert: mean belongs to a mean-reverting schedule"),
        (lambda: bd.convert([[1.0]], [[1.0]], bd.VP(), 0.0, "data", "noise"), "conversion: sigma must be positive"),
        (lambda: bd.Discrete.linear(10).grid(10, "index"), "steps must be at most 9"),
    ],
)
def test_it_refuses(call, words):
    with pytest.raises(ValueError, match=words):
        call()

"""Samplers as problems: functions of their draws in Python and compiled, all estimators, rare failures."""
import math

import numpy as np
import pytest

import buffon as bf
from buffon import diffusion as bd
from buffon.experiments import failure_probability


@pytest.fixture(scope="module")
def model():
    return bd.GaussianMixture([0.2, 0.3, 0.5], [[-2.0, 0.0], [2.0, 0.0], [0.0, 3.0]], [0.04 * np.eye(2)] * 3)


@pytest.fixture(scope="module")
def table():
    return bd.ddim(bd.VP(), steps=6)


def test_compiled_and_python_functions_of_the_draws_are_the_same_problem(model, table):
    compiled = bd.sampler_problem(model, table, score=model.off_mode, labels=model.mode)
    python = bd.sampler_problem(model, table, score=lambda x: model.off_mode(x), labels=lambda x: model.squared_distances(x))
    a, b = (bf.arcs(p, thresholds=[30.0], budget=3_000, rng=1) for p in (compiled, python))
    assert a.value[0] == pytest.approx(b.value[0], rel=1e-12) and a.n == b.n
    assert compiled.denoiser_evaluations == 6 and compiled.outputs == ["score", "label 1", "label 2", "label 3"]
    assert a.names == ["P(y > 30)"]


def test_every_estimator_gives_the_same_answer(model, table):
    problem = bd.sampler_problem(model, table, functionals={"right": lambda x: x[:, 0] > 1, "y": lambda x: x[:, 1]})
    plain = bf.plain(problem, budget=40_000, rng=1)
    for e in (
        bf.quasi(problem, budget=8_192, rng=2),
        bf.aiscv(problem, budget=10_000, rng=3),
        bf.arcs(problem, budget=20_000, rng=4),
    ):
        assert np.all(np.abs(e.value - plain.value) < 4.5 * np.hypot(e.std_error, plain.std_error))


def test_tables_with_noise_have_inputs_for_it_and_sobol_indices_say_which_matter(model):
    table = bd.ancestral(bd.EDM(0.02, 20), steps=3)
    problem = bd.sampler_problem(model, table, functionals={"y": lambda x: x[:, 1]})
    assert problem.dim % 2 == 0 and problem.dim > 2
    assert problem.inputs.names[:3] == ["z1", "z2", "z3"]


def test_what_cannot_be_is_refused(model, table):
    with pytest.raises(TypeError, match="score or functionals must be given"):
        bd.sampler_problem(model, table)
    with pytest.raises(TypeError, match="functionals must be a dict"):
        bd.sampler_problem(model, table, functionals=[model.off_mode])
    with pytest.raises(ValueError, match="condition must lie in"):
        bd.sampler_problem(model, table, score=model.off_mode, condition=0)
    with pytest.raises(TypeError, match="has inputs of its own"):
        bf.exceedance(bd.sampler_problem(model, table, score=model.off_mode), bf.Joint([bf.Normal()] * 2), [1.0])


def test_mode_and_off_mode_are_those_of_the_definition(model):
    x = np.array([[0.0, 2.0], [2.0, 0.2]])
    distances = ((x[:, None] - model.means[None]) ** 2).sum(axis=2) / 0.04
    np.testing.assert_allclose(model.squared_distances(x), distances, rtol=1e-12)
    np.testing.assert_allclose(model.off_mode(x), distances.min(axis=1), rtol=1e-12)
    np.testing.assert_array_equal(model.mode(x), distances.argmin(axis=1))


def test_arcs_on_slabs_of_a_known_probability():
    problem = failure_probability.sampler("ddim")
    _, t, p, _ = failure_probability.KNOWN["DDIM-10, 1e-4"]
    e = bf.arcs(problem, thresholds=[t], budget=20_000, rng=3)
    assert "Try bf.arcs(problem, thresholds=[...]" in repr(problem)
    assert bf.arcs(problem, thresholds=t, budget=2_000, rng=3).value.shape == (1,)
    low, high = e.confidence_interval()
    assert 0.5 < e.value[0] / p < 1.8 and low[0] < 1.2 * p and high[0] > 0.8 * p


@pytest.mark.parametrize(
    ("estimator", "words"), [(bf.aiscv, "the proposal is provisional"), (bf.cross_entropy, "a few terms carry the mean")]
)
def test_adaptive_mixtures_warn_on_slabs(estimator, words):
    problem = bf.exceedance(failure_probability.sampler("ddim"), thresholds=[158.19389])
    for key in (1, 2):
        assert any(words in warning for warning in estimator(problem, budget=20_000, rng=key).warnings)


MEAN, SD = 1.0, 0.15


def two_modes(x, sigma):
    """E[x0 | x] of N(e1, SD^2 I) and N(-e1, SD^2 I), half each: what a network would be, one Python function of any dimension."""
    variance = np.reshape(sigma, (-1, 1)) ** 2 + SD**2
    out = x * SD**2 / variance
    out[:, 0] += (1 - SD**2 / variance[:, 0]) * MEAN * np.tanh(MEAN * x[:, 0] / variance[:, 0])
    return out


def between_modes(dim, table):
    """How near a draw is to the plane between both."""
    return bd.sampler_problem(
        bd.Denoiser(two_modes, dim=dim), table, score=lambda x: -np.abs(x[:, 0]), labels=lambda x: x[:, 0] > 0
    )


@pytest.mark.parametrize("dim", [16, 512])
def test_arcs_of_a_network_in_up_to_512_dimensions_meet_the_known_probability(dim):
    table = bd.ddim(bd.EDM(0.02, 10), steps=8, grid="rho", to_zero=True)
    one = between_modes(1, table)
    low, high, near = 0.0, 1.0, 0.002
    for _ in range(60):   # the first coordinate moves by itself, and rises with its noise: P(|x1| < near) = P(|z1| < z)
        z = 0.5 * (low + high)
        low, high = (z, high) if -one([[z]])[0, 0] < near else (low, z)
    p = math.erf(low / math.sqrt(2))
    assert 5e-6 < p < 2e-5
    runs = [bf.arcs(between_modes(dim, table), thresholds=[-near], budget=4_000, rng=key) for key in range(5)]
    values = np.array([e.value[0] for e in runs]) / p
    assert abs(values.mean() - 1) < 4.5 * values.std(ddof=1) / math.sqrt(5) and values.std() < 0.6   # plain: 5.3
    assert sum(e.confidence_interval()[0][0] < p < e.confidence_interval()[1][0] for e in runs) >= 3


def test_arcs_of_a_sampler_with_injected_noise_agree_with_plain_monte_carlo():
    table = bd.ancestral(bd.EDM(0.02, 10), steps=5)
    problem = between_modes(2, table)
    assert problem.dim > 2
    plain = bf.plain(bf.exceedance(problem, thresholds=[-0.1]), budget=200_000, rng=1)
    assert 3e-4 < plain.value[0] < 8e-3
    runs = [bf.arcs(problem, thresholds=[-0.1], budget=10_000, rng=key) for key in range(4)]
    values = np.array([e.value[0] for e in runs])
    error = math.hypot(values.std(ddof=1) / 2, plain.std_error[0])
    assert abs(values.mean() - plain.value[0]) < 4.5 * error and error < 0.2 * plain.value[0]


def test_nets_of_seeds_beat_independent_ones():
    problem = failure_probability.sampler("ddim")
    one = bd.sampler_problem(failure_probability.mixture(), bd.ddim(bd.EDM(0.01, 20), steps=10, grid="rho", to_zero=True),
                             functionals={"x1": lambda x: x[:, 0], "square": lambda x: (x**2).sum(axis=1)})
    assert one.dim == problem.dim == 16
    plain = bf.plain(one, budget=20_000, rng=1)
    nets = np.array([bf.quasi(one, budget=2_048, rng=key).value for key in range(24)])
    gain = plain.std_error**2 * plain.n / 2_048 / nets.var(axis=0, ddof=1)
    assert np.all(gain > 1.1)   # 2.5 and 1.9 at 4,096
    assert np.all(np.abs(nets.mean(axis=0) - plain.value) < 4.5 * np.hypot(plain.std_error, nets.std(axis=0) / math.sqrt(24)))

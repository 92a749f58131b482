"""Samplers as problems: functions of their draws in Python and compiled, all estimators, rare failures."""
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
    for e in (bf.quasi(problem, budget=8_192, rng=2), bf.aiscv(problem, budget=10_000, rng=3), bf.arcs(problem, budget=20_000, rng=4)):
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
    low, high = e.confidence_interval()
    assert 0.5 < e.value[0] / p < 1.8 and low[0] < 1.2 * p and high[0] > 0.8 * p


@pytest.mark.parametrize("estimator", [bf.aiscv, bf.cross_entropy])
def test_adaptive_mixtures_warn_on_slabs(estimator):
    problem = bf.exceedance(failure_probability.sampler("ddim"), thresholds=[158.19389])
    told = [bool(estimator(problem, budget=20_000, rng=key).warnings) for key in (1, 2)]
    assert all(told)

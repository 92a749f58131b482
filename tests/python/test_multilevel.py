"""Hierarchies of models: what Python hands over, and samplers with fewer steps below one with many."""
import numpy as np
import pytest

import buffon as bf
from buffon import diffusion as bd

LAW = bf.Joint([bf.Normal()] * 2)
FINE = bf.Problem(lambda x: x[:, 0] + 0.01 * x[:, 1], LAW)


@pytest.mark.parametrize(
    ("hierarchy", "text"),
    [
        (FINE, "multilevel: hierarchy must be a list of pairs"),
        ([FINE], r"multilevel: hierarchy\[0\] must be a pair"),
        ([(FINE, "dear")], r"multilevel: hierarchy\[0\]\[1\] must be a number"),
        ([(1, 1.0)], r"multilevel: hierarchy\[0\]\[0\] must be a Problem"),
    ],
)
def test_what_is_no_hierarchy_is_named(hierarchy, text):
    with pytest.raises(TypeError, match=text):
        bf.multilevel(hierarchy, budget=1_000)


def test_a_hierarchy_is_a_keyword_too_and_targets_are_reached():
    coarse = bf.Problem(lambda x: x[:, 0], LAW)
    e = bf.multilevel(hierarchy=[(FINE, 50), (coarse, 1)], budget=100_000, rng=1, target_error=0.02)
    low, high = e.confidence_interval()
    assert high[0] - low[0] <= 0.04
    assert e.n < 10_000
    assert abs(e.value[0]) < 4.5 * e.std_error[0]


def test_levels_with_different_outputs_are_told_apart():
    two = bf.Problem(lambda x: x, LAW)
    with pytest.raises(bf.ModelError, match="levels must have the same number of outputs, got 1 of level 1 and 2 of level 2"):
        bf.multilevel([(FINE, 50), (two, 1)], budget=10_000, rng=1)


def test_fewer_steps_pay_for_means_of_a_sampler_and_not_for_its_failures():
    rng = np.random.default_rng(3)
    model = bd.GaussianMixture([0.3, 0.7], 2 * rng.standard_normal((2, 4)), [0.09 * np.eye(4)] * 2)
    schedule, grid = bd.EDM(0.01, 20), {"grid": "rho", "to_zero": True}

    def levels(functionals):
        tables = [bd.ddim(schedule, steps=80, **grid), bd.heun(schedule, steps=9, **grid)]
        problems = [bd.sampler_problem(model, t, functionals=functionals) for t in tables]
        return [(p, p.denoiser_evaluations) for p in problems]
    mean = bf.multilevel(levels({"x1": lambda x: x[:, 0]}), budget=2_000, rng=1)
    assert mean.diagnostics["levels"] == [1, 2]
    assert mean.diagnostics["planned_gain"] > 1.5
    plain = bf.plain(levels({"x1": lambda x: x[:, 0]})[0][0], budget=2_000, rng=2)
    assert abs(mean.value[0] - plain.value[0]) < 4.5 * np.hypot(mean.std_error[0], plain.std_error[0])
    assert mean.std_error[0] < 0.8 * plain.std_error[0]
    failures = bf.multilevel(levels({"fails": lambda x: model.off_mode(x) > 14}), budget=2_000, rng=1)
    assert failures.diagnostics["levels"] == [1]

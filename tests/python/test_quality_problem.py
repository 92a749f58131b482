"""The quality of samplers as a problem of their hyper-parameters, and the indices of its mean over seeds."""
import numpy as np
import pytest

import buffon as bf
from buffon import diffusion as bd

MODEL = bd.GaussianMixture([0.3, 0.7], [[-1.0, 0.0], [1.0, 0.5]], [0.02 * np.eye(2)] * 2)
HYPER = {"steps": bf.Uniform(3, 9), "factor": bf.Uniform(0.98, 1.03), "dummy": bf.Uniform(0, 1)}


def maker(steps, factor, dummy):
    return bd.noise_scaled(MODEL, factor), bd.ddim(bd.EDM(0.01, 10), steps=int(steps), grid="rho", to_zero=True)


def test_an_evaluation_is_the_quality_of_that_sampler_s_draws():
    problem = bd.quality_problem(MODEL, maker, HYPER, lambda x: (x[:, 0].mean(), len(x)), n=20, outputs=["mean", "n"])
    assert list(problem.inputs.names) == ["steps", "factor", "dummy", "seed"] and list(problem.outputs) == ["mean", "n"]
    kept = bf.plain(problem, budget=20, rng=3, keep="sample").sample
    for row, y in zip(kept.x, kept.y, strict=True):
        draws = bd.sample(*maker(*row[:3]), n=20, rng=int(row[3] * 2**52)).x
        assert y[0] == draws[:, 0].mean() and y[1] == 20


def test_a_table_alone_takes_the_model_itself():
    problem = bd.quality_problem(MODEL, lambda steps: maker(steps, 1, 0)[1], {"steps": bf.Uniform(3, 9)}, lambda x: x.sum(), n=5)
    kept = bf.plain(problem, budget=10, rng=3, keep="sample").sample
    assert kept.y[0, 0] == bd.sample(MODEL, maker(kept.x[0, 0], 1, 0)[1], n=5, rng=int(kept.x[0, 1] * 2**52)).x.sum()


def test_steps_matter_a_dummy_is_exactly_0_and_more_draws_leave_less_noise():
    shares = []
    for n in (20, 200):
        problem = bd.quality_problem(MODEL, maker, HYPER, lambda x: x.var(axis=0).sum(), n=n)
        s = bf.sobol(problem, budget=4_000, noise="seed", rng=1)
        assert s.n <= 4_000 and not s.warnings
        assert s.first_order["dummy"] == s.total_order["dummy"] == 0 and s.total_order.std_error[2] == 0
        low, _ = s.total_order.confidence_interval()
        assert low[0] > 0.05 and low[1] > 0.05
        shares.append(s.total_order["seed"])
        effects = bf.shapley(problem, budget=4_000, noise="seed", rng=2)
        assert effects["dummy"] == 0 and abs(sum(effects.value) - 1) < 1e-12
        assert abs(effects.diagnostics["noise_share"][0] - shares[-1]) < 5 * np.hypot(
            effects.diagnostics["noise_share_error"][0], s.total_order.std_error[3]
        )
    assert shares[1] < shares[0] / 2


def test_a_model_that_is_no_function_of_its_seed_shows_at_the_dummy():
    rng = np.random.default_rng(1)
    problem = bf.Problem(
        lambda x: x[:, 0] + rng.standard_normal(len(x)),
        bf.Joint({"a": bf.Normal(), "dummy": bf.Normal(), "seed": bf.Uniform(0, 1)}),
    )
    assert bf.sobol(problem, budget=4_000, noise="seed", rng=1).total_order["dummy"] != 0


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="hyper must not have a 'seed'"):
        bd.quality_problem(MODEL, maker, {"seed": bf.Uniform(0, 1)}, len)
    problem = bd.quality_problem(MODEL, maker, HYPER, lambda x: (1.0, 2.0), n=5, outputs="energy")
    assert list(problem.outputs) == ["energy"]
    with pytest.raises(bf.ModelError, match=r"a number for each of outputs \['energy'\], got 2"):
        bf.plain(problem, budget=4, rng=1)
    problem = bd.quality_problem(MODEL, maker, HYPER, len, n=5)
    with pytest.raises(ValueError, match="sobol: noise must name an input, got 'sed'; did you mean 'seed'"):
        bf.sobol(problem, budget=2_000, noise="sed")
    with pytest.raises(ValueError, match="shapley: noise must name an input"):
        bf.shapley(problem, budget=2_000, noise="x")
    with pytest.raises(ValueError, match="keep must not be 'state' with a noise"):
        bf.sobol(problem, budget=2_000, noise="seed", keep="state")

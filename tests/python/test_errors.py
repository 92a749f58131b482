"""Bad input and failing models: the exact first line of each refusal, and what a run that stopped early leaves."""
import math
import re
import traceback

import numpy as np
import pytest

import buffon as bf

UNIVARIATE = ("Normal, LogNormal, Uniform, Exponential, Gamma, Beta, Weibull, Gumbel, Triangular, StudentT, Logistic, Truncated, "
              "Histogram, KernelDensity, Discrete, Constant")
N = bf.Normal()
TWO = {"a": bf.Normal(), "b": bf.Normal()}


def pair(rho, names=("a", "b")):
    return bf.Joint(TWO, copula=bf.GaussianCopula({names: rho}))


@pytest.mark.parametrize("function, kind, message", [
    (lambda: bf.Normal(math.nan), ValueError, "Normal: mean must be finite, got nan"),
    (lambda: bf.Normal(sd=0), ValueError, "Normal: sd must be positive and finite, got 0"),
    (lambda: bf.Normal(sd=math.inf), ValueError, "Normal: sd must be positive and finite, got inf"),
    (lambda: bf.LogNormal(math.inf), ValueError, "LogNormal: mu must be finite, got inf"),
    (lambda: bf.LogNormal(0, -1), ValueError, "LogNormal: sigma must be positive and finite, got -1"),
    (lambda: bf.LogNormal.from_moments(-2, 0.1), ValueError, "LogNormal.from_moments: mean must be positive and finite, got -2"),
    (lambda: bf.LogNormal.from_moments(2, 0), ValueError, "LogNormal.from_moments: cv must be positive and finite, got 0"),
    (lambda: bf.Uniform(math.nan, 1), ValueError, "Uniform: lower must be finite, got nan"),
    (lambda: bf.Uniform(1, 1), ValueError, "Uniform: upper must be finite and above lower = 1, got 1"),
    (lambda: bf.Uniform(0, math.inf), ValueError, "Uniform: upper must be finite and above lower = 0, got inf"),
    (lambda: bf.Gumbel(scale=0), ValueError, "Gumbel: scale must be positive and finite, got 0"),
    (lambda: bf.Gamma(2, scale=-1), ValueError, "Gamma: scale must be positive and finite, got -1"),
    (lambda: bf.Beta.from_moments(0.5, 0.6), ValueError, "Beta.from_moments: sd must be positive and below 0.5, got 0.6"),
    (lambda: bf.Constant(math.inf), ValueError, "Constant: value must be finite, got inf"),
    (lambda: bf.Discrete([]), ValueError, "Discrete: values must not be empty"),
    (lambda: bf.Discrete([1, 2], [1]), ValueError, "Discrete: probabilities must have one entry per value, 2, got 1"),
    (lambda: bf.Discrete([1, math.nan]), ValueError, "Discrete: values must be finite, got nan at 1"),
    (lambda: bf.Discrete([1, 2], [1, -1]), ValueError, "Discrete: probabilities must be finite and not negative, got -1 at 1"),
    (lambda: bf.Discrete([1, 2], [0, 0]), ValueError, "Discrete: probabilities must not all be zero"),
    (lambda: bf.Discrete([1, 2, 1]), ValueError, "Discrete: values must all be different, got 1 twice"),
    (lambda: bf.Truncated(bf.Discrete([1, 2]), 0, 1.5), ValueError,
     "Truncated: law must have a density; of a Discrete law give the values that are left"),
    (lambda: bf.Joint({"a": N, "k": bf.Discrete([1, 2])}, copula=bf.GaussianCopula({("a", "k"): 0.5})), ValueError,
     "Joint: copula must leave the discrete input 'k' independent of 'a': a probability given other inputs has no closed form"),
    (lambda: bf.Histogram([0, 1], [1, 2]), ValueError, "Histogram: weights must have one entry per bin, 1, got 2"),
    (lambda: bf.GaussianCopula.from_pearson([[1, 0.3], [0.3, 1]]) and bf.Joint(
        [N, bf.StudentT(2)], copula=bf.GaussianCopula.from_pearson([[1, 0.3], [0.3, 1]])), ValueError,
     "GaussianCopula: from_pearson needs laws with a finite variance, got inf"),
    (lambda: bf.Triangular(0, 2, 1), ValueError, "Triangular: mode must lie in [lower, upper] = [0, 1], got 2"),
    (lambda: bf.Truncated(3), TypeError, f"Truncated: law must be a univariate law ({UNIVARIATE}), got int"),
    (lambda: bf.Truncated(N, 1, 0), ValueError, "Truncated: lower must be below upper, got lower = 1, upper = 0"),
    (lambda: bf.Joint({}), ValueError, "Joint: laws must not be empty"),
    (lambda: bf.Joint({"a": 3}), TypeError,
     f"Joint: the law of 'a' must be a univariate law ({UNIVARIATE}), got int"),
    (lambda: bf.Joint([N, "b"]), TypeError, f"Joint: laws[1] must be a univariate law ({UNIVARIATE}), got str"),
    (lambda: bf.Joint(3), TypeError, "Joint: laws must be a dict name -> law or a list of laws, got int"),
    (lambda: bf.Joint(TWO, names=["x", "y"]), ValueError, "Joint: names belong to a list of laws; a dict brings its own"),
    (lambda: bf.Joint([bf.Normal(), bf.Normal()], copula={("x1", "x2"): 0.3}), TypeError,
     "Joint: copula must be a copula; for correlations, a dict or a matrix, write GaussianCopula(...)"),
    (lambda: bf.Joint(TWO, copula=[[1, 0], [0, 1]]), TypeError,
     "Joint: copula must be a copula (GaussianCopula, StudentCopula, ClaytonCopula, FrankCopula, GumbelCopula) "
     "or a list of them, got list"),
    (lambda: bf.Joint(TWO, copula=bf.GaussianCopula(np.eye(3))), ValueError,
     "Joint: copula must have dimension 2 (one per law), got 3"),
    (lambda: pair(0.3, ("a", "c")), ValueError, "GaussianCopula: no input is named 'c'; did you mean 'a'?"),
    (lambda: pair(0.3, ("a", "a")), ValueError, "GaussianCopula: a pair must name two inputs, got 'a' twice"),
    (lambda: bf.GaussianCopula({("a", "b"): 1.1}), ValueError,
     "GaussianCopula: the correlation of 'a' and 'b' must lie in [-1, 1], got 1.1"),
    (lambda: bf.GaussianCopula({("a", "b"): math.nan}), ValueError,
     "GaussianCopula: the correlation of 'a' and 'b' must lie in [-1, 1], got nan"),
    (lambda: bf.GaussianCopula.from_kendall({("a", "b"): -1.1}), ValueError,
     "GaussianCopula: the correlation of 'a' and 'b' must lie in [-1, 1], got -1.1"),
    (lambda: bf.GaussianCopula({("a", "b"): 0.9, ("b", "c"): 0.9, ("c", "a"): -0.9}), ValueError,
     "GaussianCopula: correlation must be positive definite, smallest eigenvalue is -0.8"),
    (lambda: bf.GaussianCopula([[1, 2], [2, 1]]), ValueError,
     "GaussianCopula: the correlation of input 1 and input 2 must lie in [-1, 1], got 2"),
    (lambda: bf.GaussianCopula([[1, 2], [2, 1]], names=["a", "b"]), ValueError,
     "GaussianCopula: the correlation of 'a' and 'b' must lie in [-1, 1], got 2"),
    (lambda: bf.GaussianCopula([[1, 1], [1, 1]]), ValueError,
     "GaussianCopula: correlation must be positive definite, smallest eigenvalue is 0"),
    (lambda: bf.GaussianCopula([[1, 0.2], [0.1, 1]]), ValueError,
     "GaussianCopula: correlation must be symmetric, got 0.1 at (1, 0) and 0.2 at (0, 1)"),
    (lambda: bf.GaussianCopula([[2, 0], [0, 2]]), ValueError,
     "GaussianCopula: correlation must have ones on the diagonal, got 2 at (0, 0)"),
    (lambda: bf.GaussianCopula([1, 2]), ValueError, "GaussianCopula: correlation must be a matrix, got shape (2,)"),
    (lambda: bf.GaussianCopula([["1", "x"]]), TypeError,
     "GaussianCopula: correlation must be an array of real numbers, got dtype <U1"),
    (lambda: bf.GaussianCopula({}), ValueError, "GaussianCopula: the dict of pairs is empty"),
    (lambda: bf.GaussianCopula({"ab": 0.1}), TypeError, "GaussianCopula: keys must be pairs of input names, got 'ab'"),
    (lambda: bf.GaussianCopula({(1, 2): 0.1}), TypeError, "GaussianCopula: name of an input must be a string, got int 1"),
    (lambda: bf.GaussianCopula({("a", "b"): "x"}), TypeError, "GaussianCopula: correlation must be a number, got str 'x'"),
    (lambda: bf.MultivariateNormal([], []), ValueError, "MultivariateNormal: covariance must be a matrix, got shape (0,)"),
    (lambda: bf.MultivariateNormal([0, math.nan], np.eye(2)), ValueError,
     "MultivariateNormal: mean must be finite, got nan at 1"),
    (lambda: bf.MultivariateNormal([0, 0], np.eye(3)), ValueError,
     "MultivariateNormal: covariance must have shape (2, 2), got (3, 3)"),
    (lambda: bf.MultivariateNormal([0, 0], [[1, 2], [2, 1]]), ValueError,
     "MultivariateNormal: covariance must be positive definite, smallest eigenvalue is -1"),
    (lambda: bf.MultivariateNormal([0, 0], [[1, 0], [0, math.inf]]), ValueError,
     "MultivariateNormal: covariance must be finite, got inf at (1, 1)"),
    (lambda: bf.Mixture([], []), ValueError, "Mixture: components must not be empty"),
    (lambda: bf.Mixture([1], [N, N]), ValueError, "Mixture: weights must have one entry per component, 2, got 1"),
    (lambda: bf.Mixture([1, -1], [N, N]), ValueError, "Mixture: weights must be positive and finite, got -1 at 1"),
    (lambda: bf.Mixture([1], [bf.Uniform()]), TypeError, "Mixture: components must be Normal or MultivariateNormal, got Uniform"),
    (lambda: N.sample(-1), ValueError, "sample: n must not be negative, got -1"),
    (lambda: N.sample(3, rng=-1), ValueError, "sample: rng must be an integer in 0 ... 2**64 - 1, got -1"),
    (lambda: pair(0.1).sample(3, rng="x"), TypeError,
     "sample: rng must be an int, numpy Generator, SeedSequence or None, got str"),
    (lambda: N.quantile(1.5), ValueError, "quantile: p must lie in [0, 1], got 1.5"),
    (lambda: N.quantile([0.5, -0.1]), ValueError, "quantile: p must lie in [0, 1], got -0.1"),
    (lambda: N.quantile(math.nan), ValueError, "quantile: p must lie in [0, 1], got nan"),
    (lambda: N.cdf("a"), TypeError, "x must be an array of real numbers, got dtype <U1"),
    (lambda: N.cdf(1j), TypeError, "x must be an array of real numbers, got dtype complex128"),
    (lambda: pair(0.1).log_density([1, 2, 3]), ValueError, "x must have shape (n, 2), got (3,)"),
    (lambda: pair(0.1).to_normal(np.zeros((4, 3))), ValueError, "x must have shape (n, 2), got (4, 3)"),
])
def test_laws_refuse(refused, function, kind, message):
    refused(kind, message, function)


def f(x):
    return x[:, 0]


@pytest.mark.parametrize("function, kind, message", [
    (lambda: bf.Problem(3, N), TypeError, "Problem: model must be callable, got int"),
    (lambda: bf.Problem(f, 3), TypeError,
     f"Problem: inputs must be a law ({UNIVARIATE}, Joint, MultivariateNormal, MultivariateT, Mixture), got int"),
    (lambda: bf.Problem(f, TWO), TypeError, "Problem: inputs must be a law; for a dict name -> law write Joint({...})"),
    (lambda: bf.Problem(f, [bf.Normal(), bf.Normal()]), TypeError,
     "Problem: inputs must be a law; for a list of laws write Joint([...])"),
    (lambda: bf.plain(bf.testing.ishigami()), TypeError, "plain: problem must be a Problem, got a KnownProblem: give "
                                                         "its .problem"),
    (lambda: bf.Problem(f, N, outputs="P"), TypeError,
     "Problem: outputs must be a list of names or a dict name -> function, got a str"),
    (lambda: bf.Problem(f, N, outputs=[]), ValueError, "Problem: outputs is an empty list"),
    (lambda: bf.Problem(f, N, outputs={}), ValueError, "Problem: outputs is an empty dict"),
    (lambda: bf.Problem(f, N, outputs=["a", "a"]), ValueError, "Problem: output name 'a' appears twice"),
    (lambda: bf.Problem(f, N, outputs=["a", 3]), TypeError, "Problem: outputs[1] must be a string, got int 3"),
    (lambda: bf.Problem(f, N, outputs={"a": 3}), TypeError, "Problem: outputs['a'] must be callable, got int"),
    (lambda: bf.Problem(f, N, score=3), TypeError, "Problem: score must be callable, got int"),
    (lambda: bf.Problem(f, {"names": ["a"], "bounds": [[0, 1, 2]]}), ValueError,
     "Problem: inputs['bounds'] of 'a' (unif) must be 2 numbers, got 3"),
    (lambda: bf.Problem(f, {"names": ["a"], "bounds": []}), ValueError, "Problem: inputs has 1 names, 0 bounds and 1 dists"),
    (lambda: bf.Problem(f, {"names": ["a"], "bounds": [[0, 1]], "dists": ["logunif"]}), ValueError,
     "Problem: inputs['dists'] of 'a' must be unif, triang, norm, truncnorm or lognorm, got logunif"),
    (lambda: bf.Problem(f, {"names": ["a"], "bounds": [[0, 1, 2]], "dists": ["truncnorm"]}), ValueError,
     "Problem: inputs['bounds'] of 'a' (truncnorm) must be 4 numbers, got 3"),
    (lambda: bf.exceedance(f, N, "3"), TypeError, "exceedance: thresholds must be a list of float, got str '3'"),
    (lambda: bf.GaussianCopula({("a", "b"): 0.3, ("b", "a"): 0.5}), ValueError,
     "GaussianCopula: the pair of 'b' and 'a' is given twice"),
    (lambda: bf.exceedance(f, N, []), ValueError, "exceedance: thresholds must hold at least one number, got none"),
    (lambda: bf.exceedance(f, N, [1, math.nan]), ValueError, "exceedance: thresholds must be finite, got nan"),
    (lambda: bf.exceedance(f, N, ["a"]), TypeError, "exceedance: thresholds[0] must be a number, got str 'a'"),
    (lambda: bf.Problem(f, N)(np.zeros((2, 3))), ValueError, "x must have shape (n, 1), got (2, 3)"),
    (lambda: bf.Sample([[1, 2]], [1], N), ValueError, "Sample: x must have shape (n, 1), got (1, 2)"),
    (lambda: bf.Sample([[1.0], [2.0]], [1], N), ValueError, "Sample: y must have shape (n,) or (n, m) with n = 2, got (1,)"),
    (lambda: bf.Sample([[1.0]], [1], 3), TypeError,
     f"Sample: law must be a law ({UNIVARIATE}, Joint, MultivariateNormal, MultivariateT, Mixture), got int"),
])
def test_problems_refuse(refused, function, kind, message):
    refused(kind, message, function)


def test_estimates_refuse(estimate, refused):
    refused(ValueError, "Estimate: no value is named 'squar'; did you mean 'square'?", lambda: estimate["squar"])
    refused(ValueError, "Estimate: no value is named 'q'; did you mean 'x'?", lambda: estimate.contrast("square", "q"))
    refused(IndexError, "Estimate: index must be -2 ... 1, got 2", lambda: estimate[2])
    refused(IndexError, "Estimate: index must be -2 ... 1, got -3", lambda: estimate.contrast(0, -3))
    refused(TypeError, "Estimate: index must be a name or an integer, got float 1.5", lambda: estimate[1.5])
    for level in (0, 1, -0.5, 95, math.nan):
        refused(
            ValueError,
            f"confidence_interval: level must lie between 0 and 1, got {level:g}"
            + ": for 95 percent write 0.95" * (level == 95),
            lambda level=level: estimate.confidence_interval(level),
        )


# -- models ------------------------------------------------------------------------------------------------------------------

def fails(model, refused, message, law=N, kind=bf.ModelError, budget=1_000, **problem):
    return refused(kind, "plain: " + message, lambda: bf.plain(bf.Problem(model, law, **problem), budget=budget, rng=1))


ONE_POINT = "; for a model of one point at a time say vectorized=False"


def first_point():
    return f"{N.sample(1, rng=1)[0]:.6g}"


@pytest.mark.parametrize("model, options, message", [
    (lambda x: 1.0, {},
     "the model must return shape (n,) or (n, m) with n = 1000, got ()" + ONE_POINT),
    (lambda x: x[:-1], {}, "the model must return shape (n,) or (n, m) with n = 1000, got (999, 1)"),
    (lambda x: x.T, {}, "the model must return shape (n,) or (n, m) with n = 1000, got (1, 1000); "
     "np.stack(outputs, axis=1) has a column for each output"),
    (lambda x: None, {}, "what the model returns must be an array of real numbers, got None: its return is missing"),
    (lambda x: {"a": x[:, 0]}, {}, "what the model returns must be an array of real numbers, got a dict: stack its columns, "
     "np.stack([...], axis=-1); names are outputs=[...] of the Problem"),
    (lambda x: ["a"] * len(x), {}, "what the model returns must be an array of real numbers, got dtype <U1"),
    (lambda x: x * 1j, {}, "what the model returns must be an array of real numbers, got dtype complex128"),
    (lambda x: 1 / 0, {}, "ZeroDivisionError: division by zero"),
    (f, {"outputs": {"P": lambda y: 1.0}},
     "outputs['P'] must return shape (n,) or (n, m) with n = 1000, got ()" + ONE_POINT),
    (f, {"outputs": {"a": lambda y: y, "b": lambda y: np.stack([y, y], 1)}},
     "outputs['b'] must return shape (n,), got (1000, 2)"),
    (f, {"outputs": {"a": lambda y: {}["key"]}}, "KeyError: 'key'"),
    (f, {"score": lambda y: y[1:]}, "score must return shape (n,) or (n, m) with n = 1000, got (999,)"),
    (f, {"outputs": {"a": np.sign, "b": np.abs, "c": np.exp}, "score": lambda y: np.stack([y, y], 1)},
     "score must return shape (n,) or (n, m) with m = 3, got 2 columns"),
])
def test_models_that_fail_as_a_whole(refused, model, options, message):
    where = f"the model failed in the batch of 1000 points that starts at point 0 (x1 = {first_point()}): "
    error = fails(model, refused, where + message, **options)
    assert error.index == 0 and error.point == N.sample(1, rng=1) and error.partial is None and len(error.sample) == 0


def test_names_and_outputs_must_agree(refused):
    fails(lambda x: np.hstack([x, x]), refused, "the model gave 2 outputs, but 3 are named",
          kind=ValueError, outputs=["a", "b", "c"])
    fails(lambda x: np.empty((len(x), 0)), refused, "the model must give at least one output, got none",
          kind=ValueError)
    sizes = iter([1, 2])
    with pytest.raises((ValueError, bf.ModelError), match="must give 1 output for every batch, got 2"):
        bf.plain(bf.Problem(lambda x: np.zeros((len(x), next(sizes))), N), budget=2_000, batch=1_000)
    a, b = pair(0.1).sample(1, rng=1)[0]
    refused(bf.ModelError, "plain: the model failed in the batch of 10 points that starts at point 0 "
            f"(a = {a:.6g}, b = {b:.6g}): exceedance: the model must have one output, got 2",
            lambda: bf.plain(bf.exceedance(lambda x: x, pair(0.1), [1.0]), budget=10, rng=1))


@pytest.mark.parametrize("bad, shown", [(math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf")])
@pytest.mark.parametrize("batch", [300, 100_000])
def test_the_first_point_without_a_number_is_named(refused, bad, shown, batch):
    law = bf.Joint({"load": bf.Normal(), "width": bf.Uniform()})
    where = 170_123
    x = law.sample(200_000, rng=5)

    def model(points):
        y = points.copy()
        y[:, 1][np.isin(points[:, 0], x[[where, where + 7], 0])] = bad
        return y
    error = refused(
        bf.ModelError, f"plain: the model gave {shown} for output 'q' at point {where} "
        f"(load = {x[where, 0]:.6g}, width = {x[where, 1]:.6g}); on_error = 'discard' counts such points instead",
        lambda: bf.plain(bf.Problem(model, law, outputs=["p", "q"]), budget=200_000, batch=batch, rng=5))
    assert error.index == where
    np.testing.assert_array_equal(error.point, x[where])
    assert error.partial.n == len(error.sample) and 0 < error.partial.n <= where
    np.testing.assert_array_equal(error.sample.x, x[:error.partial.n])
    np.testing.assert_allclose(error.partial.value, error.sample.y.mean(axis=0), rtol=1e-12)


def test_a_score_with_the_wrong_sign_is_refused_with_the_first_point_that_shows_it():
    """Of zeros and ones. One score may serve several outputs, also a mean, and at 0 it may say either."""
    def run(outputs, score, estimator=bf.aiscv, **options):
        return estimator(bf.Problem(lambda x: x[:, 0], N, outputs=outputs, score=score), budget=2_000, rng=1, **options)

    wrong = (r"the score of output 'P' must be positive exactly where the output is, got [0-9.]+ where it is 0, "
             r"at point 0 \(x1 = .*wrong sign")
    for estimator in (bf.aiscv, bf.plain, bf.quasi):
        with pytest.raises(ValueError, match=f"{estimator.__name__}: {wrong}"):
            run({"P": lambda y: y > 2}, lambda y: 2 - y, estimator)
    with pytest.raises(ValueError, match="wrong sign, or another threshold"):
        run({"P": lambda y: y > 2, "Q": lambda y: y > 1}, lambda y: np.stack([y - 2, y - 2], 1) * [1, -1])
    for outputs, score in (({"P": lambda y: y > 2}, lambda y: y - 2), ({"P": lambda y: y.round() >= 1}, lambda y: y.round() - 1),
                           ({"mean": lambda y: y, "P": lambda y: y > 2}, lambda y: y - 2),
                           ({"count": lambda y: (y > 1).astype(float) + (y > 3), "P": lambda y: y > 3}, lambda y: y - 3)):
        assert 1_900 < run(outputs, score).n <= 2_000
    assert run({"P": lambda y: y > 2}, lambda y: np.where(abs(y) > 3, np.nan, y - 2), on_error="discard").n_failed > 0


def test_a_score_without_a_number_is_refused(refused):
    fails(f, refused, f"the model gave a score that is not finite at point 0 (x1 = {first_point()}); "
          "on_error = 'discard' counts such points instead", score=lambda y: y * math.nan)


def model_of_one_point(x):
    if x[0] > 1:
        raise LookupError("x is above 1")
    return x[0]


def test_the_cause_is_the_users_exception_with_its_traceback():
    class Mine(Exception):
        def __init__(self, a, b):
            super().__init__(a, b)

    def inner(x):
        raise Mine("one", 2)
    with pytest.raises(bf.ModelError) as caught:
        bf.plain(bf.Problem(lambda x: inner(x), N), budget=10, rng=1)
    assert type(caught.value.__cause__) is Mine and caught.value.__cause__.args == ("one", 2)
    assert "inner" in [frame.name for frame in traceback.extract_tb(caught.value.__cause__.__traceback__)]
    assert isinstance(caught.value, RuntimeError)
    assert "Mine: ('one', 2)" in "".join(traceback.format_exception(caught.value))


def test_outside_a_run_the_users_exception_comes_as_it_is(refused):
    refused(ZeroDivisionError, "division by zero", lambda: bf.Problem(lambda x: 1 / 0, N)([[1.0]]))
    refused(KeyboardInterrupt, "stop", lambda: bf.Problem(raise_(KeyboardInterrupt("stop")), N)([[1.0]]))


def raise_(error):
    def model(x):
        raise error
    return model


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_what_is_no_exception_of_the_model_passes_with_the_partial_estimate(kind):
    def model(x):
        if model.rows > 200_000:
            raise kind("now")
        model.rows += len(x)
        return x[:, 0]
    model.rows = 0
    with pytest.raises(kind, match="now") as caught:
        bf.plain(bf.Problem(model, N), budget=10**7, rng=4)
    same = bf.plain(bf.Problem(f, N), budget=caught.value.partial.n, rng=4)
    assert caught.value.partial.n > 100_000 and caught.value.partial.value == same.value
    assert len(caught.value.sample) == caught.value.partial.n


def test_a_model_of_one_point_names_that_point():
    x = N.sample(1000, rng=3)
    where = int(np.argmax(x > 1))
    assert where > 0
    with pytest.raises(bf.ModelError) as caught:
        bf.plain(bf.Problem(model_of_one_point, N, vectorized=False), budget=1_000, rng=3)
    assert caught.value.index == where and caught.value.point == x[where]
    assert str(caught.value) == f"plain: the model failed at point {where} (x1 = {x[where]:.6g}): LookupError: x is above 1"
    assert type(caught.value.__cause__) is LookupError
    assert len(caught.value.sample) == where
    np.testing.assert_array_equal(caught.value.sample.y[:, 0], x[:where])


def test_finished_batches_stay_retrievable():
    def model(x):
        if model.calls == 7:
            raise RuntimeError
        model.calls += 1
        return x[:, 0]
    model.calls = 0
    with pytest.raises(bf.ModelError) as caught:
        bf.plain(bf.Problem(model, N), budget=1_000, batch=100, rng=1)
    assert caught.value.index == 700 and len(caught.value.sample) == 700
    np.testing.assert_array_equal(caught.value.sample.y[:, 0], N.sample(700, rng=1))


# -- on_error = "discard" ----------------------------------------------------------------------------------------------------

def discarded(model, law=N, budget=200_000, **problem):
    return bf.plain(bf.Problem(model, law, **problem), budget=budget, rng=2, on_error="discard")


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_discarding_counts_and_conditions_on_success(bad):
    e = discarded(lambda x: np.where(x[:, [0, 0]] > 1, [bad, 0.0], np.column_stack([x, x**2])))
    below = N.cdf(1)
    density = math.exp(N.log_density(1.0))
    mean, square = -density / below, 1 - density / below   # of a normal law cut at 1
    assert e.n == 200_000 and e.names == ["y1", "y2"]
    assert abs(e.n_failed / e.n - (1 - below)) < 5 * math.sqrt(below * (1 - below) / e.n)
    z = (e.value - [mean, square]) / e.std_error
    assert np.all(np.abs(z) < 5), z
    np.testing.assert_allclose(e.std_error[0], math.sqrt((square - mean**2) / (below * e.n)), rtol=0.02)
    assert e.warnings == [f"{e.n_failed:,} of 200,000 evaluations failed: the values are conditional on success"]


def test_discarding_nothing_changes_nothing():
    a, b = discarded(f), bf.plain(bf.Problem(f, N), budget=200_000, rng=2)
    assert a.value == b.value and a.n_failed == 0 and a.warnings == []
    np.testing.assert_allclose(a.covariance, b.covariance, rtol=1e-9)


def test_discarded_rows_stay_in_the_sample_as_nan():
    e = bf.plain(bf.Problem(lambda x: np.where(x > 1, np.nan, x), N), budget=1_000, rng=2, on_error="discard", keep="sample")
    failed = np.isnan(e.sample.y[:, 0])
    assert failed.sum() == e.n_failed > 0
    np.testing.assert_array_equal(failed, e.sample.x[:, 0] > 1)
    np.testing.assert_allclose(e.value, e.sample.y[~failed].mean(), rtol=1e-12)


def test_discarding_everything_is_an_error(refused):
    refused(ValueError, "plain: every one of the 200000 model evaluations failed", lambda: discarded(lambda x: x * math.nan))


def test_points_at_which_a_model_raises_are_discarded():
    e = discarded(model_of_one_point, budget=2_000, vectorized=False)
    x = N.sample(2_000, rng=2)
    assert e.n_failed == np.sum(x > 1)
    np.testing.assert_allclose(e.value, x[x <= 1].mean(), rtol=1e-12)


def test_points_may_fail_before_the_first_success():
    """So that the number of outputs is not known yet."""
    def model(p):
        if abs(p[0]) > 0.1:
            raise ValueError
        return [p[0], 1.0]
    for batch in (50, 10_000):
        e = bf.plain(bf.Problem(model, N, vectorized=False), budget=2_000, batch=batch, rng=1, on_error="discard", keep="sample")
        x = N.sample(2_000, rng=1)
        kept = np.abs(x) <= 0.1
        assert not kept[0] and e.n_failed == np.sum(~kept)
        np.testing.assert_allclose(e.value, [x[kept].mean(), 1], rtol=1e-12)
        np.testing.assert_array_equal(e.sample.x[:, 0], x)
        np.testing.assert_array_equal(np.isnan(e.sample.y[:, 0]), ~kept)


def test_an_exceedance_of_a_model_that_fails_at_points():
    x = N.sample(2_000, rng=2)
    e = bf.plain(bf.exceedance(model_of_one_point, N, [0.5], vectorized=False), budget=2_000, rng=2, on_error="discard")
    np.testing.assert_allclose(e.value, np.mean(x[x <= 1] > 0.5), rtol=1e-12)
    assert e.n_failed == np.sum(x > 1)


@pytest.mark.parametrize("vectorized", [True, False])
def test_an_output_that_is_not_finite_is_a_failure_whatever_the_functions_make_of_it(vectorized):
    def model(x):
        y = np.asarray(x).sum(-1)
        return np.where(np.asarray(x)[..., 0] > 2, np.nan, y) if vectorized else (float("nan") if x[0] > 2 else float(y))

    law = bf.Joint([bf.Normal(), bf.Normal()])
    problem = bf.Problem(model, law, outputs={"P": lambda y: y > 3}, vectorized=vectorized)   # nan > 3 is False
    with pytest.raises(bf.ModelError, match="nan"):
        bf.plain(problem, budget=2000, rng=1)
    found = bf.plain(problem, budget=2000, rng=1, on_error="discard")
    assert found.n_failed > 10


def test_a_mistyped_target_names_what_is_known():
    problem = bf.Problem(f, N, outputs=["square"])
    for target, words in (
        ({"rel": 0.02}, "no value 'rel'; did you mean 'relative'"),
        ({"sqare": 0.02}, "no value 'sqare'; did you mean 'square'"),
        ({"P": 0.02}, "no value 'P'; known are square, absolute, relative"),
    ):
        with pytest.raises(ValueError, match=f"^plain: target_error: {re.escape(words)}"):
            bf.plain(problem, budget=1_000, target_error=target)


def test_keywords_of_runs_are_told_from_those_of_problems():
    with pytest.raises(
        TypeError,
        match=r"^Problem: unknown keyword 'on_error': it belongs to the run, as in bf.plain\(problem, on_error=...\)$",
    ):
        bf.Problem(f, N, on_error="discard")
    with pytest.raises(TypeError, match=r"^sinkhorn: unknown keyword 'device'; known are x, y, "):   # no run stands behind it
        bf.sinkhorn([[0.0]], [[1.0]], device="cuda")


def test_a_constructor_points_to_the_maker_that_takes_a_keyword():
    for wrong, words in (
        (lambda: bf.LogNormal(mean=1.0, cv=0.1),
         "LogNormal: unknown keyword 'mean'; known are mu, sigma; LogNormal.from_moments takes 'mean'"),
        (lambda: bf.GumbelCopula(tau=0.5),
         "GumbelCopula: unknown keyword 'tau'; known are theta, names; GumbelCopula.from_kendall takes 'tau'"),
        (lambda: bf.Normal(mu=0.0), "Normal: unknown keyword 'mu'; known are mean, sd"),
    ):
        with pytest.raises(TypeError, match=f"^{re.escape(words)}$"):
            wrong()


def test_an_estimate_is_not_saved_where_there_is_no_folder(tmp_path):
    e = bf.plain(bf.Problem(f, N), budget=10, rng=1)
    with pytest.raises(FileNotFoundError, match=r"the folder .*nowhere does not exist: '.*e\.json'$"):
        e.save(tmp_path / "nowhere" / "e.json")
    assert not list(tmp_path.iterdir())


def test_doubtful_intervals_warn_where_they_are_asked_for():
    e = bf.plain(bf.Problem(lambda x: x[:, 0] * 0, N), budget=100, rng=1)
    with pytest.warns(RuntimeWarning) as caught:
        e.confidence_interval()
    assert all(w.filename == __file__ for w in caught)

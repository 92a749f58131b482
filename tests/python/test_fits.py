"""Laws and copulas fitted to data: known parameters within their stated errors, missing values, tables with names, printing."""
import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

import buffon as bf

TRUE = bf.Joint({"q": bf.Gumbel(1013, 558), "k": bf.Gamma(4, 7), "v": bf.Normal(55, 0.5)},
                copula=bf.GumbelCopula(1.7, names=["q", "k"]))


class Table:
    """A table that knows its columns, as pandas, polars and xarray have it."""
    def __init__(self, values, columns):
        self.values, self.columns = values, columns

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype=dtype)


def test_fit_law_is_scipys_fit():
    x = bf.Gamma(2.5, 3).sample(500, rng=1)
    fit = bf.fit_law(x, "Gamma")
    shape, _, scale = stats.gamma.fit(x, floc=0)
    assert fit.parameters == pytest.approx({"shape": shape, "scale": scale}, rel=1e-4)
    assert fit.log_likelihood == pytest.approx(stats.gamma(shape, scale=scale).logpdf(x).sum(), abs=1e-4)
    assert repr(fit.law) == repr(bf.Gamma(**fit.parameters))
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(list(fit.std_error.values()))
    assert fit.n == 500 and fit.missing == 0 and "n = 500; shape = " in repr(fit) and " ± " in repr(fit)


def test_kernel_density_is_scipys():
    x = bf.Normal(1, 2).sample(300, rng=2)
    law = bf.KernelDensity(x, "silverman")
    oracle = stats.gaussian_kde(x, bw_method=law.bandwidth / x.std(ddof=1))
    np.testing.assert_allclose(law.log_density(x), oracle.logpdf(x), rtol=1e-10)
    assert law.bandwidth == pytest.approx(0.9 * min(x.std(ddof=1), stats.iqr(x) / 1.34) * 300**-0.2)
    assert bf.KernelDensity(x).bandwidth == bf.KernelDensity(x, "sheather_jones").bandwidth != law.bandwidth
    assert repr(law) == f"KernelDensity(<300 points>, bandwidth={law.bandwidth!r})"
    y = law.sample(20_000, rng=3)
    assert abs(y.mean() - law.mean) < 5 * math.sqrt(law.covariance / len(y)) and stats.kstest(y, law.cdf).statistic < 0.016


def test_histogram_from_data_is_numpys():
    x = bf.Gumbel().sample(1_000, rng=3)
    law = bf.Histogram.from_data(x, bins=25)
    counts, edges = np.histogram(x, 25)
    np.testing.assert_allclose(law.edges, edges, rtol=1e-12)
    np.testing.assert_allclose(law.weights, counts / 1_000, atol=1e-15)
    assert abs(len(bf.Histogram.from_data(x).weights) - len(np.histogram(x, "fd")[0])) <= 1
    with pytest.raises(ValueError, match=r"^Histogram.from_data: bins must be a number or 'auto', got 'fd'$"):
        bf.Histogram.from_data(x, bins="fd")


def test_a_joint_is_found_again():
    x = TRUE.sample(2_000, rng=4)
    fit = bf.fit_joint(Table(x, ["q", "k", "v"]), marginals={"q": "Gumbel", "k": "Gamma", "v": "Normal"}, copula=None)
    assert fit.joint.names == ["q", "k", "v"] and fit.copula is None and fit.compared == []
    for name, law in fit.marginals.items():
        for parameter, value in law.parameters.items():
            assert abs(value - getattr(TRUE.laws[name], parameter)) < 5 * law.std_error[parameter]
    pair = bf.fit_joint(x[:, :2], ["q", "k"], copula="best")
    assert pair.copula.family == "gumbel" and pair.compared[0].aic < pair.compared[1].aic
    assert abs(pair.copula.copula.theta - 1.7) < 5 * pair.copula.std_error
    assert type(pair.joint.laws["q"]) is bf.KernelDensity and pair.joint.copula.theta == pair.copula.copula.theta
    assert repr(pair).startswith("JointFit of 2 columns:\n  q ~ KernelDensity(<2000 points>")
    y = pair.joint.sample(20_000, rng=5)
    np.testing.assert_allclose(y.mean(axis=0), x[:, :2].mean(axis=0), rtol=0.02)


def test_a_fitted_joint_drives_an_estimator():
    x = TRUE.sample(500, rng=6)
    joint = bf.fit_joint(x, ["q", "k", "v"], marginals={"q": "Gumbel", "k": "Gamma", "v": "histogram"}, copula="gaussian").joint
    model = lambda x: x[:, 0] / x[:, 1] + x[:, 2]
    e = bf.aiscv(bf.Problem(model, joint), budget=20_000, rng=1)
    y = model(joint.sample(200_000, rng=7))
    assert abs(e.value[0] - y.mean()) < 5 * math.hypot(e.std_error[0], y.std() / math.sqrt(len(y)))


def test_missing_values_are_reported():
    x = TRUE.sample(200, rng=8)
    x[3, 0] = x[10, 1] = x[11, 1] = np.nan
    fit = bf.fit_joint(x, marginals="kernel", copula="frank")
    assert [f.missing for f in fit.marginals.values()] == [1, 2, 0] and (fit.copula.n, fit.copula.missing) == (197, 3)
    assert repr(fit).count("missing") == 3


def test_compare_copulas_tells_all_families():
    x = bf.Joint([bf.Normal(), bf.Normal()], copula=bf.ClaytonCopula(3)).sample(1_000, rng=9)
    fits = bf.compare_copulas(x)
    assert fits[0].family == "clayton" and sorted(f.family for f in fits) == ["clayton", "frank", "gaussian", "gumbel", "student"]
    assert all(a.aic <= b.aic for a, b in pairwise(fits))
    assert fits[0].bic == pytest.approx(fits[0].aic - 2 + math.log(1_000))


ERRORS = [
    (lambda: bf.fit_law([1.0, 2.0], "normal"), "fit_law: no family is named 'normal'; did you mean 'Normal'?"),
    (lambda: bf.fit_law([1.0, -2.0], "Weibull"), "fit_law: data of Weibull must lie in (0, inf), got -2 at 1"),
    (lambda: bf.fit_joint(np.ones((20, 2)), ["a"]), "fit_joint: names must have one entry per column, 2, got 1"),
    (lambda: bf.fit_joint(np.ones((20, 2)), ["a", "b"], marginals={"c": "Normal"}),
     "fit_joint: no column is named 'c'; did you mean 'a'?"),
    (lambda: bf.fit_copula(np.ones((20, 2)), "plackett"),
     "fit_copula: no family is named 'plackett'; known are gaussian, student, clayton, frank, gumbel"),
    (lambda: bf.KernelDensity([1, 2], "scott"),
     "KernelDensity: bandwidth must be a number, 'sheather_jones' or 'silverman', got 'scott'"),
    (lambda: bf.KernelDensity([1, 2], 1, lower=1.5), "KernelDensity: points must be finite and lie in [1.5, inf], got 1 at 0"),
]


@pytest.mark.parametrize("call, message", ERRORS, ids=[message for _, message in ERRORS])
def test_defects_are_named(call, message):
    with pytest.raises(ValueError) as error:
        call()
    assert str(error.value) == message

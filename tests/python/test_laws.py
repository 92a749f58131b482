"""Univariate laws beside scipy.stats, far tails included; every law inside the estimators; the page docs/laws.md."""
import math
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize, special, stats

import buffon as bf

PAGE = Path(__file__).parents[2] / "docs" / "laws.md"
POINTS = [-1.0, -0.8, 0.3, 0.5, 2.0]


class Kernels:
    """A kernel density by scipy's normal law; quantiles by halving."""
    def __init__(self, points, h):
        self.law = stats.norm(np.array(points)[:, None], h)

    def cdf(self, x):
        return self.law.cdf(np.atleast_1d(x)).mean(axis=0)

    def sf(self, x):
        return self.law.sf(np.atleast_1d(x)).mean(axis=0)

    def logpdf(self, x):
        return np.log(self.law.pdf(np.atleast_1d(x)).mean(axis=0))

    def ppf(self, p):
        return np.array([optimize.brentq(lambda x, one=one: self.cdf(x)[0] - one, -9, 9, xtol=1e-15) for one in p])

    def isf(self, p):
        return np.array([optimize.brentq(lambda x, one=one: self.sf(x)[0] - one, -9, 9, xtol=1e-15) for one in p])

    def mean(self):
        return self.law.mean().mean()

    def var(self):
        return self.law.var().mean() + self.law.mean().var()

    def std(self):
        return math.sqrt(self.var())


LAWS = [
    (bf.Normal(-3, 0.5), stats.norm(-3, 0.5)),
    (bf.LogNormal(0.3, 0.7), stats.lognorm(0.7, scale=math.exp(0.3))),
    (bf.Uniform(0, 2), stats.uniform(0, 2)),
    (bf.Exponential(rate=0.25), stats.expon(scale=4)),
    *[(bf.Gamma(shape, scale=2), stats.gamma(shape, scale=2)) for shape in (0.3, 1, 7.5, 500)],
    *[(bf.Beta(a, b, 0, 3), stats.beta(a, b, 0, 3)) for a, b in [(0.5, 0.5), (2, 3), (1, 4), (30, 80)]],
    *[(bf.Weibull(shape, scale=3), stats.weibull_min(shape, scale=3)) for shape in (0.8, 1, 3)],
    (bf.Gumbel(1013, 558), stats.gumbel_r(1013, 558)),
    (bf.Triangular(0, 0.5, 2), stats.triang(0.25, 0, 2)),
    *[(bf.StudentT(df, 1, 2), stats.t(df, 1, 2)) for df in (3, 8, 200)],
    (bf.Logistic(-1, 0.5), stats.logistic(-1, 0.5)),
    (bf.Truncated(bf.Normal(30, 8), lower=15), stats.truncnorm(-15 / 8, np.inf, 30, 8)),
    (bf.KernelDensity(POINTS, 0.4), Kernels(POINTS, 0.4)),
    (bf.Histogram([0, 1, 3], [1, 3]), stats.rv_histogram((np.array([1, 3]), np.array([0, 1, 3])), density=False)),
]
EVERY = {law.__class__.__name__: law for law, _ in reversed(LAWS)}


@pytest.mark.parametrize("law, oracle", LAWS, ids=[repr(law) for law, _ in LAWS])
def test_laws_agree_with_scipy(law, oracle):
    p = np.array([1e-9, 1e-4, 0.03, 0.3, 0.5, 0.8, 0.97])
    x = oracle.ppf(p)
    np.testing.assert_allclose(law.quantile(p), x, rtol=1e-8, atol=1e-9 * oracle.std())
    np.testing.assert_allclose(law.cdf(x), oracle.cdf(x), rtol=1e-8)   # scipy's truncnorm loses eight digits here
    np.testing.assert_allclose(law.ccdf(x), oracle.sf(x), rtol=1e-10)
    np.testing.assert_allclose(law.log_density(x), oracle.logpdf(x), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(law.upper_quantile(p), oracle.isf(p), rtol=1e-6, atol=1e-9 * oracle.std())
    np.testing.assert_allclose([law.mean, law.covariance], [oracle.mean(), oracle.var()], rtol=1e-8)
    np.testing.assert_allclose(law.to_normal(x), special.ndtri(oracle.cdf(x)), rtol=1e-7, atol=1e-9)


# scipy's own lose digits there
TAILS = [case for case in LAWS if not isinstance(case[0], (bf.Truncated, bf.Histogram, bf.KernelDensity))]


@pytest.mark.parametrize("law, oracle", TAILS, ids=[repr(law) for law, _ in TAILS])
@pytest.mark.parametrize("z", [-37, -20, -8, 8, 20, 37])
def test_far_tails_agree_with_scipy(law, oracle, z):
    x = law.from_normal(z)
    if min(x - law.quantile(0), law.quantile(1) - x) < 1e-3 * abs(x) or x == law.quantile(0):
        return   # rounded beside an end of the support
    mine, theirs = (law.cdf(x), oracle.logcdf(x)) if z < 0 else (law.ccdf(x), oracle.logsf(x))
    np.testing.assert_allclose(np.log(mine), special.log_ndtr(-abs(z)), rtol=1e-11, atol=1e-9)
    if np.isfinite(theirs):
        np.testing.assert_allclose(np.log(mine), theirs, rtol=1e-9)
    assert law.to_normal(x) == pytest.approx(z, rel=1e-9)


def every_input():
    d = len(EVERY)
    correlation = 0.4 ** np.abs(np.subtract.outer(np.arange(d), np.arange(d)))
    return bf.Joint(EVERY, copula=bf.GaussianCopula(correlation))


@pytest.mark.parametrize("name", ["plain", "quasi", "aiscv"])
def test_estimators_take_every_law(name):
    inputs = every_input()
    scale = np.sqrt(np.diag(inputs.covariance))
    def model(x):
        z = (x - inputs.mean) / scale
        return np.column_stack([z, z[:, 0] * z[:, 1]])
    problem = bf.Problem(model, inputs)
    e = getattr(bf, name)(problem, budget=20_000, rng=3)
    truth = np.append(np.zeros(len(EVERY)), inputs.covariance[0, 1] / scale[0] / scale[1])
    assert np.all(np.abs(e.value - truth) < 5 * e.std_error)   # 14 values, one false alarm in 100,000 keys


SHIFTED = {
    "half-line": [bf.Gamma(2.5, 1.1), bf.Weibull(1.6, 3), bf.Exponential(0.4), bf.LogNormal(0.7, 0.5),
                  bf.Truncated(bf.Normal(2, 2), 0)],
    "interval": [bf.Beta(2, 3, 0, 2), bf.Triangular(0, 0.5, 2), bf.Uniform(0, 2), bf.Histogram([0, 0.7, 2], [2, 1]),
                 bf.Truncated(bf.Gumbel(0.5, 0.5), 0, 2)],
    "line": [bf.Normal(1, 2), bf.StudentT(5, 1, 1.5), bf.Logistic(0.8, 1), bf.Gumbel(0.3, 1.5)],
    "end": [bf.Gamma(0.4, 2), bf.Beta(0.5, 0.7, 0, 4), bf.Weibull(0.8, 1)],   # densities that are infinite at the end
}


@pytest.mark.parametrize("kind", SHIFTED)
def test_aiscv_takes_laws_of_any_support(kind):
    laws = SHIFTED[kind]
    joints = [bf.Joint({"a": law, "b": laws[0]}) for law in laws]
    e = bf.aiscv(bf.Problem(lambda x: x[:, 0] + 0.5 * x[:, 1], joints[0]), budget=30_000, rng=5, laws=joints)
    truth = np.array([law.mean + 0.5 * laws[0].mean for law in laws])
    assert np.all(np.abs(e.value - truth) < 5 * e.std_error)
    assert np.all(e.std_error < 0.05 * np.sqrt([law.covariance for law in laws]))


def test_an_estimate_is_refused_nothing_by_a_law_without_variance():
    law = bf.StudentT(1.5)
    assert law.mean == 0 and law.covariance == math.inf
    assert math.isnan(bf.StudentT(1).mean) and math.isnan(bf.StudentT(1).covariance)
    inputs = bf.Joint([law, bf.Normal()], copula=bf.GaussianCopula([[1, 0.5], [0.5, 1]]))
    assert math.isnan(inputs.covariance[0, 1]) and inputs.covariance[1, 1] == 1
    e = bf.quasi(bf.Problem(lambda x: x[:, 0] > 3, inputs), budget=20_000, rng=1)
    assert abs(e.value[0] - law.ccdf(3.0)) < 5 * e.std_error[0]


def test_from_pearson_reaches_the_correlation_of_every_law():
    r = 0.35
    for name, law in EVERY.items():
        inputs = bf.Joint([law, bf.Gumbel()], copula=bf.GaussianCopula.from_pearson([[1, r], [r, 1]]))
        c = inputs.covariance
        assert c[0, 1] / math.sqrt(c[0, 0] * c[1, 1]) == pytest.approx(r, abs=1e-9), name
        x = inputs.sample(200_000, rng=8)
        assert np.corrcoef(x.T)[0, 1] == pytest.approx(r, abs=0.03), name


def test_nan_stays_nan():
    for law in EVERY.values():
        for function in (law.log_density, law.cdf, law.ccdf, law.to_normal, law.from_normal):
            assert math.isnan(function(math.nan))


def test_the_examples_of_the_page_run():
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    space = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), space)
    assert len(blocks) >= 3


def test_the_table_of_the_page_has_every_law_and_says_the_truth():
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    space = dict(vars(bf), inf=math.inf, pi=math.pi, gamma=special.gamma, euler=np.euler_gamma, sqrt=math.sqrt, exp=math.exp)
    names = []
    for constructor, example, _, support, mean, *_ in rows:
        names.append(constructor.strip("`").partition("(")[0])
        law = eval(example.strip("`"), space)
        assert type(law).__name__ == names[-1]
        parameters = {key for key in dir(law) if isinstance(getattr(law, key), float)} - {"mean", "covariance"}
        here = {**space, **{key: getattr(law, key) for key in parameters}}
        if mean.startswith("`"):
            assert law.mean == pytest.approx(eval(mean.strip("`"), here), rel=1e-12), names[-1]
        low, high = eval(support.strip("`"), here)
        assert (law.quantile(0), law.quantile(1)) == (low, high), names[-1]
    assert sorted(names) == sorted([*EVERY, "Discrete", "Constant"])

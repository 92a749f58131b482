"""Copulas and MultivariateT in Python: groups and names, samples, estimators, pickles, errors; the page docs/dependence.md."""
import math
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import buffon as bf
from buffon.experiments import dependence_page

PAGE = Path(__file__).parents[2] / "docs" / "dependence.md"
MARGINALS = {"a": bf.LogNormal(0, 0.5), "b": bf.Gumbel(1, 2), "c": bf.Uniform(-1, 1)}
R = np.array([[1, 0.5, -0.3], [0.5, 1, 0.2], [-0.3, 0.2, 1]])
COPULAS = {
    "gaussian": bf.GaussianCopula(R),
    "student": bf.StudentCopula(R, 3),
    "pairs": bf.StudentCopula({("c", "a"): 0.6}, 2.5),
    "clayton": bf.ClaytonCopula(1.5),
    "opposed": bf.ClaytonCopula(-0.4, names=["b", "a"]),
    "frank": bf.FrankCopula(5, names=["a", "b", "c"]),
    "opposed frank": bf.FrankCopula.from_kendall(-0.5, names=["a", "c"]),
    "gumbel": bf.GumbelCopula(1.8),
    "groups": [bf.GaussianCopula([[1, 0.4], [0.4, 1]], names=["c", "b"])],
}
JOINTS = {name: bf.Joint(MARGINALS, copula=copula) for name, copula in COPULAS.items()}
HEAVY = bf.MultivariateT([1, -2], [[2, 0.5], [0.5, 1]], 4, names=["a", "b"])
LAWS = {**JOINTS, "multivariate_t": HEAVY}


@pytest.fixture(params=LAWS, scope="module")
def law(request):
    return LAWS[request.param]


def test_sample_has_the_mean_and_covariance(law):
    x = law.sample(100_000, rng=4)
    centred = x - law.mean
    products = centred[:, :, None] * centred[:, None, :]
    error = products.std(axis=0) / math.sqrt(len(x))
    assert np.all(np.abs(products.mean(axis=0) - law.covariance) < 5 * error)   # 45 entries: a false alarm in 30,000 keys
    assert np.all(np.abs(centred.mean(axis=0)) < 5 * x.std(axis=0) / math.sqrt(len(x)))


def test_maps_are_inverse_and_the_density_is_their_slope(law):
    u = np.random.default_rng(5).normal(size=(200, law.dim))
    x = law.from_normal(u)
    np.testing.assert_allclose(law.to_normal(x), u, atol=1e-10)
    jacobian = np.stack([(law.from_normal(u + h) - law.from_normal(u - h)) / 2e-5 for h in 1e-5 * np.eye(law.dim)], axis=-1)
    log_slope = np.linalg.slogdet(jacobian)[1]
    np.testing.assert_allclose(law.log_density(x), stats.norm.logpdf(u).sum(axis=1) - log_slope, atol=1e-6)


@pytest.mark.parametrize("name", ["plain", "quasi", "aiscv"])
def test_estimators_agree_with_a_sample(name, law):
    def model(x):
        return np.stack([np.tanh(x[:, 0] * x[:, -1]), (x[:, 0] > 1.5) & (x[:, -1] > 0.3)], axis=1)
    e = getattr(bf, name)(bf.Problem(model, law), budget=20_000, rng=3)
    y = model(law.sample(400_000, rng=9)) * 1.0
    assert np.all(np.abs(e.value - y.mean(axis=0)) < 5 * np.hypot(e.std_error, y.std(axis=0) / math.sqrt(len(y))))
    again = getattr(bf, name)(bf.Problem(model, law), budget=20_000, rng=3, threads=1, batch=777)
    np.testing.assert_array_equal(again.value, e.value)


def test_samples_are_prefixes_of_each_other(law):
    np.testing.assert_array_equal(law.sample(5_000, rng=3)[:777], law.sample(777, rng=3))


def test_pickled_laws_give_the_same_bits(law):
    copy = pickle.loads(pickle.dumps(law))
    assert repr(copy) == repr(law) and copy.names == law.names
    x = law.sample(100, rng=1)
    np.testing.assert_array_equal(copy.sample(100, rng=1), x)
    np.testing.assert_array_equal(copy.log_density(x), law.log_density(x))


@pytest.mark.parametrize("copula", [c for c in COPULAS.values() if not isinstance(c, list)], ids=repr)
def test_pickled_copulas_join_to_the_same_law(copula):
    copy = pickle.loads(pickle.dumps(copula))
    assert repr(copy) == repr(copula)
    first, second = (bf.Joint(MARGINALS, copula=c).sample(50, rng=2) for c in (copula, copy))
    np.testing.assert_array_equal(first, second)


def test_student_pairs_leave_unnamed_inputs_independent():
    x = bf.Joint(MARGINALS, copula=bf.StudentCopula({("a", "c"): 0.0}, 0.5)).sample(100_000, rng=6)
    u = np.stack([law.cdf(x[:, j]) for j, law in enumerate(MARGINALS.values())])
    far = np.abs(u - 0.5)   # a common chi^2 makes uncorrelated inputs extreme together
    assert np.corrcoef(far[0], far[2])[0, 1] > 0.3
    assert abs(np.corrcoef(far[0], far[1])[0, 1]) < 5 / math.sqrt(100_000)


def test_several_copulas_join_disjoint_groups_of_inputs():
    four = {**MARGINALS, "d": bf.Normal()}
    student = bf.StudentCopula([[1, -0.6], [-0.6, 1]], 4, names=["c", "a"])
    law = bf.Joint(four, copula=[bf.GaussianCopula({("d", "b"): 0.7}), student])
    assert [type(c).__name__ for c in law.copula] == ["GaussianCopula", "StudentCopula"]
    assert law.copula[0].names == ["b", "d"] and law.copula[1].names == ["c", "a"] and list(law.laws) == list(four)
    columns = law.sample(20_000, rng=1).T
    tau = np.array([[stats.kendalltau(p, q).statistic for p in columns] for q in columns])
    expected = np.eye(4)
    expected[1, 3] = expected[3, 1] = 2 / math.pi * math.asin(0.7)
    expected[0, 2] = expected[2, 0] = -2 / math.pi * math.asin(0.6)
    np.testing.assert_allclose(tau, expected, atol=5 * 2 / 3 / math.sqrt(20_000))


def test_from_kendall_has_the_asked_tau():
    gaussian = bf.GaussianCopula.from_kendall([[1, 0.35], [0.35, 1]])
    for copula in (gaussian, bf.StudentCopula.from_kendall({("x1", "x2"): 0.35}, 3)):
        x = bf.Joint([bf.Normal(), bf.Exponential()], copula=copula).sample(40_000, rng=2)
        assert abs(stats.kendalltau(*x.T).statistic - 0.35) < 5 * 2 / 3 / math.sqrt(40_000)


@pytest.mark.parametrize(
    "copula",
    [
        bf.GaussianCopula({("a", "b"): -0.3}),
        bf.GaussianCopula([[1, 0.1], [0.1, 1]], names=["b", "c"]),
        bf.GaussianCopula.from_spearman([[1, 0.5], [0.5, 1]]),
        bf.StudentCopula.from_kendall({("a", "b"): 0.25, ("b", "c"): 0.5}, 3.5),
        bf.StudentCopula([[1, -0.6], [-0.6, 1]], 4, names=["c", "a"]),
    ],
    ids=repr,
)
def test_the_text_of_an_elliptical_copula_makes_it_again(copula):
    again = eval(repr(copula), vars(bf))
    assert repr(again) == repr(copula) and pickle.dumps(again) == pickle.dumps(copula)


def test_the_text_of_many_correlations_says_how_many():
    assert repr(bf.StudentCopula(np.eye(5), 3)) == "StudentCopula of 5 inputs, df=3"
    assert repr(bf.GaussianCopula({("a", f"b{j}"): 0.0 for j in range(17)})) == "GaussianCopula of 17 pairs"


@pytest.mark.parametrize("name", ["ClaytonCopula", "FrankCopula", "GumbelCopula"])
def test_an_archimedean_copula_knows_its_tau_and_its_text_makes_it_again(name):
    copula = getattr(bf, name).from_kendall(0.4, names=["a", "b"])
    assert copula.kendall_tau == pytest.approx(0.4, rel=1e-10)
    assert repr(eval(repr(copula), vars(bf))) == repr(copula)
    x = bf.Joint(MARGINALS, copula=copula).sample(40_000, rng=3)
    assert abs(stats.kendalltau(x[:, 0], x[:, 1]).statistic - 0.4) < 5 * 2 / 3 / math.sqrt(40_000)
    u = np.stack([law.cdf(column) for law, column in zip(MARGINALS.values(), x.T, strict=True)])
    low, high = copula.tail_dependence
    for p, limit, rows in ((0.01, low, u < 0.01), (0.01, high, u > 0.99)):   # the limit itself is only approached
        both = np.mean(rows[0] & rows[1]) / p
        assert limit - 0.1 < both < limit + 0.2, (p, limit, both)


def test_covariances_of_uniforms_are_spearmans_rho_over_12():
    def rho(copula):
        return 12 * bf.Joint([bf.Uniform(), bf.Uniform()], copula=copula).covariance[0, 1]
    u = np.polynomial.legendre.leggauss(200)
    x, w = (u[0] + 1) / 2, u[1] / 2
    a, b = np.meshgrid(x, x)
    for copula, cdf in [
        (bf.ClaytonCopula(2), (a**-2 + b**-2 - 1) ** -0.5),
        (bf.FrankCopula(-4), -np.log1p(np.expm1(4 * a) * np.expm1(4 * b) / np.expm1(4)) / -4),
        (bf.GumbelCopula(3), np.exp(-np.cbrt((-np.log(a)) ** 3 + (-np.log(b)) ** 3))),
    ]:
        assert rho(copula) == pytest.approx(12 * w @ (cdf - a * b) @ w, abs=1e-5)   # 1e-5: the rule at the corners


def test_multivariate_t_is_scipys():
    oracle = stats.multivariate_t([1, -2], [[2, 0.5], [0.5, 1]], df=4)
    x = HEAVY.sample(1_000, rng=1)
    np.testing.assert_allclose(HEAVY.log_density(x), oracle.logpdf(x), rtol=1e-11)
    assert HEAVY.names == ["a", "b"] and HEAVY.df == 4
    np.testing.assert_allclose(HEAVY.covariance, 2 * HEAVY.scale)
    assert np.all(np.isnan(bf.MultivariateT([0], [[1]], 1).mean))


def test_aiscv_takes_student_vectors_as_laws():
    laws = [bf.MultivariateT([m, 0], [[1, 0.3], [0.3, 2]], 3) for m in (0.0, 0.5, 1.0)]
    e = bf.aiscv(bf.Problem(lambda x: x[:, 0] > 6, laws[0]), budget=30_000, rng=5, laws=laws)
    truth = np.array([bf.StudentT(3, m).ccdf(6.0) for m in (0.0, 0.5, 1.0)])
    assert np.all(np.abs(e.value - truth) < 5 * e.std_error) and np.all(e.std_error < 0.1 * truth)


ERRORS = [
    (lambda: bf.StudentCopula(R, 0), "StudentCopula: df must be positive and finite, got 0"),
    (lambda: bf.StudentCopula([[1, 2], [2, 1]], 3),
     "StudentCopula: the correlation of input 1 and input 2 must lie in [-1, 1], got 2"),
    (lambda: bf.StudentCopula({("a", "b"): -1.0}, 3),
     "StudentCopula: correlation must be positive definite, smallest eigenvalue is 0"),
    (lambda: bf.GaussianCopula({("a", "b"): 0.1}, names=["a", "b"]),
     "GaussianCopula: names belong to a matrix; a dict of pairs brings its own"),
    (lambda: bf.GaussianCopula(np.eye(2), names=[]), "GaussianCopula: names must not be empty; None stands for all inputs"),
    (lambda: bf.Joint(MARGINALS, copula=bf.StudentCopula(np.eye(2), 3, names=["a", "e"])),
     "StudentCopula: no input is named 'e'; did you mean 'a'?"),
    (lambda: bf.Joint(MARGINALS, copula=bf.StudentCopula(R, 3, names=["a", "b"])),
     "Joint: copula must have dimension 2 (one per coordinate of its group), got 3"),
    (lambda: bf.Joint(MARGINALS, copula=[bf.GaussianCopula({("a", "b"): 0.1}), bf.StudentCopula({("b", "c"): 0.1}, 3)]),
     "Joint: copulas must be of different inputs, got 'b' in two of them"),
    (lambda: bf.ClaytonCopula(-0.5, names=["a", "b", "c"]),
     "ClaytonCopula: theta must be positive with more than two inputs, got -0.5 with 3"),
    (lambda: bf.Joint(MARGINALS, copula=bf.FrankCopula(-2)),
     "FrankCopula: theta must be positive with more than two inputs, got -2 with 3"),
    (lambda: bf.GumbelCopula(0.5), "GumbelCopula: theta must be finite and at least 1, got 0.5"),
    (lambda: bf.Joint(MARGINALS, copula=bf.GumbelCopula(2, names=["a", "f"])),
     "GumbelCopula: no input is named 'f'; did you mean 'a'?"),
    (lambda: bf.MultivariateT([0, 0], np.eye(3), 3), "MultivariateT: scale must have shape (2, 2), got (3, 3)"),
    (lambda: bf.MultivariateT([0], [[1]], math.inf), "MultivariateT: df must be positive and finite, got inf"),
]


@pytest.mark.parametrize("call, message", ERRORS, ids=[message for _, message in ERRORS])
def test_defects_are_named(call, message):
    with pytest.raises(ValueError) as error:
        call()
    assert str(error.value) == message


def above(x):   # a model that pickle finds by its name
    return x[:, 0] - x[:, -1]


@pytest.mark.parametrize("problem", [
    bf.Problem(above, JOINTS["gumbel"], outputs=["gap"]), bf.exceedance(above, JOINTS["student"], thresholds=[1.5, 3]),
    bf.Problem(abs, bf.Normal(), vectorized=False),
], ids=["Problem", "exceedance", "scalar"])
def test_problems_pickle_with_their_model_and_give_the_same_bits(problem):
    copy = pickle.loads(pickle.dumps(problem))
    assert repr(copy) == repr(problem)
    first, second = (bf.quasi(p, budget=2_000, rng=1) for p in (problem, copy))
    np.testing.assert_array_equal(first.value, second.value)
    assert first.names == second.names


def test_the_examples_of_the_page_run():
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    space = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), space)
    assert len(blocks) == 2


def test_the_figures_of_the_page_are_those_of_its_script():
    text = PAGE.read_text(encoding="utf-8")
    assert PAGE.with_suffix(".png").stat().st_size < 100_000
    shown = dict(re.findall(r"^\| (\w[^|]*) \|[^|]*\|[^|]*\| (\S+) ± \S+ \|$", text, re.MULTILINE))
    assert list(shown) == list(dependence_page.COPULAS)
    found = {name: dependence_page.failure_probability(copula) for name, copula in dependence_page.COPULAS.items()}
    for name, e in found.items():   # the estimators may have changed since
        assert abs(float(shown[name]) - e.value[0]) < 7 * e.std_error[0], name
    low, middle, high = (found[name].value[0] for name in ("independent", "Clayton", "Gumbel"))
    assert low < middle < high and high > 3 * low   # what loads have in common where they are large, decides

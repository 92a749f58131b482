"""Copulas and MultivariateT in Python: groups and names, samples, estimators, pickles, errors; the page docs/dependence.md."""
import math
import pickle

import numpy as np
import pytest
from scipy import stats

import buffon as bf

MARGINALS = {"a": bf.LogNormal(0, 0.5), "b": bf.Gumbel(1, 2), "c": bf.Uniform(-1, 1)}
R = np.array([[1, 0.5, -0.3], [0.5, 1, 0.2], [-0.3, 0.2, 1]])
COPULAS = {
    "gaussian": bf.GaussianCopula(R),
    "student": bf.StudentCopula(R, 3),
    "pairs": bf.StudentCopula({("c", "a"): 0.6}, 2.5),
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
     "StudentCopula: correlation must be positive definite, smallest eigenvalue is -1"),
    (lambda: bf.GaussianCopula({("a", "b"): 0.1}, names=["a", "b"]),
     "GaussianCopula: names belong to a matrix; a dict of pairs brings its own"),
    (lambda: bf.GaussianCopula(np.eye(2), names=[]), "GaussianCopula: names must not be empty; None stands for all inputs"),
    (lambda: bf.Joint(MARGINALS, copula=bf.StudentCopula(np.eye(2), 3, names=["a", "e"])),
     "StudentCopula: no input is named 'e'; did you mean 'a'?"),
    (lambda: bf.Joint(MARGINALS, copula=bf.StudentCopula(R, 3, names=["a", "b"])),
     "Joint: copula must have dimension 2 (one per coordinate of its group), got 3"),
    (lambda: bf.Joint(MARGINALS, copula=[bf.GaussianCopula({("a", "b"): 0.1}), bf.StudentCopula({("b", "c"): 0.1}, 3)]),
     "Joint: copulas must be of different coordinates, got 1 twice"),
    (lambda: bf.MultivariateT([0, 0], np.eye(3), 3), "MultivariateT: scale must have shape (2, 2), got (3, 3)"),
    (lambda: bf.MultivariateT([0], [[1]], math.inf), "MultivariateT: df must be positive and finite, got inf"),
]


@pytest.mark.parametrize("call, message", ERRORS, ids=[message for _, message in ERRORS])
def test_defects_are_named(call, message):
    with pytest.raises(ValueError) as error:
        call()
    assert str(error.value) == message

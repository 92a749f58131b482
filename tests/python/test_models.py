"""What a model may be and may do. Every way of saying the same problem gives the same bits."""
import gc
import math
import weakref

import numpy as np
import pytest

import buffon as bf

LAW = bf.Joint({"a": bf.Normal(), "b": bf.Uniform(1, 2)})
BUDGET = 3_000


def run(model, **problem):
    return bf.plain(bf.Problem(model, LAW, **problem), budget=BUDGET, batch=1_000, rng=9)


def product(x):
    return x[:, 0] * x[:, 1]


def same(a, b, names=True):
    np.testing.assert_array_equal(a.value, b.value)
    np.testing.assert_array_equal(a.covariance, b.covariance)
    assert not names or a.names == b.names


def test_a_model_sees_batches_of_contiguous_rows_of_float64():
    seen = []

    def model(x):
        seen.append((type(x), x.dtype, x.flags.c_contiguous, x.flags.writeable, x.shape[1]))
        assert x.shape[0] <= 1_000
        return product(x)
    run(model)
    assert set(seen) == {(np.ndarray, np.dtype(float), True, False, 2)}


def test_scalar_and_vectorised_models_agree():
    same(run(lambda p: p[0] * p[1], vectorized=False), run(product))


def test_scalar_models_of_several_outputs():
    several = run(lambda x: np.stack([product(x), x[:, 0]], axis=1))
    for kind in (list, tuple, np.array):
        same(run(lambda p, kind=kind: kind([p[0] * p[1], p[0]]), vectorized=False), several)
    assert several.names == ["y1", "y2"]


def test_outputs_may_be_the_numbers_of_a_table():
    def table(x):
        return x[:, 0, None, None] * np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]) + x[:, 1, None, None]
    tables = run(table)
    assert tables.names == ["y1,1", "y1,2", "y2,1", "y2,2", "y3,1", "y3,2"]
    same(tables, run(lambda x: table(x).reshape(len(x), 6)), names=False)
    same(tables, run(lambda x: table(x[None])[0], vectorized=False))
    same(run(table, outputs=list("abcdef")), tables, names=False)
    assert bf.Problem(table, LAW)(np.ones((5, 2))).shape == (5, 6)
    with pytest.raises(bf.ModelError, match=r"must return shape \(n,\) or \(n, m\)"):
        run(lambda x: table(x)[:2])


def test_one_output_may_be_a_column():
    same(run(lambda x: product(x)[:, None]), run(product))


def test_functionals_are_many_expectations_of_one_call():
    calls = []

    def model(x):
        calls.append(len(x))
        return product(x)
    several = run(model, outputs={"mean": lambda y: y, "square": lambda y: y**2, "P": lambda y: y > 0.5})
    assert sum(calls) == BUDGET and several.names == ["mean", "square", "P"]
    columns = run(lambda x: np.stack([product(x), product(x) ** 2, product(x) > 0.5], axis=1), outputs=["mean", "square", "P"])
    same(several, columns)


def test_functionals_see_what_the_model_returned():
    class Field:
        def __init__(self, x):
            self.energy, self.load = product(x), x[:, 1]
    e = run(Field, outputs={"energy": lambda y: y.energy, "load": lambda y: y.load})
    same(e, run(lambda x: np.stack([product(x), x[:, 1]], axis=1), outputs=["energy", "load"]))


def test_functionals_of_scalar_models_are_applied_point_by_point():
    def event(y):
        return 1.0 if y["z"] > 0.5 else 0.0   # no array could take this branch
    e = run(lambda p: {"z": p[0] * p[1]}, outputs={"P": event, "mean": lambda y: y["z"]}, vectorized=False)
    same(e, run(product, outputs={"P": lambda y: y > 0.5, "mean": lambda y: y}))


def test_a_list_of_names_and_the_names_of_the_unnamed():
    assert run(product, outputs=["z"]).names == ["z"]
    assert run(product, outputs=("z",)).names == ["z"]
    assert run(product).names == ["y"]
    assert bf.Problem(product, LAW).outputs == [] and bf.Problem(product, LAW, outputs=["z"]).outputs == ["z"]


class Duck:
    """An array by NumPy's protocol alone, as other libraries' arrays on the host are."""

    def __init__(self, a):
        self.a = a

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.a, dtype=dtype)


@pytest.mark.parametrize("convert", [
    np.asfortranarray, lambda y: np.repeat(y, 2, axis=0)[::2], lambda y: y[::-1][::-1], list, lambda y: y.tolist(), Duck,
    memoryview, np.ma.masked_array, lambda y: y.astype(">f8"),
], ids=["fortran", "strided", "reversed", "list of rows", "list", "duck", "buffer", "masked", "big endian"])
def test_outputs_of_any_layout(convert):
    def two(x):
        return np.stack([product(x), x[:, 0]], axis=1)
    same(run(lambda x: convert(two(x))), run(two))


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.uint8, bool, np.float16])
def test_outputs_of_any_real_type(dtype):
    def above(x):
        return (product(x) > 0.3).astype(dtype)
    same(run(above), run(lambda x: above(x).astype(float)))


def test_models_that_keep_or_overwrite_their_argument_disturb_nothing():
    kept = []

    def keeps(x):
        kept.append((x, x.copy()))
        return x                                     # the argument itself is the answer

    def overwrites(x):
        y = product(x)
        x[:] = np.nan
        return y

    def overwrites_point(p):
        y = p[0] * p[1]
        p[:] = np.inf
        return y
    run(keeps)
    run(product)
    for x, copy in kept:
        np.testing.assert_array_equal(x, copy)
    same(run(overwrites), run(product))
    same(run(overwrites_point, vectorized=False), run(product))
    sample = bf.plain(bf.Problem(overwrites, LAW), budget=BUDGET, rng=9, keep="sample").sample
    np.testing.assert_array_equal(sample.x, LAW.sample(BUDGET, rng=9))


def test_models_that_answer_in_one_buffer_are_read_in_time():
    buffer = np.empty(1_000)

    def model(x):
        buffer[:len(x)] = product(x)
        return buffer[:len(x)]
    same(run(model), run(product))


def test_callable_objects_methods_and_numpy_functions_are_models():
    class Model:
        def __call__(self, x):
            return product(x)

        def method(self, x):
            return product(x)
    same(run(Model()), run(product))
    same(run(Model().method), run(product))
    assert bf.plain(bf.Problem(np.square, bf.Normal()), budget=10, rng=1).n == 10


def test_a_problem_is_called_like_its_model():
    problem = bf.Problem(product, LAW, outputs={"z": lambda y: y, "2z": lambda y: 2 * y})
    np.testing.assert_array_equal(problem([[1.0, 2.0], [3, 4]]), [[2, 4], [12, 24]])
    np.testing.assert_array_equal(problem([1, 2]), [[2, 4]])
    assert problem.dim == 2 and problem.inputs.names == ["a", "b"] and "2 inputs (a, b) and 2 outputs (z, 2z)" in repr(problem)


def test_salib_problems_are_laws():
    salib = {"num_vars": 2, "names": ["a", "b"], "bounds": [[0, 1], [1, 2]], "dists": ["norm", "unif"]}
    same(bf.plain(bf.Problem(product, salib), budget=BUDGET, batch=1_000, rng=9), run(product))


def test_every_word_of_salib_is_its_law():
    from scipy import stats
    salib = {"num_vars": 6, "names": list("abcdef"), "dists": ["unif", "norm", "lognorm", "triang", "triang", "truncnorm"],
             "bounds": [[-1, 3], [2, 0.5], [0.1, 0.2], [1, 3, 0.25], [3, 0.5], [0, 4, 1, 2]]}
    laws = [stats.uniform(-1, 4), stats.norm(2, 0.5), stats.lognorm(0.2, scale=np.exp(0.1)), stats.triang(0.25, 1, 2),
            stats.triang(0.5, 0, 3), stats.truncnorm(-0.5, 1.5, 1, 2)]
    inputs = bf.Problem(product, salib).inputs
    u = np.linspace(-3, 3, 13)
    x = inputs.from_normal(np.repeat(u[:, None], 6, axis=1))
    for j, law in enumerate(laws):
        np.testing.assert_allclose(x[:, j], law.ppf(stats.norm.cdf(u)), rtol=1e-9)


def test_exceedance_is_the_probability_of_passing_a_threshold():
    above = bf.plain(bf.exceedance(product, LAW, [0.5, 1.0]), budget=BUDGET, rng=9)
    below = bf.plain(bf.exceedance(lambda p: p[0] * p[1], LAW, [0.5, 1.0], below=True, vectorized=False), budget=BUDGET, rng=9)
    y = product(LAW.sample(BUDGET, rng=9))
    np.testing.assert_allclose(above.value, [(y > 0.5).mean(), (y > 1).mean()], rtol=1e-14)
    np.testing.assert_allclose(below.value, 1 - above.value, rtol=1e-14)
    assert above.names == ["P(y > 0.5)", "P(y > 1)"] and below.names == ["P(y < 0.5)", "P(y < 1)"]


def test_thresholds_that_are_close_keep_their_own_names():
    e = bf.plain(bf.exceedance(product, LAW, [0.12345678, 0.12345679]), budget=100, rng=9)
    assert len(set(e.names)) == 2


def test_everything_python_gives_is_let_go():
    class Model:
        def __call__(self, x):
            return x[:, 0]

    class Follow:
        def __call__(self, n, budget):
            pass
    model, functional, score, follow = Model(), Model(), Model(), Follow()
    watched = [weakref.ref(o) for o in (model, functional, score, follow)]
    problem = bf.Problem(model, LAW, outputs={"a": lambda y, f=functional: f(y[:, None])}, score=lambda y, s=score: s(y[:, None]))
    estimate = bf.plain(problem, budget=BUDGET, rng=1, progress=follow)
    del model, functional, score, follow, problem
    gc.collect()
    assert [r() for r in watched] == [None] * 4 and math.isfinite(estimate["a"])


def test_points_are_looked_at_without_a_copy_and_may_be_kept():
    kept = []

    def keeps(x):
        kept.append((x, x[:, 0], x.copy()))
        return product(x)
    bf.plain(bf.Problem(keeps, LAW), budget=200_000, batch=10_000, rng=9)
    owners = {id(x.base) for x, *_ in kept}
    assert len(kept) == len(owners) > 15 and all(x.base is not None and not x.flags.writeable for x, *_ in kept)
    bf.plain(bf.Problem(product, LAW), budget=200_000, rng=8)   # other points, in other memory
    gc.collect()
    for x, column, copy in kept:
        np.testing.assert_array_equal(x, copy)
        np.testing.assert_array_equal(column, copy[:, 0])


@pytest.mark.parametrize("estimator", [bf.plain, bf.quasi, bf.aiscv, lambda p, **o: bf.importance(p, proposal=LAW, **o)],
                         ids=["plain", "quasi", "aiscv", "importance"])
def test_a_model_that_writes_gets_copies_of_its_own_and_the_same_result(estimator):
    calls = []

    def writes(x):
        calls.append(x.flags.writeable)
        x[:, 0] *= x[:, 1]
        return x[:, 0]
    same(estimator(bf.Problem(writes, LAW), budget=BUDGET, batch=500, rng=9),
         estimator(bf.Problem(product, LAW), budget=BUDGET, batch=500, rng=9))
    assert calls.count(False) == 1 and calls[1:] == [True] * (len(calls) - 1)


def test_other_failures_are_not_tried_again():
    calls = []

    def model(x):
        calls.append(len(x))
        raise ValueError("no")
    with pytest.raises(bf.ModelError, match="ValueError: no"):
        run(model)
    assert len(calls) == 1


def test_scalar_models_see_one_array_again_and_again_unless_they_keep_it():
    seen, kept = [], []

    def sees(p):
        seen.append(id(p))
        return p[0] * p[1]

    def keeps(p):
        kept.append((p if len(kept) % 2 else p[:1], p.copy()))
        return p[0] * p[1]

    def deforms(p):
        y = p[0] * p[1]
        [lambda: p.resize((1,), refcheck=False), lambda: setattr(p, "shape", (2, 1)), lambda: p.setflags(write=False),
         lambda: setattr(p, "dtype", np.int64)][len(kept) % 4]()
        return y
    expected = run(product)
    same(run(sees, vectorized=False), expected)
    assert len(set(seen)) <= 6   # one a batch
    same(run(keeps, vectorized=False), expected)
    for p, copy in kept:
        np.testing.assert_array_equal(p, copy[:len(p)])
    del kept[:]
    for form in range(4):
        kept.append(form)
        same(run(deforms, vectorized=False), expected)


@pytest.mark.parametrize("other", [1, True, np.float32(1), np.bool_(True), [1.0], np.ones(1)], ids=lambda v: type(v).__name__)
def test_scalar_models_may_mix_their_kinds_of_number(other):
    def mixes(p):
        return other if p[0] > 0.5 else 1.0
    if isinstance(other, (list, np.ndarray)):
        with pytest.raises((bf.ModelError, ValueError)):
            run(mixes, vectorized=False)
    else:
        same(run(mixes, vectorized=False), run(lambda x: np.ones(len(x))))


def test_scores_of_scalar_models_are_numbers_or_rows():
    def estimate(model, score, **options):
        return bf.aiscv(bf.Problem(model, LAW, outputs={"P": lambda y: y > 3.0}, score=score, **options), budget=2_000, rng=3)
    vectorised = estimate(product, lambda y: y - 3.0)
    same(estimate(lambda p: p[0] * p[1], lambda y: y - 3.0, vectorized=False), vectorised)
    same(estimate(lambda p: p[0] * p[1], lambda y: [y - 3.0], vectorized=False), vectorised)


@pytest.mark.parametrize(
    "model, options, hint",
    [
        (lambda a, b: a * b, {}, "'b'; a model gets all points in one array x (n, d): lambda x: f(*x.T)"),
        (lambda a, b: a * b, {"vectorized": False}, "'b'; a model gets one point in one array x (d,): lambda x: f(*x)"),
        (lambda x: 1.0 if x[0] > 0 else 0.0, {}, "or say vectorized=False"),
        (lambda x: math.exp(x[0]), {}, "use x.T, np.where, np.exp, ..., or say vectorized=False"),
        (lambda x: (lambda pair: [a * b for a, b in [pair]])(x), {},
         "x (n, d): use x.T, np.where, np.exp, ..., or say vectorized=False"),
    ],
)
def test_a_model_that_was_not_written_for_rows_is_told_how(model, options, hint):
    problem = bf.Problem(model, bf.Joint([bf.Normal(), bf.Normal()]), **options)
    with pytest.raises(bf.ModelError) as caught:
        bf.plain(problem, budget=10, rng=1)
    assert str(caught.value).endswith(hint)

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
    assert set(seen) == {(np.ndarray, np.dtype(float), True, True, 2)}


def test_scalar_and_vectorised_models_agree():
    same(run(lambda p: p[0] * p[1], vectorized=False), run(product))


def test_scalar_models_of_several_outputs():
    several = run(lambda x: np.stack([product(x), x[:, 0]], axis=1))
    for kind in (list, tuple, np.array):
        same(run(lambda p, kind=kind: kind([p[0] * p[1], p[0]]), vectorized=False), several)
    assert several.names == ["y1", "y2"]


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
